"""What several Allow statements leave out, where an action may be in more than one of them.

Each action is in some set S of the statements, and what none of S allows has to be denied of it.
For every such set, deny that of actions that are in S and nowhere else. A denial may reach
actions that are in fewer of the statements, too: of those more is denied anyway. So its actions
can be said by one list, `Action` or `NotAction`, or it is not exact.

Which sets there are, automata tell, which follow every name of an action through all patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import or_

from .automata import READINGS, Patterns, Steps, TooManySteps, matching_together
from .elements import EVERYTHING, Element, Pattern
from .intersection import NotExact, Room, common_part, joined
from .names import NamesOfActions
from .overlaps import RESOURCES
from .statements import ALWAYS, DENY, Condition, Statement

# Of automata and of patterns that are put together; about half a second for the longest policies.
MAX_STEPS = 250_000
# Of denials. Ten carriers have room for hundreds, STS for a dozen.
_MAX_DENIALS = 200
_TOO_MANY = "actions are in too many of the statements at once"

# Resources, and when: what a statement leaves out is the union of some.
Part = tuple[Element, Condition]
# Numbers of statements.
_Set = frozenset[int]


def denied_outside(
    allows: Sequence[Statement], left_out: Callable[[Statement], Iterable[Part]]
) -> list[Statement]:
    """Deny statements for what none of the statements allows.

    `left_out` is what one of them leaves out of its own actions.

    Raises:
        NotExact: there are no such statements, or too many.
    """
    for each in allows:
        if unsure := each.action.unsure:
            raise NotExact(each, f"what {min(unsure)} in its actions matches is not sure")
    try:
        return _by_sets(allows, [list(left_out(each)) for each in allows])
    except TooManySteps:
        raise NotExact(allows[0], _TOO_MANY) from None


def _by_sets(allows: Sequence[Statement], parts: Sequence[Sequence[Part]]) -> list[Statement]:
    room = Room(Steps(MAX_STEPS))
    sets = _Sets.of(allows, room.steps)
    denials: list[Statement] = []
    for each in sorted(set(sets.by_matching.values()), key=sorted):
        if not all(parts[number] for number in each):
            continue  # one of them leaves out nothing
        left: list[Part] = [(EVERYTHING, ALWAYS)]
        for number in sorted(each):
            left = _both(left, parts[number], allows[number], room)
            if len(left) + len(denials) > _MAX_DENIALS:
                raise NotExact(allows[number], _TOO_MANY)
        if not left:
            continue
        if (actions := sets.actions(each)) is None:
            raise NotExact(
                allows[max(each, default=0)],
                "no list of actions says which ones other statements do not allow, too",
            )
        denials += [Statement(DENY, actions, *part) for part in left]
    return denials


@dataclass(frozen=True)
class _Sets:
    """The statements that an action is in, by the patterns that match it: the bit of each.

    Whatever may be so in some reading of a wildcard.
    """

    by_matching: dict[int, _Set]
    patterns: dict[int, Pattern]

    @classmethod
    def of(cls, allows: Sequence[Statement], steps: Steps) -> _Sets:
        patterns = list(dict.fromkeys(p for allow in allows for p in allow.action.patterns))
        found: set[int] = set()
        for reading in READINGS:
            automaton = Patterns([each.key for each in patterns], reading)
            found |= matching_together(automaton, NamesOfActions(), steps=steps)
        bits = dict(zip(patterns, automaton.ends, strict=True))
        named = [reduce(or_, (bits[each] for each in allow.action.patterns)) for allow in allows]
        return cls(
            {
                matching: frozenset(
                    number
                    for number, (allow, bits_) in enumerate(zip(allows, named, strict=True))
                    if bool(matching & bits_) is not allow.action.negated
                )
                for matching in found
            },
            {bit: pattern for pattern, bit in bits.items()},
        )

    def actions(self, set_: _Set) -> Element | None:
        """All that is in these statements and in no other one, and nothing that is in another."""
        whole = [each for each, its in self.by_matching.items() if its == set_]
        beyond = [each for each, its in self.by_matching.items() if not its <= set_]
        in_whole, in_beyond = (reduce(or_, some, 0) for some in (whole, beyond))
        ways = []
        some = in_whole & ~in_beyond
        if all(each & some for each in whole):
            ways.append(self._element(some, negated=False))
        others = in_beyond & ~in_whole
        if not beyond:
            ways.append(EVERYTHING)
        elif all(each & others for each in beyond):
            ways.append(self._element(others, negated=True))
        return min(
            ways, key=lambda way: sum(len(each.key) + 3 for each in way.patterns), default=None
        )

    def _element(self, bits: int, *, negated: bool) -> Element:
        found = (pattern for bit, pattern in self.patterns.items() if bit & bits)
        return Element(tuple(found), negated)


def _both(
    ones: Iterable[Part], others: Iterable[Part], statement: Statement, room: Room
) -> list[Part]:
    """What of some parts and of others is the same."""
    found = {}
    for (one, one_condition), (other, other_condition) in product(ones, others):
        room.steps.take(len(one.patterns) + len(other.patterns))
        resource = common_part(one, other, statement, RESOURCES, room)
        if resource is not None:
            condition = joined(one_condition, other_condition, statement)
            found[resource.keys, resource.negated, condition] = resource, condition
    return list(found.values())
