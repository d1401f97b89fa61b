"""A Fargate service, and a developer who may use its task role: one way, the other, or both.

cdk deploy -c strategy=tag-trust
cdk deploy -c strategy=session-policy
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from iam_sudo_cdk import (
    IamSudo,
    RoleSelection,
    SessionPolicyStrategy,
    Strategy,
    TagTrustStrategy,
)

SELECTION = RoleSelection(role_names=["orders-task"])
SIMULATE, ASSUME = SessionPolicyStrategy(selection=SELECTION), TagTrustStrategy(selection=SELECTION)
STRATEGIES: dict[str, list[Strategy]] = {
    "session-policy": [SIMULATE],
    "tag-trust": [ASSUME],
    "both": [SIMULATE, ASSUME],
}


class OrdersStack(cdk.Stack):
    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        ecs_tasks = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        role = iam.Role(self, "TaskRole", role_name="orders-task", assumed_by=ecs_tasks)
        s3.Bucket(self, "Orders").grant_read(role)
        task = ecs.FargateTaskDefinition(self, "Task", task_role=role)
        task.add_container(
            "Web",
            image=ecs.ContainerImage.from_registry("nginx:stable"),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="orders"),
        )
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_definition=task,
            assign_public_ip=True,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )

        sudo = IamSudo(
            self,
            "IamSudo",
            strategy=STRATEGIES[self.node.get_context("strategy")],
            development_accounts=[self.node.get_context("development_account")],
        )
        developer = iam.User.from_user_arn(self, "Developer", self.node.get_context("developer"))
        sudo.grant_sudo(developer)


if __name__ == "__main__":
    app = cdk.App()
    OrdersStack(app, "orders")
    app.synth()
