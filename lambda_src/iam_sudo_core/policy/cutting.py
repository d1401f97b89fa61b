"""Cut a statement that is too long into parts that together say exactly the same.

A statement is a product, and a product is the union of its parts: some actions on all resources,
and the other actions on all resources. So its actions or its resources are dealt out; not a
resource of which it is not known what it matches, which stays in every part, since with it the
whole statement may be invalid.

A `Not…` list is never dealt out: all but A is more than all but A and B. But a `NotAction` that is
too long can be said for some beginnings at a time: every part names those actions of the list that
begin with its own, and `x*` for each beginning x of the others, which is a service at least. What
begins with x is then decided by one part, as the list decides it. `NotResource` stays whole.

Every result is checked before it is used, by what it says and not by how it was made. What would
take more parts than anybody has room for is not begun: a statement may have 90 resources that are
all too long for a part, within the 3,000 actions of a boundary.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from .compaction import NotEquivalent
from .documents import serialize
from .elements import Element, Pattern
from .statements import Statement

T = TypeVar("T")

# What a pattern of actions begins with, whatever it matches: a service at least, since IAM takes no
# wildcard in its place.
_LITERAL = re.compile("(?P<service>[a-z0-9-]+:)[a-z0-9]*")
_FAMILY = re.compile(r"[a-z0-9-]+:[a-z0-9]*\*")


def cut(statement: Statement, *, room: int, most: int) -> list[Statement] | None:
    """At most so many parts, of at most `room` characters each; None where that cannot be.

    Raises:
        NotEquivalent: the parts did not pass the check, which is a defect here.
    """
    if length(statement) <= room:
        return [statement]
    ways = []
    for deal in (_by_actions, _by_resources):
        parts = deal(statement, room, most)
        # Each part has less to be dealt out than the whole, so there is an end to it.
        if len(parts) > 1:
            if not say_the_same(parts, statement):
                raise NotEquivalent("the parts of a statement could not be shown to mean the same")
            if cut_up := _cut_all(parts, room, most):
                ways.append(cut_up)
    return min(ways, key=len, default=None)


def _cut_all(parts: Sequence[Statement], room: int, most: int) -> list[Statement] | None:
    cut_up: list[Statement] = []
    for number, part in enumerate(parts, 1):
        # One at least for each of those that come after it.
        some = cut(part, room=room, most=most - len(cut_up) - (len(parts) - number))
        if some is None:
            return None
        cut_up += some
    return cut_up


def length(statement: Statement) -> int:
    """The characters of a statement in a document."""
    return len(serialize(statement.to_json()))


def say_the_same(parts: Sequence[Statement], whole: Statement) -> bool:
    """Whether parts that differ in their actions alone, or in their resources alone, are a whole.

    Every part is asked, whatever it was made by.
    """
    rests = {replace(part, action=whole.action, resource=whole.resource) for part in parts}
    if rests != {replace(whole)} or any(p.resource.unsure != whole.resource.unsure for p in parts):
        return False
    if all(part.action == whole.action for part in parts):
        return _is_union([part.resource for part in parts], whole.resource)
    if any(part.resource != whole.resource for part in parts):
        return False
    actions = [part.action for part in parts]
    if whole.action.negated:
        return all(each.negated for each in actions) and _is_common(actions, whole.action)
    return _is_union(actions, whole.action)


def _by_actions(statement: Statement, room: int, most: int) -> list[Statement]:
    action = statement.action
    if action.negated:
        return _by_beginnings(statement, room, most)
    return _dealt_out(
        action.patterns, lambda some: statement.with_action(action.keeping(some)), room, most
    )


def _by_resources(statement: Statement, room: int, most: int) -> list[Statement]:
    resource = statement.resource
    if resource.negated:
        return []
    unsure = [pattern for pattern in resource.patterns if pattern.key in resource.unsure]
    sure = [pattern for pattern in resource.patterns if pattern.key not in resource.unsure]
    return _dealt_out(
        sure, lambda some: statement.with_resource(resource.keeping([*unsure, *some])), room, most
    )


def _by_beginnings(statement: Statement, room: int, most: int) -> list[Statement]:
    patterns = statement.action.patterns
    found = _families([pattern.key for pattern in patterns], longest=room // 4)
    # Where the list itself has `x*`, it decides, and stays.
    families = {x: keys for x, keys in found.items() if f"{x}*" not in statement.action.keys}
    of = {key: family for family, keys in families.items() for key in keys}
    others = {each: Pattern.action(f"{each}*") for each in families}

    def decides(some: Sequence[str]) -> Statement:
        """The part that decides about these families; what is of none stands in every part."""
        here = {None, *some}
        kept = [each for each in patterns if of.get(each.key) in here]
        left = [pattern for each, pattern in others.items() if each not in here]
        return statement.with_action(statement.action.keeping([*kept, *left]))

    return _dealt_out(sorted(families), decides, room, most)


def _families(keys: Sequence[str], *, longest: int, beginning: str = "") -> dict[str, list[str]]:
    """Beginnings of which none is another's, with the patterns that surely begin so."""
    found: dict[str, list[str]] = {}
    for key in keys:
        literal, known = _LITERAL.match(key), len(beginning)
        if literal and len(literal[0]) > known:
            found.setdefault(key[: known + 1] if known else literal["service"], []).append(key)
    families = {}
    for each, some in found.items():
        is_long = sum(map(len, some)) > longest and len(some) > 1
        finer = _families(some, longest=longest, beginning=each) if is_long else {}
        families.update(finer or {each: some})
    return families


def _dealt_out(
    items: Sequence[T], part: Callable[[Sequence[T]], Statement], room: int, most: int
) -> list[Statement]:
    """Parts of as many items as there is room for, in their order; of one at least.

    None at all where there would be more than `most`.
    """
    parts: list[Statement] = []
    left = items
    while left:
        if len(parts) == most:
            return []
        # With each item a part is longer, or hardly shorter; what is too long is cut again.
        numbers = range(1, len(left) + 1)
        number = max(1, bisect_right(numbers, room, key=lambda n: length(part(left[:n]))))
        parts.append(part(left[:number]))
        left = left[number:]
    return parts


def _is_union(parts: Sequence[Element], whole: Element) -> bool:
    return not any(each.negated for each in (*parts, whole)) and whole.keys == frozenset().union(
        *(part.keys for part in parts)
    )


def _is_common(parts: Sequence[Element], whole: Element) -> bool:
    """Whether what all lists have in common is what the whole list has.

    An action of the list has to be in all of them. What is in all of them has to be in the list:
    besides its actions they have nothing but `x*`; of each x there is one without it, and what
    begins with x begins with no other one.
    """
    added = frozenset().union(*(part.keys for part in parts)) - whole.keys
    beginnings = sorted(each[:-1] for each in added)
    if not all(_FAMILY.fullmatch(each) for each in added) or any(
        following.startswith(each) for each, following in pairwise(beginnings)
    ):
        return False
    if not all(any(each not in part.keys for part in parts) for each in added):
        return False
    for key in whole.keys:
        # The beginnings of it; of those that were added there is one at most.
        said = {f"{key[:end]}*" for end in range(len(key) + 1)} & added
        if not all(key in part.keys or said & part.keys for part in parts):
            return False
    return True
