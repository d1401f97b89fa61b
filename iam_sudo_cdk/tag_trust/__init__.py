"""The strategy without one: which roles developers assume, how they are opened, and the grant.

It may import `application`, `selected` and the library's floor (`accounts`, `selection` …), not
`session_policy`.
"""

from .developer_trust import DeveloperTrust
from .strategy import TagTrustStrategy, TrustedRoles
from .trust_statement import TRUST_POLICY_CHARACTERS, Tag

__all__ = [
    "TRUST_POLICY_CHARACTERS",
    "DeveloperTrust",
    "Tag",
    "TagTrustStrategy",
    "TrustedRoles",
]
