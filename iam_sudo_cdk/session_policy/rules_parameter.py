"""The parameter of Systems Manager that has the broker's rules, where its environment has no room.

Whoever may write it says who may have which roles, so sessions are denied it (`guardrails`). What
is in it is no secret of AWS's, and whoever may read the account's parameters may read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from iam_sudo_core.arns import BROKER_TAG

from ..sudo_rules import SudoRule, rules_text

# Systems Manager User Guide, "Managing parameter tiers": bytes of a standard parameter.
_STANDARD_BYTES = 4096
# What the parameters of all brokers begin with.
FOLDER = "iam-sudo"


def parameter_name(function_name: str) -> str:
    return f"/{FOLDER}/{function_name}/rules"


def read_permission(stack: cdk.Stack, function_name: str) -> iam.PolicyStatement:
    """By name: the parameter comes after the base role, which comes after the execution role."""
    arn = stack.format_arn(
        service="ssm", resource="parameter", resource_name=parameter_name(function_name)[1:]
    )
    return iam.PolicyStatement(sid="ReadRules", actions=["ssm:GetParameter"], resources=[arn])


def rules_parameter(
    scope: Construct,
    rules: Sequence[SudoRule],
    *,
    function_name: str,
    after: iam.Role | None,
) -> ssm.StringParameter:
    """Make it, `after` the base role, which keeps its sessions from it.

    Raises:
        InvalidConfiguration: the rules are larger than a parameter may be.
    """
    text = rules_text(rules)
    parameter = ssm.StringParameter(
        scope,
        "Rules",
        parameter_name=parameter_name(function_name),
        description="iam-sudo: who may have the sessions of which roles",
        string_value=text,
        # An advanced parameter cannot become a standard one again, and Intelligent-Tiering, which
        # makes a standard one where that does, leaves it as it is.
        tier=(
            ssm.ParameterTier.ADVANCED
            if len(text.encode()) > _STANDARD_BYTES
            else ssm.ParameterTier.INTELLIGENT_TIERING
        ),
    )
    cast(Any, parameter.node.default_child).tags.set_tag(BROKER_TAG, function_name)
    if after:
        parameter.node.add_dependency(after)
    return parameter
