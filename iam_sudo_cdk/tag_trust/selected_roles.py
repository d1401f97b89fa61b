"""Which roles of an application are selected: by whom they trust, and by name or construct path.

What is nobody's to open is never selected. Where only the deployment knows whom a role trusts, that
is said on the role, which is not selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import aws_cdk as cdk
from constructs import Construct

from iam_sudo_core.policy.principals import trusted_principals

from ..application import RoleResource, identity, is_intrinsic, is_undecided, rendered
from ..selection import RoleSelection
from .annotations import warn
from .never_opened import is_a_brokers, is_a_helpers, is_left_out_of_grants, is_of_bootstrap


class SelectedRoles:
    """The roles of the application of `scope` that are meant."""

    def __init__(self, scope: Construct, selection: RoleSelection) -> None:
        self._app = identity(scope.node.root)
        self._selection = selection
        self._policy = selection.policy()
        self._principal_types = {principal.type for principal in self._policy.principals}
        self._stack_names: dict[cdk.Stack, str] = {}

    def trust_policy(
        self, role: RoleResource, *, path: str, stack: cdk.Stack
    ) -> Mapping[str, Any] | None:
        """The trust policy of a role that is selected; `path` is that of its resource."""
        if self.is_a_brokers(path) or is_a_helpers(path):
            return None
        if not self._selection.names(name=role.name, path=path.removesuffix("/Resource")):
            return None
        policy, name, iam_path = role.resolved(stack)
        if is_of_bootstrap(name) or not self._trusts_a_selected_principal(role, policy):
            return None
        # CloudFormation makes names up from that of the stack.
        name = name or self._name_of(stack)
        if is_left_out_of_grants(name, iam_path=iam_path):
            warn(role.construct, "leftOut", "by its name, cdk-…, it is like one of cdk bootstrap")
            return None
        return cast(Mapping[str, Any], policy)

    def is_a_brokers(self, path: str) -> bool:
        """Whether what has this path belongs to a broker of the application."""
        return is_a_brokers(path, app=self._app)

    def names(self, *, name: str, path: str) -> bool:
        """Whether a role that is no resource is meant; its name may be a token."""
        known = None if cdk.Token.is_unresolved(name) else name
        return self._selection.names(name=known, path=path) and not is_of_bootstrap(name)

    def _name_of(self, stack: cdk.Stack) -> str:
        if stack not in self._stack_names:
            top = stack
            while top.nested_stack_parent:  # the name of a nested one begins with its parent's
                top = top.nested_stack_parent
            self._stack_names[stack] = top.stack_name
        return self._stack_names[stack]

    def _trusts_a_selected_principal(self, role: RoleResource, policy: object) -> bool:
        statements = policy.get("Statement") if isinstance(policy, Mapping) else None
        if statements is None or is_intrinsic(statements):
            warn(role.construct, "decided", "its trust policy is decided at deployment")
            return False
        listed = statements if isinstance(statements, list) else [statements]
        readable = [statement for statement in listed if not is_intrinsic(statement)]
        try:
            principals = trusted_principals({"Statement": rendered(readable)}, partition="aws")
        except ValueError as error:
            warn(role.construct, "unread", f"its trust policy cannot be read: {error}")
            return False
        if self._policy.allowed(principals):
            return True
        if len(readable) < len(listed) or any(
            is_undecided(each.id) for each in principals if each.type in self._principal_types
        ):
            warn(role.construct, "decided", "whom it trusts is decided at deployment")
        return False
