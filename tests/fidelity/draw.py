"""Draw requests from policies: what their patterns mean, and what only just misses them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fidelity.catalogue import Catalogue
from tests.fidelity.draw_contexts import PRINCIPAL_ARN, PRINCIPAL_TAG, context
from tests.fidelity.draw_resources import (
    ACCOUNT,
    TRIES,
    resource,
    resource_of_both,
    variables_in,
)
from tests.fidelity.evaluator import Document, Request, Value, listed
from tests.fidelity.marks import is_mark

# The role and the base role, both of whom a policy may mean by a variable.
CALLERS = ("task", "IAMSudoUser")
# Of how many requests one is not about what the policies name.
BACKGROUND = 12
# How many of them are about what two statements name.
OF_BOTH = 0.3


def requests(
    documents: Sequence[Document],
    number: int,
    *,
    catalogue: Catalogue,
    rng: random.Random,
    tags: Mapping[str, str],
) -> list[Request]:
    """So many different requests, or fewer when there are not as many to be found soon."""
    draw = _Draw(documents, catalogue, rng, tags)
    found = {}
    for _ in range(2 * number):
        request = draw.request()
        found[repr(request)] = request
        if len(found) == number:
            break
    return list(found.values())


class _Draw:
    def __init__(
        self,
        documents: Sequence[Document],
        catalogue: Catalogue,
        rng: random.Random,
        tags: Mapping[str, str],
    ) -> None:
        self._catalogue = catalogue
        self._rng = rng
        self._tags = {f"{PRINCIPAL_TAG}{key.lower()}": value for key, value in tags.items()}
        self._statements = [s for document in documents for s in listed(document["Statement"])]
        self._conditions = [s["Condition"] for s in self._statements if "Condition" in s]
        self._variables = {
            variable
            for statement in self._statements
            for variable in variables_in(repr(statement))
            if not variable.lower().startswith(PRINCIPAL_TAG)
        }

    def request(self) -> Request:
        statement = self._rng.choice(self._statements)
        keys: dict[str, Value] = {
            name: self._rng.choice(["alice", "Alice", "bob", "IAMSudoUser"])
            for name in sorted(self._variables)
            if self._rng.random() < 0.75
        }
        known = self._tags | {name.lower(): value for name, value in keys.items()}
        # Who is calling is the side's to say; what is asked for may be either's.
        known |= {PRINCIPAL_ARN: f"arn:aws:iam::{ACCOUNT}:role/{self._rng.choice(CALLERS)}"}
        others = self._rng.sample(self._conditions, min(2, len(self._conditions)))
        keys |= context(statement.get("Condition", {}), others, known, self._rng)
        known |= {key.lower(): value for key, value in keys.items() if isinstance(value, str)}
        if self._rng.random() < OF_BOTH and (pair := self._pair(statement)):
            action, beside = pair
            found = self._resource_of_both(action, statement, beside, known)
        else:
            action = self._action(statement)
            found = self._resource(action, statement, known)
        of_role = {key: keys.pop(key) for key in list(keys) if is_mark(key)}
        return Request(action, found, keys, of_role)

    def _pair(self, statement: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
        """An action that a statement means together with another one, and that one."""
        for _ in range(TRIES):
            beside = self._rng.choice(self._statements)
            one, other = (
                self._rng.choice(_patterns(each, "Action")) for each in (statement, beside)
            )
            of_other = set(self._catalogue.meant(other))
            both = [action for action in self._catalogue.meant(one) if action in of_other]
            if one != other and both:
                return self._rng.choice(both), beside
        return None

    def _action(self, statement: Mapping[str, Any]) -> str:
        if self._rng.randrange(BACKGROUND) == 0:
            return self._rng.choice(self._catalogue.actions)
        pattern = self._rng.choice(_patterns(statement, "Action"))
        meant = self._catalogue.meant(pattern)
        outside = "NotAction" in statement and self._rng.random() < 0.6
        if outside:
            return self._rng.choice(self._catalogue.actions)
        if not meant or self._rng.random() < 0.25:
            return self._catalogue.near(pattern, self._rng)
        return self._rng.choice(meant)

    def _resource(self, action: str, statement: Mapping[str, Any], known: Mapping[str, str]) -> str:
        formats = self._catalogue.formats(action)
        if self._rng.random() < 0.25:
            statement = self._rng.choice(self._statements)
        pattern = self._rng.choice(_patterns(statement, "Resource"))
        return resource(pattern, formats, known, self._rng)

    def _resource_of_both(
        self,
        action: str,
        statement: Mapping[str, Any],
        beside: Mapping[str, Any],
        known: Mapping[str, str],
    ) -> str:
        formats = self._catalogue.formats(action)
        one, other = (self._rng.choice(_patterns(each, "Resource")) for each in (statement, beside))
        both = resource_of_both(one, other, formats, known, self._rng)
        return both or resource(one, formats, known, self._rng)


def _patterns(statement: Mapping[str, Any], element: str) -> list[str]:
    return listed(statement.get(element, statement.get(f"Not{element}")))
