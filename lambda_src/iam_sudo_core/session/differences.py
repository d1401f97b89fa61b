"""What a role's statements grant that a session does not, and why.

A difference is named where it cannot be ruled out: an action that is allowed in part, or that a
Deny may reach, is one. What is not written in the role's policies, such as resource policies, is no
part of this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..arns import BROKER_TAG
from ..policy.compaction import compact
from ..policy.elements import Pattern
from ..policy.patterns import fold
from ..policy.statements import ALLOW, DENY, Statement
from . import tags as session_tags
from .caller import keys
from .caller_keys import (
    Answer,
    Caller,
    is_of_the_machine,
    is_principal_tag,
)

BOUNDARY = "permissions-boundary"
BASE_ROLE = "base-role"
GUARDRAILS = "guardrails"
# What AWS never denies, whatever a policy says (AWS STS API Reference, "GetCallerIdentity").
_NEVER_DENIED = {"sts:getcalleridentity"}
POLICY = "policy"  # of the request
_IDENTITY = "caller-identity"
_NETWORK = "caller-network"
# The same for both, since no role is a service; named because who tests it expected otherwise.
_NAMED_ALL_THE_SAME = frozenset(
    {
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principalservicenameslist",
    }
)
# Services whose resources are the business of no other service's actions, but for these.
_CLOSED = {
    "cloudformation": {"cloudformation"},
    "iam": {"iam", "sts"},
    "lambda": {"lambda"},
    "logs": {"logs"},
    "s3": {"s3"},  # and ssm:SendCommand, for its output, which is not worth a line for each role
}


@dataclass(frozen=True)
class PolicyStatement:
    """A statement, and the policy of the role that it stands in: a name or an ARN."""

    policy: str
    statement: Statement

    def to_json(self) -> dict[str, object]:
        return {"policy": self.policy, "statement": self.statement.to_json()}


@dataclass(frozen=True)
class Difference:
    """What of a statement a session does not have.

    `kind` is permissions-boundary, base-role, guardrails, policy, caller-identity or
    caller-network.
    """

    kind: str
    detail: str
    where: PolicyStatement

    def to_json(self) -> dict[str, object]:
        return {"kind": self.kind, "detail": self.detail, **self.where.to_json()}


def not_allowed(
    granted: Iterable[PolicyStatement], limits: Iterable[PolicyStatement], *, kind: str
) -> Iterator[Difference]:
    """What the role's policies allow and the statements of `limits` do not, or not surely."""
    by = compact([each.statement for each in limits])
    for each in granted:
        if each.statement.effect != ALLOW:
            continue
        lacking: list[Statement] = []
        allowed: list[Statement] = []
        for part in _by_action(each.statement):
            if _is_never_denied(part):
                continue
            (allowed if any(bound.covers(part) for bound in by) else lacking).append(part)
        denied = [part for part in allowed if any(_may_reach(bound, part) for bound in by)]
        details = [
            f"{what}: {', '.join(map(_actions, found))}"
            for what, found in (("does not allow all of", lacking), ("denies some of", denied))
            if found
        ]
        if details:
            yield Difference(kind, "; ".join(details), each)


def depending_on_the_caller(
    statements: Iterable[PolicyStatement], caller: Caller
) -> Iterator[Difference]:
    """Statements that test a key which a session answers otherwise than the role, or may.

    A principal tag that is none of the role's own may come with its real sessions: Amazon EKS,
    SAML and OIDC pass some.
    """
    for each in statements:
        if _is_never_denied(each.statement):
            continue
        tested = dict.fromkeys(map(fold, keys(each.statement)))
        for key in tested:
            if kind := _kind(key, caller):
                yield Difference(kind, f"tests {key}", each)
        written = {each.policy: each.statement.to_json()}
        for tag in sorted(session_tags.tested(written) - caller.tags):
            yield Difference(
                _IDENTITY, f"tests aws:PrincipalTag/{tag}, which real sessions may be passed", each
            )


def _is_never_denied(statement: Statement) -> bool:
    action = statement.action
    return not action.negated and {pattern.key for pattern in action.patterns} <= _NEVER_DENIED


def _kind(key: str, caller: Caller) -> str | None:
    if key in _NAMED_ALL_THE_SAME:
        return _IDENTITY
    if is_principal_tag(key) or caller.answer(key) is Answer.THE_SAME:
        return None
    is_of_the_place = caller.answer(key) is Answer.OF_THE_PLACE or is_of_the_machine(key)
    return _NETWORK if is_of_the_place else _IDENTITY


def _by_action(statement: Statement) -> Iterator[Statement]:
    if statement.action.negated:
        yield statement
        return
    for pattern in statement.action.patterns:
        yield statement.with_action(statement.action.one(pattern))


def _actions(statement: Statement) -> str:
    texts = ", ".join(pattern.text for pattern in statement.action.patterns)
    return f"all but {texts}" if statement.action.negated else texts


def _may_reach(denial: Statement, part: Statement) -> bool:
    return (
        denial.effect == DENY
        # Which broker's parts a role could mean, no policy of it tells; those of its own are denied
        # by name.
        and BROKER_TAG not in fold(json.dumps(denial.condition.value))
        and not denial.action.apart(part.action)
        and not denial.resource.apart(part.resource)
        and (
            denial.resource.negated
            or part.action.negated
            or any(
                _may_be_of(resource, action)
                for resource in denial.resource.patterns
                for action in part.action.patterns
            )
        )
    )


def _may_be_of(resource: Pattern, action: Pattern) -> bool:
    """Whether a resource may be one that the action is about, as their names tell."""
    fields = resource.key.split(":", 3)
    owner = fields[2] if len(fields) > 3 else "*"  # noqa: PLR2004 - arn:partition:service:…
    service = action.key.partition(":")[0]
    return (
        owner not in _CLOSED
        or any(character in service for character in "*?")
        or service in _CLOSED[owner]
    )
