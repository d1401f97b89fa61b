"""Which roles may be simulated: every role of the account, asked of the selection, in one answer.

Named are those that a caller could have. Of the others there is a number for each reason, of the
whole account whatever the pattern: who may invoke the broker shall not read, by it, what else is in
the account, and the number for `a*` would tell that. Whether a session of a role
fits into what STS accepts is not looked at; `explain` says that of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..account.calls import Client
from ..account.reading import list_roles
from ..arns import RoleArn
from ..errors import InvalidRequest, RoleNotSelected, TrustPolicyNotUnderstood, quoted
from ..policy.patterns import matches
from .target import Selection, selecting_rule

# Of the distribution; a test compares it with pyproject.toml.
VERSION = "0.1.0"
_KEYS = ("list", "pattern")
_NOT_READ = "its trust policy cannot be read"
_LONGEST_PATTERN = 200


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
        if unknown := sorted(str(key) for key in event if key not in _KEYS):
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


@dataclass(frozen=True)
class Listing:
    """The roles that are selected, each with its rule, and how many are not, by reason.

    The pattern is of the first alone.
    """

    roles: Mapping[RoleArn, str]
    others: Mapping[str, int]

    def to_reply(self) -> dict[str, Any]:
        return {
            "roles": [
                {"name": arn.name, "arn": str(arn), "rule": rule}
                for arn, rule in self.roles.items()
            ],
            "others": dict(self.others),
            "version": VERSION,
        }


def list_selected(request: ListRequest, *, selection: Selection, iam: Client) -> Listing:
    """The roles that may be simulated.

    Raises:
        AwsCallFailed: IAM refused or failed a call.
    """
    roles: dict[RoleArn, str] = {}
    others: Counter[str] = Counter()
    for role in list_roles(iam):
        try:
            rule = selecting_rule(role, None, selection)
        except RoleNotSelected as error:
            others[str(error.__dict__["problem"])] += 1
        except TrustPolicyNotUnderstood:
            others[_NOT_READ] += 1
        else:
            if request.wants(role.name):
                roles[role.arn] = rule
    return Listing(dict(sorted(roles.items(), key=lambda each: each[0].name)), others)
