"""Explain the session of a role, without assuming anything: what it is, and what still differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ..account.calls import Client
from ..account.reading import read_documents, read_role, read_whole
from ..arns import GUARDRAILS_POLICY, RoleArn
from ..policy.comparisons import MAX_COMPARISONS, Patterns
from ..policy.statements import ALLOW, DENY, parse
from ..session import tags as session_tags
from ..session.caller_keys import Caller
from ..session.differences import (
    BASE_ROLE,
    BOUNDARY,
    GUARDRAILS,
    POLICY,
    Difference,
    PolicyStatement,
    depending_on_the_caller,
    not_allowed,
)
from ..session.draft import MAX_CHARACTERS, MAX_POLICY_ARNS
from ..session.plan import SessionPlan, plan_whole
from ..session.role import RoleSnapshot
from .ended import Ended, ended, ends_earlier_sessions
from .request import Request
from .rules import CallerRules
from .target import (
    Note,
    Selection,
    Target,
    find_target,
)


@dataclass(frozen=True)
class Explanation:
    """All there is to say about the session of a role; `to_reply` is the broker's reply."""

    target: Target
    snapshot: RoleSnapshot
    plan: SessionPlan
    cut: tuple[Difference, ...]
    differences: tuple[Difference, ...]
    guardrails: tuple[Difference, ...]  # what they may take, which no role is meant to have
    ended: tuple[Ended, ...] = ()  # earlier sessions like this one, before their time
    cut_by_policy: tuple[Difference, ...] | None = None  # of the request, if it has one

    def to_reply(self) -> dict[str, Any]:
        role = self.snapshot
        reply: dict[str, Any] = {
            "role": {"name": role.name, "arn": str(role.role.arn)},
            "rule": self.target.rule,
            "base_role": str(self.target.base_role),
            "session_name": self.target.terms.session_name(role.name),
            "source_identity": self.target.terms.source_identity,
            "duration_seconds": self.target.terms.duration_seconds,
            "reason_required": self.target.require_reason,
            "plan": {
                "policy": json.loads(self.plan.policy) if self.plan.policy else None,
                "policy_characters": len(self.plan.policy or ""),
                "policy_arns": list(self.plan.policy_arns),
                "characters": self.plan.characters,
                "limits": {"characters": MAX_CHARACTERS, "policy_arns": MAX_POLICY_ARNS},
                "tags": dict(self.plan.tags),
                "tags_not_passed": session_tags.withheld(role.tags),
                "how": list(self.plan.how),
            },
            "permissions_boundary": role.permissions_boundary,
            "cut_by_boundary": [each.to_json() for each in self.cut],
            "differences": [each.to_json() for each in self.differences],
            "guardrails": [each.to_json() for each in self.guardrails],
            "ended": [each.to_json() for each in self.ended],
            "policies": role.all_documents(),
        }
        if self.plan.carriers:
            reply["plan"]["carriers"] = [
                {"arn": each.arn, "document": json.loads(each.text)} for each in self.plan.carriers
            ]
        if self.cut_by_policy is not None:
            reply["cut_by_policy"] = [each.to_json() for each in self.cut_by_policy]
        return reply


