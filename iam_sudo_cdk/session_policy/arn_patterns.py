"""ARNs of what a broker has, made of names, and patterns of them."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk

from iam_sudo_core.arns import CARRIER_PATH


def anywhere(stack: cdk.Stack, service: str, resource: str, name: str) -> str:
    """The ARN in any region."""
    return stack.format_arn(
        service=service,
        region="*",
        resource=resource,
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def with_children(arn: str) -> list[str]:
    """The ARN, and its versions and aliases, or its log streams."""
    return [arn, f"{arn}:*"]


def lineage(stack: cdk.Stack) -> Iterable[cdk.Stack]:
    """The stack and those it is nested in: updating a parent rewrites its children."""
    current: cdk.Stack | None = stack
    while current is not None:
        yield current
        current = current.nested_stack_parent


def stack_pattern(stack: cdk.Stack) -> str:
    """`…:stack/NAME/*`: also what a request that names the stack by its name is checked against.

    The name is the one that the stack was deployed under, which the template may not know.
    """
    return stack.format_arn(
        service="cloudformation",
        region="*",
        resource="stack",
        resource_name=f"{cdk.ScopedAws(stack).stack_name}/*",
    )


def function_arn(stack: cdk.Stack, name: str) -> str:
    """By name: a reference to the function would close circles."""
    return stack.format_arn(
        service="lambda",
        resource="function",
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def carrier_arns(stack: cdk.Stack) -> str:
    """`…:policy/iam-sudo/*`: the managed policies that brokers make for sessions."""
    return stack.format_arn(
        service="iam", region="", resource="policy", resource_name=f"{CARRIER_PATH.strip('/')}/*"
    )
