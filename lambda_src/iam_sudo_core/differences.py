"""What a role's statements grant that a session does not, and why.

A difference is named where it cannot be ruled out: an action that is allowed in part, or that a
Deny may reach, is one. What is not written in the role's policies, such as resource policies, is no
part of this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import session_tags
from .compaction import compact
from .patterns import fold
from .statements import ALLOW, DENY, Pattern, Statement

BOUNDARY = "permissions-boundary"
BASE_ROLE = "base-role"
_IDENTITY = "caller-identity"
_NETWORK = "caller-network"
# Of these keys, a session surely has another value than the role.
_WHO = {"aws:principalarn", "aws:userid"}
# Keys that a session answers otherwise than the role: it is one of the base role, and it is used
# from elsewhere (IAM User Guide, "AWS global condition context keys"; the Service Authorization
# Reference for those of services).
_KEYS = {
    **dict.fromkeys(
        (
            "aws:principalarn",
            "aws:principalisawsservice",
            "aws:principalservicename",
            "aws:principalservicenameslist",
            "aws:sourceidentity",
            "aws:userid",
        ),
        _IDENTITY,
    ),
    **dict.fromkeys(
        (
            "aws:ec2instancesourceprivateipv4",
            "aws:ec2instancesourcevpc",
            "aws:sourceip",
            "aws:sourcevpc",
            "aws:sourcevpcarn",
            "aws:sourcevpce",
            "aws:vpceaccount",
            "aws:vpceorgid",
            "aws:vpceorgpaths",
            "aws:vpcsourceip",
            "ec2:roledelivery",
            "ec2:sourceinstancearn",
            "glue:credentialissuingservice",
            "glue:roleassumedby",
            "lambda:sourcefunctionarn",
            "ssm:sourceinstancearn",
        ),
        _NETWORK,
    ),
}
# Services whose resources are the business of no other service's actions, but for these.
_CLOSED = {
    "cloudformation": {"cloudformation"},
    "iam": {"iam", "sts"},
    "lambda": {"lambda"},
    "logs": {"logs"},
}
_NAMED_KEY = re.compile(r"[a-z0-9-]+:[a-z0-9]+")


@dataclass(frozen=True)
class PolicyStatement:
    """A statement, and the policy of the role that it stands in: a name or an ARN."""

    policy: str
    statement: Statement

    def to_json(self) -> dict[str, object]:
        return {"policy": self.policy, "statement": self.statement.to_json()}


@dataclass(frozen=True)
class Difference:
    """`kind` is permissions-boundary, base-role, caller-identity or caller-network."""

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
        parts = list(_by_action(each.statement))
        lacking = [part for part in parts if not any(bound.covers(part) for bound in by)]
        allowed = [part for part in parts if part not in lacking]
        denied = [part for part in allowed if any(_may_reach(bound, part) for bound in by)]
        details = [
            f"{what}: {', '.join(map(_actions, found))}"
            for what, found in (("does not allow all of", lacking), ("denies some of", denied))
            if found
        ]
        if details:
            yield Difference(kind, "; ".join(details), each)


def depending_on_the_caller(
    statements: Iterable[PolicyStatement], *, tags: Iterable[str]
) -> Iterator[Difference]:
    """Statements that test a key which a session answers otherwise than the role, or may.

    A principal tag that is none of the role's own `tags` may come with its real sessions: Amazon
    EKS, SAML and OIDC pass some.
    """
    own = {fold(key) for key in tags}
    for each in statements:
        written = each.statement.to_json()
        for key in dict.fromkeys(_NAMED_KEY.findall(fold(json.dumps(written)))):
            if key in _KEYS:
                yield Difference(_KEYS[key], f"tests {key}", each)
        for key in sorted(session_tags.tested({each.policy: written}) - own):
            yield Difference(
                _IDENTITY, f"tests aws:PrincipalTag/{key}, which real sessions may be passed", each
            )


def escapes(statement: Statement) -> str | None:
    """The key by which a session may get round a statement that holds for the role; or None.

    That is a Deny which tests who is calling, and an Allow which holds for whoever is not somebody.
    """
    written = statement.to_json()
    tests = [
        (operator, {key: values})
        for operator, keys in (statement.condition.value or {}).items()
        for key, values in keys.items()
    ]
    suspect: list[object] = [test for operator, test in tests if _holds_for_others(operator)]
    suspect += [written] if statement.effect == DENY else []
    suspect += [written["NotResource"]] if "NotResource" in written else []
    named = _NAMED_KEY.findall(fold(json.dumps(suspect)))
    return next((key for key in named if key in _WHO), None)


def _holds_for_others(operator: str) -> bool:
    """Whether an operator is true of a key that has another value, or none."""
    name = fold(operator)
    return "not" in name or name.endswith("ifexists") or name == "null"


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
