"""Match a value against a pattern of `*` and `?`, the whole of it and case-sensitively.

No other character is special, so `[` and `!` are themselves (unlike in `fnmatch`). Time is at most
the product of the two lengths, whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Iterable


def matches(pattern: str, value: str) -> bool:
    """Whether `pattern` matches the whole of `value`."""
    p = v = 0
    star = resume = -1
    while v < len(value):
        # The star comes first: in the pattern it is never a literal.
        if p < len(pattern) and pattern[p] == "*":
            star, resume = p, v
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", value[v]):
            p += 1
            v += 1
        elif star >= 0:
            resume += 1
            p, v = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[p:])


def matching(patterns: Iterable[str], value: str) -> str | None:
    """The first pattern that matches `value`, or None."""
    return next((pattern for pattern in patterns if matches(pattern, value)), None)
