"""What is known of the insides of the CDK and of jsii, so that Node need not be asked.

Each question to Node is a round trip of a quarter of a millisecond, and an application of 1,000
roles has 4,000 constructs (docs/decisions/0004). What is here answers without one, or with one
instead of two; neither the CDK nor jsii promises any of it. So it is here alone, and
tests/cdk/application/test_cdk_insides.py tries each assumption on the CDK that is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk


def identity(construct: Any) -> object:
    """Which construct an object stands for, good as a key: Python may have several for one."""
    # Asking for `node.addr` would be two round trips.
    reference: object = construct.__jsii_ref__.ref
    return reference


def has_token(text: str) -> bool:
    """Whether a text has a part that only synthesis or the deployment knows."""
    # How tokens look in texts; `Token.is_unresolved` is a round trip.
    return "${Token[" in text


def has_any_token(value: object) -> bool:
    """Whether a value, a text or a list of texts, has such a part."""
    shown = str(value)
    return has_token(shown) or "#{Token[" in shown


def path_of(resource: Any) -> str:
    """The path of a resource in the construct tree."""
    # "the-stack/Role/Resource [AWS::IAM::Role]", for one round trip less than `node.path`.
    return str(resource.to_string()).rpartition(" [")[0]


def has_a_class_of_its_type(construct: object) -> bool:
    """Whether the class of a resource says what type it is of; false where it may not."""
    # The CDK has those classes in modules of their own, as `aws_cdk.aws_iam`; a plain CfnResource,
    # and whatever is made of it, would have to be asked for its type.
    return type(construct).__module__.startswith("aws_cdk.")


def properties_of(resource: Any) -> Mapping[str, Any]:
    """All properties, tokens and all, in one round trip; overrides are not among them.

    Of a class of its type they have the names of the class's own (`assumeRolePolicyDocument`), of a
    plain CfnResource those of CloudFormation (`AssumeRolePolicyDocument`).
    """
    properties: Mapping[str, Any] = resource._cfn_properties
    return properties


def is_parameter_for_a_reference(name: str) -> bool:
    """Whether the CDK made a parameter of a nested stack for a reference to another stack."""
    return name.startswith("referenceto")


class TaggableVisitor(cdk.Tag):
    """An aspect that Node takes through the application: Python sees what can carry tags alone.

    An aspect in Python is called for each construct. Of a tag, Node itself does the visiting, and
    calls only for what can be tagged: stacks, and roles among others, but no plain CfnResource.
    By itself this one tags nothing, as there is no such type, should the CDK go by other methods.
    """

    def __init__(self, key: str, value: str) -> None:
        super().__init__(key, value, include_resource_types=["none"])

    def visit_taggable(self, resource: object) -> None:
        """What the aspect does; `resource` is a stack or a resource."""
        raise NotImplementedError

    def _apply_tag(self, resource: cdk.ITaggable) -> None:
        self.visit_taggable(resource)

    def _apply_tag_v2(self, resource: cdk.ITaggableV2) -> None:
        self.visit_taggable(resource)
