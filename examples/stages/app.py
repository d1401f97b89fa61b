"""One application in two stages; developers may assume its task roles in `dev` alone."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from iam_sudo_cdk import IamSudo, RoleSelection, TagTrustStrategy

DEV, PROD, REGION = "111122223333", "444455556666", "eu-west-1"


class Worker(cdk.Stack):
    """A task that works off a queue, with the role that the CDK makes for it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        task = ecs.FargateTaskDefinition(self, "Task")
        image = ecs.ContainerImage.from_registry("busybox:stable")
        task.add_container("Worker", image=image)
        sqs.Queue(self, "Queue").grant_consume_messages(task.task_role)


class DeveloperAccess(cdk.Stack):
    """Opens the task roles of the stage that it is in."""

    def __init__(self, scope: Construct, id: str, *, developers: str) -> None:
        super().__init__(scope, id)
        sudo = IamSudo(
            self,
            "IamSudo",
            strategy=TagTrustStrategy(
                selection=RoleSelection(paths=["*/Task/TaskRole"]), scope="stage"
            ),
            development_accounts=[DEV],
        )
        sudo.grant_sudo(iam.Role.from_role_arn(self, "Developers", developers))


class Shop(cdk.Stage):
    def __init__(
        self, scope: Construct, id: str, *, developers: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(scope, id, **kwargs)
        for name in ("orders", "payments"):
            Worker(self, name)
        if developers:
            DeveloperAccess(self, "developer-access", developers=developers)


if __name__ == "__main__":
    app = cdk.App()
    dev = cdk.Environment(account=DEV, region=REGION)
    Shop(app, "dev", env=dev, developers=f"arn:aws:iam::{DEV}:role/developers")
    Shop(app, "prod", env=cdk.Environment(account=PROD, region=REGION))
    app.synth()
