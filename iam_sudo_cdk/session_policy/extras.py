"""What an organization may ask of a broker beyond what it needs: keys, a network, a limit, a queue.

None of it is there by default, and each default is acknowledged with its reason for the rule packs
of cdk-nag that ask for it. What is given is kept from sessions where it could be turned against the
broker: a key that is disabled makes its log unreadable.

Not covered: the network. Whoever changes its routes or endpoints can keep the broker from
answering, and cannot make it answer otherwise, since it talks to AWS by TLS alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from ..acknowledgements import acknowledge_in_packs
from ..errors import InvalidChoice
from ..values import has_attribute
from .arn_patterns import with_children

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

# What Lambda does with an execution role for a function in a VPC (AWS Lambda Developer Guide,
# "Giving Lambda functions access to resources in an Amazon VPC"), on all resources, as AWS's own
# managed policy for it has them.
_NETWORK = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
# What only reads about a key, or uses it. Everything else may end it, or give it to others.
_USES_OF_KEYS = [
    "kms:Decrypt",
    "kms:Describe*",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:Get*",
    "kms:List*",
    "kms:ReEncrypt*",
]


@dataclass(frozen=True, kw_only=True)
class Extras:
    """See `SessionPolicyStrategy` for what each of them is."""

    log_encryption_key: kms.IKey | None
    environment_encryption: kms.IKey | None
    reserved_concurrent_executions: int | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    code_signing_config: lambda_.ICodeSigningConfig | None
    dead_letter_queue: sqs.IQueue | None

    def __post_init__(self) -> None:
        number = self.reserved_concurrent_executions
        if number is not None and (type(number) is not int or number < 1):
            raise InvalidChoice(
                key="reserved_concurrent_executions",
                value=number,
                allowed="a number, at least 1 (none at all would turn the broker off)",
            )
        for key, attribute in (
            ("log_encryption_key", "key_arn"),
            ("environment_encryption", "key_arn"),
            ("vpc", "vpc_id"),
            ("code_signing_config", "code_signing_config_arn"),
            ("dead_letter_queue", "queue_arn"),
        ):
            value = getattr(self, key)
            if value is not None and not has_attribute(value, attribute):
                kind = {
                    "key_arn": "a kms.IKey",
                    "vpc_id": "an ec2.IVpc",
                    "code_signing_config_arn": "an aws_lambda.ICodeSigningConfig",
                    "queue_arn": "an sqs.IQueue",
                }
                raise InvalidChoice(key=key, value=value, allowed=kind[attribute])
            if attribute == "key_arn" and value is not None and _is_alias(value):
                allowed = "a kms.IKey that is the key itself, not an alias of it"
                raise InvalidChoice(key=key, value=value.key_arn, allowed=allowed)
        groups = self.security_groups
        if groups is not None and not (
            isinstance(groups, list | tuple)
            and all(has_attribute(each, "security_group_id") for each in groups)
        ):
            allowed = "a list of ec2.ISecurityGroup, in brackets"
            raise InvalidChoice(key="security_groups", value=groups, allowed=allowed)
        subnets: object = self.vpc_subnets
        if subnets is not None and not (
            isinstance(subnets, Mapping) or has_attribute(subnets, "subnet_type")
        ):
            allowed = "ec2.SubnetSelection(…)"
            raise InvalidChoice(key="vpc_subnets", value=subnets, allowed=allowed)
        if self.vpc is None:
            for key in ("vpc_subnets", "security_groups"):
                if getattr(self, key) is not None:
                    raise InvalidChoice(
                        key=key, value=getattr(self, key), allowed="nothing without vpc"
                    )

    @property
    def of_the_function(self) -> dict[str, Any]:
        """Those that are properties of a function, under the same names."""
        names = (
            "environment_encryption",
            "reserved_concurrent_executions",
            "vpc",
            "vpc_subnets",
            "security_groups",
            "code_signing_config",
            "dead_letter_queue",
        )
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def permissions(self, function_arn: str) -> Iterator[iam.PolicyStatement]:
        """What the execution role needs for them; `function_arn` is the broker's own."""
        if self.environment_encryption:
            yield iam.PolicyStatement(
                sid="ReadEnvironment",
                actions=["kms:Decrypt"],
                resources=[self.environment_encryption.key_arn],
            )
        if self.vpc:
            yield iam.PolicyStatement(sid="UseNetwork", actions=_NETWORK, resources=["*"])
            # Lambda itself uses them, never the function's code.
            yield iam.PolicyStatement(
                sid="OnlyLambdaUsesNetwork",
                effect=iam.Effect.DENY,
                actions=_NETWORK,
                resources=["*"],
                conditions={"ArnLike": {"lambda:SourceFunctionArn": with_children(function_arn)}},
            )

    def denials(self) -> Iterator[iam.PolicyStatement]:
        """What no session may do to the keys: change them, end them, or hand them on.

        Nor to whose signatures the code has to carry.
        """
        if self.code_signing_config:
            yield iam.PolicyStatement(
                sid="KeepCodeSigning",
                effect=iam.Effect.DENY,
                not_actions=["lambda:Get*", "lambda:List*"],
                resources=[self.code_signing_config.code_signing_config_arn],
            )
        keys = {
            key.key_arn: None
            for key in (self.log_encryption_key, self.environment_encryption)
            if key
        }
        if keys:
            yield iam.PolicyStatement(
                sid="KeepKeys",
                effect=iam.Effect.DENY,
                not_actions=_USES_OF_KEYS,
                resources=list(keys),
            )

    def let_logs_use_the_key(self, stack: cdk.Stack, *, log_group_name: str) -> None:
        """Let CloudWatch Logs use the key for this log group, if the key is the application's.

        CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS Key Management
        Service". Of an imported key, the policy has to say it already.
        """
        if self.log_encryption_key is None:
            return
        log_group = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.log_encryption_key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                resources=["*"],
                conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": log_group}},
            )
        )

    def acknowledge_absent(self, function: lambda_.Function, log_group: logs.LogGroup) -> None:
        """Say why what was not asked for is not there."""
        if self.log_encryption_key is None:
            acknowledge_in_packs(
                log_group,
                "CloudWatchLogGroupEncrypted",
                "CloudWatch Logs encrypts it with a key of its own, and no secret is ever logged; "
                "log_encryption_key takes another key.",
            )
        for rule, is_there, reason in (
            (
                "LambdaConcurrency",
                self.reserved_concurrent_executions,
                "What is reserved is taken from all functions of a development account; "
                "reserved_concurrent_executions reserves some.",
            ),
            (
                "LambdaDLQ",
                self.dead_letter_queue,
                "The broker is invoked for its answer, so a failed request is the caller's to see; "
                "dead_letter_queue takes a queue for asynchronous ones.",
            ),
            (
                "LambdaInsideVPC",
                self.vpc,
                "The broker talks to IAM and STS alone, which are outside of every VPC; vpc puts "
                "it into one.",
            ),
        ):
            if is_there is None:
                acknowledge_in_packs(function, rule, reason)


def _is_alias(key: kms.IKey) -> bool:
    """Whether it goes by the ARN of an alias: a policy that names this is not about the key.

    AWS KMS Developer Guide, "Specifying KMS keys in IAM policy statements".
    """
    return has_attribute(key, "alias_name") or ":alias/" in key.key_arn
