"""The strategy without one: which roles developers assume, how they are opened, and the grant.

It may import `application` and the library's floor (`accounts`, `grants`, `selection` …), not
`session_policy`.
"""

from .developer_trust import DeveloperTrust
from .never_opened import NeverSelected
from .strategy import TagTrustStrategy, TrustedRoles
from .trust_statement import TRUST_POLICY_CHARACTERS, Tag

__all__ = [
    "TRUST_POLICY_CHARACTERS",
    "DeveloperTrust",
    "NeverSelected",
    "Tag",
    "TagTrustStrategy",
    "TrustedRoles",
]
