"""Draw requests from a policy: what its patterns mean, and what only just misses them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iam_sudo_core.patterns import matches
from tests.fidelity.evaluator import Document, Request

# Of each statement, so that a policy of hundreds of actions takes no longer than another.
ACTIONS = 3
RESOURCES = 4

_VARIABLE = re.compile(r"\$\{[^}]*\}")


def requests(document: Document, known: Sequence[str], rng: random.Random) -> Iterator[Request]:
    """Some requests for each statement, each with its conditions met, unmet and absent."""
    for statement in _statements(document):
        actions = _actions(statement, known, rng)
        resources = [*_some(rng, _resources(statement, rng), RESOURCES), "*"]
        for action in actions:
            for resource in resources:
                for context in _contexts(statement.get("Condition", {})):
                    yield Request(action, resource, context)


def literal_actions(document: Document) -> set[str]:
    """The actions that a document names in full."""
    return {
        action
        for statement in _statements(document)
        for element in ("Action", "NotAction")
        for action in _list(statement.get(element, []))
        if ":" in action and "*" not in action and "?" not in action
    }


def _actions(statement: Mapping[str, Any], known: Sequence[str], rng: random.Random) -> list[str]:
    patterns = [p.lower() for p in _list(statement.get("Action", statement.get("NotAction")))]
    found = _some(rng, known, 1)
    if "NotAction" in statement:
        found += _some(rng, [a for a in known if not _is_meant(patterns, a)], ACTIONS)
    for pattern in _some(rng, patterns, ACTIONS):
        meant = [action for action in known if _is_meant([pattern], action)]
        service = pattern.partition(":")[0]
        near = [a for a in known if a.lower().startswith(service) and a not in meant]
        found += _some(rng, meant, 2) + _some(rng, near, 1)
    return found


def _is_meant(patterns: Sequence[str], action: str) -> bool:
    return any(matches(pattern, action.lower()) for pattern in patterns)


def _resources(statement: Mapping[str, Any], rng: random.Random) -> list[str]:
    found = []
    for pattern in _list(statement.get("Resource", statement.get("NotResource"))):
        text = _VARIABLE.sub("variable", pattern)
        instance = _instance(text)
        found += [instance, f"{instance}x", instance.swapcase(), f"{instance}/level"]
        found += [instance.replace("111122223333", "444455556666"), text.replace("*", "")]
        if "${" in pattern:
            found.append(pattern.replace("*", "any"))
    rng.shuffle(found)
    return found


def _instance(pattern: str) -> str:
    match pattern.split(":", 5):
        case ["arn", partition, service, region, account, name]:
            region, account = region.replace("*", "eu-west-1"), account.replace("*", "111122223333")
            pattern = ":".join(["arn", partition, service, region, account, name])
    return pattern.replace("*", "any").replace("?", "x")


def _contexts(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    yield {}
    for keys in condition.values():
        for key, values in keys.items():
            for value in [*_list(values)[:1], "other"]:
                yield {key: str(value).replace("*", "any").replace("?", "x")}
    met = {
        key: str(_list(values)[0]).replace("*", "any").replace("?", "x")
        for keys in condition.values()
        for key, values in keys.items()
    }
    if len(met) > 1:
        yield met


def _statements(document: Document) -> list[Mapping[str, Any]]:
    return _list(document["Statement"])


def _some(rng: random.Random, values: Sequence[str], number: int) -> list[str]:
    return rng.sample(list(values), min(number, len(values)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
