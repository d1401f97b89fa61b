"""Cut what a role's policies allow by its permissions boundary: exactly, or not at all.

The effective permissions are what both allow and neither denies (IAM User Guide, "Permissions
boundaries for IAM entities"). `product` intersects the role's Allow statements with the boundary's,
one by one, and keeps the Deny statements of both. It is exact where patterns are equal, cover one
another, are disjoint or overlap in a list of patterns (`overlaps`), and where conditions can be
joined; its result is checked to lie within both. A resource of which it is not sure what it matches
is never lost. `denials` is the other construction, which leaves the role's policies as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from .automata import Steps, TooManySteps, surely_within
from .comparisons import MAX_COMPARISONS, comparisons
from .elements import Element, Pattern
from .overlaps import ACTIONS, RESOURCES, overlap
from .patterns import covers, disjoint, fold
from .statements import ALLOW, DENY, Condition, Statement

# Of statements. A session has room for some forty; the broker has seconds.
_MAX_PAIRS = 2_000
# Of automata, for all patterns that overlap in part; about half a second. What is found is checked
# character by character, so there is no more than some ten thousand of them.
MAX_STEPS = 250_000


class NotExact(Exception):
    """A construction does not apply. Carries the statement in its way, and why."""

    def __init__(self, statement: Statement, problem: str) -> None:
        super().__init__(problem)
        self.statement = statement
        self.problem = problem


def product(policies: Sequence[Statement], boundary: Sequence[Statement]) -> list[Statement]:
    """The statements of a role with the boundary `boundary`, as statements without one.

    Raises:
        NotExact: two statements have no exact intersection.
    """
    granted, bounds = (
        [each for each in side if each.effect == ALLOW] for side in (policies, boundary)
    )
    if len(granted) * len(bounds) > _MAX_PAIRS:
        raise NotExact(bounds[0], f"it would meet {len(granted):,} statements of the role")
    if bounds:
        check_cost(_cost(granted, bounds), bounds[0], "the role's policies")
    room = Room(Steps(MAX_STEPS))
    both = [
        common
        for statement in granted
        for bound in bounds
        if (common := _intersection(statement, bound, room)) is not None
    ]
    denials = [each for each in (*policies, *boundary) if each.effect == DENY]
    return [*both, *denials]


def _cost(granted: Sequence[Statement], bounds: Sequence[Statement]) -> int:
    """How many comparisons the product takes at most, and how much text it makes."""
    cost = 0
    for ones, others in (
        ([each.action for each in granted], [each.action for each in bounds]),
        ([each.resource for each in granted], [each.resource for each in bounds]),
    ):
        cost += comparisons(ones, others)
        # Where both are negated nothing is compared, and each statement has the patterns of both.
        cost += len(bounds) * sum(len(each.patterns) for each in ones)
        cost += len(granted) * sum(len(each.patterns) for each in others)
    return cost


def check_cost(cost: int, statement: Statement, against: str) -> None:
    """Let a construction begin that takes so many comparisons with the boundary.

    Raises:
        NotExact: it takes too many.
    """
    if cost > MAX_COMPARISONS:
        raise NotExact(
            statement,
            f"to compare the boundary with {against} may take {cost:,} comparisons of patterns, "
            f"and {MAX_COMPARISONS:,} are made at most",
        )


@dataclass(frozen=True)
class Room:
    """What patterns that overlap in part may take, all of them together."""

    steps: Steps

    def overlap(self, one: Pattern, other: Pattern, of: str, bound: Statement) -> list[Pattern]:
        """What two patterns have in common."""
        found = overlap(one.text, other.text, of)
        obstacle = found.obstacle
        try:
            self.steps.take(found.steps)
        except TooManySteps:
            obstacle = "as many others do"
        if obstacle:
            raise NotExact(bound, f"{one.text} and {other.text} overlap in part, {obstacle}")
        return list(found.patterns)

    def shows(self, statement: Statement, common: Statement) -> bool:
        """Whether what was found surely says nothing that a statement does not say."""
        return (
            statement.applies_where(common)
            and self._holds(statement.action, common.action)
            and self._holds(statement.resource, common.resource)
        )

    def _holds(self, element: Element, part: Element) -> bool:
        if element.covers(part):
            return True
        if element.negated or part.negated:
            return False
        # What `covers` does not see, the automata may: it claims less than is so.
        with suppress(TooManySteps):
            return all(
                element.has(pattern.key)
                or any(
                    surely_within(pattern.key, other.key, steps=self.steps)
                    for other in element.near(pattern.key)
                )
                for pattern in part.patterns
            )
        return False


def _intersection(statement: Statement, bound: Statement, room: Room) -> Statement | None:
    """What both allow, or None when that is nothing."""
    action = common_part(statement.action, bound.action, bound, ACTIONS, room)
    resource = common_part(statement.resource, bound.resource, bound, RESOURCES, room)
    if action is None or resource is None:
        return None
    if resource.unsure != statement.resource.unsure | bound.resource.unsure:
        raise NotExact(bound, "a resource would be lost that may decide whether it is valid")
    condition = joined(statement.condition, bound.condition, bound)
    common = replace(statement, action=action, resource=resource, condition=condition)
    if not (room.shows(statement, common) and room.shows(bound, common)):
        raise NotExact(bound, "its intersection could not be shown to lie within both")
    return common


def common_part(
    one: Element, other: Element, bound: Statement, of: str, room: Room
) -> Element | None:
    if one.is_everything:
        return other
    if other.is_everything:
        return one
    if one.negated and other.negated:
        return Element(tuple(dict.fromkeys((*one.patterns, *other.patterns))), negated=True)
    if one.negated:
        one, other = other, one
    kept = [
        found
        for pattern in one.patterns
        for found in (
            _outside(pattern, other, bound)
            if other.negated
            else _inside(pattern, other, bound, of, room)
        )
    ]
    return Element(tuple(dict.fromkeys(kept))) if kept else None


def _inside(
    pattern: Pattern, element: Element, bound: Statement, of: str, room: Room
) -> Iterator[Pattern]:
    """What of a pattern lies within an element that is not negated."""
    if element.has(pattern.key):
        yield pattern
        return
    for other in element.near(pattern.key):
        if covers(pattern.key, other.key):
            yield other
        elif not disjoint(pattern.key, other.key):
            yield from room.overlap(pattern, other, of, bound)


def _outside(pattern: Pattern, element: Element, bound: Statement) -> Iterator[Pattern]:
    """What of a pattern lies within a negated element: all of it, or nothing."""
    if element.has(pattern.key):
        yield pattern
    elif not any(covers(other.key, pattern.key) for other in element.patterns):
        raise NotExact(bound, f"{pattern.text} lies within it only in part")


def joined(one: Condition, other: Condition, bound: Statement) -> Condition:
    """The condition that holds when both do."""
    if other.implies(one):
        return other
    if one.implies(other):
        return one
    joined: dict[str, dict[str, Any]] = {}
    tests: dict[tuple[str, str], object] = {}
    for condition in (one, other):
        for operator, keys in (condition.value or {}).items():
            for key, values in keys.items():
                test = (operator, key, values)
                if tests.setdefault((fold(operator), fold(key)), test) != test:
                    raise NotExact(bound, f"both conditions test {key} with {operator}")
                joined.setdefault(operator, {})[key] = values
    return Condition.parse(joined)
