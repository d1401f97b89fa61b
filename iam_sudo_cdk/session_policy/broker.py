"""The broker: its function, its log and its execution role.

Long, because what the role may do is read together with what may run as it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..acknowledgements import acknowledge, acknowledge_in_packs
from ..grants import grant_invoke
from ..owners import own
from ..permission_sets import PermissionSet
from .arn_patterns import carrier_arns, function_arn, with_children
from .bundle import HANDLER, broker_code
from .customized import refuse_customized
from .extras import Extras
from .log import log_group_name

_INLINE = "IAMNoInlinePolicy"
_INVOKE_POLICY = "InvokePolicy"


@dataclass(frozen=True, kw_only=True)
class Broker:
    """What the strategy has built.

    `arn` is the function's without a reference to it, if it refers to roles of other stacks: theirs
    could not refer to it as well.
    """

    base_role: iam.Role | None
    function: lambda_.Function
    log_group: logs.LogGroup
    alarms: Sequence[cloudwatch.Alarm]
    dashboard: cloudwatch.Dashboard | None
    policy_name: str
    arn: str | None = None

    def grant_sudo(self, grantee: iam.IGrantable | PermissionSet) -> iam.Grant:
        """Let the grantee invoke the broker; a permission set by a policy to be attached to it.

        A permission on the function cannot name a set: it has no condition on who is calling
        (Lambda API Reference, "AddPermission").
        """
        if not isinstance(grantee, PermissionSet):
            return grant_invoke(self.function, grantee, arn=self.arn)
        return iam.Grant.add_to_principal(
            grantee=self._policy(),
            actions=["lambda:InvokeFunction"],
            resource_arns=[self.function.function_arn],
        )

    @property
    def invoke_policy(self) -> iam.ManagedPolicy | None:
        """The managed policy for permission sets, if there is one."""
        found = self.function.node.try_find_child(_INVOKE_POLICY)
        return cast(iam.ManagedPolicy, found) if found else None

    def _policy(self) -> iam.ManagedPolicy:
        if self.invoke_policy:
            return self.invoke_policy
        own(self.function, "the managed policy", self.policy_name, way_out="say policy_name=…")
        return iam.ManagedPolicy(
            self.function,
            _INVOKE_POLICY,
            managed_policy_name=self.policy_name,
            description="iam-sudo: ask the broker for sessions of the selected roles",
        )


def broker_function(
    scope: Construct,
    *,
    name: str,
    role: iam.Role,
    log_group: logs.LogGroup,
    environment: Mapping[str, str],
    extras: Extras,
) -> lambda_.Function:
    own(
        scope,
        "the function",
        name,
        of_region=True,
        way_out="grant the one that there is (IamSudo.from_function_arn), or say function_name=…",
    )
    function = lambda_.Function(
        scope,
        "Broker",
        function_name=name,
        description="iam-sudo: hands out credentials that simulate a selected role",
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler=HANDLER,
        code=broker_code(),
        role=role,
        # CPU comes with memory: importing boto3 and the TLS handshakes want it, not the data.
        memory_size=512,
        timeout=cdk.Duration.seconds(30),
        log_group=log_group,
        environment=environment,
        **extras.of_the_function,
    )
    extras.acknowledge_absent(function, log_group)
    if grants := role.node.try_find_child("DefaultPolicy"):  # of the queue, to the function
        acknowledge_in_packs(cast(Construct, grants), _INLINE, "It is for the queue that is given.")
    acknowledge(
        function,
        "AwsSolutions-L1",
        "The broker is tested on Python 3.13; Lambda supports it until 2029.",
    )
    return function


def broker_role(
    scope: Construct,
    *,
    function_name: str,
    base_role: str,
    extras: Extras,
    large_roles: bool,
    path: str = "/",
    boundary: iam.IManagedPolicy | None = None,
    with_source_identity: bool = False,
    more: Sequence[iam.PolicyStatement] = (),
) -> iam.Role:
    """The execution role: read roles, assume the base role (an ARN), write its own log; and `more`.

    For `large_roles` it makes and deletes managed policies in a path of its own. It never attaches
    one, nor gives one another version.

    Its name is CloudFormation's: under a fixed one, a role that is made anew is not trusted.
    """
    stack = cdk.Stack.of(scope)
    roles = stack.format_arn(service="iam", region="", resource="role", resource_name="*")
    own_policies, aws_policies = (
        stack.format_arn(
            service="iam", region="", account=owner, resource="policy", resource_name="*"
        )
        for owner in (stack.account, "aws")
    )
    log_streams = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{log_group_name(function_name)}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    own = function_arn(stack, function_name)
    carriers = carrier_arns(stack)
    role = iam.Role(
        scope,
        "BrokerRole",
        path=path,
        permissions_boundary=boundary,
        description="What the iam-sudo broker itself may do",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "broker": iam.PolicyDocument(
                statements=[
                    _allow(
                        "ReadRoles",
                        [
                            "iam:GetRole",
                            "iam:ListRolePolicies",
                            "iam:GetRolePolicy",
                            "iam:ListAttachedRolePolicies",
                        ],
                        [roles],
                    ),
                    _allow(
                        "ReadManagedPolicies",
                        ["iam:GetPolicy", "iam:GetPolicyVersion"],
                        [own_policies, aws_policies],
                    ),
                    # Has no resource but "*" (Service Authorization Reference, IAM).
                    _allow("FindRoles", ["iam:ListRoles"], ["*"]),
                    _allow(
                        "AssumeBaseRole",
                        [
                            "sts:AssumeRole",
                            "sts:TagSession",
                            *(["sts:SetSourceIdentity"] if with_source_identity else []),
                        ],
                        [base_role],
                    ),
                    *(_large_roles(carriers) if large_roles else ()),
                    _allow(
                        "WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_streams]
                    ),
                    *more,
                    _only_as_the_broker(own),
                    *extras.permissions(own),
                ]
            )
        },
    )
    refuse_customized(role)
    acknowledge_in_packs(role, _INLINE, "It is what this one role may do, and goes along with it.")
    wildcard = "AwsSolutions-IAM5"
    for resource, reason in (
        (roles, "Which roles may be simulated is decided on their trust policies, so the "
                "broker has to read any role; it only reads."),
        (own_policies, "A role may have any managed policy, and the broker only reads them."),
        (aws_policies, "A role may have any managed policy, and the broker only reads them."),
        ("*", "iam:ListRoles and iam:ListPolicies cannot be limited to resources, nor can Lambda's "
              "network interfaces."),
        (log_streams, "Lambda names the log streams; they are those of the broker's own "
                      "log group."),
    ):  # fmt: skip
        acknowledge(role, wildcard, reason, finding=f"Resource::{resource}")
    if large_roles:
        reason = "The path is the broker's own, and the names say what is in its policies."
        acknowledge(role, wildcard, reason, finding=f"Resource::{carriers}")
    return role


def _large_roles(carriers: str) -> list[iam.PolicyStatement]:
    """Make, read and delete the managed policies that carry what is too large for a session."""
    return [
        _allow(
            "CarryLargeRoles",
            ["iam:CreatePolicy", "iam:DeletePolicy", "iam:GetPolicy", "iam:GetPolicyVersion"],
            [carriers],
        ),
        # Has no resource but "*" either.
        _allow("FindOldCarriers", ["iam:ListPolicies"], ["*"]),
    ]


def _only_as_the_broker(function_arn: str) -> iam.PolicyStatement:
    """Deny the broker's execution role all that it is for, but in the broker's function.

    Whoever may pass roles could otherwise run code of their own as it: assume the base role, or
    write lines into the audit log. A Deny, because within an account the trust policy of the base
    role alone would do. The key is in every request that the function's code makes and in those by
    which Lambda keeps its log, and absent from all others (AWS Lambda Developer Guide, "Using
    source function ARN to control function access behavior"), for which `ArnNotLike` holds.
    """
    return iam.PolicyStatement(
        sid="OnlyAsTheBroker",
        effect=iam.Effect.DENY,
        actions=["iam:*", "logs:*", "ssm:*", "sts:*"],
        resources=["*"],
        conditions={"ArnNotLike": {"lambda:SourceFunctionArn": with_children(function_arn)}},
    )


def _allow(sid: str, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources)
