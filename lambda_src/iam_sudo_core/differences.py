"""What a role's statements grant that a session does not, and why.

A difference is named where it cannot be ruled out: an action that is allowed in part, or that a
Deny may reach, is one. What is not written in the role's policies, such as resource policies, is no
part of this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .statements import ALLOW, DENY, Pattern, Statement

BOUNDARY = "permissions-boundary"
BASE_ROLE = "base-role"
_IDENTITY = "caller-identity"
_NETWORK = "caller-network"
# Keys that a session answers otherwise than the role: it is one of the base role, and it is used
# from elsewhere (IAM User Guide, "AWS global condition context keys"; the Service Authorization
# Reference for those of Amazon EC2 and AWS Lambda).
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
            "aws:vpcsourceip",
            "ec2:roledelivery",
            "ec2:sourceinstancearn",
            "lambda:sourcefunctionarn",
        ),
        _NETWORK,
    ),
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
    granted: Iterable[PolicyStatement], by: Sequence[Statement], *, kind: str
) -> Iterator[Difference]:
    """What the role's policies allow and the statements `by` do not, or not surely."""
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


def depending_on_the_caller(granted: Iterable[PolicyStatement]) -> Iterator[Difference]:
    """Statements that test a key which a session answers otherwise than the role."""
    for each in granted:
        text = json.dumps(each.statement.to_json()).lower()
        for key in dict.fromkeys(_NAMED_KEY.findall(text)):
            if key in _KEYS:
                yield Difference(_KEYS[key], f"tests {key}", each)


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
    """Whether a resource may be one of the action's service, as their names tell."""
    service = action.key.partition(":")[0]
    fields = resource.key.split(":", 3)
    if "*" in service or "?" in service or len(fields) < 4:  # noqa: PLR2004 - arn:partition:service:
        return True
    # Roles, which sts:AssumeRole is about, are resources of IAM.
    return fields[2] == {"sts": "iam"}.get(service, service)
