"""A Fargate service, and a developer who may use its task role: one way, the other, or both.

cdk deploy -c strategy=tag-trust
cdk deploy -c strategy=session-policy
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from iam_sudo_cdk import (
    IamSudo,
    RoleSelection,
    SessionPolicyStrategy,
    Strategy,
    TagTrustStrategy,
)

# The broker may be asked for the execution role, too, which reads the secrets of the task.
SIMULATE = SessionPolicyStrategy(
    selection=RoleSelection(role_names=["orders-task", "orders-execution"])
)
ASSUME = TagTrustStrategy(selection=RoleSelection(role_names=["orders-task"]))
PROGRAM = Path(__file__).parent / "orders" / "app.py"
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
        execution_role = iam.Role(
            self, "TaskExecutionRole", role_name="orders-execution", assumed_by=ecs_tasks
        )
        task = ecs.FargateTaskDefinition(
            self, "Task", task_role=role, execution_role=execution_role
        )
        database = secretsmanager.Secret(
            self,
            "Database",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"username": "orders"}',  # noqa: S106 - a name
                generate_string_key="password",
            ),
        )
        currency = ssm.StringParameter(
            self, "Currency", parameter_name="/orders/currency", string_value="EUR"
        )
        task.add_container(
            "Web",
            image=ecs.ContainerImage.from_registry("python:3.13"),
            command=["python", "-c", PROGRAM.read_text()],
            environment={"STAGE": "dev"},
            secrets={
                "CURRENCY": ecs.Secret.from_ssm_parameter(currency),
                "DATABASE_USER": ecs.Secret.from_secrets_manager(database, "username"),
                "DATABASE_PASSWORD": ecs.Secret.from_secrets_manager(database, "password"),
            },
            logging=ecs.LogDrivers.aws_logs(stream_prefix="orders"),
        )
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        ecs.FargateService(
            self,
            "Service",
            service_name="web",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc, cluster_name="orders"),
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
