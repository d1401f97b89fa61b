"""A policy statement as a value: what it is about, and what surely lies within it.

A statement is a product: some actions, on some resources, under one condition. Its elements are
sets, written as patterns or as what none of the patterns matches (`NotAction`, `NotResource`).
Action names are compared without case, resources with it, conditions by the meaning of their JSON
(the order of keys and of values does not matter). `covers` never claims what is not so.

An unresolved policy variable may make a whole statement invalid (IAM User Guide, "AWS JSON policy
elements: Variables and tags"), and so may a wildcard where AWS allows none. So a statement lies
within another one only where that one has no such resources but these: then it is valid whenever
the first one is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from . import documents as policies
from .patterns import (
    covers,
    disjoint,
    fold,
    is_unsure,
)

ALLOW, DENY = "Allow", "Deny"


@dataclass(frozen=True)
class Pattern:
    """A pattern as it was written; two are equal when they are compared equal."""

    text: str = field(compare=False)
    key: str

    @classmethod
    def action(cls, text: str) -> Pattern:
        return cls(text, fold(text))

    @classmethod
    def resource(cls, text: str) -> Pattern:
        return cls(text, text)


@dataclass(frozen=True)
class Element:
    """The actions, or the resources, of a statement; `negated` in its `Not…` form."""

    patterns: tuple[Pattern, ...]
    negated: bool = False

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(pattern.key for pattern in self.patterns)

    @cached_property
    def unsure(self) -> frozenset[str]:
        """The patterns of which it is not known what they match."""
        return frozenset(key for key in self.keys if is_unsure(key))

    @cached_property
    def _wildcards(self) -> dict[str, list[Pattern]]:
        return _by_start(p for p in self.patterns if "*" in p.key or "?" in p.key)

    @cached_property
    def _all(self) -> dict[str, list[Pattern]]:
        return _by_start(self.patterns)

    @property
    def is_everything(self) -> bool:
        return not self.negated and "*" in self.keys

    def has(self, key: str) -> bool:
        """Whether all that `key` matches surely lies within the element."""
        if self.negated:
            return all(disjoint(key, pattern.key) for pattern in self.near(key))
        return (
            self.is_everything
            or key in self.keys
            or any(covers(each, key) for each in self.may_cover(key))
        )

    def may_cover(self, key: str) -> Iterable[str]:
        """The patterns that may cover another one."""
        start = _before_colon(key)
        for each in {start, ""}:
            yield from (pattern.key for pattern in self._wildcards.get(each, ()))

    def starts(self) -> Iterable[tuple[str, Pattern]]:
        """Each pattern and what it begins with; only those that begin alike are compared."""
        return ((start, pattern) for start, found in self._all.items() for pattern in found)

    def starts_of_wildcards(self) -> Iterable[tuple[str, Pattern]]:
        """Likewise, of the patterns that may cover another one."""
        return ((start, pattern) for start, found in self._wildcards.items() for pattern in found)

    def near(self, key: str) -> Iterable[Pattern]:
        """The patterns that are not disjoint with another one by their beginning already."""
        start = _before_colon(key)
        if not start:
            return self.patterns
        return [*self._all.get(start, ()), *self._all.get("", ())]

    def covers(self, other: Element) -> bool:
        """Whether all of `other` surely lies within the element."""
        if not other.negated:
            return all(self.has(key) for key in other.keys)
        if self.negated:
            return Element(other.patterns).covers(Element(self.patterns))
        return self.is_everything

    def apart(self, other: Element) -> bool:
        """Whether surely nothing lies within both."""
        if self.negated and other.negated:
            return False
        if self.negated:
            return other.apart(self)
        if other.negated:
            return Element(other.patterns).covers(self)
        return all(disjoint(key, each.key) for key in self.keys for each in other.near(key))

    def keeping(self, patterns: Iterable[Pattern]) -> Element:
        return Element(tuple(patterns), self.negated)

    def one(self, pattern: Pattern) -> Element:
        """The part of an element that is not negated, that is one of its patterns."""
        return Element((pattern,))


@dataclass(frozen=True)
class Condition:
    """The `Condition` of a statement: its tests, all of which have to hold. `ALWAYS` has none."""

    tests: frozenset[tuple[str, str, str]]
    value: Mapping[str, Any] | None = field(compare=False)

    @classmethod
    def parse(cls, value: Mapping[str, Any] | None) -> Condition:
        """Read a condition; an empty one stays apart from none at all."""
        if value is None:
            return ALWAYS
        return cls(frozenset(_tests(value)) or frozenset([("", "", "")]), value)

    def implies(self, other: Condition) -> bool:
        """Whether `other` surely holds whenever this one does."""
        return other.tests <= self.tests


ALWAYS = Condition(frozenset(), None)
EVERYTHING = Element((Pattern("*", "*"),))


@dataclass(frozen=True)
class Statement:
    """A statement of an identity policy of version 2012-10-17."""

    effect: str
    action: Element
    resource: Element
    condition: Condition = ALWAYS

    @classmethod
    def parse(cls, statement: policies.Statement) -> Statement:
        """Read a statement as `policies.statements` gives it."""
        return cls(
            statement["Effect"],
            _element(statement, "Action", Pattern.action),
            _element(statement, "Resource", Pattern.resource),
            Condition.parse(statement.get("Condition")),
        )

    def to_json(self) -> policies.Statement:
        """The statement with lists of one element written as the element."""
        written = {
            "Effect": self.effect,
            **_written("Action", self.action),
            **_written("Resource", self.resource),
        }
        if self.condition.value is not None:
            written["Condition"] = _short_lists(self.condition.value)
        return written

    def covers(self, other: Statement) -> bool:
        """Whether `other` surely says nothing that this statement does not say."""
        return (
            self.applies_where(other)
            and self.action.covers(other.action)
            and self.resource.covers(other.resource)
        )

    def applies_where(self, other: Statement) -> bool:
        """Whether this one has the same effect and is in force whenever `other` is."""
        return (
            self.effect == other.effect
            and other.condition.implies(self.condition)
            and self.resource.unsure <= other.resource.unsure
        )

    def with_action(self, action: Element) -> Statement:
        return replace(self, action=action)

    def with_resource(self, resource: Element) -> Statement:
        return replace(self, resource=resource)


def parse(statements: Iterable[policies.Statement]) -> list[Statement]:
    """Read statements as `policies.statements` gives them."""
    return [Statement.parse(statement) for statement in statements]


def write(statements: Iterable[Statement]) -> list[policies.Statement]:
    return [statement.to_json() for statement in statements]


def _by_start(patterns: Iterable[Pattern]) -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        found.setdefault(_before_colon(pattern.key), []).append(pattern)
    return found


def _before_colon(key: str) -> str:
    """The text before the first colon; nothing when that is no plain text, or there is no colon."""
    start, colon, _ = key.partition(":")
    return "" if not colon or any(character in start for character in "*?$") else start


def _element(statement: policies.Statement, name: str, read: Any) -> Element:
    negated = name not in statement
    value = statement[f"Not{name}" if negated else name]
    texts = value if isinstance(value, list) else [value]
    return Element(tuple(dict.fromkeys(map(read, texts))), negated)


def _written(name: str, element: Element) -> dict[str, Any]:
    texts = [pattern.text for pattern in element.patterns]
    return {f"Not{name}" if element.negated else name: texts[0] if len(texts) == 1 else texts}


def _short_lists(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        operator: {
            key: values[0] if isinstance(values, list) and len(values) == 1 else values
            for key, values in keys.items()
        }
        for operator, keys in condition.items()
    }


def _tests(condition: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Operator, key and values of each test; in whatever order the values stand."""
    for operator, keys in condition.items():
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            yield operator, key, json.dumps(sorted({json.dumps(value) for value in listed}))
