"""A role's policies within its permissions boundary, and within what narrows a session down.

A bound is carried over by one of two constructions, `denials` or `intersection`, or is passed as
the ARN that it is. A policy that the session is narrowed by may say whatever it likes: it cannot
but take away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..errors import (
    NarrowingNotExact,
    PermissionsBoundaryNotExact,
    PolicyNotUnderstood,
    SessionRefused,
)
from ..policy.denials import complement
from ..policy.documents import Statement, serialize
from ..policy.intersection import NotExact, product
from ..policy.statements import Statement as PolicyStatement
from ..policy.statements import parse, write
from .draft import MAX_CHARACTERS, Draft
from .role import RoleSnapshot

_COMPLEMENT = "as its complement"
_PRODUCT = "as a product"


def bounded(
    draft: Draft, snapshot: RoleSnapshot, *, narrowing: Iterable[Statement] | None
) -> Iterator[Draft]:
    """The ways to say a draft, cut by the role's permissions boundary and by `narrowing`.

    Raises:
        PermissionsBoundaryNotExact, NarrowingNotExact: there is no exact way.
    """
    ways = iter([draft])
    for bound in _bounds(snapshot, narrowing):
        ways = _within(bound, ways, snapshot)
    return ways


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
        if bound.arn and (bound.is_large or not applied):
            with suppress(NotExact, PolicyNotUnderstood):
                managed = [s for policy in way.policy_arns for s in snapshot.statements(policy)]
                denials = write(complement(parse((*way.statements, *managed))))
                how = (*way.how, f"{bound.name} as it is, the role {_COMPLEMENT}")
                yield Draft(tuple(denials), (bound.arn,), how)
                applied = True
    if obstacle is None or applied:
        return
    if isinstance(obstacle, PolicyNotUnderstood):
        raise obstacle
    raise bound.refusal(obstacle) from None
