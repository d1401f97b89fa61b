"""Ready-made stacks: the broker by itself, and the blog's roles to try it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from iam_sudo_core.arns import BROKER_TAG

from .acknowledgements import acknowledge, acknowledge_in_packs
from .developers import KINDS, Developer, grantee_of
from .errors import CannotGrant, InvalidChoice
from .iam_sudo import Elsewhere, IamSudo, Strategy
from .permission_sets import PermissionSet
from .values import listed

_DEVELOPERS = f"{KINDS}, or those themselves"


class IamSudoStack(cdk.Stack):
    """`IamSudo` in a stack of its own, with outputs for the client.

    Args:
        scope: the application, or a stage.
        id: of the stack.
        strategy: see `IamSudo`.
        development_accounts, elsewhere: see `IamSudo`.
        developers: roles, users, groups and permission sets that get `grant_sudo`, or ARNs;
            default: nobody.
        kwargs: everything else that a `Stack` takes.

    The outputs are those of the broker, if there is one: FunctionName, FunctionArn, BaseRoleArn,
    and Command, a line to start from; and DeveloperPolicyArn, the policy to attach to those
    developers whom the CDK cannot write to.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        strategy: Strategy | Sequence[Strategy],
        development_accounts: Sequence[str],
        elsewhere: Elsewhere = "error",
        developers: Sequence[Developer] = (),
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("description", "iam-sudo: simulate workload roles in development")
        super().__init__(scope, id, **kwargs)
        self.iam_sudo: IamSudo = IamSudo(
            self,
            "IamSudo",
            strategy=strategy,
            development_accounts=development_accounts,
            elsewhere=elsewhere,
        )
        for who in dict.fromkeys(listed("developers", developers, of=_DEVELOPERS)):
            self.iam_sudo.grant_sudo(self._developer(who))
        outputs: dict[str, tuple[str, str]] = {}
        if self.iam_sudo.has_broker:
            outputs |= _broker_outputs(self.iam_sudo, region=self.region)
            if self.iam_sudo.has_base_role:
                arn = self.iam_sudo.base_role.role_arn
                outputs["BaseRoleArn"] = arn, "The role that sessions are made of"
            else:
                arn = cast(iam.IRole, self.iam_sudo.function.role).role_arn
                outputs["BrokerRoleArn"] = arn, "For other_brokers, where the base role is made"
            # The stack is one of the broker's parts, by which other brokers know it.
            function = cast(lambda_.CfnFunction, self.iam_sudo.function.node.default_child)
            self.tags.set_tag(BROKER_TAG, str(function.function_name))
        if self.iam_sudo.invoke_policy:
            arn = self.iam_sudo.invoke_policy.managed_policy_arn
            outputs["InvokePolicyArn"] = arn, "To attach to permission sets of developers"
        if self.iam_sudo.developer_policy:
            arn = self.iam_sudo.developer_policy.managed_policy_arn
            outputs["DeveloperPolicyArn"] = arn, "To attach to developers who are not in this app"
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)

    def _developer(self, who: object) -> iam.IGrantable | PermissionSet:
        """The developer, in this stack rather than in the construct, where it has always been."""
        try:
            return grantee_of(self, who)
        except CannotGrant:
            allowed = f"a list of {_DEVELOPERS}"
            raise InvalidChoice(key="developers", value=who, allowed=allowed) from None


def _broker_outputs(sudo: IamSudo, *, region: str) -> dict[str, tuple[str, str]]:
    function = sudo.function
    return {
        "FunctionName": (function.function_name, "The broker, for --function-name"),
        "FunctionArn": (function.function_arn, "What a developer has to be allowed to invoke"),
        "Command": (
            f"iam-sudo simulate --function-name {function.function_name} "
            f"--region {region} --role-name ROLE_NAME aws sts get-caller-identity",
            "Put a selected role's name in",
        ),
    }


class IamSudoDemoStack(cdk.Stack):
    """The roles of the blog, one for each outcome; delete the stack when you have seen them.

    iam-sudo-demo-my-task        may be simulated, and may do ssm:DescribeParameters
    iam-sudo-demo-no-policies    may be simulated, and may do nothing
    iam-sudo-demo-trusting-lambda  has the name, not the principal: refused
    other-team-task              has the principal, not the name: refused
    """

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:
        kwargs.setdefault("description", "iam-sudo: roles to try it on")
        super().__init__(scope, id, **kwargs)
        may_describe = {"describe-parameters": ["ssm:DescribeParameters"]}
        may_list = {"list-buckets": ["s3:ListAllMyBuckets"]}
        for construct_id, name, service, policies in (
            ("MyTask", "iam-sudo-demo-my-task", "ecs-tasks", may_describe),
            ("NoPolicies", "iam-sudo-demo-no-policies", "ecs-tasks", {}),
            ("TrustingLambda", "iam-sudo-demo-trusting-lambda", "lambda", may_describe),
            ("OtherTeam", "other-team-task", "ecs-tasks", may_list),
        ):
            role = iam.Role(
                self,
                construct_id,
                role_name=name,
                assumed_by=iam.ServicePrincipal(f"{service}.amazonaws.com"),
                inline_policies={
                    policy: iam.PolicyDocument(
                        statements=[iam.PolicyStatement(actions=actions, resources=["*"])]
                    )
                    for policy, actions in policies.items()
                },
            )
            if policies:
                acknowledge_in_packs(role, "IAMNoInlinePolicy", "The blog's roles have one each.")
                acknowledge(
                    role,
                    "AwsSolutions-IAM5",
                    "The blog's policy: these actions cannot be limited to resources.",
                    finding="Resource::*",
                )
