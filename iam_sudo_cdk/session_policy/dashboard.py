"""The broker's dashboard: who has which roles, who was refused what, how long it took.

Curves are of the broker's metrics, lists are queries of its log (CloudWatch Logs Insights), which
whoever looks at the dashboard has to be allowed to query. `tests/docs/test_dashboard.py` compares
docs/deploy.md with it, and each name in it with what a broker writes.
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from .metrics import EXPLAINED, FAILED, GRANTED, LATENCY, REFUSED, dashboard_name, metric

_WIDTH = 24  # of a dashboard, in its own units
# Nor is it a decision that the command is asked for a proof.
_DECIDED = 'filter audit = "iam-sudo" and decision != "asked" and decision != "proof-required"'
_GRANTED = 'filter audit = "iam-sudo" and decision = "granted"'
_REFUSED = 'filter audit = "iam-sudo" and decision = "refused"'

# What is listed: by its title, the lines of the query.
_LISTED: dict[str, Sequence[str]] = {
    "Who has which roles": (
        _GRANTED,
        "stats count(*) as sessions, max(@timestamp) as last by caller, role_found",
        "sort sessions desc",
        "limit 50",
    ),
    "Who was refused what": (
        _REFUSED,
        "stats count(*) as times, max(@timestamp) as last by error, caller, role_asked",
        "sort times desc",
        "limit 50",
    ),
    "The last decisions": (
        "fields @timestamp, decision, caller, role_asked, role_found, rule, reason_asked, error, "
        "access_key_id, milliseconds",
        _DECIDED,
        "sort @timestamp desc",
        "limit 50",
    ),
}


def broker_dashboard(
    scope: Construct, *, function_name: str, log_group: logs.LogGroup
) -> cloudwatch.Dashboard:
    decisions = [metric(scope, name) for name in (GRANTED, EXPLAINED, REFUSED, FAILED)]
    latency = [
        metric(scope, LATENCY, statistic=statistic, label=label)
        for statistic, label in (("p50", "half"), ("p90", "nine of ten"), ("Maximum", "longest"))
    ]
    curves = [
        cloudwatch.GraphWidget(title="Decisions", left=decisions, width=_WIDTH // 2),
        cloudwatch.GraphWidget(title="Milliseconds", left=latency, width=_WIDTH // 2),
    ]
    lists = [
        cloudwatch.LogQueryWidget(
            title=title,
            log_group_names=[log_group.log_group_name],
            query_lines=list(lines),
            width=_WIDTH,
        )
        for title, lines in _LISTED.items()
    ]
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=dashboard_name(function_name, cdk.Stack.of(scope).region),
        default_interval=cdk.Duration.days(7),
        widgets=[curves, *([each] for each in lists)],
    )
