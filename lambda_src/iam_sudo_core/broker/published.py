"""Rules that outgrow Lambda's environment: a parameter of SSM has them, and is asked each time.

It is read beside the role and beside the question of who asks, so that it costs a call and no round
trip, and a rule that is taken away is gone with the next request. Read is not parsed: that happens
when the version, or the text, is another one than before. A version with a slip changes nothing
but what the log says, and rings: the rules before it stay in force. Where an instance knows of none
before it, and where the parameter cannot be read, nobody gets anything.
Source: Systems Manager User Guide, "Working with parameter versions". Why so: docs/decisions/0034.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..account.calls import Client
from ..account.parameters import read_parameter
from ..errors import InvalidSettings
from .fields import invalid, parsed_object
from .rules import Rule, parsed_rules

_FIELD = "rules"


@dataclass(frozen=True)
class Published:
    """The rules in force, of which version, None before any; with the `newest` and its slip."""

    parameter: str
    newest: int
    rules: tuple[Rule, ...] | None
    version: int | None
    problem: str | None = None


class PublishedRules:
    """What an instance of the broker knows of the rules in a parameter."""

    def __init__(self, ssm: Client, parameter: str) -> None:
        self.parameter = parameter
        self._ssm = ssm
        # What was read, and what it says: one value, so that requests at once need no lock.
        self._known: tuple[tuple[int, str], Published] | None = None

    def now(self) -> Published:
        """The rules as they are now.

        Raises:
            AwsCallFailed: the parameter cannot be read.
        """
        found = read_parameter(self._ssm, self.parameter)
        known = self._known
        if known and known[0] == found:
            return known[1]
        published = self._parsed(*found, before=known[1] if known else None)
        self._known = found, published
        return published

    def _parsed(self, version: int, text: str, *, before: Published | None) -> Published:
        try:
            return Published(self.parameter, version, published_rules(text), version)
        except InvalidSettings as error:
            return Published(
                self.parameter,
                version,
                before.rules if before else None,
                before.version if before else None,
                problem=str(error.__dict__["problem"]),
            )


def published_rules(text: str) -> tuple[Rule, ...]:
    """Read the text of a parameter: a JSON object of `rules`, and nothing else.

    Raises:
        InvalidSettings: with what is wrong and where.
    """
    found = parsed_object(text, fields=(_FIELD,))
    if _FIELD not in found:
        invalid(f"{_FIELD} is missing")
    return parsed_rules(found[_FIELD])
