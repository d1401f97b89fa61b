"""What synthesis knows of the application: its roles, their policies, what is left open.

It reads and says nothing. It imports of ours the core alone.
"""

from .cdk_insides import TaggableVisitor, has_any_token, has_token, identity, path_of
from .elsewhere import roles_elsewhere
from .helper_roles import HelperRoles
from .intrinsics import UsualLength, is_intrinsic, is_undecided, may_be, rendered
from .older_cdks import Mixin
from .policy_resources import Policy, PolicyResources
from .resources import member, resources
from .role_permissions import BASE_ROLE, Unreadable, snapshot
from .role_resource import (
    ROLE_TYPE,
    TRUST_POLICY,
    NamedRole,
    RoleResource,
    is_beyond_reach,
    is_customized,
    is_role_resource,
)
from .used_roles import UsedRoles
from .uses import USES

__all__ = [
    "BASE_ROLE",
    "ROLE_TYPE",
    "TRUST_POLICY",
    "USES",
    "HelperRoles",
    "Mixin",
    "NamedRole",
    "Policy",
    "PolicyResources",
    "RoleResource",
    "TaggableVisitor",
    "Unreadable",
    "UsedRoles",
    "UsualLength",
    "has_any_token",
    "has_token",
    "identity",
    "is_beyond_reach",
    "is_customized",
    "is_intrinsic",
    "is_role_resource",
    "is_undecided",
    "may_be",
    "member",
    "path_of",
    "rendered",
    "resources",
    "roles_elsewhere",
    "snapshot",
]
