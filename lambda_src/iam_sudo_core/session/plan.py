"""Plan a session that may do what a role may do, and never more.

Managed policies travel as ARNs, which pack smaller, and inline policies merged into one document. A
role that may do nothing gets an explicit deny-all, because STS reads an absent session policy as
"all that the base role may do". A permissions boundary is carried over by one of the constructions
of `boundary`. What does not fit as it is, is compacted; when that is not enough, or there are more
managed policies than a session takes, small ones move inline. What would not be exact, or would
not fit, is refused; nothing is dropped.

The documents of managed policies are needed for a boundary and for moving them inline, and are not
looked at otherwise. What STS packs the plan into, only STS knows: hence several plans, each smaller
than the one before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ..arns import RoleArn
from ..errors import (
    CharacterNotAccepted,
    ManagedPolicyElsewhere,
    PermissionsBoundaryNotExact,
    PolicyNotUnderstood,
    PolicySizes,
    SessionPolicyTooLarge,
    SessionRefused,
    TooManyManagedPolicies,
)
from ..policy import documents as policies
from ..policy import intersection as boundary
from ..policy.compaction import compact, cost
from ..policy.comparisons import MAX_COMPARISONS
from ..policy.statements import parse, write
from . import tags as session_tags
from .role import RoleSnapshot

# IAM User Guide, "IAM and STS quotas", and STS API Reference, "AssumeRole" (Policy, PolicyArns).
MAX_CHARACTERS = 2_048
MAX_POLICY_ARNS = 10
_NOT_ACCEPTED = re.compile(r"[^\t\n\r\u0020-\u00FF]")
# STS API Reference, "AssumeRole" (RoleSessionName).
MAX_SESSION_NAME = 64
# "Role chaining" limits a session to one hour: IAM User Guide, "Roles terms and concepts".
DURATION_SECONDS = 3_600

_COMPACTED = "compacted"
_COMPLEMENT = "boundary as its complement"
_PRODUCT = "boundary as a product"


@dataclass(frozen=True)
class SessionPlan:
    """The session policies to pass: the text of one document, managed policy ARNs, or both.

    `tags` are the session tags; `how` names the steps by which it was made to fit.
    """

    policy: str | None
    policy_arns: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    how: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.policy and not self.policy_arns:
            raise ValueError("a session without session policies may do all the base role may")

    @property
    def characters(self) -> int:
        """What STS counts against `MAX_CHARACTERS`."""
        return _characters(self.policy, self.policy_arns)


def plan_sessions(snapshot: RoleSnapshot, *, base_role: RoleArn) -> Iterator[SessionPlan]:
    """Plan sessions of a role on top of `base_role`; the best one first, at least one.

    Raises:
        SessionRefused: no session would be exactly the role; the error says why and what to do.
    """
    for arn in snapshot.managed_policy_arns:
        if not _accepted_with(base_role, arn):
            raise ManagedPolicyElsewhere(
                role=snapshot.name, policy_arn=arn, account=base_role.account
            )
    tags = session_tags.passed(snapshot.tags)
    smallest: _Draft | None = None
    unfit: list[_Draft] = []
    for draft in _drafts(snapshot):
        if not draft.fits:
            unfit.append(draft)
        elif smallest is None or draft.characters < smallest.characters:
            smallest = draft
            yield SessionPlan(draft.text, draft.policy_arns, tags, draft.how)
    if smallest is None:
        raise _refusal(snapshot, min(unfit, key=_distance))


def wants_documents(snapshot: RoleSnapshot) -> bool:
    """Whether a plan takes the documents of managed policies, which were not read yet."""
    if snapshot.is_read:
        return False
    if snapshot.permissions_boundary is not None:
        return True
    return not any(draft.fits for draft in _drafts(snapshot))


def policy_sizes(snapshot: RoleSnapshot, policy_arns: Collection[str]) -> PolicySizes:
    """What each policy takes of a session, by itself; of those in `policy_arns` the ARN.

    The boundary's is that of its complement, if it has one.
    """

    def of_text(policy: str) -> int:
        return _Draft(tuple(snapshot.statements(policy))).characters

    others = {
        arn: len(arn) if arn in policy_arns else of_text(arn)
        for arn in snapshot.managed_policy_arns
    }
    if arn := snapshot.permissions_boundary:
        with suppress(boundary.NotExact):
            denials = boundary.complement(parse(snapshot.statements(arn)))
            others[arn] = _Draft(tuple(write(denials))).characters
    return PolicySizes(
        inline={name: of_text(name) for name in snapshot.inline_policies}, others=others
    )


def session_name(role_name: str) -> str:
    """The role session name of a role: `iam-sudo-<role name>`, as STS accepts it.

    One that is too long is cut and ends with a hash of the role's whole name: names that
    CloudFormation makes up are told apart by their ends.
    """
    name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", f"iam-sudo-{role_name}")
    if len(name) <= MAX_SESSION_NAME:
        return name
    end = f"-{hashlib.sha256(role_name.encode()).hexdigest()[:8]}"
    return name[: MAX_SESSION_NAME - len(end)] + end


@dataclass(frozen=True)
class _Draft:
    """Session policies that are exactly the role, whether they fit or not."""

    statements: tuple[policies.Statement, ...]
    policy_arns: tuple[str, ...] = ()
    how: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The document; None when the managed policies say it all."""
        if not self.statements and self.policy_arns:
            return None
        return policies.serialize(policies.merge([self.statements]))

    @property
    def characters(self) -> int:
        return _characters(self.text, self.policy_arns)

    @property
    def fits(self) -> bool:
        return (
            self.characters <= MAX_CHARACTERS
            and len(self.policy_arns) <= MAX_POLICY_ARNS
            and not _NOT_ACCEPTED.search(self.text or "")
        )

    def compacted(self) -> _Draft:
        statements = tuple(write(compact(parse(self.statements))))
        return _Draft(statements, self.policy_arns, (*self.how, _COMPACTED))

    def with_inline(self, moved: Mapping[str, Iterable[policies.Statement]]) -> _Draft:
        """The draft with these of its managed policies moved inline."""
        left = tuple(arn for arn in self.policy_arns if arn not in moved)
        united = parse(
            (*self.statements, *(s for statements in moved.values() for s in statements))
        )
        how = (*self.how, *(f"{arn} moved inline" for arn in moved))
        return _Draft(tuple(write(compact(united))), left, how)


