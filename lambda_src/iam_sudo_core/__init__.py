"""Decide whether a role may be simulated, and plan a session that is exactly the role."""

from .credentials import Credentials
from .errors import IamSudoError, Refusal
from .principals import Principal
from .request import Request
from .roles import Role, RoleSnapshot
from .selection import RoleSelectionPolicy
from .session_plan import SessionPlan, plan_sessions
from .settings import Settings

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
