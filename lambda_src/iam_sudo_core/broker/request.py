"""What a caller asks of the broker, checked at the edge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arns import ROLE_NAME, RoleArn
from ..errors import InvalidRequest, one_line, printable, quoted
from ..policy.documents import Statement, serialize, statements
from ..policy.patterns import matches
from ..policy.principals import Principal

_TEXTS = ("role_name", "principal", "base_role")
_KEYS = (*_TEXTS, "policy", "explain", "reason", "proof")
_LIST_KEYS = ("list", "pattern", "proof")
# IAM User Guide, "IAM and AWS STS quotas": characters of a managed policy. What is left of it in a
# session may be far less, and STS decides about that.
_MAX_POLICY = 6_144
# Of objects and lists in one another: deeper than any policy, and far below what Python can print.
_DEEPEST = 32
# A line for people who read the audit trail, where longer values are cut.
MAX_REASON = 200
_LONGEST_PATTERN = 200


@dataclass(frozen=True)
class Request:
    """A request for the session of a role, or for an explanation of it.

    `role_name` is a role's name or a part of one; with `arn` it is the whole name, of a role of
    that account, whatever its path. `principal` narrows a part down; `base_role` is a name or an
    ARN, None for the broker's own; `policy` is a document that the session is cut by as by a
    permissions boundary; `explain` asks for words instead of credentials; `reason` is for people.
    The `proof` of who asks is about the whole event, and read by `proof`.
    """

    role_name: str
    principal: Principal | None = None
    base_role: str | None = None
    policy: Mapping[str, object] | None = None
    explain: bool = False
    arn: RoleArn | None = None
    reason: str | None = None

    @classmethod
    def parse(cls, event: object) -> Request:
        """Read the event of an invocation.

        Raises:
            InvalidRequest: a key is missing, unknown, of the wrong type or of the wrong form.
        """
        if not isinstance(event, Mapping):
            raise InvalidRequest(f"it is not an object with the keys {', '.join(_KEYS)}")
        if is_deep(event):
            raise InvalidRequest(f"it has more than {_DEEPEST} objects and lists in one another")
        if unknown := sorted(str(key) for key in event if key not in _KEYS):
            raise InvalidRequest(f"unknown key {quoted(unknown[0])}; known: {', '.join(_KEYS)}")
        for key in event:
            if key in _TEXTS and (not isinstance(event[key], str) or not event[key]):
                raise InvalidRequest(f"{key} has to be a string that is not empty")
        if not isinstance(event.get("explain", False), bool):
            raise InvalidRequest("explain has to be true or false")
        if "role_name" not in event:
            raise InvalidRequest("role_name is missing")
        arn = RoleArn.named(event["role_name"])
        if arn is None and not ROLE_NAME.fullmatch(event["role_name"]):
            raise InvalidRequest(
                f"role_name {quoted(event['role_name'])} is not a role name "
                "(letters, digits and _+=,.@-, at most 64), and not the ARN of a role"
            )
        return cls(
            role_name=arn.name if arn else event["role_name"],
            principal=_principal(event["principal"]) if "principal" in event else None,
            base_role=_base_role(event["base_role"]) if "base_role" in event else None,
            policy=_policy(event["policy"]) if "policy" in event else None,
            explain=event.get("explain", False),
            arn=arn,
            reason=_reason(event["reason"]) if "reason" in event else None,
        )

    def to_event(self) -> dict[str, object]:
        """The event that `parse` reads."""
        event: dict[str, object] = {"role_name": str(self.arn or self.role_name)}
        if self.principal:
            event["principal"] = str(self.principal)
        if self.base_role:
            event["base_role"] = self.base_role
        if self.policy is not None:
            event["policy"] = self.policy
        if self.explain:
            event["explain"] = True
        if self.reason:
            event["reason"] = self.reason
        return event

    def narrowing(self) -> list[Statement] | None:
        """The statements of `policy`, within which the session has to stay; None without one."""
        return None if self.policy is None else statements(self.policy)

    def may_be_carried(self) -> bool:
        """Whether managed policies may be made for it.

        With a policy of its own it would be others each time, until the account has no room.
        """
        return self.policy is None

    def confirmation(self) -> dict[str, str]:
        """What a reply has besides, where the request asks for what an older broker may ignore.

        Who does not find it has been given more than was asked for.
        """
        if self.policy is None:
            return {}
        text = json.dumps(self.policy, sort_keys=True, separators=(",", ":"))
        return {"PolicySha256": hashlib.sha256(text.encode()).hexdigest()}


@dataclass(frozen=True)
class ListRequest:
    """A request for the roles that may be simulated; `pattern` is a part of a name, or has `*`."""

    pattern: str | None = None

    @classmethod
    def parse(cls, event: Mapping[Any, Any]) -> ListRequest:
        """Read the event of an invocation that has the key `list`.

        Raises:
            InvalidRequest: a key is unknown, of the wrong type or of the wrong form.
        """
        if unknown := sorted(str(key) for key in event if key not in _LIST_KEYS):
            raise InvalidRequest(f"unknown key {quoted(unknown[0])} beside list; known: pattern")
        if event["list"] is not True:
            raise InvalidRequest("list has to be true")
        pattern = event.get("pattern")
        if "pattern" in event and (
            not isinstance(pattern, str) or not 0 < len(pattern) <= _LONGEST_PATTERN
        ):
            raise InvalidRequest(
                f"pattern has to be a string of at most {_LONGEST_PATTERN} characters, not empty"
            )
        return cls(pattern)

    def to_event(self) -> dict[str, object]:
        """The event that `parse` reads."""
        pattern = {} if self.pattern is None else {"pattern": self.pattern}
        return {"list": True, **pattern}

    def wants(self, role_name: str) -> bool:
        if self.pattern is None:
            return True
        if "*" in self.pattern or "?" in self.pattern:
            return matches(self.pattern, role_name)
        return self.pattern in role_name


def is_deep(event: object) -> bool:
    """Whether an event is nested so deeply that nothing of it should be looked at."""
    level = [event]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
        if not level:
            return False
    return True


def request_hash(event: Mapping[str, object]) -> str:
    """What a proof says of the request that it is for, hex, see docs/decisions/0032."""
    asked = {key: value for key, value in event.items() if key != "proof"}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _reason(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_REASON:
        raise InvalidRequest(f"reason has to be a text of 1 to {MAX_REASON} characters")
    return printable(one_line(value))


def _principal(text: str) -> Principal:
    try:
        return Principal.parse(text)
    except ValueError as error:
        raise InvalidRequest(f"principal {quoted(text)}: {error}") from None


def _base_role(text: str) -> str:
    if not ROLE_NAME.fullmatch(text) and RoleArn.parse(text) is None:
        raise InvalidRequest(f"base_role {quoted(text)} is neither a role name nor a role's ARN")
    return text


def _policy(document: object) -> Mapping[str, object]:
    if not isinstance(document, Mapping):
        raise InvalidRequest("policy has to be an object")
    try:
        statements(document)
    except ValueError as error:
        raise InvalidRequest(f"policy: {error}") from None
    if (characters := len(serialize(document))) > _MAX_POLICY:
        raise InvalidRequest(
            f"policy: it has {characters:,} characters, of {_MAX_POLICY:,} at most"
        )
    return document
