"""Sessions that were ended before their time: what of the base role does so, and whether of these.

It is a Deny on everything for sessions that began before a time, as `iam-sudo revoke` and the IAM
console write it. Told is what surely reaches a session, by its name and its source identity; of a
condition that is not known here, nothing is told.
Source: IAM User Guide, "Revoke IAM role temporary security credentials".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..arns import REVOKED_ALL, REVOKED_SOME
from ..policy.patterns import fold, matches
from ..policy.statements import DENY
from ..session.differences import PolicyStatement

_BEGAN = ("datelessthan", "aws:tokenissuetime")
_USER_ID, _SOURCE_IDENTITY = "aws:userid", "aws:sourceidentity"
_COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda written, value: written == value,
    "stringequalsignorecase": lambda written, value: written.lower() == value.lower(),
    "stringlike": matches,
}
_EVERYTHING = ("*", ["*"])


@dataclass(frozen=True)
class Ended:
    """Sessions that began before a time are denied everything, by an inline policy of this name."""

    policy: str
    before: datetime

    def to_json(self) -> dict[str, str]:
        return {"policy": self.policy, "before": self.before.strftime("%Y-%m-%dT%H:%M:%SZ")}


def ends_earlier_sessions(each: PolicyStatement) -> bool:
    """Whether it denies something to sessions that were given out before it was written, alone."""
    return (
        (each.policy == REVOKED_ALL or each.policy.startswith(REVOKED_SOME))
        and each.statement.effect == DENY
        and _BEGAN in _tested(each)
    )


def ended(each: PolicyStatement, *, session_name: str, source_identity: str | None) -> Ended | None:
    """What it ends, of sessions of this name and source identity; None if it need not reach any."""
    written = each.statement.to_json()
    if not (written.get("Action") in _EVERYTHING and written.get("Resource") in _EVERYTHING):
        return None
    # Of `aws:userid` the role's id stands before the colon, which nobody writes.
    values = {_USER_ID: f":{session_name}", _SOURCE_IDENTITY: source_identity}
    tested = _tested(each)
    before = _time(tested.pop(_BEGAN))
    for (operator, key), patterns in tested.items():
        compare, value = _COMPARED.get(operator), values.get(key)
        if compare is None or value is None:
            return None
        if not any(isinstance(text, str) and compare(text, value) for text in patterns):
            return None
    return Ended(each.policy, before) if before else None


def _tested(each: PolicyStatement) -> dict[tuple[str, str], list[Any]]:
    """What is tested, by operator and key, either without case."""
    condition = each.statement.condition.value
    return {
        (fold(operator), fold(key)): values if isinstance(values, list) else [values]
        for operator, keys in (condition or {}).items()
        for key, values in keys.items()
    }


def _time(values: list[Any]) -> datetime | None:
    try:
        [text] = values
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
