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
from typing import Any

from . import documents
from .elements import Element, Pattern

ALLOW, DENY = "Allow", "Deny"


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


@dataclass(frozen=True)
class Statement:
    """A statement of an identity policy of version 2012-10-17."""

    effect: str
    action: Element
    resource: Element
    condition: Condition = ALWAYS

    @classmethod
    def parse(cls, statement: documents.Statement) -> Statement:
        """Read a statement as `documents.statements` gives it."""
        return cls(
            statement["Effect"],
            _element(statement, "Action", Pattern.action),
            _element(statement, "Resource", Pattern.resource),
            Condition.parse(statement.get("Condition")),
        )

    def to_json(self) -> documents.Statement:
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


def parse(statements: Iterable[documents.Statement]) -> list[Statement]:
    """Read statements as `documents.statements` gives them."""
    return [Statement.parse(statement) for statement in statements]


def write(statements: Iterable[Statement]) -> list[documents.Statement]:
    return [statement.to_json() for statement in statements]


def _element(statement: documents.Statement, name: str, read: Any) -> Element:
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
