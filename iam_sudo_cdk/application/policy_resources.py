"""The policies that are resources of their own, and the roles that each of them is for.

A reference to a role or to a policy is compared as it is in the template of a stack: across stacks
the CDK writes something else, and it may be one that no template is allowed to have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from .cdk_insides import is_parameter_for_a_reference
from .intrinsics import is_intrinsic
from .resources import IamResource, resources
from .role_resource import ROLE_TYPE, NamedRole, RoleResource


class PolicyResources:
    """Those below `root`, looked for once."""

    def __init__(self, root: IConstruct) -> None:
        self._inline = _placed(resources(root, "AWS::IAM::Policy", "AWS::IAM::RolePolicy"))
        self._managed = _placed(resources(root, "AWS::IAM::ManagedPolicy"))
        self._references: dict[cdk.Stack, list[object]] = {}
        self._root = root

    def inline(self, role: NamedRole, *, is_only_of_its_name: bool) -> list[Policy]:
        """What is put into a role for certain."""
        return _for_certain(self._inline, role, is_only_of_its_name)

    def managed(self, role: NamedRole, *, is_only_of_its_name: bool) -> list[Policy]:
        """What attaches itself to a role for certain."""
        return _for_certain(self._managed, role, is_only_of_its_name)

    def may_be_for(self, role: NamedRole) -> list[Policy]:
        """The policies of a role that are resources, rather too many than too few.

        Conditional ones as well, and those of which it cannot be told whose they are.
        """
        return [
            each
            for each in (*self._inline, *self._managed)
            if each.is_for(role, anywhere=True)
            or each.is_undecided
            or any(
                is_intrinsic(entry) and entry not in self._role_references.get(each.stack, ())
                for entry in each.roles
            )
        ]

    @cached_property
    def _role_references(self) -> Mapping[cdk.Stack, list[object]]:
        """How the template of each stack refers to the roles in it."""
        references: dict[cdk.Stack, list[str]] = {}
        for role in resources(self._root, ROLE_TYPE):
            resource = RoleResource(role).construct
            references.setdefault(resource.stack, []).append(resource.ref)
        return {stack: list(stack.resolve(refs)) for stack, refs in references.items()}

    def referred_to(self, entry: object, stack: cdk.Stack) -> Policy | None:
        """The managed policy that is `entry` in the template of `stack`."""
        if stack not in self._references:
            references = [each.resource.construct.ref for each in self._managed]
            self._references[stack] = list(stack.resolve(references))
        for policy, reference in zip(self._managed, self._references[stack], strict=True):
            if entry == reference and (policy.stack is stack or _is_from_elsewhere(entry)):
                return policy
        return None


@dataclass(frozen=True)
class Policy:
    """A policy, the stack that it is in, and the roles that it is for in that stack's template.

    `is_undecided` when only the deployment knows all of its roles.
    """

    resource: IamResource
    stack: cdk.Stack
    roles: list[object]
    is_undecided: bool

    def is_for(self, role: NamedRole, *, anywhere: bool) -> bool:
        """Whether it is for `role`, whose name is a role's of another stack too if not `anywhere`.

        Without a round trip, but where the reference is one across stacks.
        """
        is_here = self.stack is role.stack
        if role.name in self.roles and (is_here or anywhere):
            return True
        if is_here:
            return role.reference in self.roles
        return any(map(_is_from_elsewhere, self.roles)) and role.reference in role.stack.resolve(
            _roles(self.resource)
        )

    @property
    def is_conditional(self) -> bool:
        return self.resource.construct.cfn_options.condition is not None

    def properties(self) -> Mapping[str, Any]:
        """As its own template has them: from another stack, a reference may not be allowed."""
        found: Mapping[str, Any] = self.stack.resolve(
            self.resource.values("PolicyName", "ManagedPolicyName", "Path", "PolicyDocument")
        )
        return found


def _placed(found: Iterable[IConstruct]) -> list[Policy]:
    by_stack: dict[cdk.Stack, list[IamResource]] = {}
    for resource in map(IamResource, found):
        by_stack.setdefault(resource.construct.stack, []).append(resource)
    placed = []
    for stack, read in by_stack.items():
        resolved = stack.resolve({str(number): _roles(each) for number, each in enumerate(read)})
        for number, each in enumerate(read):
            roles = resolved.get(str(number))
            is_undecided = not isinstance(roles, list | None)
            placed.append(Policy(each, stack, [] if is_undecided else roles or [], is_undecided))
    return placed


def _for_certain(
    found: Iterable[Policy], role: NamedRole, is_only_of_its_name: bool
) -> list[Policy]:
    meant = [each for each in found if each.is_for(role, anywhere=is_only_of_its_name)]
    return [each for each in meant if not each.is_conditional]


def _roles(policy: IamResource) -> object:
    return policy.value("Roles") or [policy.value("RoleName") or ""]


def _is_from_elsewhere(entry: object) -> bool:
    """Whether a resolved value is what the CDK makes of a reference across stacks."""
    if isinstance(entry, Mapping) and "Ref" in entry:
        return is_parameter_for_a_reference(str(entry["Ref"]))
    return is_intrinsic(entry)
