"""A trust policy with our statements, whatever it is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import jsii

from ..application import rendered


@jsii.implements(cdk.IAnyProducer)
class Extended:
    """A trust policy with statements more, in place of others that it may have.

    When it is a token itself, or made of constructs, once that is resolved.
    """

    def __init__(
        self,
        document: Any,
        added: Sequence[Mapping[str, Any]],
        *,
        replaced: Sequence[Mapping[str, Any]],
    ) -> None:
        self._document = document
        self._added = added
        self._replaced = replaced

    def now_or_later(self) -> object:
        if isinstance(self._document, Mapping) and not self._replaced:
            statements = self._document["Statement"]
            if isinstance(statements, list) or _is_statement(statements):
                return self._with(self._document, replaced=set())
        return cdk.Lazy.uncached_any(self)

    def produce(self, context: cdk.IResolveContext) -> object:
        replaced = meanings(context.resolve(self._replaced))
        return self._with(context.resolve(self._document), replaced=replaced)

    def _with(self, document: Mapping[str, Any], *, replaced: set[str]) -> Mapping[str, Any]:
        statements = statements_of(document)
        if replaced:
            statements = [each for each in statements if meaning(each) not in replaced]
        return {**document, "Statement": [*statements, *self._added]}


def statements_of(document: Mapping[str, Any]) -> list[Any]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def _is_statement(value: object) -> bool:
    return isinstance(value, Mapping) and "Effect" in value


def meanings(statements: Sequence[object]) -> set[str]:
    return set(map(meaning, statements))


def meaning(statement: object) -> str:
    """A statement's meaning as text: the order of members and of lists does not matter."""
    return json.dumps(_sorted(rendered(statement)), sort_keys=True)


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in value.items() if key != "Sid"}
    items = value if isinstance(value, list) else [value]
    return sorted((_sorted(i) if isinstance(i, Mapping) else str(i) for i in items), key=str)
