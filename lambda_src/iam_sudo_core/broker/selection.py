"""Which roles may be simulated: the role-selection policy.

A role is selected when its name matches a pattern, or its ARN is listed, *and* a principal that its
trust policy allows to assume it matches another pattern. Patterns know `*` and `?` only (see
`patterns`). Unknown fields, wrong types, duplicate keys and empty lists are errors: a policy with a
slip must not select by accident. An empty list of ARNs is none: it selects nothing.

That is one rule for everybody who may invoke the broker. With `rules` in its place (see `rules`) it
depends on who asks, who then has to prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..arns import RoleArn
from ..policy.patterns import matches, matching
from ..policy.principals import Principal
from .callers import Identity
from .fields import POLICY_VARIABLE, invalid, parsed_object, patterns, principals, role_arns
from .rules import CallerRules, Rule, parsed_rules

__all__ = ["POLICY_VARIABLE", "RoleSelectionPolicy"]

_NAMES, _ARNS, _RULES = "allowed-role-names", "allowed-role-arns", "rules"
_PRINCIPALS, _BASE_ROLES = "allowed-principals", "allowed-base-roles"
_OF_EVERYBODY = (_NAMES, _ARNS, _PRINCIPALS)
_FIELDS = (*_OF_EVERYBODY, _BASE_ROLES, _RULES)


@dataclass(frozen=True)
class RoleSelectionPolicy:
    """A parsed role-selection policy: patterns, and the ARNs of roles as they are; or `rules`.

    With rules it selects nothing by itself: what they select, `of` a caller.
    """

    role_names: tuple[str, ...]
    principals: tuple[Principal, ...]
    base_roles: tuple[str, ...]
    role_arns: frozenset[RoleArn] = frozenset()
    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, text: str) -> RoleSelectionPolicy:
        """Read the JSON text of a policy.

        Raises:
            InvalidSettings: with what is wrong and where.
        """
        policy = parsed_object(text, fields=_FIELDS)
        of_everybody = [name for name in _OF_EVERYBODY if name in policy]
        if _RULES in policy and of_everybody:
            invalid(f"{of_everybody[0]} is for everybody, and rules say who; leave one of them out")
        required = (_BASE_ROLES,) if _RULES in policy else (_PRINCIPALS, _BASE_ROLES)
        if _RULES not in policy and _ARNS not in policy:
            required = (_NAMES, *required)
        if missing := [name for name in required if name not in policy]:
            invalid(f"{missing[0]} is missing")
        base_roles = patterns(policy[_BASE_ROLES], _BASE_ROLES)
        if _RULES in policy:
            return cls((), (), base_roles, rules=parsed_rules(policy[_RULES]))
        return cls(
            role_names=patterns(policy[_NAMES], _NAMES) if _NAMES in policy else (),
            principals=tuple(principals(policy[_PRINCIPALS], _PRINCIPALS)),
            base_roles=base_roles,
            role_arns=frozenset(role_arns(policy.get(_ARNS, []), _ARNS)),
        )

    def of(self, who: Callable[[], Identity]) -> CallerRules:
        """The rules as they are for one caller."""
        return CallerRules(self.rules, self.base_roles, who)

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
