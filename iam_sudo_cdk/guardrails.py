"""What no session of the base role may do, whatever policies the base role is given.

An explicit Deny wins over every Allow, also over AdministratorAccess and the session policy of a
simulated role (IAM User Guide, "Policy evaluation logic"). These statements are part of the base
role's own resource, so that there is no moment at which the role exists without them.

Covered, for a simulated role that is allowed anything: to call, change, expose or delete the
broker's function; to read, change or delete its logs; to change or delete its stack, or a stack
that this one is nested in; to change, delete, pass, tag or assume the roles of the broker.

Not covered, because it is power over others that the simulated role really has: to create, pass or
assume *another* privileged role, or to update a stack that keeps one as its service role (the CDK's
deployment roles are such), and to act as that; to give another identity the right to invoke; to
overwrite the broker's archive in the bootstrap bucket before a deployment. Such roles do not belong
in the selection, nor such policies on the base role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam


def broker_denials(
    stack: cdk.Stack, *, function_name: str, log_group_name: str, roles: Sequence[str]
) -> list[iam.PolicyStatement]:
    """The statements; `roles` are the ARNs of the roles to protect.

    ARNs are formatted from names: a reference to the function would close a circle, since the
    function needs the base role.
    """
    functions = _with_children(_colon_arn(stack, "lambda", "function", function_name))
    return [
        _deny("KeepFunction", actions=["lambda:*"], resources=functions),
        # These name the function in a condition key alone (Service Authorization Reference,
        # "Actions, resources, and condition keys for AWS Lambda").
        _deny(
            "KeepFunctionWithoutEventSources",
            actions=["lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"],
            resources=["*"],
            conditions={"ArnLike": {"lambda:FunctionArn": functions}},
        ),
        _deny(
            "KeepLogs",
            actions=["logs:*"],
            resources=_with_children(_colon_arn(stack, "logs", "log-group", log_group_name)),
        ),
        # Reading stays allowed: the stack may be the application's own.
        _deny(
            "KeepStack",
            not_actions=["cloudformation:Describe*", "cloudformation:Get*", "cloudformation:List*"],
            resources=[_stack_pattern(each) for each in _lineage(stack)],
        ),
        # Neither changed nor passed nor assumed: iam:PassRole and sts:* are in "everything but".
        _deny("KeepRoles", not_actions=["iam:Get*", "iam:List*"], resources=list(roles)),
    ]


def _deny(
    sid: str,
    *,
    resources: list[str],
    actions: list[str] | None = None,
    not_actions: list[str] | None = None,
    conditions: dict[str, dict[str, list[str]]] | None = None,
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        conditions=conditions,
    )


def _colon_arn(stack: cdk.Stack, service: str, resource: str, name: str) -> str:
    return stack.format_arn(
        service=service,
        resource=resource,
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def _with_children(arn: str) -> list[str]:
    """The ARN, and its versions and aliases, or its log streams."""
    return [arn, f"{arn}:*"]


def _lineage(stack: cdk.Stack) -> Iterable[cdk.Stack]:
    """The stack and those it is nested in: updating a parent rewrites its children."""
    current: cdk.Stack | None = stack
    while current is not None:
        yield current
        current = current.nested_stack_parent


def _stack_pattern(stack: cdk.Stack) -> str:
    """`…:stack/NAME/*`: also what a request that names the stack by its name is checked against.

    Cut out of the id, because a template may be deployed under another name than it was given.
    """
    # Not `stack.stack_id`: for a parent that is nested itself that is a reference to a resource of
    # *its* parent, which closes a circle.
    parts = cdk.Fn.split("/", cdk.ScopedAws(stack).stack_id)
    return cdk.Fn.join("/", [cdk.Fn.select(0, parts), cdk.Fn.select(1, parts), "*"])
