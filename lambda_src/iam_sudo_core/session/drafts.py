"""The ways to say exactly what a role may do, whether they fit into a session or not.

Managed policies travel as ARNs, which pack smaller, and inline policies merged into one document. A
permissions boundary is carried over by one of two constructions, `denials` or `intersection`; and
so is a policy that the session is narrowed by, whatever it says: it cannot but take away. Each way
comes as it is, then compacted, then with managed policies moved inline, small ones first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..errors import (
    NarrowingNotExact,
    PermissionsBoundaryNotExact,
    PolicyNotUnderstood,
    SessionRefused,
)
from ..policy.compaction import compact, cost
from ..policy.comparisons import MAX_COMPARISONS
from ..policy.denials import complement
from ..policy.documents import Statement, merge, serialize
from ..policy.intersection import NotExact, product
from ..policy.statements import Statement as PolicyStatement
from ..policy.statements import parse, write
from .role import RoleSnapshot

# IAM User Guide, "IAM and STS quotas", and STS API Reference, "AssumeRole" (Policy, PolicyArns).
MAX_CHARACTERS = 2_048
MAX_POLICY_ARNS = 10
NOT_ACCEPTED = re.compile(r"[^\t\n\r\u0020-\u00FF]")

_COMPACTED = "compacted"
_COMPLEMENT = "as its complement"
_PRODUCT = "as a product"


@dataclass(frozen=True)
class Draft:
    """Session policies that are exactly the role, whether they fit or not."""

    statements: tuple[Statement, ...]
    policy_arns: tuple[str, ...] = ()
    how: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The document; None when the managed policies say it all."""
        if not self.statements and self.policy_arns:
            return None
        return serialize(merge([self.statements]))

    @property
    def characters(self) -> int:
        return characters_of(self.text, self.policy_arns)

    @property
    def fits(self) -> bool:
        return (
            self.characters <= MAX_CHARACTERS
            and len(self.policy_arns) <= MAX_POLICY_ARNS
            and not NOT_ACCEPTED.search(self.text or "")
        )

    @property
    def is_compacted(self) -> bool:
        """Whether it is compacted, and nothing was done after that."""
        return self.how[-1:] == (_COMPACTED,)

    def compacted(self) -> Draft:
        statements = tuple(write(compact(parse(self.statements))))
        return Draft(statements, self.policy_arns, (*self.how, _COMPACTED))

    def with_inline(self, moved: Mapping[str, Iterable[Statement]]) -> Draft:
        """The draft with these of its managed policies moved inline."""
        left = tuple(arn for arn in self.policy_arns if arn not in moved)
        united = parse(
            (*self.statements, *(s for statements in moved.values() for s in statements))
        )
        how = (*self.how, *(f"{arn} moved inline" for arn in moved))
        return Draft(tuple(write(compact(united))), left, how)


def characters_of(text: str | None, policy_arns: Iterable[str]) -> int:
    """What STS counts of a document and of ARNs against `MAX_CHARACTERS`."""
    return len(text or "") + sum(map(len, policy_arns))


def drafts(
    snapshot: RoleSnapshot, *, narrowing: Iterable[Statement] | None = None
) -> Iterator[Draft]:
    """The ways to say what the role may do within `narrowing`, the most literal one first."""
    for draft in _bounded(snapshot, narrowing):
        yield draft
        compacted = draft.compacted()
        yield compacted
        yield _moved_inline(compacted, snapshot)


@dataclass(frozen=True)
class _Bound:
    """What the role's policies are cut by, in words and as the error if that is not possible."""

    name: str
    statements: tuple[PolicyStatement, ...]
    refusal: Callable[[NotExact], SessionRefused]
    arn: str | None = None

    @property
    def is_large(self) -> bool:
        """Whether it has no room itself, so that what it leaves of a role may have none."""
        return Draft(tuple(write(self.statements))).characters > MAX_CHARACTERS


