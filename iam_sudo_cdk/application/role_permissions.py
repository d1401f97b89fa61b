"""What a role of the application may do, as far as synthesis knows, for the core's planner.

Gathered as the broker will find it: the role's own inline policies and those that other resources
put into it, its managed policies, its boundary, its tags. What only the deployment knows has texts
of a usual length. Where something may or may not be there (a condition, an override by
`add_property_override`) it is left out: what is gathered is rather too little than too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy import documents
from iam_sudo_core.session.role import Role, RoleSnapshot

from .intrinsics import StandIn, rendered
from .policy_resources import Policy, PolicyResources
from .resources import member
from .role_resource import NamedRole

# All is in one account: no role has managed policies of another.
_ACCOUNT = "000000000000"
BASE_ROLE = RoleArn(partition="aws", account=_ACCOUNT, name="IAMSudoUser")


class Unreadable(Exception):
    """Policies are where only the deployment can see them."""


def snapshot(
    role: NamedRole, found: PolicyResources, stand_in: StandIn, *, is_only_of_its_name: bool
) -> RoleSnapshot:
    """All that decides what a role may do; documents have texts of `stand_in`.

    `found` are the policies of the application, and `is_only_of_its_name` says whether no other
    role of the application has the role's name.

    Raises:
        Unreadable: something of it is the deployment's to decide.
    """
    reading = _Reading(stand_in)
    inline = reading.inline(_objects(role.properties.get("Policies")))
    inline |= reading.inline(
        each.properties() for each in found.inline(role, is_only_of_its_name=is_only_of_its_name)
    )
    managed: dict[str, object] = {}
    for entry in _listed(role.properties.get("ManagedPolicyArns")):
        policy = found.referred_to(entry, role.stack)
        managed |= reading.managed(policy) if policy else reading.foreign(entry)
    for policy in found.managed(role, is_only_of_its_name=is_only_of_its_name):
        managed |= reading.managed(policy)
    boundary: dict[str, object] = {}
    if entry := role.properties.get("PermissionsBoundary"):
        policy = found.referred_to(entry, role.stack)
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


def _arn(path: str) -> str:
    return f"arn:aws:iam::{_ACCOUNT}:policy{path}"


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
