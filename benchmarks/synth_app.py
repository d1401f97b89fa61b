"""An application of so many roles in ten stacks, built and synthesized.

    python -m benchmarks.synth_app ROLES [tag-trust]

The roles are as applications have them: unnamed `iam.Role`s of ECS tasks, each with permissions
of its own in the default policy that `add_to_policy` makes, and a task definition that has it.
They are selected by that use.
"""

from __future__ import annotations

import sys

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

STACKS = 10
ACCOUNT = "111122223333"


def main(roles: int, *, tag_trust: bool) -> None:
    """Build and synthesize."""
    app = cdk.App(analytics_reporting=False)
    stacks = [cdk.Stack(app, f"Stack{number}") for number in range(STACKS)]
    for number in range(roles):
        role = iam.Role(
            stacks[number % STACKS],
            f"TaskRole{number}",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject"],
                resources=[f"arn:aws:s3:::bucket-{number}/*"],
            )
        )
        # The resource alone: what else a task has would only make our share look smaller.
        ecs.CfnTaskDefinition(role.stack, f"Task{number}", task_role_arn=role.role_arn)
    if tag_trust:
        _open(stacks[0])
    app.synth()


def _open(stack: cdk.Stack) -> None:
    # The application without us does not import us.
    from iam_sudo_cdk import IamSudo, RoleSelection, TagTrustStrategy  # noqa: PLC0415

    sudo = IamSudo(
        stack,
        "IamSudo",
        strategy=TagTrustStrategy(selection=RoleSelection(used_by=["ecs-task"]), scope="app"),
        development_accounts=[ACCOUNT],
    )
    sudo.grant_sudo(iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/developer"))


if __name__ == "__main__":
    main(int(sys.argv[1]), tag_trust=sys.argv[2:] == ["tag-trust"])
