"""One decision: what is asked, which role is meant, may it be simulated, and the answer.

It imports every other room. These names bring no boto3 along; the modules `decision`,
`explanation`, `listing` and `simulate` do, so they are listed, and loaded by whoever imports them.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from .callers import Identity
    from .published import published_rules
    from .request import ListRequest, Request, request_hash
    from .rules import Rule
    from .selection import POLICY_VARIABLE, RoleSelectionPolicy
    from .settings import BASE_ROLE_VARIABLE, LARGE_ROLES_VARIABLE, Settings

__all__ = [
    "BASE_ROLE_VARIABLE",
    "LARGE_ROLES_VARIABLE",
    "POLICY_VARIABLE",
    "Identity",
    "ListRequest",
    "Request",
    "RoleSelectionPolicy",
    "Rule",
    "Settings",
    "decision",
    "explanation",
    "listing",
    "published_rules",
    "request_hash",
    "simulate",
]

# For those who ask for a type, the names above are all that there are.
if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            "BASE_ROLE_VARIABLE": "settings",
            "Identity": "callers",
            "LARGE_ROLES_VARIABLE": "settings",
            "ListRequest": "request",
            "POLICY_VARIABLE": "selection",
            "Request": "request",
            "RoleSelectionPolicy": "selection",
            "Rule": "rules",
            "Settings": "settings",
            "published_rules": "published",
            "request_hash": "request",
        },
    )
