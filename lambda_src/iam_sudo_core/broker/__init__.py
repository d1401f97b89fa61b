"""One decision: what is asked, which role is meant, may it be simulated, and the answer.

It imports every other room. These names bring no boto3 along; `decision`, `simulate` and
`explanation` do, and are imported by their own names.
"""

from .request import Request
from .selection import RoleSelectionPolicy
from .settings import Settings

__all__ = ["Request", "RoleSelectionPolicy", "Settings"]
