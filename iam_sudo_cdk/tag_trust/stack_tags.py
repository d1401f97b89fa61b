"""What the tags of a stack mean for the roles in it."""

from __future__ import annotations

import aws_cdk as cdk

from .trust_statement import Tag


def stack_tag_problem(stack: cdk.Stack, wanted: Tag) -> str | None:
    """Why no role of a stack may be opened, if it is a tag of the stack or of one around it.

    CloudFormation puts a stack's tags on what is in it (AWS CloudFormation User Guide, "Add tags to
    CloudFormation stacks"), after everything that synthesis sees.
    """
    current: cdk.Stack | None = stack
    while current is not None:
        for key, value in dict(current.tags.tag_values()).items():
            if key.lower() == wanted.key.lower() and value != wanted.value:
                return (
                    f"its stack {current.node.path} carries the tag {key}={value}, which would "
                    f"have to be {wanted}; choose another tag, or leave the role out of the "
                    "selection"
                )
        current = current.nested_stack_parent
    return None
