"""Which roles may be simulated: the role-selection policy.

A role is selected when its name matches a pattern, or its ARN is listed, *and* a principal that its
trust policy allows to assume it matches another pattern. Patterns know `*` and `?` only (see
`patterns`). Unknown fields, wrong types, duplicate keys and empty lists are errors: a policy with a
slip must not select by accident. An empty list of ARNs is none: it selects nothing.

That is one rule for everybody who may invoke the broker. With `rules` in its place (see `rules`) it
depends on who asks, who then has to prove it. `rules-parameter` names the parameter of SSM that has
the rules, where Lambda's environment has no room for them (see `published`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..arns import RoleArn
from ..errors import quoted
from ..policy.patterns import matches, matching
from ..policy.principals import Principal
from .callers import Identity
from .fields import POLICY_VARIABLE, invalid, parsed_object, patterns, principals, role_arns
from .rules import CallerRules, Rule, parsed_rules

__all__ = ["POLICY_VARIABLE", "RoleSelectionPolicy"]

_NAMES, _ARNS, _RULES = "allowed-role-names", "allowed-role-arns", "rules"
_PRINCIPALS, _BASE_ROLES = "allowed-principals", "allowed-base-roles"
_OF_EVERYBODY = (_NAMES, _ARNS, _PRINCIPALS)
_PARAMETER = "rules-parameter"
_FIELDS = (*_OF_EVERYBODY, _BASE_ROLES, _RULES, _PARAMETER)
# Systems Manager API Reference, "PutParameter": Name. Below a path, and of no version.
_PARAMETER_NAME = re.compile(r"(/[A-Za-z0-9_.-]+){2,15}")


@dataclass(frozen=True)
class RoleSelectionPolicy:
    """A parsed role-selection policy: patterns, and the ARNs of roles as they are; or `rules`.

    With rules, or a parameter that has them, it selects nothing by itself: what they select, `of` a
    caller.
    """

    role_names: tuple[str, ...]
    principals: tuple[Principal, ...]
    base_roles: tuple[str, ...]
    role_arns: frozenset[RoleArn] = frozenset()
    rules: tuple[Rule, ...] = ()
    rules_parameter: str | None = None

    @classmethod
    def parse(cls, text: str) -> RoleSelectionPolicy:
        """Read the JSON text of a policy.

        Raises:
            InvalidSettings: with what is wrong and where.
        """
        policy = parsed_object(text, fields=_FIELDS)
        of_everybody = [name for name in _OF_EVERYBODY if name in policy]
        of_callers = [name for name in (_RULES, _PARAMETER) if name in policy]
        if of_callers and of_everybody:
            invalid(
                f"{of_everybody[0]} is for everybody, and {of_callers[0]} say who; leave one of "
                "them out"
            )
        if len(of_callers) > 1:
            invalid(f"{_RULES} are here and in {_PARAMETER}; leave one of them out")
        required = (_BASE_ROLES,) if of_callers else (_PRINCIPALS, _BASE_ROLES)
        if not of_callers and _ARNS not in policy:
            required = (_NAMES, *required)
        if missing := [name for name in required if name not in policy]:
            invalid(f"{missing[0]} is missing")
        base_roles = patterns(policy[_BASE_ROLES], _BASE_ROLES)
        if _RULES in policy:
            return cls((), (), base_roles, rules=parsed_rules(policy[_RULES]))
        if _PARAMETER in policy:
            return cls((), (), base_roles, rules_parameter=_parameter(policy[_PARAMETER]))
        return cls(
            role_names=patterns(policy[_NAMES], _NAMES) if _NAMES in policy else (),
            principals=tuple(principals(policy[_PRINCIPALS], _PRINCIPALS)),
            base_roles=base_roles,
            role_arns=frozenset(role_arns(policy.get(_ARNS, []), _ARNS)),
        )

    @property
    def asks_who(self) -> bool:
        """Whether it depends on who asks."""
        return bool(self.rules or self.rules_parameter)

    def of(
        self, who: Callable[[], Identity], rules: Callable[[], tuple[Rule, ...]] | None = None
    ) -> CallerRules:
        """The rules as they are for one caller; `rules` has those of a parameter."""
        if (rules is None) is (self.rules_parameter is not None):
            raise ValueError("rules are here or in a parameter")
        return CallerRules(rules or (lambda: self.rules), self.base_roles, who)

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


def _parameter(name: object) -> str:
    if not isinstance(name, str) or not _PARAMETER_NAME.fullmatch(name):
        invalid(f"{_PARAMETER} is {quoted(name)} and has to be a name as in /iam-sudo/name/rules")
    return name
