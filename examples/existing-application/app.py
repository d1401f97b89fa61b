"""An application that somebody had long before: a pipeline, stages, stacks that share a role.

cdk deploy 'pipeline/dev/*' -c strategy=tag-trust
cdk deploy 'pipeline/dev/*' -c strategy=session-policy
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import pipelines
from constructs import Construct

from iam_sudo_cdk import (
    IamSudo,
    PermissionSet,
    RoleSelection,
    SessionPolicyStrategy,
    Strategy,
    TagTrustStrategy,
)

REGION = "eu-west-1"
ECS_TASKS = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
# Answers CloudFormation that all is done.
SEEDER = """
import json, urllib.request

def handler(event, context):
    reply = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    reply |= {"Status": "SUCCESS", "PhysicalResourceId": "seed"}
    body = json.dumps(reply).encode()
    headers = {"Content-Type": ""}
    urllib.request.urlopen(
        urllib.request.Request(event["ResponseURL"], body, headers, method="PUT")
    )
"""
NOTIFIER = "def handler(event, context): ..."


def of_account(strategy: str) -> list[Strategy]:
    """What the account's stack does: the broker, and the policy to attach to the permission set."""
    named = RoleSelection(role_names=["shop-*"])
    return {
        "session-policy": [SessionPolicyStrategy(selection=named)],
        "tag-trust": [TagTrustStrategy(selection=named)],
        "both": [SessionPolicyStrategy(selection=named), TagTrustStrategy(selection=named)],
    }[strategy]


class ShopStack(cdk.Stack):
    """A stack of the shop, in development or in production."""

    def grant_developers(self, *strategies: Strategy) -> None:
        """The same lines for every stack; in production they build nothing."""
        sudo = IamSudo(
            self,
            "IamSudo",
            strategy=strategies,
            development_accounts=[self.node.get_context("development_account")],
            elsewhere="nothing",
        )
        sudo.grant_sudo(PermissionSet("Developer"))
        sudo.grant_sudo(self.node.get_context("support"))

    def open_roles(self, *used_by: str) -> None:
        """By tag-based trust, the roles of this stack; the broker is the account's."""
        if self.node.get_context("strategy") != "session-policy":
            selection = RoleSelection(used_by=used_by)
            self.grant_developers(
                TagTrustStrategy(selection=selection, developer_policy="iam-sudo-developers")
            )


class Account(ShopStack):
    """What the stacks of an account share."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.role = iam.Role(self, "Payments", role_name="shop-payments", assumed_by=ECS_TASKS)
        self.grant_developers(*of_account(self.node.get_context("strategy")))


class Orders(ShopStack):
    """A task with a named role, and a function that fills the queue once."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        role = iam.Role(self, "TaskRole", role_name="shop-orders", assumed_by=ECS_TASKS)
        task = ecs.FargateTaskDefinition(self, "Task", task_role=role)
        task.add_container("Web", image=ecs.ContainerImage.from_registry("nginx:stable"))
        queue = sqs.Queue(self, "Queue")
        queue.grant_consume_messages(role)
        seeder = function(self, "Seeder", SEEDER)
        queue.grant_send_messages(seeder)
        cdk.CustomResource(self, "Seed", service_token=seeder.function_arn)
        self.open_roles("ecs-task", "lambda")


class Payments(ShopStack):
    """A task with a role of another stack, one with a role that is older, and a function."""

    def __init__(self, scope: Construct, id: str, *, role: iam.IRole) -> None:
        super().__init__(scope, id)
        older = iam.Role.from_role_name(self, "Older", "reports")
        for name, task_role in (("Task", role), ("Reports", older)):
            task = ecs.FargateTaskDefinition(self, name, task_role=task_role)
            task.add_container("Main", image=ecs.ContainerImage.from_registry("busybox:stable"))
        sqs.Queue(self, "Queue").grant_consume_messages(function(self, "Notifier", NOTIFIER))
        self.open_roles("lambda")


def function(scope: Construct, id: str, code: str) -> lambda_.Function:
    return lambda_.Function(
        scope,
        id,
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline(code),
    )


class Shop(cdk.Stage):
    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        account = Account(self, "account")
        Orders(self, "orders")
        Payments(self, "payments", role=account.role)


class Pipeline(cdk.Stack):
    """Deploys the shop to development, and to production when somebody says so."""

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        connection = f"arn:aws:codeconnections:{REGION}:{self.account}:connection/0a1b2c"
        source = pipelines.CodePipelineSource.connection(
            "shop/shop", "main", connection_arn=connection
        )
        synth = pipelines.ShellStep(
            "Synth", input=source, commands=["pip install -r requirements.txt", "cdk synth"]
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth, cross_account_keys=True)
        dev, prod = (
            Shop(self, name, env=cdk.Environment(account=account, region=REGION))
            for name, account in (
                ("dev", self.account),
                ("prod", self.node.get_context("production_account")),
            )
        )
        pipeline.add_stage(dev)
        pipeline.add_stage(prod, pre=[pipelines.ManualApprovalStep("Ship")])


if __name__ == "__main__":
    app = cdk.App()
    tools = cdk.Environment(account=app.node.get_context("development_account"), region=REGION)
    Pipeline(app, "pipeline", env=tools)
    app.synth()
