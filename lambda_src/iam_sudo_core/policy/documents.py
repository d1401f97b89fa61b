"""Merge the inline policies of a role into one session policy that means exactly the same.

The statements are kept in order and as they are, except that
- a `Sid` is dropped: it has no meaning, and equal ones may not stand in one document;
- a statement of a document without a version, or of version 2008-10-17, where `${…}` is plain
  text, has its `$` of every `${` written as `${$}`, which is how 2012-10-17 spells a literal one;
- the fields that the ARN of a resource lacks are written as `*`, as AWS reads them; in a session
  policy none may be lacking.
Anything that is not known to be carried over is an error: a statement that is misread either
grants too much or denies too little.
Source: IAM User Guide, "AWS JSON policy elements: Version", "… Variables and tags", and for ARNs
that lack fields "Identify AWS resources with Amazon Resource Names (ARNs)".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

# A parsed policy or statement. Its values are JSON.
Document = Mapping[str, Any]
Statement = Mapping[str, Any]

VERSION = "2012-10-17"
_PLAIN_TEXT_VERSION = "2008-10-17"

# STS reads "no session policy" as "all that the base role may do", so nothing has to be said.
DENY_ALL: Document = {
    "Version": VERSION,
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}

_ARN_FIELDS = 6
_VARIABLE = re.compile(r"\$\{[^}]*\}")
# A `*` that is not the last of its field may reach beyond it, and then no field is missing.
_INNER_STAR = re.compile(r"\*[^:*]")

_DOCUMENT_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip


def statements(document: object) -> list[Statement]:
    """The statements of an identity policy, as version 2012-10-17 writes them.

    Raises:
        ValueError: something in the document is not known to be carried over; says what.
    """
    if not isinstance(document, Mapping):
        raise ValueError("it is not an object")
    _known(document, _DOCUMENT_ELEMENTS)
    version = document.get("Version", _PLAIN_TEXT_VERSION)
    if version not in (VERSION, _PLAIN_TEXT_VERSION):
        raise ValueError(f"unknown version {version!r}")
    found = document.get("Statement")
    if isinstance(found, Mapping):
        found = [found]
    if not isinstance(found, list):
        raise ValueError("Statement is neither an object nor a list")
    return [_statement(statement, version) for statement in found]


def merge(documents: Iterable[Iterable[Statement]]) -> Document:
    """One document of all the statements, which denies all when there is none."""
    found = [statement for document in documents for statement in document]
    return {"Version": VERSION, "Statement": found} if found else DENY_ALL


def serialize(document: Document) -> str:
    """The JSON that is sent: no spaces, and no escapes where the character itself will do."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _statement(statement: object, version: str) -> Statement:
    if not isinstance(statement, Mapping):
        raise ValueError("a statement is not an object")
    _known(statement, _STATEMENT_ELEMENTS)
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise ValueError(f"Effect is {statement.get('Effect')!r}")
    for element in ("Action", "Resource"):
        forms = [name for name in (element, f"Not{element}") if name in statement]
        if len(forms) != 1:
            raise ValueError(f"a statement needs one of {element} and Not{element}")
        _strings(statement[forms[0]], forms[0])
    if "Condition" in statement:
        _condition(statement["Condition"], version)
    kept = {
        name: _completed(value, version) if name in ("Resource", "NotResource") else value
        for name, value in statement.items()
        if name != "Sid"
    }
    return kept if version == VERSION else _with_literal_dollars(kept)


def _known(value: Mapping[str, object], elements: set[str]) -> None:
    if unknown := sorted(set(value) - elements):
        raise ValueError(f"unknown element {unknown[0]!r}")


def _strings(value: object, element: str) -> None:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) for text in values):
        raise ValueError(f"{element} is neither a string nor a list of strings")


def _completed(value: Any, version: str) -> Any:
    """One resource, or a list of them, with all fields of their ARNs."""
    if isinstance(value, list):
        return [_complete_arn(text, version) for text in value]
    return _complete_arn(value, version)


def _complete_arn(text: str, version: str) -> str:
    # Colons of a variable's name separate nothing.
    plain = _VARIABLE.sub("", text) if version == VERSION else text
    missing = _ARN_FIELDS - 1 - plain.count(":")
    if missing <= 0 or not plain.startswith("arn:"):
        return text
    if _INNER_STAR.search(plain) or plain != text:
        raise ValueError(f"the ARN {text!r} lacks fields, and what stands for them is not sure")
    return text + missing * ":*"


def _condition(condition: object, version: str) -> None:
    if not isinstance(condition, Mapping):
        raise ValueError("Condition is not an object")
    for operator, keys in condition.items():
        if not isinstance(keys, Mapping):
            raise ValueError(f"Condition: {operator} is not an object")
        for key, values in keys.items():
            if version != VERSION and "${" in key:
                raise ValueError(f"Condition: {operator}: the key {key!r} contains '${{'")
            for value in values if isinstance(values, list) else [values]:
                # A fraction may be written in other digits than it was read in.
                if not isinstance(value, str | bool | int):
                    raise ValueError(f"Condition: {operator}: {key} has a value of no known type")


def _with_literal_dollars(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "${$}{")
    if isinstance(value, list):
        return [_with_literal_dollars(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _with_literal_dollars(item) for key, item in value.items()}
    return value
