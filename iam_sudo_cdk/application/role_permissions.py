"""What a role of the application may do, as far as synthesis knows, for the core's planner.

Gathered as the broker will find it: the role's own inline policies and those that other resources
put into it, its managed policies, its boundary, its tags. What only the deployment knows has texts
of a usual length. Where something may or may not be there (a condition, an override by
`add_property_override`) it is left out: what is gathered is rather too little than too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy import documents
from iam_sudo_core.session.role import Role, RoleSnapshot

from ..tag_trust.opening import IamResource, RoleResource, member
from .intrinsics import StandIn, is_intrinsic, rendered

# All is in one account: no role has managed policies of another.
_ACCOUNT = "000000000000"
BASE_ROLE = RoleArn(partition="aws", account=_ACCOUNT, name="IAMSudoUser")

_DOCUMENT = "AssumeRolePolicyDocument"
_PROPERTIES = (_DOCUMENT, "Policies", "ManagedPolicyArns", "PermissionsBoundary", "Tags")


class Unreadable(Exception):
    """Policies are where only the deployment can see them."""


@dataclass(frozen=True)
class NamedRole:
    """A role whose name synthesis knows, as the template of its stack has it."""

    construct: IConstruct
    name: str
    stack: cdk.Stack
    reference: object
    properties: Mapping[str, Any]

    @classmethod
    def read(cls, construct: IConstruct, *, name: str) -> NamedRole:
        role, stack = RoleResource(construct), cdk.Stack.of(construct)
        found = stack.resolve(role.values(*_PROPERTIES) | {"Ref": [role.construct.ref]})
        return cls(construct, name, stack, found["Ref"][0], found)

    @property
    def trust_policy(self) -> object:
        return rendered(self.properties.get(_DOCUMENT))


class PolicyResources:
    """The policies that are resources of their own; looked for once, at everything below `root`."""

    def __init__(self, root: IConstruct) -> None:
        self._inline = _placed(resources(root, "AWS::IAM::Policy", "AWS::IAM::RolePolicy"))
        self._managed = _placed(resources(root, "AWS::IAM::ManagedPolicy"))
        self._references: dict[cdk.Stack, list[object]] = {}
        self._root = root

    def snapshot(
        self, role: NamedRole, stand_in: StandIn, *, is_only_of_its_name: bool
    ) -> RoleSnapshot:
        """All that decides what a role may do; documents have texts of `stand_in`.

        Raises:
            Unreadable: something of it is the deployment's to decide.
        """

        def those_for_it(found: Iterable[Policy]) -> list[Policy]:
            meant = [each for each in found if each.is_for(role, anywhere=is_only_of_its_name)]
            return [each for each in meant if not each.is_conditional]

        reading = _Reading(stand_in)
        inline = reading.inline(_objects(role.properties.get("Policies")))
        inline |= reading.inline(each.properties() for each in those_for_it(self._inline))
        managed: dict[str, object] = {}
        for entry in _listed(role.properties.get("ManagedPolicyArns")):
            policy = self.referred_to(entry, role.stack)
            managed |= reading.managed(policy) if policy else reading.foreign(entry)
        for policy in those_for_it(self._managed):
            managed |= reading.managed(policy)
        boundary: dict[str, object] = {}
        if entry := role.properties.get("PermissionsBoundary"):
            policy = self.referred_to(entry, role.stack)
            if policy is None:
                raise Unreadable
            boundary = reading.managed(policy)
        arn = BASE_ROLE.sibling(role.name)
        return RoleSnapshot(
            role=Role(role.name, arn, role.trust_policy),
            inline_policies=inline,
            managed_policy_arns=tuple(managed),
            permissions_boundary=next(iter(boundary), None),
            tags=reading.tags(_objects(role.properties.get("Tags"))),
            documents={
                arn: document
                for arn, document in (managed | boundary).items()
                if _is_understood(document)
            },
        )

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
        for role in resources(self._root, "AWS::IAM::Role"):
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


class _Reading:
    """How the policies of one role are read."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    def inline(self, found: Iterable[Mapping[str, Any]]) -> dict[str, object]:
        return {
            str(rendered(member(each, "PolicyName"))): self._document(each)
            for each in found
            if member(each, "PolicyDocument")  # without a statement it is not in the template
        }

    def managed(self, policy: Policy) -> dict[str, object]:
        """The ARN of one of the application's own, and its document."""
        found = policy.properties()
        name = self._text(found.get("ManagedPolicyName") or self._made_up_name(policy))
        return {_arn(self._text(found.get("Path", "/")) + name): self._document(found)}

    def foreign(self, entry: object) -> dict[str, object]:
        """The ARN of a policy whose document synthesis does not have."""
        if isinstance(entry, Mapping) and ("Fn::If" in entry or entry.get("Ref") == "AWS::NoValue"):
            return {}
        text = self._text(entry)
        match text.split(":", 5):
            case ["arn", _, service, region, owner, name]:
                owner = "aws" if owner == "aws" else _ACCOUNT
                return {":".join(["arn", "aws", service, region, owner, name]): None}
        return {_arn(f"/{text}"): None}

    def tags(self, tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        return {
            self._text(member(each, "Key")): self._text(member(each, "Value"))
            for each in tags
            if member(each, "Key")
        }

    def _document(self, policy: Mapping[str, Any]) -> object:
        return rendered(member(policy, "PolicyDocument"), self._stand_in)

    def _made_up_name(self, policy: Policy) -> str:
        """As CloudFormation will make it up, as far as it can be told; no other policy has it."""
        node = policy.resource.construct.node
        return self._stand_in("Ref", f"{node.path.replace('/', '-')}-{node.addr[-12:]}")

    def _text(self, value: object) -> str:
        return str(rendered(value, self._stand_in))


def resources(root: IConstruct, *types: str) -> list[IConstruct]:
    """The resources of these types below `root`, in one round trip to Node."""
    return list(cdk.ConstructSelector.resources_of_type(*types).select(root))


def _arn(path: str) -> str:
    return f"arn:aws:iam::{_ACCOUNT}:policy{path}"


def _roles(policy: IamResource) -> object:
    return policy.value("Roles") or [policy.value("RoleName") or ""]


def _is_from_elsewhere(entry: object) -> bool:
    """Whether a resolved value is what the CDK makes of a reference across stacks."""
    if isinstance(entry, Mapping) and "Ref" in entry:
        return str(entry["Ref"]).startswith("referenceto")  # the parameter of a nested stack
    return is_intrinsic(entry)


def _is_understood(document: object) -> bool:
    try:
        documents.statements(document)
    except ValueError:
        return False
    return True


def _listed(value: object) -> list[Any]:
    """The items of a property that is a list, or not there."""
    if not isinstance(value, list | None):
        raise Unreadable
    return value or []


def _objects(value: object) -> list[Mapping[str, Any]]:
    """Likewise, the objects among them."""
    return [each for each in _listed(value) if isinstance(each, Mapping)]
