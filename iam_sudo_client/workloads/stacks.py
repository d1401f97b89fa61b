"""The role that a CloudFormation stack made, by its logical id, or its construct path in the CDK.

The path is that of `aws:cdk:path`, which the CDK writes into the template. A stack's name need not
be its construct's path (stages put theirs before it), so a path is the right one when it ends with
what was typed after the stack's name.
Source: AWS CloudFormation API Reference, "ListStackResources" and "GetTemplate".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from iam_sudo_client.workloads.asking import Asking
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import quoted

_PATH = "aws:cdk:path"
_ROLE = "AWS::IAM::Role"
_SAID = 5
# What else runs as a role, and how it is named by its physical id.
_OTHERS = {
    "AWS::Lambda::Function": "lambda:{}",
    "AWS::ECS::Service": "{}",
    "AWS::ECS::TaskDefinition": "{}",
    "AWS::EC2::Instance": "ec2:{}",
    "AWS::StepFunctions::StateMachine": "{}",
}


def role_of_stack(asking: Asking) -> RoleArn:
    """The role of `STACK/LOGICAL_ID`, or of `STACK/` and a construct path.

    Raises:
        ServiceFailed: it is not there, is no role, or cannot be looked up.
    """
    stack, _, path = asking.workload.name.partition("/")
    found = _by_logical_id(asking, stack, path) if "/" not in path else None
    if found is None:
        found = _by_logical_id(asking, stack, _logical_id(asking, stack, path))
    if found is None:
        raise asking.no(f"stack {stack} has not made it yet; wait for its deployment")
    return _role(asking, found)


def _by_logical_id(asking: Asking, stack: str, logical_id: str) -> Mapping[str, Any] | None:
    """What the stack made of a resource; None where it has no such."""
    # DescribeStackResource is another permission, and answers alike for a stack that is not there
    # and a resource that is not.
    resources: list[Mapping[str, Any]] = asking.pages(
        "cloudformation",
        "list_stack_resources",
        key="StackResourceSummaries",
        absent={"ValidationError": _no_stack(asking, stack)},
        StackName=stack,
    )
    return next((each for each in resources if each["LogicalResourceId"] == logical_id), None)


def _no_stack(asking: Asking, stack: str) -> str:
    return (
        f"there is no stack {stack} in {asking.caller.region}; give its name as CloudFormation has "
        "it (aws cloudformation list-stacks), and check --region and AWS_PROFILE"
    )


def _logical_id(asking: Asking, stack: str, path: str) -> str:
    """The logical id of the one role with this construct path."""
    reply = asking.call(
        "cloudformation",
        "get_template",
        absent={"ValidationError": _no_stack(asking, stack)},
        StackName=stack,
        TemplateStage="Processed",
    )
    known = dict(_paths(reply["TemplateBody"]))
    whole = asking.workload.name
    exact = [id for id, at in known.items() if at in (whole, f"{whole}/Resource")]
    ends = (f"/{path}", f"/{path}/Resource")
    found = exact or [id for id, at in known.items() if f"/{at}".endswith(ends)]
    if len(found) == 1:
        return found[0]
    if found:
        raise asking.no(f"several roles have that path; name one: {_some(stack, found)}")
    roles = f"its roles are {_some(stack, list(known))}" if known else "it names no roles by paths"
    raise asking.no(f"stack {stack} has no role of that logical id or construct path; {roles}")


def _some(stack: str, logical_ids: list[str]) -> str:
    shown = [f"stack:{stack}/{id}" for id in sorted(logical_ids)]
    return ", ".join(shown[:_SAID]) + (", …" if len(shown) > _SAID else "")


def _paths(template: object) -> Iterator[tuple[str, str]]:
    """The roles of a template with their construct paths; one in YAML is none of the CDK's."""
    if isinstance(template, str):
        try:
            template = json.loads(template)
        except ValueError:
            return
    resources = template.get("Resources") if isinstance(template, Mapping) else None
    for logical_id, resource in (resources if isinstance(resources, Mapping) else {}).items():
        metadata = resource.get("Metadata") or {}
        if resource.get("Type") == _ROLE and isinstance(metadata.get(_PATH), str):
            yield str(logical_id), metadata[_PATH]


def _role(asking: Asking, resource: Mapping[str, Any]) -> RoleArn:
    type_, physical = str(resource["ResourceType"]), str(resource.get("PhysicalResourceId") or "")
    if type_ != _ROLE:
        other = _OTHERS.get(type_)
        instead = f"--role-of {other.format(physical)}" if other and physical else "--role-name"
        raise asking.no(f"it is no role but {type_} {quoted(physical)}; give {instead}")
    if not physical:
        raise asking.no("the stack has not made it yet; wait for its deployment")
    partition, account = asking.identity()
    return RoleArn(partition, account, physical)
