"""Draw the keys of a request: each condition met, just not met, and without its key."""

from __future__ import annotations

import datetime
import ipaddress
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fidelity.draw_resources import MISSES, instance
from tests.fidelity.evaluator import Value

PRINCIPAL_TAG = "aws:principaltag/"
PRINCIPAL_ARN = "aws:principalarn"

# `${*}` is how a pattern spells a literal `*`.
_NO_WILDCARD = re.compile(r"([*?])")
# Steps from the value of the policy that meet a comparison.
_COMPARISONS = {
    "equals": {0},
    "notequals": {-1, 1},
    "lessthan": {-1},
    "lessthanequals": {-1, 0},
    "greaterthan": {1},
    "greaterthanequals": {0, 1},
}


def context(
    first: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    variables: Mapping[str, str],
    rng: random.Random,
) -> dict[str, Value]:
    """Keys for the condition of one statement, and perhaps for those of others.

    The principal's tags and ARN are not drawn: they are the side's, not the request's. The value
    of another tag may be anything; of other keys it has the type that AWS gives it.
    """
    drawn: dict[str, Value] = {}
    all_met = rng.random() < 0.5
    for condition in [first, *others]:
        for test in _tests(condition):
            if test.key.lower().startswith((PRINCIPAL_TAG, PRINCIPAL_ARN)) or test.key in drawn:
                continue
            chance = rng.random()
            met = chance < 0.4 or (all_met and condition is first)
            if not met and chance > 0.75:
                continue
            if values := test.values(variables, rng, met=met):
                drawn[test.key] = values
    return drawn


@dataclass(frozen=True)
class _Test:
    """One operator, key and list of values of a Condition element."""

    operator: str
    key: str
    wanted: list[str]
    of_many: bool

    def values(self, variables: Mapping[str, str], rng: random.Random, *, met: bool) -> Value:
        """A value of the key that meets the test, or does not; empty when absence is meant."""
        if not met and "/" in self.key and rng.random() < 0.3:
            return rng.choice(["other", "1", "198.51.100.7"])
        text = rng.choice(self.wanted)
        found = self._value(text, variables, rng, met=met)
        if found and self.of_many and rng.random() < 0.7:
            more = [
                self._value(text, variables, rng, met=rng.random() < 0.5) for text in self.wanted
            ]
            return [found, *more][: rng.randint(1, 3)]
        return found

    def _value(
        self, text: str, variables: Mapping[str, str], rng: random.Random, *, met: bool
    ) -> str:
        operator = self.operator
        if operator == "null":
            return "any" if (text == "true") is not met else ""
        for kind, step in (("numeric", _number), ("date", _date)):
            if operator.startswith(kind):
                meeting = _COMPARISONS[operator.removeprefix(kind)]
                return step(text, rng.choice(sorted(meeting if met else {-1, 0, 1} - meeting)))
        inside = met is ("not" not in operator)
        if operator == "bool":
            return text if inside else {"true": "false"}.get(text, "true")
        if "ipaddress" in operator:
            network = ipaddress.ip_interface(text).network
            return str(network[0]) if inside else rng.choice(["198.51.100.7", "2001:db8::7"])
        if operator.removesuffix("ignorecase") in {"stringequals", "stringnotequals"}:
            text = _NO_WILDCARD.sub(r"${\1}", text)
        found = instance(text, variables, rng)
        if "ignorecase" in operator:
            found = rng.choice([found, found.swapcase()])
        return found if inside else rng.choice(MISSES)(found, rng)


def _tests(condition: Mapping[str, Any]) -> Iterator[_Test]:
    for operator, keys in condition.items():
        set_operator, _, base = operator.lower().rpartition(":")
        for key, wanted in keys.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            texts = [v if isinstance(v, str) else str(v).lower() for v in values]
            if texts:
                yield _Test(base.removesuffix("ifexists"), key, texts, bool(set_operator))


def _number(text: str, by: int) -> str:
    return str(float(text) + by) if "." in text else str(int(text) + by)


def _date(text: str, by: int) -> str:
    if text.isdecimal():
        return str(int(text) + by)
    moment = datetime.datetime.fromisoformat(text) + datetime.timedelta(days=by)
    return moment.isoformat().replace("+00:00", "Z")
