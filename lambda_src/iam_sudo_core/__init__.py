"""Decide whether a role may be simulated, and plan a session that is exactly the role."""

from typing import TYPE_CHECKING

from .exports import on_demand

if TYPE_CHECKING:
    from .broker.request import Request
    from .broker.selection import RoleSelectionPolicy
    from .broker.settings import Settings
    from .credentials import Credentials
    from .errors import IamSudoError, Refusal
    from .policy.principals import Principal
    from .session.plan import SessionPlan, plan_sessions
    from .session.role import Role, RoleSnapshot

__all__ = [
    "Credentials",
    "IamSudoError",
    "Principal",
    "Refusal",
    "Request",
    "Role",
    "RoleSelectionPolicy",
    "RoleSnapshot",
    "SessionPlan",
    "Settings",
    "plan_sessions",
]

# For those who ask for a type, the names above are all that there are.
if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            "Credentials": "credentials",
            "IamSudoError": "errors",
            "Principal": "policy.principals",
            "Refusal": "errors",
            "Request": "broker.request",
            "Role": "session.role",
            "RoleSelectionPolicy": "broker.selection",
            "RoleSnapshot": "session.role",
            "SessionPlan": "session.plan",
            "Settings": "broker.settings",
            "plan_sessions": "session.plan",
        },
    )
