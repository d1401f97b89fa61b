"""What patterns match in each reading of stars and colons, by regular expressions.

A second opinion on `automata`: where each wildcard ends is written down once more, and from the
words of docs/fidelity.md.
"""

import re
from collections.abc import Iterable
from functools import cache
from itertools import product

READINGS = ("segments", "ends of segments", "fields", "everything")


@cache
def expression(pattern: str, reading: str) -> re.Pattern[str]:
    """The pattern as an expression for `fullmatch`."""
    found = ""
    for place, character in enumerate(pattern):
        before, behind = pattern[:place], pattern[place + 1 :]
        is_star = character == "*"
        goes_on = {
            "segments": is_star and not behind,
            "ends of segments": is_star and (not behind or behind[0] == ":"),
            "fields": (is_star and not behind) or before.count(":") >= 5,
            "everything": True,
        }[reading]
        any_of = "." if goes_on else "[^:]"
        found += {"*": f"{any_of}*", "?": any_of}.get(character, re.escape(character))
    return re.compile(found, re.DOTALL)


@cache
def matched_by(pattern: str, reading: str, values: tuple[str, ...]) -> frozenset[str]:
    """Those of the values that a pattern matches."""
    return frozenset(filter(expression(pattern, reading).fullmatch, values))


def matched(patterns: Iterable[str], reading: str, values: tuple[str, ...]) -> frozenset[str]:
    """Those of the values that one of the patterns matches."""
    return frozenset().union(*(matched_by(pattern, reading, values) for pattern in patterns))


def short(alphabet: str, longest: int) -> list[str]:
    """All texts up to a length."""
    return [
        "".join(text) for length in range(longest + 1) for text in product(alphabet, repeat=length)
    ]


def differences(
    one: str, other: str, found: list[str], values: tuple[str, ...]
) -> list[tuple[str, list[str]]]:
    """In which readings a list of patterns is not what two have in common, and by which values."""
    return [
        (reading, sorted(wrong))
        for reading in READINGS
        if (
            wrong := (matched([one], reading, values) & matched([other], reading, values))
            ^ matched(found, reading, values)
        )
    ]
