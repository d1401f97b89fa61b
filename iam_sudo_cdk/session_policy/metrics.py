"""The broker's metrics, and alarms on them.

CloudWatch takes them from the line of each decision, without a call, so their names, namespace and
dimension are those of `iam_sudo_core.broker.audit`. They are of all brokers of an account and
region: the line has no dimension for a function.

Not promised: that nobody else writes into that namespace. Sessions are denied it by name, but
whoever may write to any log group can write metrics from there (Amazon CloudWatch User Guide,
"Embedding metrics within logs"); the log of the broker is what cannot be forged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from iam_sudo_core import errors
from iam_sudo_core.arns import BROKER_TAG

from ..acknowledgements import acknowledge_in_packs
from ..errors import InvalidChoice
from ..values import has_attribute
from .arn_patterns import anywhere, with_children

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

NAMESPACE = "iam-sudo"
GRANTED, EXPLAINED, REFUSED, FAILED, LATENCY = (
    "granted",
    "explained",
    "refused",
    "failed",
    "milliseconds",
)
MALFORMED = "rules_malformed"
_BY_ERROR = "error"
_RUNG = (REFUSED, FAILED, MALFORMED)
_READS = ["cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*"]
# Amazon CloudWatch API Reference, "PutMetricAlarm": Period, a day at most.
_LONGEST_MINUTES = 1_440


def metric(
    scope: Construct, name: str, *, error: str | None = None, **options: Any
) -> cloudwatch.Metric:
    """One of the broker's metrics, in the account and region of `scope` if `options` tell no other.

    `error` is the class of an error, of refusals and failures; `options` those of a Metric.

    Raises:
        InvalidChoice: no decision that this metric counts has an error of this class.
    """
    if error is not None and not _is_counted(name, error):
        kinds = ", ".join(each for each in sorted(vars(errors)) if _is_counted(name, each))
        raise InvalidChoice(key="error", value=error, allowed=kinds)
    defaults = {"statistic": "Average" if name == LATENCY else "Sum"}
    made = cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map=None if error is None else {_BY_ERROR: error},
        **{**defaults, **options},
    )
    # Older CDKs put a metric where it is attached to, whatever it was told.
    told = {place: options[place] for place in ("account", "region") if place in options}
    return made.attach_to(scope).with_(**told)


def _is_counted(name: str, error: object) -> bool:
    """Whether an error of this class is counted by the metric: see `AuditLine.refused`."""
    kind = vars(errors).get(error) if isinstance(error, str) else None
    if not (isinstance(kind, type) and issubclass(kind, errors.IamSudoError)):
        return False
    if issubclass(kind, errors.ProofRequired):
        return False  # a question to the command, and no decision
    is_refusal = issubclass(kind, errors.Refusal | errors.InvalidRequest)
    return is_refusal is (name == REFUSED)


@dataclass(frozen=True, kw_only=True)
class SudoAlarms:
    """When the broker rings: on many refusals, which may be somebody who tries, and on failures.

    Attributes:
        topic: the SNS topic that is told, when it rings and when it is over; default: none, so that
            somebody has to look. Of an encrypted one, the key has to let CloudWatch use it.
        refusals: how many of them within `minutes`; default: 10.
        failures: the same; default: 1.
        minutes: in which they are counted; default: 5.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    topic: sns.ITopic | None = None
    refusals: int = 10
    failures: int = 1
    minutes: int = 5

    def __post_init__(self) -> None:
        if self.topic is not None and not has_attribute(self.topic, "topic_arn"):
            raise InvalidChoice(key="topic", value=self.topic, allowed="an sns.ITopic")
        for key in ("refusals", "failures"):
            number = getattr(self, key)
            if type(number) is not int or number < 1:
                raise InvalidChoice(key=key, value=number, allowed="a number, at least 1")
        if type(self.minutes) is not int or self.minutes not in range(1, _LONGEST_MINUTES + 1):
            allowed = f"a number, 1 to {_LONGEST_MINUTES}"
            raise InvalidChoice(key="minutes", value=self.minutes, allowed=allowed)


def build_alarms(
    scope: Construct, alarms: SudoAlarms, *, function_name: str, rules_are_published: bool
) -> list[cloudwatch.Alarm]:
    return [
        _alarm(scope, id_, alarms, name=name, function_name=function_name, threshold=threshold)
        for id_, name, threshold in (
            ("RefusalAlarm", REFUSED, alarms.refusals),
            ("FailureAlarm", FAILED, alarms.failures),
            # Those before stay in force, so nothing else would tell.
            *([("MalformedRulesAlarm", MALFORMED, 1)] if rules_are_published else []),
        )
    ]


def _alarm(
    scope: Construct,
    id: str,
    alarms: SudoAlarms,
    *,
    name: str,
    function_name: str,
    threshold: int,
) -> cloudwatch.Alarm:
    alarm = cloudwatch.Alarm(
        scope,
        id,
        alarm_name=f"{function_name}-{name}",
        alarm_description=f"iam-sudo: {threshold} or more requests {name}; its log has them",
        metric=metric(scope, name, period=cdk.Duration.minutes(alarms.minutes)),
        threshold=threshold,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    resource = cast(cloudwatch.CfnAlarm, alarm.node.default_child)
    resource.cdk_tag_manager.set_tag(BROKER_TAG, function_name)
    if alarms.topic is None:
        acknowledge_in_packs(
            alarm,
            "CloudWatchAlarmAction",
            "Whom it tells is for the application to say: topic of SudoAlarms.",
        )
    else:
        tell = cast(cloudwatch.IAlarmAction, cloudwatch_actions.SnsAction(alarms.topic))
        alarm.add_alarm_action(tell)
        alarm.add_ok_action(tell)
    return alarm


def watch_denials(
    stack: cdk.Stack, *, function_name: str, topic: sns.ITopic | None
) -> Iterator[iam.PolicyStatement]:
    """Deny sessions what would blind who watches: its alarms, dashboard, metrics and topic.

    Whether this broker has them or not: a broker of the same name in another region may.
    """
    alarms = [anywhere(stack, "cloudwatch", "alarm", f"{function_name}-{name}") for name in _RUNG]
    yield _deny(
        "KeepAlarms", not_actions=_READS, resources=[*alarms, dashboards(stack, function_name)]
    )
    yield _deny(
        "KeepMetrics",
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
    )
    if topic is not None:
        # To publish is what roles of an application may be for.
        yield _deny(
            "KeepTopic",
            not_actions=["sns:Get*", "sns:List*", "sns:Publish"],
            resources=with_children(topic.topic_arn),
        )


def dashboard_name(function_name: str, region: str) -> str:
    """Dashboards are an account's, not a region's."""
    return f"{function_name}-{region}"


def dashboards(stack: cdk.Stack, function_name: str) -> str:
    """The ARN of those that a function of this name has, in whatever region."""
    return stack.format_arn(
        service="cloudwatch",
        region="",
        resource="dashboard",
        resource_name=dashboard_name(function_name, "*"),
    )


def _deny(sid: str, **statement: Any) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, effect=iam.Effect.DENY, **statement)
