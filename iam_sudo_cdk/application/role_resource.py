"""A role of the application as CloudFormation will see it, whatever made it.

Every shape that a role has in an application will do: `Role` and `LazyRole`, `CfnRole`, roles of
included templates, and a plain `CfnResource`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from .cdk_insides import has_a_class_of_its_type, has_token
from .intrinsics import rendered, told_apart
from .resources import IamResource

ROLE_TYPE = "AWS::IAM::Role"
TRUST_POLICY = "AssumeRolePolicyDocument"
_PROPERTIES = (TRUST_POLICY, "Policies", "ManagedPolicyArns", "PermissionsBoundary", "Tags")


class RoleResource(IamResource):
    """A role, of whatever shape."""

    @property
    def name(self) -> str | None:
        """The role's name, when synthesis knows it."""
        name = self.value("RoleName")
        return name if isinstance(name, str) and not has_token(name) else None

    def resolved(self, stack: cdk.Stack) -> tuple[Any, str, str]:
        """The trust policy as it will be in the template, and name and path as far as known."""
        found = stack.resolve(self.values(TRUST_POLICY, "RoleName", "Path"))
        name, path = (str(rendered(found.get(key, ""), told_apart)) for key in ("RoleName", "Path"))
        return found.get(TRUST_POLICY), name, path

    def tags(self, stack: cdk.Stack) -> list[Any]:
        """The tags; what synthesis does not know is left as intrinsic functions."""
        tags = self.value("Tags") or []
        if not (isinstance(tags, list) and all(map(_is_plain_tag, tags))):
            tags = stack.resolve(tags)
        return tags if isinstance(tags, list) else [tags]


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
        return rendered(self.properties.get(TRUST_POLICY))


def is_role_resource(construct: object) -> bool:
    """Whether a construct is the CloudFormation resource of a role."""
    if isinstance(construct, iam.CfnRole):
        return True
    # Of the resources that have a class of their type, no others are roles.
    return (
        isinstance(construct, cdk.CfnResource)
        and not has_a_class_of_its_type(construct)
        and construct.cfn_resource_type == ROLE_TYPE
    )


def is_customized(role: iam.Role) -> bool:
    """Whether a role is, to the rest of the application, another that was made by hand."""
    # Of `Role.customize_roles`, it has a name that is text; others have a reference.
    return not has_token(role.role_name)


def is_beyond_reach(construct: IConstruct) -> bool:
    """Whether a construct stands for a role that the application cannot change."""
    if isinstance(construct, iam.Role):
        # With `prevent_synthesis=False` the role is in the template as well.
        return is_customized(construct) and construct.node.default_child is None
    # An imported role is of no public class; of others, this attribute is a role's alone.
    return (
        not isinstance(construct, iam.LazyRole | cdk.CfnElement)
        and hasattr(construct, "role_arn")
        and hasattr(construct, "role_name")
        and hasattr(construct, "assume_role_action")
        and construct.node.default_child is None  # not `Role.without_policy_updates()`
    )


def _is_plain_tag(item: object) -> bool:
    return isinstance(item, Mapping) and all(
        isinstance(text, str) and not has_token(text) for text in item.values()
    )
