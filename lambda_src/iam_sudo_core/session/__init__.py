"""A session that is exactly the role: its plan, its tags, its caller, and what still differs.

Pure. It imports `policy`, and the words that all rooms use.
"""

from .caller import check_caller
from .caller_keys import Caller
from .differences import Difference
from .plan import SessionPlan, plan_sessions, plan_whole, session_name
from .role import Outline, Role, RoleSnapshot, WholeRole

__all__ = [
    "Caller",
    "Difference",
    "Outline",
    "Role",
    "RoleSnapshot",
    "SessionPlan",
    "WholeRole",
    "check_caller",
    "plan_sessions",
    "plan_whole",
    "session_name",
]
