"""Resources whose roles are in no template of the application, so that nobody here can see them.

AWS SAM's transform makes the role of a function that is given none (AWS SAM Developer Guide,
"Generated CloudFormation resources"); other resources are templates, or have some inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from constructs import IConstruct

from .cdk_insides import identity, properties_of
from .resources import member, resources

# What makes a role of its own unless it is given one: the property, and the role's use.
_IMPLICIT = {
    "AWS::Serverless::Function": ("Role", "lambda"),
    "AWS::Serverless::StateMachine": ("Role", "states"),
}
# What creates the resources of a template that is somewhere else, or text.
_TEMPLATES = {
    "AWS::Serverless::Application": "the application at its Location",
    "AWS::CloudFormation::Stack": "the template at its TemplateURL",
    "AWS::CloudFormation::StackSet": "its template",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct": "the product's template",
}


@dataclass(frozen=True)
class RolesElsewhere:
    """A resource, the use of its role (None: any), and where its roles are, in words."""

    resource: IConstruct
    use: str | None
    where: str


def roles_elsewhere(root: IConstruct) -> Iterator[RolesElsewhere]:
    """All of them below `root`; nested stacks that are part of the application are none."""
    for type_, (property_, use) in _IMPLICIT.items():
        for resource in resources(root, type_):
            if not member(properties_of(resource), property_):
                where = (
                    "AWS SAM makes its role when it is deployed; give it one of the template's "
                    f"in {property_}"
                )
                yield RolesElsewhere(resource, use, where)
    for type_, what in _TEMPLATES.items():
        found = resources(root, type_)
        ours = _nested_stacks(root) if found and type_ == "AWS::CloudFormation::Stack" else set()
        for resource in found:
            if identity(resource) not in ours:
                where = (
                    f"roles in {what} are not seen; include the template (CfnInclude, with "
                    "load_nested_stacks), or open them where they are made"
                )
                yield RolesElsewhere(resource, None, where)


def _nested_stacks(root: IConstruct) -> set[object]:
    """The resources that stand for the nested stacks of the application."""
    found = (each for each in root.node.find_all() if isinstance(each, cdk.Stack))
    nested = (stack.nested_stack_resource for stack in found)
    return {identity(each) for each in nested if each is not None}
