"""Shrink a policy without changing what it allows or denies.

Each rule is exact, for Allow and for Deny:
- a pattern that another pattern of the same list covers says nothing;
- a statement, or an action or a resource of it, that a statement of the same effect covers, under
  the same condition, a part of it or none, says nothing;
- two statements of equal effect and condition, and with the same resources, are one with the
  actions of both; with the same actions, one with the resources of both. `NotAction` and
  `NotResource` are parts like others, and are never united.
An Allow is never dropped because of a Deny, nor the reverse. No wildcard is made: it would also
grant what AWS adds tomorrow.

Greedy and order-stable: it may miss the smallest form, never the meaning. Every result is checked
by `equivalent` before it is used. Policies that take too many comparisons stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .comparisons import MAX_COMPARISONS, to_cover
from .elements import Element
from .patterns import covers, is_unsure
from .statements import Statement

Statements = list[Statement]

# No policy that we know takes more than three.
_MAX_ROUNDS = 8
# Looking up a pattern, of which every statement asks every other, is so much less than comparing.
_LOOKUPS = 10


class NotEquivalent(Exception):
    """A compaction did not pass the check. Nothing may be done with it."""


def compact(statements: Sequence[Statement]) -> Statements:
    """Fewer or shorter statements that mean the same.

    Raises:
        NotEquivalent: the result did not pass the check, which is a defect here.
    """
    if cost(statements) > MAX_COMPARISONS:
        return list(statements)
    found = _fixpoint(list(statements))
    if not equivalent(statements, found):
        raise NotEquivalent("the compacted policy could not be shown to mean the same")
    return found


def cost(statements: Sequence[Statement]) -> int:
    """How many comparisons it takes to compact the statements, at most."""
    actions, resources = [s.action for s in statements], [s.resource for s in statements]
    patterns = sum(len(element.patterns) for element in (*actions, *resources))
    lookups = len(statements) * patterns // _LOOKUPS
    return len(statements) ** 2 + lookups + to_cover(actions) + to_cover(resources)


def equivalent(one: Sequence[Statement], other: Sequence[Statement]) -> bool:
    """Whether both surely say the same: each part of each statement is said by the other side."""
    return _says_all(one, other) and _says_all(other, one)


def _fixpoint(statements: Statements) -> Statements:
    for _ in range(_MAX_ROUNDS):
        changed = statements
        # Dropping first, and uniting actions before resources, made no policy of the corpora larger
        # than another order did.
        for step in (_drop_covered_patterns, _drop_covered_parts, _unite_actions, _unite_resources):
            changed = step(changed)
        if changed == statements:
            break
        statements = changed
    return statements


def _drop_covered_patterns(statements: Statements) -> Statements:
    return [
        statement.with_action(_essential(statement.action)).with_resource(
            _essential(statement.resource)
        )
        for statement in statements
    ]


def _essential(element: Element) -> Element:
    """The element without patterns that others of it cover."""
    kept = {pattern.key: pattern for pattern in element.patterns}
    for pattern in element.patterns:
        others = (key for key in element.may_cover(pattern.key) if key != pattern.key)
        if any(key in kept and covers(key, pattern.key) for key in others):
            del kept[pattern.key]
    return element.keeping(kept.values())


def _drop_covered_parts(statements: Statements) -> Statements:
    """Drop what another statement says as well; of two that say the same the first one stays."""
    kept = list(statements)
    # From the end, so that it is the later one that goes.
    for index in reversed(range(len(kept))):
        statement: Statement | None = kept[index]
        for other in [*kept[:index], *kept[index + 1 :]]:
            if statement is not None:
                statement = _beyond(statement, other)
        kept[index : index + 1] = [] if statement is None else [statement]
    return kept


def _beyond(statement: Statement, other: Statement) -> Statement | None:
    """What `statement` says and `other` does not; None when that is nothing."""
    if not other.applies_where(statement):
        return statement
    action, resource = statement.action, statement.resource
    if other.action.covers(action):
        if other.resource.covers(resource):
            return None
        if not resource.negated and len(resource.patterns) > 1:
            # What is unsure stays: without it the statement might be valid more often.
            return statement.with_resource(
                resource.keeping(
                    pattern
                    for pattern in resource.patterns
                    if is_unsure(pattern.key) or not other.resource.has(pattern.key)
                )
            )
    elif not action.negated and len(action.patterns) > 1 and other.resource.covers(resource):
        return statement.with_action(
            action.keeping(
                pattern for pattern in action.patterns if not other.action.has(pattern.key)
            )
        )
    return statement


def _unite_resources(statements: Statements) -> Statements:
    def key(statement: Statement) -> object:
        if statement.resource.negated:
            return None
        action = statement.action
        # Only what may be invalid for the same reason may be invalid together.
        return (action.negated, action.keys, statement.resource.unsure)

    return _unite(
        statements, key, lambda one, other: one.with_resource(_union(one.resource, other.resource))
    )


def _unite_actions(statements: Statements) -> Statements:
    def key(statement: Statement) -> object:
        if statement.action.negated:
            return None
        return (statement.resource.negated, statement.resource.keys)

    return _unite(
        statements, key, lambda one, other: one.with_action(_union(one.action, other.action))
    )


def _unite(
    statements: Statements,
    key: Callable[[Statement], object],
    union: Callable[[Statement, Statement], Statement],
) -> Statements:
    """Unite statements of one effect, condition and key, in the place of the first."""
    united: dict[object, Statement] = {}
    for number, statement in enumerate(statements):
        parts = key(statement)
        group: object = (statement.effect, statement.condition, parts) if parts else number
        first = united.get(group)
        united[group] = union(first, statement) if first else statement
    return list(united.values())


def _union(one: Element, other: Element) -> Element:
    return one.keeping(dict.fromkeys((*one.patterns, *other.patterns)))


def _says_all(statements: Iterable[Statement], others: Sequence[Statement]) -> bool:
    return all(_is_said(statement, others) for statement in statements)


def _is_said(statement: Statement, others: Sequence[Statement]) -> bool:
    """Whether each part of the statement lies within one of `others`, as a whole."""
    others = [other for other in others if other.applies_where(statement)]
    if any(other.covers(statement) for other in others):
        return True
    action = statement.action
    # Many actions lie within the same statements, which are asked once.
    if action.negated:
        within = {tuple(n for n, other in enumerate(others) if other.action.covers(action))}
    else:
        within = {
            tuple(n for n, other in enumerate(others) if other.action.has(key))
            for key in action.keys
        }
    return all(_reach(statement.resource, [others[n].resource for n in some]) for some in within)


def _reach(resource: Element, others: Sequence[Element]) -> bool:
    """Whether each part of the resources lies within one of `others`."""
    if any(other.covers(resource) for other in others):
        return True
    return not resource.negated and all(
        any(other.has(pattern.key) for other in others) for pattern in resource.patterns
    )
