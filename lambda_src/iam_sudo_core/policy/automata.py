"""What patterns match, decided by automata: whether all of it lies within other patterns.

The check of `overlaps`, and on purpose another way to it: every text is followed through all
patterns at once, symbol by symbol, and no pattern is compared with a pattern. A character that no
pattern names stands for all of them.

AWS leaves open how far a wildcard reaches (IAM User Guide, "AWS JSON policy elements: Resource"),
so whatever is claimed has to hold in each of `READINGS`:
- it ends with its segment, and only the last character of a pattern goes on;
- the last character of every segment goes on, as the page says that it "can";
- it ends with its field, of which the resource is the last and has colons of its own;
- it goes on everywhere.
A policy variable is a text that nobody knows, so only what goes on in every reading contains it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from .patterns import has_misplaced_wildcard

# A variable is one symbol: from the first to the end of the last one, as `patterns` reads them.
_SYMBOL = re.compile(r"\$\{(?:.*\}|.*)|.", re.DOTALL)
_FIELDS = 5
# A character that nothing names. It is none, so that none can be it.
ANY_OTHER = ""

# Whether the wildcard at a place of a pattern's symbols may stand for a colon.
Reading = Callable[[Sequence[str], int], bool]


def _at_the_end(symbols: Sequence[str], place: int) -> bool:
    return symbols[place] == "*" and place == len(symbols) - 1


def _at_the_end_of_a_segment(symbols: Sequence[str], place: int) -> bool:
    return symbols[place] == "*" and symbols[place + 1 : place + 2] in ([], [":"])


def _in_the_resource(symbols: Sequence[str], place: int) -> bool:
    return _at_the_end(symbols, place) or symbols[:place].count(":") >= _FIELDS


def _everywhere(symbols: Sequence[str], place: int) -> bool:  # noqa: ARG001 - a Reading
    return True


READINGS: tuple[Reading, ...] = (
    _at_the_end,
    _at_the_end_of_a_segment,
    _in_the_resource,
    _everywhere,
)


class TooManySteps(Exception):
    """There is more to follow than may be followed. Nothing is known."""


class Steps:
    """How many steps may still be taken."""

    def __init__(self, most: int) -> None:
        self.most: int = most
        self.left: int = most

    def take(self, number: int) -> None:
        """Count steps.

        Raises:
            TooManySteps: there are not as many left.
        """
        self.left -= number
        if self.left < 0:
            raise TooManySteps

    @property
    def taken(self) -> int:
        return self.most - self.left


class Automaton(Protocol):
    """Reads a text. From a state that is false nothing is accepted any more."""

    @property
    def start(self) -> Any: ...

    def symbols(self, state: Any) -> Iterable[str]:
        """The symbols that may lead elsewhere than any other one."""

    def after(self, state: Any, symbol: str) -> Any:
        """The state behind one more symbol."""

    def accepts(self, state: Any) -> bool:
        """Whether what was read so far is a text that is meant."""


class Patterns:
    """Accepts what one of some patterns matches in a reading.

    A state has a bit for each place in a pattern, and one behind its end.
    """

    def __init__(self, patterns: Iterable[str], reading: Reading) -> None:
        self._named: dict[str, int] = {}
        self._stars = self._colon_stars = self._single = self._colon_single = 0
        self._everything = self._ends = start = 0
        ends: list[int] = []
        bit = 1
        for pattern in patterns:
            start |= bit
            symbols = _SYMBOL.findall(pattern)
            for place, symbol in enumerate(symbols):
                goes_on = reading(symbols, place)
                if symbol == "*":
                    self._stars |= bit
                    self._colon_stars |= bit * goes_on
                    self._everything |= bit * _at_the_end(symbols, place)
                elif symbol == "?":
                    self._single |= bit
                    self._colon_single |= bit * goes_on
                else:
                    self._named[symbol] = self._named.get(symbol, 0) | bit
                bit <<= 1
            self._ends |= bit
            ends.append(bit)
            bit <<= 1
        self.ends: tuple[int, ...] = tuple(ends)
        self.start: int = self._past_stars(start)

    def symbols(self, state: int) -> Iterator[str]:
        return (symbol for symbol, places in self._named.items() if state & places)

    def after(self, state: int, symbol: str) -> int:
        if symbol == ":":
            stays, goes = self._colon_stars, self._colon_single
        elif len(symbol) > 1:
            stays, goes = self._everything, 0
        else:
            stays, goes = self._stars, self._single
        goes |= self._named.get(symbol, 0)
        return self._past_stars((state & stays) | (state & goes) << 1)

    def accepts(self, state: int) -> bool:
        return bool(state & self._ends)

    def matching(self, state: int) -> int:
        """Those of `ends` whose patterns match what was read so far."""
        return state & self._ends

    def accepts_all(self, state: int) -> bool:
        """Whether whatever follows is accepted too."""
        return bool(state & self._everything)

    def _past_stars(self, state: int) -> int:
        while (further := state | (state & self._stars) << 1) != state:
            state = further
        return state


def contained(texts: Sequence[Automaton], patterns: Patterns, *, steps: Steps) -> bool:
    """Whether `patterns` accepts each text that all of `texts` accept.

    Raises:
        TooManySteps: that would take more steps than are left.
    """
    begin = (*(each.start for each in texts), patterns.start)
    seen, open_ = {begin}, [begin]
    while open_:
        *states, outer = found = open_.pop()
        if patterns.accepts_all(outer):
            continue
        sides = [*zip(texts, states, strict=True), (patterns, outer)]
        if all(each.accepts(state) for each, state in sides[:-1]) and not patterns.accepts(outer):
            return False
        symbols = {":", ANY_OTHER}
        for each, state in sides:
            symbols.update(each.symbols(state))
        steps.take(len(symbols))
        for symbol in symbols:
            found = tuple(each.after(state, symbol) for each, state in sides)
            if all(found[:-1]) and found not in seen:
                seen.add(found)
                open_.append(found)
    return True


def matching_together(patterns: Patterns, texts: Automaton, *, steps: Steps) -> set[int]:
    """Of each text that `texts` accepts, which patterns match it: their `Patterns.ends`, united.

    Whatever is not false has to lead somewhere in `texts`.

    Raises:
        TooManySteps: that would take more steps than are left.
    """
    begin = (texts.start, patterns.start)
    seen, open_, found = {begin}, [begin], set()
    while open_:
        text, places = open_.pop()
        if not places:
            found.add(0)
            continue
        if texts.accepts(text):
            found.add(patterns.matching(places))
        symbols = {":", ANY_OTHER, *texts.symbols(text), *patterns.symbols(places)}
        steps.take(len(symbols))
        for symbol in symbols:
            following = (texts.after(text, symbol), patterns.after(places, symbol))
            if following[0] and following not in seen:
                seen.add(following)
                open_.append(following)
    return found


def surely_within(pattern: str, other: str, *, steps: Steps) -> bool:
    """Whether `other` matches all that `pattern` matches, in every reading.

    What matches a wildcard where AWS allows none is not sure, as `patterns` says: never, then.

    Raises:
        TooManySteps: that would take more steps than are left.
    """
    if has_misplaced_wildcard(pattern) or has_misplaced_wildcard(other):
        return False
    return all(
        contained([Patterns([pattern], reading)], Patterns([other], reading), steps=steps)
        for reading in READINGS
    )
