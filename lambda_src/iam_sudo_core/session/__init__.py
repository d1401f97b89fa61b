"""A session that is exactly the role: its plan, its tags, its caller, and what still differs.

Pure. It imports `policy`, and the words that all rooms use.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from . import differences, tags
    from .caller import check_caller
    from .caller_keys import Caller
    from .carriers import Carrier, is_old
    from .differences import Difference
    from .draft import MAX_CHARACTERS, MAX_POLICY_ARNS
    from .naming import session_name, session_name_patterns
    from .plan import (
        DURATION_SECONDS,
        SessionPlan,
        plan_sessions,
        plan_whole,
        policy_sizes,
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

# For those who ask for a type, the names above are all that there are.
if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            "DURATION_SECONDS": "plan",
            "MAX_CHARACTERS": "draft",
            "MAX_POLICY_ARNS": "draft",
            "Caller": "caller_keys",
            "Carrier": "carriers",
            "Difference": "differences",
            "Outline": "role",
            "Role": "role",
            "RoleSnapshot": "role",
            "SessionPlan": "plan",
            "SessionTerms": "terms",
            "WholeRole": "role",
            "check_caller": "caller",
            "differences": None,
            "is_old": "carriers",
            "plan_sessions": "plan",
            "plan_whole": "plan",
            "policy_sizes": "plan",
            "session_name": "naming",
            "session_name_patterns": "naming",
            "tags": None,
        },
    )
