"""A session that is exactly the role: its plan, its tags, its caller, and what still differs.

Pure. It imports `policy`, and the words that all rooms use.
"""

from . import differences, tags
from .caller import check_caller
from .caller_keys import Caller
from .carriers import Carrier, is_old
from .differences import Difference
from .drafts import MAX_CHARACTERS, MAX_POLICY_ARNS
from .plan import (
    DURATION_SECONDS,
    SessionPlan,
    plan_sessions,
    plan_whole,
    policy_sizes,
    session_name,
    session_name_patterns,
)
from .role import Outline, Role, RoleSnapshot, WholeRole
from .terms import SessionTerms

__all__ = [
    "DURATION_SECONDS",
    "MAX_CHARACTERS",
    "MAX_POLICY_ARNS",
    "Caller",
    "Carrier",
    "Difference",
    "Outline",
    "Role",
    "RoleSnapshot",
    "SessionPlan",
    "SessionTerms",
    "WholeRole",
    "check_caller",
    "differences",
    "is_old",
    "plan_sessions",
    "plan_whole",
    "policy_sizes",
    "session_name",
    "session_name_patterns",
    "tags",
]
