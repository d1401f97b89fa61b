"""Which roles of an application are selected: by use, name or path, and by whom they trust.

What is nobody's to open is never selected. Where only the deployment knows whom a role trusts, that
is said on the role, which is not selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol, cast

import aws_cdk as cdk
from constructs import Construct, IConstruct

from iam_sudo_core import Principal
from iam_sudo_core.policy.principals import trusted_principals

from ..accounts import possible_accounts
from ..application import (
    USES,
    HelperRoles,
    RoleResource,
    UsedRoles,
    identity,
    is_intrinsic,
    is_undecided,
    rendered,
)
from ..selection import RoleSelection
from .never_opened import is_a_brokers, is_a_helpers, is_left_out_of_grants, is_of_bootstrap


class Warn(Protocol):
    """Says on a construct, under an id, why developers get no access to it."""

    def __call__(self, construct: IConstruct, id: str, problem: str) -> None: ...


class SelectedRoles:
    """The roles of the application of `scope` that are meant."""

    def __init__(self, scope: Construct, selection: RoleSelection, *, warn: Warn) -> None:
        self._root = scope.node.root
        self._app = identity(self._root)
        self.selection = selection
        self._owner = scope
        self._warn = warn
        self._policy = selection.policy()
        self._principal_types = {principal.type for principal in self._policy.principals}
        self._stack_names: dict[cdk.Stack, str] = {}
        self._stages: dict[cdk.Stack, IConstruct] = {}
        self._used: dict[object, tuple[UsedRoles, int]] = {}
        self._helpers: dict[object, HelperRoles] = {}

    def trust_policy(
        self, role: RoleResource, *, path: str, stack: cdk.Stack
    ) -> Mapping[str, Any] | None:
        """The trust policy of a role that is selected; `path` is that of its resource."""
        if self.is_a_brokers(path) or is_a_helpers(path):
            return None
        uses = self.uses(role, stack)
        if not uses and not self.is_named(role, path):
            return None
        policy, name, iam_path = role.resolved(stack)
        principals = frozenset() if is_of_bootstrap(name) else self._principals(role, policy)
        if self._policy.allowed(principals) is None:
            return None
        # CloudFormation makes names up from that of the stack.
        grant_name = name or self._name_of(stack)
        if self.is_a_helper(role, stack, name=name, principals=principals):
            if set(uses) - {"lambda"}:
                problem = "a helper that deploys the application runs with it as well"
                self._warn(role.construct, "helper", problem)
        elif is_left_out_of_grants(grant_name, iam_path=iam_path):
            problem = "by its name, cdk-…, it is like one of cdk bootstrap"
            self._warn(role.construct, "leftOut", problem)
        else:
            return cast(Mapping[str, Any], policy)
        return None

    def is_a_brokers(self, path: str) -> bool:
        """Whether what has this path belongs to a broker of the application."""
        return is_a_brokers(path, app=self._app)

    def is_named(self, role: RoleResource, path: str) -> bool:
        """Whether a role is meant by its name or by the construct path of its resource."""
        return self.selection.names(name=role.name, path=path.removesuffix("/Resource"))

    def names(self, *, name: str, path: str) -> bool:
        """Whether a role that is no resource is meant; its name may be a token."""
        known = None if cdk.Token.is_unresolved(name) else name
        return self.selection.names(name=known, path=path) and not is_of_bootstrap(name)

    def uses(self, role: RoleResource, stack: cdk.Stack) -> list[str]:
        """What a role is used for, of the uses that are meant."""
        if not self.selection.used_by:
            return []
        used = self.used_in(stack).uses(role, stack, accounts=self.accounts)
        return [use for use in self.selection.used_by if use in used]

    @cached_property
    def accounts(self) -> tuple[str, ...] | None:
        """The accounts that stacks which do not know their own are for, as far as is known."""
        return possible_accounts(cdk.Stack.of(self._owner))

    def may_mean(self, use: str) -> bool:
        """Whether a role of this use, which nobody can see, may be one that is meant."""
        if use in self.selection.used_by:
            return True
        services = [Principal("Service", each) for each in USES[use].services]
        return bool(self.selection.paths and self._policy.allowed(services))

    def used_in(self, stack: cdk.Stack) -> UsedRoles:
        """The roles that are used in the stage of a stack, as when it was first looked at."""
        stage = self._stage_of(stack)
        if identity(stage) not in self._used:
            used = UsedRoles.below(stage)
            self._used[identity(stage)] = used, used.look(self.selection.used_by)
        return self._used[identity(stage)][0]

    def is_a_helper(
        self,
        role: RoleResource,
        stack: cdk.Stack,
        *,
        name: str,
        principals: frozenset[Principal],
    ) -> bool:
        """Whether the application's helpers run with a role; helpers are functions."""
        if not any("lambda" in each.id or set(each.id) & set("*<") for each in principals):
            return False
        stage = self._stage_of(stack)
        if identity(stage) not in self._helpers:
            self._helpers[identity(stage)] = HelperRoles(stage, is_the_cdks=is_a_helpers)
        helpers = self._helpers[identity(stage)]
        return identity(role.construct) in helpers.identities or name in helpers.names

    def look_again(self) -> bool:
        """Whether there are uses that have come since; from now on everything is read anew."""
        self._helpers.clear()
        used, self._used = self._used, {}
        return any(each.look(self.selection.used_by) > seen for each, seen in used.values())

    def _stage_of(self, stack: cdk.Stack) -> IConstruct:
        if stack not in self._stages:
            self._stages[stack] = cdk.Stage.of(stack) or self._root
        return self._stages[stack]

    def _name_of(self, stack: cdk.Stack) -> str:
        if stack not in self._stack_names:
            top = stack
            while top.nested_stack_parent:  # the name of a nested one begins with its parent's
                top = top.nested_stack_parent
            self._stack_names[stack] = top.stack_name
        return self._stack_names[stack]

    def _principals(self, role: RoleResource, policy: object) -> frozenset[Principal]:
        """Whom a role trusts; nobody, where that is decided at deployment."""
        statements = policy.get("Statement") if isinstance(policy, Mapping) else None
        if statements is None or is_intrinsic(statements):
            self._warn(role.construct, "decided", "its trust policy is decided at deployment")
            return frozenset()
        listed = statements if isinstance(statements, list) else [statements]
        readable = [statement for statement in listed if not is_intrinsic(statement)]
        try:
            principals = trusted_principals({"Statement": rendered(readable)}, partition="aws")
        except ValueError as error:
            self._warn(role.construct, "unread", f"its trust policy cannot be read: {error}")
            return frozenset()
        if self._policy.allowed(principals) is None and (
            len(readable) < len(listed)
            or any(
                is_undecided(each.id) for each in principals if each.type in self._principal_types
            )
        ):
            self._warn(role.construct, "decided", "whom it trusts is decided at deployment")
        return principals
