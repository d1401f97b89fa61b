"""The strategy with a broker: sessions of a base role, cut down to what the target role may do.

`SessionPolicyStrategy` is a description; bound to a construct it becomes a `Broker`: the function
`iam-sudo`, its log group and its execution role, and the base role `IAMSudoUser`. The names are
fixed, so there is one of each in an account and region (the role: in an account).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from iam_sudo_core.arns import BROKER_TAG

from ..acknowledgements import acknowledge
from ..errors import InvalidChoice
from ..grants import grant_invoke
from ..selection import RoleSelection
from .bundle import HANDLER, archive_bucket, broker_code
from .guardrails import (
    archive_denial,
    broker_denials,
    only_as_the_broker,
    policy_denial,
)
from .session_fit import SessionsFit

# IAM User Guide, "IAM and AWS STS quotas": names.
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
# Lambda API Reference, "CreateFunction": FunctionName.
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class SessionPolicyStrategy:
    """Simulate roles with session policies, through a broker that grantees may invoke.

    Attributes:
        selection: the roles that may be simulated; default: the blog's demo roles.
        base_role_managed_policies: the most that a session may do: names of AWS managed policies,
            ARNs, or `IManagedPolicy` objects; default: PowerUserAccess, which lacks most of
            `iam:*`. A role that may do more is simulated without that part.
        role_name: of the base role; default: IAMSudoUser.
        function_name: of the broker; default: iam-sudo.
        allow_local_simulation: trust the whole account with the base role, so that
            `iam-sudo simulate --local` works; default: False. Whoever may `sts:AssumeRole` on it
            (PowerUserAccess of a person is enough) then has *all* of the base role, selected or
            not. `grant_sudo` does not grant that.
        log_retention: of the broker's log, the audit trail; default: three months.
        removal_policy: of the broker's log group; default: DESTROY. Its name is fixed, so a log
            group that stays makes the next deployment fail; what was handed out remains in
            CloudTrail, as `AssumeRole` with the session's name. RETAIN keeps it.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    selection: RoleSelection = field(default_factory=RoleSelection)
    base_role_managed_policies: Sequence[str | iam.IManagedPolicy] = ("PowerUserAccess",)
    role_name: str = "IAMSudoUser"
    function_name: str = "iam-sudo"
    allow_local_simulation: bool = False
    log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.DESTROY

    def __post_init__(self) -> None:
        for key, value, pattern, allowed in (
            ("role_name", self.role_name, _ROLE_NAME, "1 to 64 letters, digits and _+=,.@-"),
            ("function_name", self.function_name, _FUNCTION_NAME, "1 to 64 letters, digits, _ -"),
        ):
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise InvalidChoice(key=key, value=value, allowed=allowed)
        if not isinstance(self.base_role_managed_policies, list | tuple):
            raise InvalidChoice(
                key="base_role_managed_policies",
                value=self.base_role_managed_policies,
                allowed="a list of names of AWS managed policies, ARNs or IManagedPolicy objects",
            )

    def bind(self, scope: Construct, development_accounts: Sequence[str]) -> Broker:  # noqa: ARG002
        """Build the broker in `scope`, whose stack has the account guard.

        Raises:
            InvalidConfiguration: the selection does not fit the broker's environment.
        """
        stack = cdk.Stack.of(scope)
        base_role_arn = stack.format_arn(
            service="iam", region="", resource="role", resource_name=self.role_name
        )
        log_group = self._log_group(scope)
        broker_role = self._broker_role(scope, base_role_arn=base_role_arn)
        denials = iam.PolicyDocument(
            statements=broker_denials(
                stack,
                function_name=self.function_name,
                log_group_name=self._log_group_name,
                base_role=base_role_arn,
                broker_role=broker_role.role_arn,
            )
        )
        base_role = self._base_role(scope, broker_role, denials)
        function = lambda_.Function(
            scope,
            "Broker",
            function_name=self.function_name,
            description="iam-sudo: hands out credentials that simulate a selected role",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=HANDLER,
            code=broker_code(),
            role=broker_role,
            # CPU comes with memory: importing boto3 and the TLS handshakes want it, not the data.
            memory_size=512,
            timeout=cdk.Duration.seconds(30),
            log_group=log_group,
            environment=self.selection.environment(
                stack, base_role=base_role.role_arn, name=self.role_name
            ),
        )
        acknowledge(
            function,
            "AwsSolutions-L1",
            "The broker is tested on Python 3.13; Lambda supports it until 2029.",
        )
        denials.add_statements(archive_denial(stack, bucket_name=archive_bucket(function)))
        for part in (log_group, broker_role, function):
            cast(Any, part.node.default_child).tags.set_tag(BROKER_TAG, self.function_name)
        scope.node.add_validation(SessionsFit(scope, self.selection))
        return Broker(base_role=base_role, function=function, log_group=log_group)

    @property
    def _log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def _log_group(self, scope: Construct) -> logs.LogGroup:
        return logs.LogGroup(
            scope,
            "BrokerLogs",
            log_group_name=self._log_group_name,
            retention=self.log_retention,
            removal_policy=self.removal_policy,
        )

    def _broker_role(self, scope: Construct, *, base_role_arn: str) -> iam.Role:
        """The execution role: read roles, assume the base role, write its own log.

        Its name is CloudFormation's to choose: the base role trusts this one, and a role that was
        deleted and made anew under a fixed name would not be the one that is trusted.
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
            resource_name=f"{self._log_group_name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        role = iam.Role(
            scope,
            "BrokerRole",
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
                            "AssumeBaseRole", ["sts:AssumeRole", "sts:TagSession"], [base_role_arn]
                        ),
                        _allow(
                            "WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_streams]
                        ),
                        only_as_the_broker(stack, function_name=self.function_name),
                    ]
                )
            },
        )
        wildcard = "AwsSolutions-IAM5"
        for resource, reason in (
            (roles, "Which roles may be simulated is decided on their trust policies, so the "
                    "broker has to read any role; it only reads."),
            (own_policies, "A role may have any managed policy, and the broker only reads them."),
            (aws_policies, "A role may have any managed policy, and the broker only reads them."),
            ("*", "iam:ListRoles cannot be limited to resources."),
            (log_streams, "Lambda names the log streams; they are those of the broker's own "
                          "log group."),
        ):  # fmt: skip
            acknowledge(role, wildcard, reason, finding=f"Resource::{resource}")
        return role

    def _base_role(
        self, scope: Construct, broker_role: iam.Role, denials: iam.PolicyDocument
    ) -> iam.Role:
        trusted: list[iam.PrincipalBase] = [iam.ArnPrincipal(broker_role.role_arn)]
        if self.allow_local_simulation:
            trusted.append(iam.AccountRootPrincipal())
        policies = [
            _managed_policy(policy, scope=scope, id=f"BaseRolePolicy{number}")
            for number, policy in enumerate(self.base_role_managed_policies, start=1)
        ]
        role = iam.Role(
            scope,
            "BaseRole",
            role_name=self.role_name,
            description="Base of the sessions that iam-sudo hands out; limited by session policies",
            # Sessions carry the tags of the role that they simulate.
            assumed_by=iam.CompositePrincipal(*(each.with_session_tags() for each in trusted)),
            # Role chaining allows no more (IAM User Guide, "Roles terms and concepts").
            max_session_duration=cdk.Duration.hours(1),
            managed_policies=policies,
            inline_policies={"keep-the-broker": denials},
        )
        resource = cast(iam.CfnRole, role.node.default_child)
        # Tags of the application would be tags of every session (`aws:PrincipalTag/…`). Of an
        # override nothing is merged: it is this one tag.
        resource.add_property_override("Tags", [{"Key": BROKER_TAG, "Value": self.function_name}])
        if policies:
            # The role's own list, so that what is added to the role later is in it as well: a token
            # of a list, in the place of a single text.
            arns = cdk.Tokenization.reverse_list(cast(list[str], resource.managed_policy_arns))
            denials.add_statements(policy_denial([cdk.Token.as_string(arns)]))
        for policy in policies:
            acknowledge(
                role,
                "AwsSolutions-IAM4",
                "The base role is the upper bound of what may be simulated; the session policy of "
                "each session limits it to one role's own permissions.",
                finding=f"Policy::{policy.managed_policy_arn}",
            )
        return role


@dataclass(frozen=True, kw_only=True)
class Broker:
    """What the strategy has built."""

    base_role: iam.Role
    function: lambda_.Function
    log_group: logs.LogGroup

    def grant_sudo(self, grantee: iam.IGrantable) -> iam.Grant:
        return grant_invoke(self.function, grantee)


def _allow(sid: str, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources)


def _managed_policy(
    policy: str | iam.IManagedPolicy, *, scope: Construct, id: str
) -> iam.IManagedPolicy:
    if not isinstance(policy, str):
        return policy
    if policy.startswith("arn:") or cdk.Token.is_unresolved(policy):
        return iam.ManagedPolicy.from_managed_policy_arn(scope, id, policy)
    return iam.ManagedPolicy.from_aws_managed_policy_name(policy)
