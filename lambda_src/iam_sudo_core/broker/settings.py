"""What the broker is told by its environment: the role-selection policy and the base role.

Both are required; without either the broker does not start. And whether it may make managed
policies for roles that are too large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..arns import RoleArn
from ..errors import InvalidSettings, quoted
from .selection import POLICY_VARIABLE, RoleSelectionPolicy

BASE_ROLE_VARIABLE = "IAM_SUDO_BASE_ROLE"
LARGE_ROLES_VARIABLE = "IAM_SUDO_LARGE_ROLES"
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class Settings:
    """The broker's settings, checked."""

    selection: RoleSelectionPolicy
    base_role: RoleArn
    large_roles: bool = True

    @classmethod
    def parse(cls, environ: Mapping[str, str]) -> Settings:
        """Read `IAM_SUDO_POLICY` (JSON) and `IAM_SUDO_BASE_ROLE` (the ARN of a role).

        `IAM_SUDO_LARGE_ROLES` is whether managed policies are made for what is too large; without
        it they are.

        Raises:
            InvalidSettings: naming the variable, the value and what is allowed.
        """
        for variable in (POLICY_VARIABLE, BASE_ROLE_VARIABLE):
            if not environ.get(variable):
                raise InvalidSettings(key=variable, problem="it is not set, and it is required")
        selection = RoleSelectionPolicy.parse(environ[POLICY_VARIABLE])
        base_role = RoleArn.parse(environ[BASE_ROLE_VARIABLE])
        if base_role is None:
            raise InvalidSettings(
                key=BASE_ROLE_VARIABLE,
                problem=f"{quoted(environ[BASE_ROLE_VARIABLE])} is not the ARN of a role",
            )
        if not selection.allows_base_role(str(base_role)):
            raise InvalidSettings(
                key=BASE_ROLE_VARIABLE,
                problem=f"{base_role} is not one of allowed-base-roles in {POLICY_VARIABLE}",
            )
        large_roles = environ.get(LARGE_ROLES_VARIABLE, "true")
        if large_roles not in _TRUTHS:
            raise InvalidSettings(
                key=LARGE_ROLES_VARIABLE,
                problem=f"{quoted(large_roles)} is neither true nor false",
            )
        return cls(selection, base_role, _TRUTHS[large_roles])
