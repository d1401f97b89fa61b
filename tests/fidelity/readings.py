"""The readings of a policy that AWS leaves open, as policies that the evaluator takes.

A wildcard in the resource type of an ARN matches nothing to the evaluator, since AWS's page forbids
it; people report that it matches. In the second reading it stands for all types of its service.

Of an ARN that lacks fields the evaluator lets `NotResource` hold for nothing, which AWS does not
say; there, the fields are filled in before. `Resource` is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.fidelity.catalogue import Catalogue, glob
from tests.fidelity.evaluator import Document, listed
from tests.fidelity.marks import with_stand_ins

Read = Callable[[Document], Document]


def readings(documents: Sequence[Document], catalogue: Catalogue) -> Iterator[Read]:
    """How to read policies: once, and once more if one of `documents` is open to it."""

    def as_written(document: Document) -> Document:
        statements = listed(document["Statement"])
        return with_stand_ins({**document, "Statement": list(map(_filled, statements))})

    yield as_written

    def matching(document: Document) -> Document:
        statements = [_spelt_out(each, catalogue) for each in listed(document["Statement"])]
        return as_written({**document, "Statement": statements})

    if any(as_written(each) != matching(each) for each in documents):
        yield matching


def _filled(statement: dict[str, Any]) -> dict[str, Any]:
    if "NotResource" not in statement:
        return statement
    filled = [
        each + ":*" * max(0, 5 - each.count(":")) if each.startswith("arn:") else each
        for each in listed(statement["NotResource"])
    ]
    return {**statement, "NotResource": filled}


def _spelt_out(statement: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    def of(value: Any) -> Any:
        found = [each for pattern in listed(value) for each in _types(pattern, catalogue)]
        return value if found == listed(value) else found

    return {
        element: of(value) if element in ("Resource", "NotResource") else value
        for element, value in statement.items()
    }


def _types(pattern: str, catalogue: Catalogue) -> list[str]:
    """A pattern for each resource type that its own may mean, and itself."""
    match pattern.split(":", 5):
        case ["arn", partition, service, region, account, resource] if resource != "*":
            type_, separator, name = re.fullmatch(
                "([^:/]*)([:/]?)(.*)", resource, re.DOTALL
            ).groups()  # type: ignore[union-attr]
            if not re.search("[*?]", type_):
                return [pattern]
            head = ":".join(["arn", partition, service, region, account])
            # The wildcard may stand for the type alone, or for the beginning of the name as well.
            names = [name, f"*{separator}{name}"] if separator else ["*"]
            return [
                pattern,
                *(
                    f"{head}:{each}{name}"
                    for each in catalogue.types(service)
                    if glob(type_).fullmatch(each.rstrip(":/"))
                    and (not separator or each.endswith(separator))
                    for name in names
                ),
            ]
    return [pattern]
