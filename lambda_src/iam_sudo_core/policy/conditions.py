"""The tests of a `Condition`: what is surely true of a key that is absent, or has one value.

Source: IAM User Guide, "AWS JSON policy elements: Condition operators" (with IfExists, Null, set
operators, and what of a key that is not there) and "… Variables and tags". Where a page leaves it
open, or an operator is not known, the answer is None: not sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .patterns import fold, has_variable, matches
from .statements import Condition

_POSITIVE = frozenset(
    {
        "arnequals", "arnlike", "binaryequals", "bool", "dateequals", "dategreaterthan",
        "dategreaterthanequals", "datelessthan", "datelessthanequals", "ipaddress",
        "numericequals", "numericgreaterthan", "numericgreaterthanequals", "numericlessthan",
        "numericlessthanequals", "stringequals", "stringequalsignorecase", "stringlike",
    }
)  # fmt: skip
_NEGATIVE = frozenset(
    {
        "arnnotequals", "arnnotlike", "datenotequals", "notipaddress", "numericnotequals",
        "stringnotequals", "stringnotequalsignorecase", "stringnotlike",
    }
)  # fmt: skip
_OPERATOR = re.compile(r"(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?")
_ARN_COLONS = 5


@dataclass(frozen=True)
class KeyTest:
    """One operator, key and list of values."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """Whether a value of the policy that matches nothing makes it true of nothing more."""
        return self._parts[1] in _POSITIVE

    @property
    def when_absent(self) -> bool | None:
        """Whether it is true of a key that is not there."""
        set_operator, operator, if_exists = self._parts
        if operator == "null" and not set_operator and not if_exists:
            wanted = set(map(fold, self.values))
            return wanted == {"true"} if wanted in ({"true"}, {"false"}) else None
        if operator not in _POSITIVE | _NEGATIVE or (set_operator == "foranyvalue" and if_exists):
            return None
        if set_operator:
            return set_operator == "forallvalues"
        return bool(if_exists) or operator in _NEGATIVE

    def of(self, value: str) -> bool | None:
        """Whether it is true of a key that has this one value, a text or an ARN."""
        return self.negated_or_not(_any(self._matches(wanted, value) for wanted in self.values))

    def negated_or_not(self, matched: bool | None) -> bool | None:
        """Whether it is true where one of its values matches; for the operators of texts alone."""
        if matched is None or not self.is_of_texts:
            return None
        return matched is self.is_positive

    @property
    def is_of_texts(self) -> bool:
        """Whether it compares one text, or one ARN, in no other way than by its values."""
        set_operator, operator, if_exists = self._parts
        return not set_operator and not if_exists and operator.startswith(("string", "arn"))

    @property
    def _parts(self) -> tuple[str | None, str, str | None]:
        found = _OPERATOR.fullmatch(fold(self.operator))
        set_operator, operator, if_exists = found.groups() if found else (None, "", None)
        return set_operator, operator or "", if_exists

    def _matches(self, wanted: str, value: str) -> bool | None:
        operator = self._parts[1].replace("not", "", 1)
        if has_variable(wanted):
            return None
        if operator.startswith("arn"):
            return _arns_match(wanted, value)
        if operator == "stringlike":
            return matches(wanted, value)
        if operator == "stringequalsignorecase" and fold(wanted) != fold(value):
            return None if wanted.casefold() == value.casefold() else False
        return wanted == value or operator == "stringequalsignorecase"


def tests(condition: Condition) -> Iterator[KeyTest]:
    """The tests of a condition, all of which have to be true."""
    for operator, tested in (condition.value or {}).items():
        for key, values in tested.items():
            listed: list[Any] = values if isinstance(values, list) else [values]
            yield KeyTest(operator, key, tuple(map(str, listed)))


def _arns_match(wanted: str, value: str) -> bool | None:
    """Field by field, as the page says, and as one text; not sure where these differ."""
    if wanted.count(":") < _ARN_COLONS:
        return None
    fields = zip(wanted.split(":", _ARN_COLONS), value.split(":", _ARN_COLONS), strict=False)
    by_field = all(matches(pattern, field) for pattern, field in fields)
    return by_field if by_field is matches(wanted, value) else None


def _any(found: Iterator[bool | None]) -> bool | None:
    answers = set(found)
    if True in answers:
        return True
    return None if None in answers else False