def explain(
    request: Request,
    *,
    selection: Selection | CallerRules,
    base_role: str | RoleArn,
    iam: Client,
    note: Note,
    day: date | None = None,
) -> Explanation:
    """What the session of a role would be; of a role that gets none, nothing but the refusal.

    `day` is as for `simulate`. Nothing is made.

    Raises:
        Refusal: as `simulate` does, but for what STS alone can refuse.
        RoleChanged: the role changed while it was being read.
        AwsCallFailed: AWS refused or failed a call.
    """
    target = find_target(request, selection=selection, base_role=base_role, iam=iam, note=note)
    base = target.base_role
    source_identity = target.terms.source_identity
    whole = replace(
        read_whole(iam, target.snapshot, base_role=base), source_identity=source_identity
    )
    narrowing = request.narrowing()
    day = day if request.may_be_carried() else None
    plan = next(plan_whole(whole, narrowing=narrowing, day=day))
    snapshot = whole.snapshot
    granted = list(_statements(snapshot, snapshot.policies))
    boundary = snapshot.permissions_boundary
    bounds = list(_statements(snapshot, [boundary])) if boundary else []
    limits, guardrails, revoked = _base_role_limits(base, iam)
    name = target.terms.session_name(snapshot.name)
    told = (ended(each, session_name=name, source_identity=source_identity) for each in revoked)
    narrowed = None if narrowing is None else [PolicyStatement(POLICY, s) for s in parse(narrowing)]
    return Explanation(
        target,
        snapshot,
        plan,
        cut=tuple(_not_allowed(granted, bounds, kind=BOUNDARY)) if boundary else (),
        differences=(
            *(
                difference
                for allowed in limits
                for difference in _not_allowed(granted, allowed, kind=BASE_ROLE)
            ),
            *depending_on_the_caller(
                [*granted, *bounds], Caller.of(snapshot, base, source_identity=source_identity)
            ),
        ),
        guardrails=tuple(_not_allowed(granted, guardrails, kind=GUARDRAILS)) if guardrails else (),
        ended=tuple(each for each in told if each),
        cut_by_policy=(
            None if narrowed is None else tuple(_not_allowed(granted, narrowed, kind=POLICY))
        ),
    )


def _statements(snapshot: RoleSnapshot, policies: Iterable[str]) -> Iterator[PolicyStatement]:
    for policy in policies:
        for statement in parse(snapshot.statements(policy)):
            yield PolicyStatement(policy, statement)


def _not_allowed(
    granted: Iterable[PolicyStatement], limits: Sequence[PolicyStatement], *, kind: str
) -> Iterator[Difference]:
    """What the role's policies allow and `limits` do not; what takes too long to tell is named."""
    actions = Patterns.of(each.statement.action for each in limits)
    resources = Patterns.of(each.statement.resource for each in limits)
    compared, left_out, left = [], [], MAX_COMPARISONS
    for each in granted:
        if each.statement.effect != ALLOW:
            continue
        # Each action is looked for by itself, with all of the resources.
        by_resource = len(limits) + Patterns.of([each.statement.resource]).times(resources)
        cost = Patterns.of([each.statement.action]).times(actions)
        cost += len(each.statement.action.patterns) * by_resource
        if cost <= left:
            left -= cost
            compared.append(each)
        else:
            left_out.append(each)
    yield from not_allowed(compared, limits, kind=kind)
    for each in left_out:
        yield Difference(kind, "has too many actions and resources to be compared with it", each)


def _base_role_limits(
    base_role: RoleArn, iam: Client
) -> tuple[list[list[PolicyStatement]], list[PolicyStatement], list[PolicyStatement]]:
    """What limits the base role: its policies, and its boundary if it has one; and its guardrails.

    Third is what ends sessions that were given out, which limits no other.
    The guardrails keep every session from the broker's own parts. They are apart, as what limits
    something that is allowed everything: they would make nearly every role another one. Of a base
    role that this account does not have, nothing is known to be allowed.
    """
    base = read_role(iam, base_role.name)
    if base is None or base.role.arn != base_role:
        return [[]], [], []
    base = read_documents(iam, base)
    own: list[PolicyStatement] = []
    guardrails: list[PolicyStatement] = []
    revoked: list[PolicyStatement] = []
    for each in _statements(base, base.policies):
        if ends_earlier_sessions(each):
            revoked.append(each)
            continue
        is_one = each.policy == GUARDRAILS_POLICY and each.statement.effect == DENY
        (guardrails if is_one else own).append(each)
    boundary = base.permissions_boundary
    limits = [own, list(_statements(base, [boundary]))] if boundary else [own]
    return limits, [*_EVERYTHING, *guardrails] if guardrails else [], revoked


_EVERYTHING = [
    PolicyStatement("", statement)
    for statement in parse([{"Effect": ALLOW, "Action": "*", "Resource": "*"}])
]
