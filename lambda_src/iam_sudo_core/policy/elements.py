"""The actions or the resources of a statement: a set, written as patterns or as all but those.

Action names are compared without case, resources with it. `covers` and `apart` never claim what is
not so. Only patterns that begin alike are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from .patterns import covers, disjoint, fold, is_unsure


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
        keys = self.keys
        return key in keys or "*" in keys or any(covers(each, key) for each in self.may_cover(key))

    def may_cover(self, key: str) -> Iterable[str]:
        """The patterns that may cover another one."""
        wildcards = self._wildcards
        if not wildcards:
            return
        start = _before_colon(key)
        for each in {start, ""}:
            yield from (pattern.key for pattern in wildcards.get(each, ()))

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


EVERYTHING = Element((Pattern("*", "*"),))


def _by_start(patterns: Iterable[Pattern]) -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        found.setdefault(_before_colon(pattern.key), []).append(pattern)
    return found


def _before_colon(key: str) -> str:
    """The text before the first colon; nothing when that is no plain text, or there is no colon."""
    start, colon, _ = key.partition(":")
    return "" if not colon or any(character in start for character in "*?$") else start
