"""How much comparing a step takes at most, counted before it is begun.

A policy may have hundreds of patterns, a role twenty policies, and a pattern thousands of
characters: what compares every one with every other could keep the broker busy until it is killed.
So such a step asks here first, and one that would take more than `MAX_COMPARISONS` is not begun.

Only patterns that begin alike are compared (`Element.near`). The unit is a comparison that ends
soon; what stands behind a star and may have to be tried at many places counts for so many more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .elements import EVERYTHING, Element

# About half a second. No policy of AWS's own takes as many to compact, but for two of more than
# 50,000 characters.
MAX_COMPARISONS = 250_000
# Characters that are compared in the time of one comparison.
_CHARACTERS = 40
# A variable is taken for a star.
_STARS = re.compile(r"(\*+|\$\{)([^*]*)")


def comparisons(ones: Iterable[Element], others: Iterable[Element]) -> int:
    """The most that it takes to compare each pattern of `ones` with each of `others`."""
    return Patterns.of(ones).times(Patterns.of(others))


def to_cover(elements: Sequence[Element]) -> int:
    """The most that it takes to find which patterns of the elements lie within which."""
    return Patterns.of(elements, that_cover=True).times(Patterns.of(elements))


@dataclass(frozen=True)
class Patterns:
    """What comparing the patterns of some elements takes, by what they begin with."""

    by_start: Mapping[str, _Sum]

    @classmethod
    def of(cls, elements: Iterable[Element], *, that_cover: bool = False) -> Patterns:
        """Sums up the elements; with `that_cover` those patterns that may cover others."""
        found: dict[str, list[str]] = {}
        for element in elements:
            if that_cover and element == EVERYTHING:
                continue
            # Whether something lies within what is negated, all of its patterns tell.
            some = that_cover and not element.negated
            for start, pattern in element.starts_of_wildcards() if some else element.starts():
                found.setdefault(start, []).append(pattern.key)
        return cls({start: _Sum.of(keys) for start, keys in found.items()})

    def times(self, others: Patterns) -> int:
        """Those of one start meet their like; those without one meet all."""
        nothing, those = _Sum(), others.by_start
        return sum(
            each.times(those.get(start, nothing) + those.get("", nothing))
            if start
            else each.times(sum(those.values(), nothing))
            for start, each in self.by_start.items()
        )


@dataclass(frozen=True)
class _Sum:
    """Sums over some patterns.

    What stands behind a star is tried wherever a character of the other pattern fits its first
    one. In an ARN that is often a colon, of which there are few.
    """

    count: int = 0
    characters: int = 0
    colons: int = 0
    tried_anywhere: int = 0
    tried_at_colons: int = 0

    @classmethod
    def of(cls, keys: Sequence[str]) -> _Sum:
        anywhere = at_colons = 0
        for key in keys:
            for stars, rest in _STARS.findall(key) if "*" in key or "$" in key else ():
                anywhere += len(stars) - 1
                if rest.startswith(":"):
                    at_colons += len(rest)
                else:
                    anywhere += len(rest)
        colons = sum(key.count(":") + key.count("*") + key.count("?") for key in keys)
        return cls(len(keys), sum(map(len, keys)), colons, anywhere, at_colons)

    def __add__(self, other: _Sum) -> _Sum:
        return _Sum(*map(int.__add__, vars(self).values(), vars(other).values()))

    def times(self, other: _Sum) -> int:
        tries = sum(
            one.tried_anywhere * another.characters + one.tried_at_colons * another.colons
            for one, another in ((self, other), (other, self))
        )
        return self.count * other.count + tries // _CHARACTERS
