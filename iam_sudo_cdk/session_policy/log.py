"""The broker's log, the audit trail."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from .extras import Extras


def log_group_name(function_name: str) -> str:
    return f"/aws/lambda/{function_name}"


def broker_log(
    scope: Construct,
    *,
    function_name: str,
    retention: logs.RetentionDays,
    removal_policy: cdk.RemovalPolicy,
    extras: Extras,
) -> logs.LogGroup:
    extras.let_logs_use_the_key(cdk.Stack.of(scope), log_group_name=log_group_name(function_name))
    return logs.LogGroup(
        scope,
        "BrokerLogs",
        log_group_name=log_group_name(function_name),
        retention=retention,
        removal_policy=removal_policy,
        encryption_key=extras.log_encryption_key,
    )
