"""Plan a session that may do what a role may do, and never more.

Of the ways to say what the role may do (`drafts`) the most literal one that fits is taken. A role
that may do nothing gets an explicit deny-all, because STS reads an absent session policy as "all
that the base role may do". What would not be exact, or would not fit, is refused; nothing is
dropped. What STS packs the plan into, only STS knows: hence several plans, each smaller than the
one before, and the last ones by managed policies that are made for them (`carriers`).

A cold start compiles what it imports, so what few roles need is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

from ..arns import RoleArn
from ..errors import (
    CharacterNotAccepted,
    ManagedPolicyElsewhere,
    PolicySizes,
    SessionPolicyTooLarge,
    SessionRefused,
    TooManyManagedPolicies,
)
from ..policy.documents import Statement
from ..policy.statements import parse, write
from . import tags as session_tags
from .caller import check_caller
from .draft import MAX_CHARACTERS, MAX_POLICY_ARNS, NOT_ACCEPTED, Draft, characters_of
from .drafts import drafts
from .role import RoleSnapshot, WholeRole

if TYPE_CHECKING:
    from .carriers import Carrier

# "Role chaining" limits a session to one hour: IAM User Guide, "Roles terms and concepts".
DURATION_SECONDS = 3_600


@dataclass(frozen=True)
class SessionPlan:
    """The session policies to pass: the text of one document, managed policy ARNs, or both.

    `tags` are the session tags; `how` names the steps by which it was made to fit; `carriers` are
    those of the managed policies that have to be made, if they are not there.
    """

    policy: str | None
    policy_arns: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    how: tuple[str, ...] = ()
    carriers: tuple[Carrier, ...] = ()

    def __post_init__(self) -> None:
        if not self.policy and not self.policy_arns:
            raise ValueError("a session without session policies may do all the base role may")

    @property
    def characters(self) -> int:
        """What STS counts against `MAX_CHARACTERS`."""
        return characters_of(self.policy, self.policy_arns)


def plan_sessions(
    snapshot: RoleSnapshot,
    *,
    base_role: RoleArn,
    narrowing: Sequence[Statement] | None = None,
    day: date | None = None,
) -> Iterator[SessionPlan]:
    """Plan sessions of a role on top of `base_role`; the best one first, at least one.

    `narrowing` are statements within which the sessions have to stay as well. What does not fit is
    carried by managed policies of this `day`, the date in UTC; without one it is refused.

    Raises:
        SessionRefused: no session would be exactly the role; the error says why and what to do.
    """
    for arn in snapshot.managed_policy_arns:
        if not _accepted_with(base_role, arn):
            raise ManagedPolicyElsewhere(
                role=snapshot.name, policy_arn=arn, account=base_role.account
            )
    tags = session_tags.passed(snapshot.tags)
    smallest: Draft | SessionPlan | None = None
    found: list[Draft] = []
    for draft in drafts(snapshot, narrowing=narrowing):
        if not all(_accepted_with(base_role, arn) for arn in draft.policy_arns):
            continue  # the boundary's, of another account than the base role
        found.append(draft)
        if draft.fits and (smallest is None or draft.characters < smallest.characters):
            smallest = draft
            yield SessionPlan(draft.text, draft.policy_arns, tags, draft.how)
    # A carrier has to be of the account that the session is of.
    if day is not None and base_role.account == snapshot.role.arn.account:
        from .carriers import Carrier, loads  # noqa: PLC0415 - see above

        for load in loads(found, snapshot, base_role=base_role):
            carriers = [Carrier.of(text, base_role=base_role, day=day) for text in load.documents]
            arns = (*(carrier.arn for carrier in carriers), *load.policy_arns)
            plan = SessionPlan(None, arns, tags, load.how, tuple(carriers))
            if smallest is None or plan.characters < smallest.characters:
                smallest = plan
                yield plan
    if smallest is None:
        refusal = _refusal(snapshot, min(found, key=_distance), narrowing)
        if day is None:
            raise refusal
        from .carriers import NOT_CARRIED  # noqa: PLC0415 - see above

        raise refusal.beside(NOT_CARRIED)


def plan_whole(
    whole: WholeRole,
    *,
    with_tags: bool = True,
    narrowing: Sequence[Statement] | None = None,
    day: date | None = None,
) -> Iterator[SessionPlan]:
    """Plan sessions that no policy of the role finds to be somebody else; the best one first.

    `with_tags` is whether the role's tags can be passed; the others are as for `plan_sessions`.

    Raises:
        SessionRefused: as `plan_sessions`, and what `check_caller` refuses.
    """
    snapshot = whole.snapshot if with_tags else replace(whole.snapshot, tags={})
    plans = plan_sessions(snapshot, base_role=whole.base_role, narrowing=narrowing, day=day)
    try:
        first = next(plans)
    except (SessionPolicyTooLarge, TooManyManagedPolicies):
        # What a role means is in the way of its session whatever its size.
        check_caller(whole, are_passed=with_tags)
        raise
    check_caller(whole, are_passed=with_tags)
    return chain([first], plans)


def policy_sizes(
    snapshot: RoleSnapshot,
    policy_arns: Collection[str],
    narrowing: Sequence[Statement] | None = None,
) -> PolicySizes:
    """What each policy takes of a session, by itself; of those in `policy_arns` the ARN.

    The boundary's is that of its complement, if it has one, and so is that of `narrowing`.
    """

    def of_text(policy: str) -> int:
        return Draft(tuple(snapshot.statements(policy))).characters

    others = {
        arn: len(arn) if arn in policy_arns else of_text(arn)
        for arn in snapshot.managed_policy_arns
    }
    bounds = {}
    if arn := snapshot.permissions_boundary:
        bounds[arn] = snapshot.statements(arn)
    if narrowing is not None:
        bounds["the policy of the request"] = list(narrowing)
    if bounds:
        from ..policy.denials import complement  # noqa: PLC0415 - see above
        from ..policy.intersection import NotExact  # noqa: PLC0415
    for name, statements in bounds.items():
        with suppress(NotExact):
            others[name] = Draft(tuple(write(complement(parse(statements))))).characters
    return PolicySizes(
        inline={name: of_text(name) for name in snapshot.inline_policies}, others=others
    )


def _distance(draft: Draft) -> tuple[bool, int]:
    """How far a draft is from fitting; the nearest one tells what would help."""
    return len(draft.policy_arns) > MAX_POLICY_ARNS, draft.characters


def _refusal(
    snapshot: RoleSnapshot, draft: Draft, narrowing: Sequence[Statement] | None
) -> SessionRefused:
    """Why a draft does not fit."""
    if found := NOT_ACCEPTED.search(draft.text or ""):
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
        sizes=policy_sizes(snapshot, draft.policy_arns, narrowing),
    )


def _accepted_with(base_role: RoleArn, policy_arn: str) -> bool:
    # STS API Reference, "AssumeRole": "The policies must exist in the same account as the role."
    prefixes = (f"arn:{base_role.partition}:iam::{owner}:" for owner in ("aws", base_role.account))
    return policy_arn.startswith(tuple(prefixes))
