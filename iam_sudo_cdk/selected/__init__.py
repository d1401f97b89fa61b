"""Which roles of an application are selected, which never are, and which were nearly.

It may import `application` and the library's floor (`selection`, `errors` …), not the strategies.
"""

from .nearest import nothing_selected
from .never_opened import (
    NEVER_GRANTED,
    NeverSelected,
    is_left_out_of_grants,
    is_nobodys_to_open,
)
from .seen_elsewhere import unseen_roles
from .selected_roles import SelectedRoles

__all__ = [
    "NEVER_GRANTED",
    "NeverSelected",
    "SelectedRoles",
    "is_left_out_of_grants",
    "is_nobodys_to_open",
    "nothing_selected",
    "unseen_roles",
]
