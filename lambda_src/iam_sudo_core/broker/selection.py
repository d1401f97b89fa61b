"""Which roles may be simulated: the role-selection policy.

A role is selected when its name matches a pattern, or its ARN is listed, *and* a principal that its
trust policy allows to assume it matches another pattern. Patterns know `*` and `?` only (see
`patterns`). Unknown fields, wrong types, duplicate keys and empty lists are errors: a policy with a
slip must not select by accident. An empty list of ARNs is none: it selects nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ..arns import ACCOUNT_ID, RoleArn, account_root
from ..errors import InvalidSettings, quoted
from ..policy.patterns import matches, matching
from ..policy.principals import TYPES, Principal

POLICY_VARIABLE = "IAM_SUDO_POLICY"
_NAMES, _ARNS = "allowed-role-names", "allowed-role-arns"
_REQUIRED = ("allowed-principals", "allowed-base-roles")
_FIELDS = (_NAMES, _ARNS, *_REQUIRED)


@dataclass(frozen=True)
class RoleSelectionPolicy:
    """A parsed role-selection policy: patterns, and the ARNs of roles as they are."""

    role_names: tuple[str, ...]
    principals: tuple[Principal, ...]
    base_roles: tuple[str, ...]
    role_arns: frozenset[RoleArn] = frozenset()

    @classmethod
    def parse(cls, text: str) -> RoleSelectionPolicy:
        """Read the JSON text of a policy.

        Raises:
            InvalidSettings: with what is wrong and where.
        """
        try:
            policy = json.loads(text, object_pairs_hook=_object_without_duplicates)
        except ValueError as error:
            _invalid(f"it is not JSON: {error}")
        if not isinstance(policy, Mapping):
            _invalid(f"it is {quoted(policy)} and has to be an object with {', '.join(_FIELDS)}")
        if unknown := [name for name in policy if name not in _FIELDS]:
            _invalid(f"unknown field {quoted(unknown[0])}; the fields are {', '.join(_FIELDS)}")
        required = _REQUIRED if _ARNS in policy else (_NAMES, *_REQUIRED)
        if missing := [name for name in required if name not in policy]:
            _invalid(f"{missing[0]} is missing")
        return cls(
            role_names=_patterns(policy[_NAMES], _NAMES) if _NAMES in policy else (),
            principals=tuple(_principals(policy["allowed-principals"])),
            base_roles=_patterns(policy["allowed-base-roles"], "allowed-base-roles"),
            role_arns=frozenset(_role_arns(policy.get(_ARNS, []))),
        )

    def name_pattern(self, role_name: str) -> str | None:
        """The pattern that lets `role_name` in, or None."""
        return matching(self.role_names, role_name)

    def rule(self, role: RoleArn) -> str | None:
        """What lets a role in, in words, or None."""
        if role in self.role_arns:
            return f"role {role}"
        pattern = self.name_pattern(role.name)
        return None if pattern is None else f"role name {pattern}"

    def allowed(self, principals: Iterable[Principal]) -> Principal | None:
        """The first of `principals`, in their order of names, that is allowed, or None."""
        return next((p for p in sorted(principals) if self.allows_principal(p)), None)

    def allows_principal(self, principal: Principal) -> bool:
        return any(
            matches(allowed.type, principal.type) and matches(allowed.id, principal.id)
            for allowed in self.principals
        )

    def allows_base_role(self, arn: str) -> bool:
        return matching(self.base_roles, arn) is not None


def _principals(entries: object) -> Iterable[Principal]:
    where = "allowed-principals"
    if not isinstance(entries, list) or not entries:
        _invalid(f"{where} has to be a list with at least one entry")
    for entry in entries:
        if not isinstance(entry, Mapping) or not entry:
            _invalid(f"{where}: {quoted(entry)} has to be an object such as {{TYPE: PATTERN}}")
        for type_, ids in entry.items():
            if not any(matches(type_, known) for known in TYPES):
                _invalid(f"{where}: {quoted(type_)} is no principal type: {', '.join(TYPES)}")
            for id_ in _patterns([ids] if isinstance(ids, str) else ids, f"{where}: {type_}"):
                # Trust policies are read with an account id as its root, in every partition.
                known_account = type_ == "AWS" and ACCOUNT_ID.fullmatch(id_)
                yield Principal(type_, account_root("*", id_) if known_account else id_)


def _role_arns(values: object) -> Iterable[RoleArn]:
    if not isinstance(values, list):
        _invalid(f"{_ARNS} has to be a list of ARNs of roles")
    for value in values:
        arn = RoleArn.parse(value) if isinstance(value, str) else None
        if arn is None:
            _invalid(f"{_ARNS}: {quoted(value)} is not the ARN of a role")
        yield arn


def _patterns(values: object, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        _invalid(f"{where} has to be a list with at least one pattern")
    for value in values:
        if not isinstance(value, str) or not value:
            _invalid(f"{where}: {quoted(value)} has to be a pattern, a string that is not empty")
    return tuple(values)


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"{quoted(key)} stands twice in one object")
        result[key] = value
    return result


def _invalid(problem: str) -> NoReturn:
    raise InvalidSettings(key=POLICY_VARIABLE, problem=problem)
