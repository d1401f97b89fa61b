"""The fields of a role-selection policy: patterns, principals, ARNs of roles; or an error.

A slip must not select by accident, so nothing is guessed: wrong types, empty lists and duplicate
keys are errors that name the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NoReturn

from ..arns import ACCOUNT_ID, RoleArn, account_root
from ..errors import InvalidSettings, quoted
from ..policy.patterns import matches
from ..policy.principals import TYPES, Principal

POLICY_VARIABLE = "IAM_SUDO_POLICY"


def parsed_object(text: str, *, fields: Iterable[str]) -> Mapping[str, object]:
    """The JSON object in `text`, which has no other fields than these.

    Raises:
        InvalidSettings: it is none, or has others, or one twice.
    """
    try:
        policy = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        invalid(f"it is not JSON: {error}")
    return checked_fields(policy, fields=fields, where="it")


def checked_fields(value: object, *, fields: Iterable[str], where: str) -> Mapping[str, object]:
    """`value` as an object with no other fields than these."""
    known = ", ".join(fields)
    if not isinstance(value, Mapping):
        invalid(f"{where} is {quoted(value)} and has to be an object with {known}")
    if unknown := [name for name in value if name not in fields]:
        of = "" if where == "it" else f"{where}: "
        invalid(f"{of}unknown field {quoted(unknown[0])}; the fields are {known}")
    return value


def patterns(values: object, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        invalid(f"{where} has to be a list with at least one pattern")
    for value in values:
        if not isinstance(value, str) or not value:
            invalid(f"{where}: {quoted(value)} has to be a pattern, a string that is not empty")
    return tuple(values)


def can_have_length(pattern: str, least: int, most: int) -> bool:
    """Whether what a pattern matches can have from `least` to `most` characters."""
    needed = len(pattern.replace("*", ""))
    return needed <= most and (needed >= least or "*" in pattern)


def one_or_more(values: object, where: str) -> tuple[str, ...]:
    """One pattern, or a list of them."""
    return patterns([values] if isinstance(values, str) else values, where)


def principals(entries: object, where: str) -> Iterable[Principal]:
    if not isinstance(entries, list) or not entries:
        invalid(f"{where} has to be a list with at least one entry")
    for entry in entries:
        if not isinstance(entry, Mapping) or not entry:
            invalid(f"{where}: {quoted(entry)} has to be an object such as {{TYPE: PATTERN}}")
        for type_, ids in entry.items():
            if not any(matches(type_, known) for known in TYPES):
                invalid(f"{where}: {quoted(type_)} is no principal type: {', '.join(TYPES)}")
            for id_ in one_or_more(ids, f"{where}: {type_}"):
                # Trust policies are read with an account id as its root, in every partition.
                known_account = type_ == "AWS" and ACCOUNT_ID.fullmatch(id_)
                yield Principal(type_, account_root("*", id_) if known_account else id_)


def role_arns(values: object, where: str) -> Iterable[RoleArn]:
    if not isinstance(values, list):
        invalid(f"{where} has to be a list of ARNs of roles")
    for value in values:
        arn = RoleArn.parse(value) if isinstance(value, str) else None
        if arn is None:
            invalid(f"{where}: {quoted(value)} is not the ARN of a role")
        yield arn


def invalid(problem: str) -> NoReturn:
    raise InvalidSettings(key=POLICY_VARIABLE, problem=problem)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"{quoted(key)} stands twice in one object")
        result[key] = value
    return result