def _characters(text: str | None, policy_arns: Iterable[str]) -> int:
    return len(text or "") + sum(map(len, policy_arns))


def _distance(draft: _Draft) -> tuple[bool, int]:
    """How far a draft is from fitting; the nearest one tells what would help."""
    return len(draft.policy_arns) > MAX_POLICY_ARNS, draft.characters


def _refusal(snapshot: RoleSnapshot, draft: _Draft) -> SessionRefused:
    """Why a draft does not fit."""
    if found := _NOT_ACCEPTED.search(draft.text or ""):
        return CharacterNotAccepted(role=snapshot.name, character=found.group())
    if len(draft.policy_arns) > MAX_POLICY_ARNS:
        return TooManyManagedPolicies(
            role=snapshot.name,
            count=len(snapshot.managed_policy_arns),
            limit=MAX_POLICY_ARNS,
        )
    return SessionPolicyTooLarge(
        role=snapshot.name,
        characters=draft.characters,
        limit=MAX_CHARACTERS,
        sizes=policy_sizes(snapshot, draft.policy_arns),
    )


def _drafts(snapshot: RoleSnapshot) -> Iterator[_Draft]:
    """The ways to say what the role may do, the most literal one first."""
    for draft in _bounded(snapshot):
        yield draft
        compacted = draft.compacted()
        yield compacted
        yield _moved_inline(compacted, snapshot)


def _bounded(snapshot: RoleSnapshot) -> Iterator[_Draft]:
    """The role's policies, cut by its permissions boundary if it has one."""
    inline = tuple(s for name in snapshot.inline_policies for s in snapshot.statements(name))
    arn = snapshot.permissions_boundary
    if arn is None:
        yield _Draft(inline, snapshot.managed_policy_arns)
        return
    bounds = parse(snapshot.statements(arn))
    applied = False
    try:
        denials = write(boundary.complement(bounds))
        yield _Draft((*inline, *denials), snapshot.managed_policy_arns, (_COMPLEMENT,))
        applied = True
    except boundary.NotExact:
        pass
    try:
        managed = [
            s for policy in snapshot.managed_policy_arns for s in snapshot.statements(policy)
        ]
        found = boundary.product(parse((*inline, *managed)), bounds)
        yield _Draft(tuple(write(found)), (), (_PRODUCT,))
    except (boundary.NotExact, PolicyNotUnderstood) as obstacle:
        if applied:
            return
        if isinstance(obstacle, PolicyNotUnderstood):
            raise
        raise PermissionsBoundaryNotExact(
            role=snapshot.name,
            boundary=arn,
            statement=policies.serialize(obstacle.statement.to_json()),
            problem=obstacle.problem,
        ) from None


def _moved_inline(draft: _Draft, snapshot: RoleSnapshot) -> _Draft:
    """The draft with managed policies moved inline until it fits, the smallest first.

    Never more than it takes: STS packs an ARN into less than the text that it stands for. Those
    that come late are not tried when compacting has taken too long by then.
    """
    sizes = {}
    for arn in draft.policy_arns:
        # Unread, or of an unknown shape, it may travel as an ARN.
        with suppress(PolicyNotUnderstood):
            sizes[arn] = _Draft(tuple(snapshot.statements(arn))).characters
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


def _accepted_with(base_role: RoleArn, policy_arn: str) -> bool:
    # STS API Reference, "AssumeRole": "The policies must exist in the same account as the role."
    prefixes = (f"arn:{base_role.partition}:iam::{owner}:" for owner in ("aws", base_role.account))
    return policy_arn.startswith(tuple(prefixes))
