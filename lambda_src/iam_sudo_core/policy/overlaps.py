"""What two patterns that overlap in part have in common: a finite list of patterns.

`s3:Get*` and `s3:*Object` have `s3:Get*Object` in common. Both patterns are read at once: where
one has a star the other goes on, and where both have one either may end first. That gives every
text that both match, as long as no star but the last one goes beyond a colon. Whether the list is
right in every reading of stars and colons, `automata` decides before it is used: each pattern of it
lies within both, and everything that both match lies within one of them. What does not pass, or
would take too long to find or to check, is not exact.

Everything is all that can be asked for (`names`). With a variable it is one of the two patterns,
which then lies within the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .automata import (
    READINGS,
    Patterns,
    Steps,
    TooManySteps,
    contained,
    surely_within,
)
from .elements import Pattern
from .names import NamesOfActions, PossibleArns
from .patterns import has_misplaced_wildcard, has_variable

ACTIONS, RESOURCES = "actions", "resources"
# Of both patterns together. The longest ARNs of the public roles have 250.
_MAX_CHARACTERS = 1_000
# Of one pair; some 50 ms. A pair of ARNs takes a few hundred.
MAX_STEPS = 30_000
# Hostile patterns alone have so many before those are dropped that say nothing new.
_MAX_PATTERNS = 64
_STARS = re.compile(r"\*+")
_REMEMBERED = 4_096

# A character as it is compared, and as it was written.
_Character = tuple[str, str]
_Found = dict[str, str]


@dataclass(frozen=True)
class Overlap:
    """The patterns that two have in common, or what stands in the way; and the steps it took."""

    patterns: tuple[Pattern, ...] = ()
    obstacle: str | None = None
    steps: int = 0


@lru_cache(_REMEMBERED)
def overlap(one: str, other: str, of: str) -> Overlap:
    """What two patterns, as they are written, have in common; `of` is `ACTIONS` or `RESOURCES`."""
    steps = Steps(MAX_STEPS)
    try:
        return _overlap(one, other, of, steps)
    except TooManySteps:
        return Overlap(obstacle="in too many ways", steps=steps.taken)


def _overlap(one: str, other: str, of: str, steps: Steps) -> Overlap:
    ours, theirs = (_pattern(each, of) for each in (one, other))
    if len(one) + len(other) > _MAX_CHARACTERS:
        raise TooManySteps
    if has_misplaced_wildcard(one) or has_misplaced_wildcard(other):
        return Overlap(obstacle="and it is not sure what one of them matches")
    if has_variable(one) or has_variable(other):
        for each, within in ((ours, theirs), (theirs, ours)):
            if surely_within(each.key, within.key, steps=steps):
                return Overlap((each,), steps=steps.taken)
        return Overlap(obstacle="and a policy variable decides how", steps=steps.taken)
    found = [_pattern(text, of) for text in _common(_read(ours), _read(theirs), steps)]
    found = [
        each
        for each in found
        if surely_within(each.key, ours.key, steps=steps)
        and surely_within(each.key, theirs.key, steps=steps)
    ]
    kept = list(found)
    for each in found:
        others = [its for its in kept if its is not each]
        if any(surely_within(each.key, its.key, steps=steps) for its in others):
            kept = others
    if not _is_all(kept, ours, theirs, of, steps):
        return Overlap(
            obstacle="and how depends on whether a wildcard goes beyond a colon", steps=steps.taken
        )
    return Overlap(tuple(kept), steps=steps.taken)


def _is_all(found: list[Pattern], one: Pattern, other: Pattern, of: str, steps: Steps) -> bool:
    """Whether all that can be asked for and that both match lies within what was found."""
    keys = [each.key for each in found]
    possible = NamesOfActions() if of == ACTIONS else PossibleArns.like(one.key)
    return all(
        contained(
            [possible, *(Patterns([each.key], reading) for each in (one, other))],
            Patterns(keys, reading),
            steps=steps,
        )
        for reading in READINGS
    )


def _pattern(text: str, of: str) -> Pattern:
    return Pattern.action(text) if of == ACTIONS else Pattern.resource(text)


def _read(pattern: Pattern) -> list[_Character]:
    """The characters of a pattern; several stars are one."""
    pairs = zip(pattern.key, pattern.text, strict=True)
    found: list[_Character] = []
    for pair in pairs:
        if not (pair[0] == "*" and found and found[-1] == pair):
            found.append(pair)
    return found


def _common(one: list[_Character], other: list[_Character], steps: Steps) -> list[str]:
    """Patterns of what both match, where no star but the last one goes beyond a colon.

    From the ends, so that what follows is known: for each place in one pattern that can be reached
    together with a place in the other, the patterns of what both have in common from there.
    """
    followed = _followed(one, other, steps)
    found: dict[tuple[int, int], _Found] = {}
    for places in sorted(followed, key=sum, reverse=True):
        i, j = places
        if _is_last_star(one, i):
            here = _written(other[j:])
        elif _is_last_star(other, j):
            here = _written(one[i:])
        elif places == (len(one), len(other)):
            here = {"": ""}
        else:
            here = {}
            for emitted, next_ in followed[places]:
                for key, text in found[next_].items():
                    here.setdefault(emitted[0] + key, emitted[1] + text)
        steps.take(1 + sum(1 + len(key) // 64 for key in here))
        if len(here) > _MAX_PATTERNS:
            raise TooManySteps
        found[places] = here
    return list(found[0, 0].values())


_Moves = list[tuple[_Character, tuple[int, int]]]


def _followed(
    one: list[_Character], other: list[_Character], steps: Steps
) -> dict[tuple[int, int], _Moves]:
    """The places that can be reached from the beginning, and where it goes on from each."""
    followed: dict[tuple[int, int], _Moves] = {}
    open_ = [(0, 0)]
    while open_:
        places = open_.pop()
        if places in followed:
            continue
        steps.take(1)
        followed[places] = list(_moves(one, other, *places))
        open_ += [next_ for _, next_ in followed[places]]
    return followed


def _moves(
    one: list[_Character], other: list[_Character], i: int, j: int
) -> Iterator[tuple[_Character, tuple[int, int]]]:
    """What may come next, and what of both patterns is left behind it."""
    if _is_last_star(one, i) or _is_last_star(other, j):
        return
    nothing = ("", "")
    ours = one[i] if i < len(one) else nothing
    theirs = other[j] if j < len(other) else nothing
    if ours[0] == theirs[0] == "*":
        yield ours, (i + 1, j)
        yield ours, (i, j + 1)
    elif ours[0] == "*":
        yield nothing, (i + 1, j)
        if theirs[0] not in ("", ":"):
            yield theirs, (i, j + 1)
    elif theirs[0] == "*":
        yield nothing, (i, j + 1)
        if ours[0] not in ("", ":"):
            yield ours, (i + 1, j)
    elif ours[0] and ours[0] == theirs[0]:
        yield ours, (i + 1, j + 1)
    elif ours[0] == "?" and theirs[0] not in ("", ":"):
        yield theirs, (i + 1, j + 1)
    elif theirs[0] == "?" and ours[0] not in ("", ":"):
        yield ours, (i + 1, j + 1)


def _is_last_star(pattern: list[_Character], place: int) -> bool:
    return place == len(pattern) - 1 and pattern[place][0] == "*"


def _written(characters: list[_Character]) -> _Found:
    return {"".join(key for key, _ in characters): "".join(text for _, text in characters)}
