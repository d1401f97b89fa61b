"""A world so small that all of it can be looked at: a second witness, and our own.

Two actions, two resources (which differ by case alone) and one tag that a principal has or not,
beside one action and one resource that no policy names. Policies of this world know no patterns but
names and `*`, and no condition but the tag.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

Statement = Mapping[str, Any]
Point = tuple[str, str, bool]

ACTIONS = ["s3:GetObject", "s3:PutObject"]
RESOURCES = ["arn:aws:s3:::Orders/1", "arn:aws:s3:::orders/1"]
TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "orders"}}
UNTAGGED = {"StringNotEquals": {"aws:PrincipalTag/team": "orders"}}

WORLD: list[Point] = list(
    itertools.product(
        [*ACTIONS, "s3:DeleteObject"], [*RESOURCES, "arn:aws:s3:::other"], [True, False]
    )
)


def allowed(statements: Iterable[Statement]) -> frozenset[Point]:
    """What a policy allows: all that an Allow is about, without all that a Deny is about."""
    about: dict[str, set[Point]] = {"Allow": set(), "Deny": set()}
    for statement in statements:
        about[statement["Effect"]] |= _about(json.dumps(statement))
    return frozenset(about["Allow"] - about["Deny"])


def all_statements() -> list[Statement]:
    """Every statement of this world."""
    forms = itertools.product(
        ["Allow", "Deny"], _forms("Action", ACTIONS), _forms("Resource", RESOURCES), [{}, TAGGED]
    )
    return [
        {"Effect": effect, **action, **resource, **({"Condition": condition} if condition else {})}
        for effect, action, resource, condition in forms
    ]


def _forms(element: str, names: Sequence[str]) -> list[dict[str, Any]]:
    lists = [names[0], names[1], list(names)]
    negated = [{f"Not{element}": each} for each in lists]
    return [*({element: each} for each in lists), {element: "*"}, *negated]


@cache
def _about(text: str) -> frozenset[Point]:
    statement = json.loads(text)
    return frozenset(
        (action, resource, tagged)
        for action, resource, tagged in WORLD
        if _holds(statement, "Action", action)
        and _holds(statement, "Resource", resource)
        and statement.get("Condition", {}) in ({}, TAGGED if tagged else UNTAGGED)
    )


def _holds(statement: Statement, element: str, name: str) -> bool:
    negated = f"Not{element}" in statement
    patterns = statement[f"Not{element}" if negated else element]
    listed = [patterns] if isinstance(patterns, str) else patterns
    if element == "Action":
        name, listed = name.lower(), [pattern.lower() for pattern in listed]
    return negated is not ("*" in listed or name in listed)
