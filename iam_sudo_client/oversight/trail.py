"""The broker's audit trail, as its log group has it: a decision after the other.

What is asked of CloudWatch Logs is always the same, so nothing that somebody types is part of a
pattern of theirs; which decisions are wanted is looked at here. A line is text of somebody: what is
no line of the trail is left out, and values are not believed to be of any form.
Source: Amazon CloudWatch Logs API Reference, "FilterLogEvents"; Amazon CloudWatch Logs User Guide,
"Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.oversight.asking import asking
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import quoted
from iam_sudo_core.policy import matches

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_DECISIONS = (
    '{ ($.audit = "iam-sudo") && ($.decision != "asked") && ($.decision != "proof-required") }'
)
# What is said of a request before it is decided, or that a proof is wanted: docs/audit.md.
_NO_DECISION = (None, "asked", "proof-required")
# More than a broker writes, which cuts its values.
_LONGEST_LINE = 65_536
# Of a function: its name, or its whole or partial ARN, with a version or an alias. AWS Lambda API
# Reference, "Invoke" (FunctionName).
_FUNCTION = re.compile(
    r"(?:arn:[a-z-]+:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(?::[A-Za-z0-9$_-]+)?"
)
# What a set of CloudWatch metrics needs, and nobody reads.
_METRICS = ("_aws", "granted", "explained", "refused", "failed")


@dataclass(frozen=True)
class Wanted:
    """Which decisions: of a role, by a caller; patterns with * and ?, whole or the name alone."""

    role: str | None = None
    caller: str | None = None

    def wants(self, facts: Mapping[str, Any]) -> bool:
        arn = RoleArn.named(self.role or "")
        return _fits(arn.name if arn else self.role, facts, "role_found", "role_asked") and _fits(
            self.caller, facts, "caller", "source_identity"
        )


def decisions(caller: CallerSession, function: str, *, since: datetime) -> Iterator[dict[str, Any]]:
    """The decisions since then, oldest first, each a line of the trail with its `time`.

    Raises:
        ServiceFailed: there is no such log group, or AWS refused or failed a call.
        NotConfigured: the caller has no usable credentials.
        InvalidOption: the function's name is none.
    """
    found = _FUNCTION.fullmatch(function)
    if found is None:
        raise InvalidOption(f"--function-name {quoted(function)} is no function's name")
    group = f"/aws/lambda/{found['name']}"
    none = (
        f"there is no log group {group} in {caller.region}; choose another --region, "
        "--function-name or AWS_PROFILE"
    )
    pages = iter(
        caller.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=group,
            startTime=int(since.timestamp() * 1000),
            filterPattern=_DECISIONS,
        )
    )
    while True:
        with asking(caller, "logs", group, known={"ResourceNotFoundException": none}):
            page = next(pages, None)
        if page is None:
            return
        for event in page.get("events", ()):
            facts = _facts(event)
            if facts is not None:
                yield facts


def _facts(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a line says; None of one that is no decision of a broker."""
    try:
        if len(event["message"]) > _LONGEST_LINE:
            return None
        said = json.loads(event["message"], parse_constant=_no_number)
        time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("audit") != "iam-sudo":
        return None
    facts = {name: fact for name, fact in said.items() if name not in _METRICS}
    if facts.get("decision") in _NO_DECISION or not all(map(_is_flat, facts.values())):
        return None
    # Whatever the line itself calls a time.
    return {"time": "", **facts} | {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _no_number(name: str) -> NoReturn:
    """NaN and the like, which JSON has not."""
    raise ValueError(name)


def _is_flat(fact: object) -> bool:
    """Whether it is of a form that a broker writes: a text, a number, or a list of those."""
    parts = fact if isinstance(fact, list) else [fact]
    return not any(isinstance(part, dict | list) for part in parts)


def _fits(pattern: str | None, facts: Mapping[str, Any], *names: str) -> bool:
    if pattern is None:
        return True
    said = [text for name in names if isinstance(text := facts.get(name), str)]
    return any(matches(pattern, each) for text in said for each in (text, text.rpartition("/")[2]))
