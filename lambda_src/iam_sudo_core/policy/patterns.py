"""Match a value against a pattern of `*` and `?`, and compare patterns with one another.

A pattern matches the whole of a value, case-sensitively. No other character is special, so `[` and
`!` are themselves (unlike in `fnmatch`). Time is at most the product of the two lengths, whatever
the pattern.

`covers` and `disjoint` never claim what is not so, and may miss what is: they hold whether a `*`
inside a segment of an ARN reaches beyond a colon or not, which AWS leaves open (IAM User Guide,
"AWS JSON policy elements: Resource"), and take a policy variable `${…}` for a text that nobody
knows. A wildcard in the resource type or the service of an ARN is not allowed (IAM User Guide,
"Identify AWS resources with Amazon Resource Names (ARNs)") and yet seen to match: what it matches
is not sure, so such a pattern covers nothing but itself and is disjoint from nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# From the first variable to the end of the last one: a default value may hold a brace.
_VARIABLES = re.compile(r"\$\{(.*\}|.*)", re.DOTALL)
_LITERAL_START = re.compile(r"[^*?]*")
_WILDCARD = re.compile("[*?]")
_TYPE_ENDS = re.compile("[:/]")
# Services of whose ARNs what follows the account is a name, or nothing but a slash, and no type
# (Service Authorization Reference, "Resource types defined by …"). Amazon S3 is one where region
# and account are empty.
WITHOUT_TYPES = frozenset(
    {"codecommit", "execute-api", "neptune-db", "servicequotas", "sns", "sqs"}
)
_BUCKETS = ("s3", "", "")
# A broker lives for days, and role after role brings other patterns.
_REMEMBERED = 65_536


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


def fold(text: str) -> str:
    """The text for comparing without case. Only ASCII is folded: two letters never become one."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def has_variable(pattern: str) -> bool:
    """Whether the pattern holds a policy variable, or the beginning of one."""
    return "${" in pattern


def is_unsure(pattern: str) -> bool:
    """Whether it is not known what the pattern matches, or whether its statement is valid."""
    return has_variable(pattern) or has_misplaced_wildcard(pattern)


def has_misplaced_wildcard(pattern: str) -> bool:
    """Whether a wildcard stands in the service or in the resource type of an ARN."""
    if not pattern.startswith("arn:"):
        return False
    match pattern.split(":", 5):
        case [_, _, service, region, account, resource]:
            if _WILDCARD.search(service):
                return True
            if resource == "*" or service in WITHOUT_TYPES:
                return False
            if (service, region, account) == _BUCKETS:
                return False
            return bool(_WILDCARD.search(_TYPE_ENDS.split(resource, maxsplit=1)[0]))
    return False


@lru_cache(_REMEMBERED)
def covers(pattern: str, other: str) -> bool:
    """Whether `pattern` surely matches every value that `other` matches."""
    if pattern == other:
        return True
    if is_unsure(pattern) or is_unsure(other):
        return False
    p = o = 0
    star = resume = -1
    last = len(pattern) - 1
    while o < len(other):
        if p <= last and pattern[p] == "*":
            star, resume = p, o
            p += 1
        elif p <= last and _covers_character(pattern[p], other[o]):
            p += 1
            o += 1
        elif star >= 0 and (star == last or other[resume] != ":"):
            resume += 1
            p, o = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[p:])


def _covers_character(one: str, other: str) -> bool:
    if one == "?":
        return other not in ("*", ":")
    return one == other


@lru_cache(_REMEMBERED)
def disjoint(one: str, other: str) -> bool:
    """Whether surely no value matches both patterns."""
    if has_misplaced_wildcard(one) or has_misplaced_wildcard(other):
        return False
    one, other = _VARIABLES.sub("*", one), _VARIABLES.sub("*", other)
    if _starts_apart(one, other) or _starts_apart(one[::-1], other[::-1]):
        return True
    # How far into `other` one can be, having read so much of `one` and the same text.
    reached = _past_stars(other, {0})
    for character in one:
        if character == "*":
            # It may stand for anything that `other` goes on with, or for nothing.
            reached = set(range(min(reached), len(other) + 1))
            continue
        step = set()
        for position in reached:
            if position == len(other):
                continue
            if other[position] == "*":
                step.add(position)
            elif "?" in (character, other[position]) or character == other[position]:
                step.add(position + 1)
        reached = _past_stars(other, step)
        if not reached:
            return True
    return len(other) not in reached


def _starts_apart(one: str, other: str) -> bool:
    """Whether the texts before the first wildcards differ already."""
    starts = [_LITERAL_START.match(text) for text in (one, other)]
    first, second = (start.group() if start else "" for start in starts)
    return not (first.startswith(second) or second.startswith(first))


def _past_stars(pattern: str, positions: set[int]) -> set[int]:
    """The positions, and those behind the stars that stand there, which may mean nothing."""
    found = set()
    for position in positions:
        end = position
        while end not in found:
            found.add(end)
            end += end < len(pattern) and pattern[end] == "*"
    return found