def _bounded(snapshot: RoleSnapshot, narrowing: Iterable[Statement] | None) -> Iterator[Draft]:
    """The role's policies, cut by its permissions boundary if it has one, and by `narrowing`."""
    inline = tuple(s for name in snapshot.inline_policies for s in snapshot.statements(name))
    ways = iter([Draft(inline, snapshot.managed_policy_arns)])
    for bound in _bounds(snapshot, narrowing):
        ways = _within(bound, ways, snapshot)
    return ways


def _bounds(snapshot: RoleSnapshot, narrowing: Iterable[Statement] | None) -> Iterator[_Bound]:
    name, arn = snapshot.name, snapshot.permissions_boundary
    if arn is not None:
        yield _Bound(
            "boundary",
            tuple(parse(snapshot.statements(arn))),
            lambda obstacle: PermissionsBoundaryNotExact(
                role=name,
                boundary=arn,
                statement=serialize(obstacle.statement.to_json()),
                problem=obstacle.problem,
            ),
            arn,
        )
    if narrowing is not None:
        yield _Bound(
            "policy of the request",
            tuple(parse(narrowing)),
            lambda obstacle: NarrowingNotExact(
                role=name,
                statement=serialize(obstacle.statement.to_json()),
                problem=obstacle.problem,
            ),
        )


def _within(bound: _Bound, ways: Iterable[Draft], snapshot: RoleSnapshot) -> Iterator[Draft]:
    """Each way to say something, cut by a bound: by both constructions, or by one.

    What both allow is also what the bound allows, cut by what the role does not. A bound that has
    an exact form, and is a managed policy, may be far too large for anything but its ARN.
    """
    applied, obstacle = False, None
    for way in ways:
        try:
            denials = write(complement(bound.statements))
            how = (*way.how, f"{bound.name} {_COMPLEMENT}")
            yield Draft((*way.statements, *denials), way.policy_arns, how)
            applied = True
        except NotExact:
            pass
        try:
            managed = [s for policy in way.policy_arns for s in snapshot.statements(policy)]
            found = product(parse((*way.statements, *managed)), bound.statements)
            yield Draft(tuple(write(found)), (), (*way.how, f"{bound.name} {_PRODUCT}"))
            applied = True
        except (NotExact, PolicyNotUnderstood) as error:
            obstacle = obstacle or error
        if applied and bound.arn and bound.is_large:
            with suppress(NotExact, PolicyNotUnderstood):
                managed = [s for policy in way.policy_arns for s in snapshot.statements(policy)]
                denials = write(complement(parse((*way.statements, *managed))))
                how = (*way.how, f"{bound.name} as it is, the role {_COMPLEMENT}")
                yield Draft(tuple(denials), (bound.arn,), how)
    if obstacle is None or applied:
        return
    if isinstance(obstacle, PolicyNotUnderstood):
        raise obstacle
    raise bound.refusal(obstacle) from None


def _moved_inline(draft: Draft, snapshot: RoleSnapshot) -> Draft:
    """The draft with managed policies moved inline until it fits, the smallest first.

    Never more than it takes: STS packs an ARN into less than the text that it stands for. Those
    that come late are not tried when compacting has taken too long by then.
    """
    sizes = {}
    for arn in draft.policy_arns:
        # Unread, or of an unknown shape, it may travel as an ARN.
        with suppress(PolicyNotUnderstood):
            sizes[arn] = Draft(tuple(snapshot.statements(arn))).characters
    order = sorted(sizes, key=lambda arn: sizes[arn])
    excess = max(0, len(draft.policy_arns) - MAX_POLICY_ARNS)
    if excess:
        draft = draft.with_inline({arn: snapshot.statements(arn) for arn in order[:excess]})
    left = MAX_COMPARISONS
    for arn in order[excess:]:
        left -= cost(parse((*draft.statements, *snapshot.statements(arn))))
        if draft.fits or max(sizes[arn], len(draft.text or "")) > MAX_CHARACTERS or left < 0:
            break
        moved = draft.with_inline({arn: snapshot.statements(arn)})
        if moved.characters < draft.characters:
            draft = moved
    return draft
