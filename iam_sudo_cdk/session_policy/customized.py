"""Roles of the broker that somebody makes by hand."""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from ..application import is_customized
from ..errors import InvalidConfiguration


def refuse_customized(role: iam.Role) -> None:
    """Refuse that a role of the broker is one that somebody made by hand (`Role.customize_roles`).

    What keeps the broker from its sessions is part of its roles, and nothing shows that another
    role has it.
    """
    # On older CDKs its name does not tell, and only the role that stands in for it does.
    stand_in = role.node.try_find_child(f"PrecreatedRole{role.node.id}")
    if is_customized(role) or stand_in:
        raise InvalidConfiguration(
            f"Role.customize_roles: {role.node.path} has to be made by the application, since it "
            "carries what keeps the broker from its sessions; customize the roles of constructs "
            "without IamSudo in them, or use TagTrustStrategy",
            path=role.node.path,
        )
