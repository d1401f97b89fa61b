"""What the broker is told by its environment: the role-selection policy and the base role.

Both are required; without either the broker does not start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..arns import RoleArn
from ..errors import InvalidSettings, quoted
from .selection import POLICY_VARIABLE, RoleSelectionPolicy

BASE_ROLE_VARIABLE = "IAM_SUDO_BASE_ROLE"


@dataclass(frozen=True)
class Settings:
    """The broker's settings, checked."""

    selection: RoleSelectionPolicy
    base_role: RoleArn

    @classmethod
    def parse(cls, environ: Mapping[str, str]) -> Settings:
        """Read `IAM_SUDO_POLICY` (JSON) and `IAM_SUDO_BASE_ROLE` (the ARN of a role).

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
        return cls(selection, base_role)
