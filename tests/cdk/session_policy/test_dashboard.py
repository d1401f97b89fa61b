"""Metrics, alarms and the dashboard: each name in them is one that a broker really writes."""

import json
import re

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    IamSudo,
    InvalidChoice,
    InvalidConfiguration,
    SudoAlarms,
    SudoRule,
    TagTrustStrategy,
)
from iam_sudo_core import errors
from iam_sudo_core.broker.audit import AuditLine, malformed_rules
from iam_sudo_core.broker.published import Published
from tests.cdk.templates import (
    ACCOUNT,
    OTHER_ACCOUNT,
    REGION,
    base_role,
    iam_sudo,
    only,
    render,
    stack,
    synth,
)
from tests.core.conftest import CONTEXT, ONE, account, broker  # noqa: F401 - fixtures

pytestmark = pytest.mark.slow


@pytest.fixture
def lines(account, broker, capfd):  # noqa: F811 - fixtures
    """What brokers write that grant, explain, refuse, fail and ask for a proof."""
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    broker.handler({"role_name": "iam-sudo-demo-task", "reason": "why"}, CONTEXT)
    broker.handler({"role_name": "iam-sudo-demo-task", "explain": True}, CONTEXT)
    with pytest.raises(errors.RoleNotFound):
        broker.handler({"role_name": "nobodys"}, CONTEXT)
    broker._IAM.meta.events.register("before-call.iam.GetRole", fail)
    with pytest.raises(errors.BrokerFailure):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    of_rules = AuditLine(request_id="1", event={}, clock=lambda: 0.0)
    print(of_rules.refused(errors.ProofRequired(broker="arn")))
    printed = capfd.readouterr().out.splitlines()
    return [json.loads(line) for line in printed if line.startswith("{")]


def fail(**_):
    raise ZeroDivisionError


def emitted(lines):
    """The metrics of these lines, as (namespace, name, dimensions), as CloudWatch takes them."""
    return {
        (each["Namespace"], metric["Name"], tuple((key, line[key]) for key in dimensions))
        for line in lines
        for each in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in each["Metrics"]
        for dimensions in each["Dimensions"]
    }


def widgets(template):
    _, dashboard = only(template, "AWS::CloudWatch::Dashboard")
    return json.loads(dashboard["DashboardBody"])["widgets"]


def shown(template):
    """The metrics of the dashboard, by the short form in which a widget repeats what is above."""
    for widget in widgets(template):
        above = []
        for metric in widget["properties"].get("metrics", []):
            parts = [part for part in metric if isinstance(part, str)]
            parts = [above[at] if part == "." else part for at, part in enumerate(parts)]
            above = parts
            namespace, name, *dimensions = parts
            yield namespace, name, tuple(zip(dimensions[::2], dimensions[1::2], strict=True))


@pytest.fixture(scope="module")
def template():
    return synth(dashboard=True, alarms=SudoAlarms())


def test_every_metric_of_the_dashboard_is_emitted_by_a_run_of_the_broker(template, lines):
    found = list(shown(template))
    assert {name for _, name, _ in found} == {
        "explained", "failed", "granted", "milliseconds", "refused"
    }  # fmt: skip
    assert set(found) <= emitted(lines)


def test_every_alarm_is_on_a_metric_that_is_emitted(template, lines):
    alarms = [
        render(alarm["Properties"])
        for alarm in template.find_resources("AWS::CloudWatch::Alarm").values()
    ]
    assert {(a["Namespace"], a["MetricName"], ()) for a in alarms} == {
        ("iam-sudo", "refused", ()),
        ("iam-sudo", "failed", ()),
    }
    assert {(a["Namespace"], a["MetricName"], ()) for a in alarms} <= emitted(lines)


def test_every_metric_of_the_construct_is_emitted(lines):
    sudo = iam_sudo(stack(ACCOUNT))
    metrics = [
        sudo.metric_granted(),
        sudo.metric_refused(),
        sudo.metric_refused(error="RoleNotFound"),
        sudo.metric_failed(),
        sudo.metric_failed(error="BrokerFailure"),
        sudo.metric_milliseconds(),
    ]
    assert {
        (each.namespace, each.metric_name, tuple((each.dimensions or {}).items()))
        for each in metrics
    } <= emitted(lines)


# What a query says that is no field: its own words, and the names that it gives.
WORDS = {"as", "and", "by", "count", "desc", "fields", "filter", "limit", "max", "sort", "stats"}


def test_each_query_names_fields_of_a_decision_and_no_others(template, lines):
    fields = {"@timestamp"} | {key for line in lines for key in line}
    queries = [w["properties"]["query"] for w in widgets(template) if w["type"] == "log"]
    assert len(queries) == 3
    for source, query in (each.split("|", 1) for each in queries):
        assert "/aws/lambda" in source or "BrokerLogs" in source
        given = set(re.findall(r" as (\w+)", query))
        named = set(re.findall(r"@?[a-z_]+", re.sub(r'"[^"]*"', "", query)))
        assert named - WORDS - given <= fields, query
        values = re.findall(r'(\w+) !?= "([^"]*)"', query)
        assert values
        for field, value in values:
            assert value in {line.get(field) for line in lines}, (field, value)


def test_nothing_of_it_is_there_unless_it_is_asked_for():
    plain = synth()
    plain.resource_count_is("AWS::CloudWatch::Alarm", 0)
    plain.resource_count_is("AWS::CloudWatch::Dashboard", 0)
    sudo = iam_sudo(stack())
    assert (list(sudo.alarms), sudo.dashboard) == ([], None)


def test_a_dashboard_is_called_after_function_and_region():
    _, dashboard = only(
        synth(ACCOUNT, dashboard=True, function_name="sudo"), "AWS::CloudWatch::Dashboard"
    )
    assert dashboard["DashboardName"] == f"sudo-{REGION}"


def test_metrics_of_a_broker_are_looked_for_where_it_is():
    app = cdk.App(analytics_reporting=False)
    env = cdk.Environment(account=ACCOUNT, region=REGION)
    here = cdk.Stack(app, "here", env=env)
    there = cdk.Stack(app, "there", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    metric = iam_sudo(here).metric_granted(period=cdk.Duration.hours(1))
    assert metric.period.to_hours() == 1
    with pytest.raises(RuntimeError, match="region"):
        metric.create_alarm(there, "Alarm", threshold=1, evaluation_periods=1)


def test_a_metric_is_of_the_account_and_region_that_it_is_told():
    told = {"account": OTHER_ACCOUNT, "region": "us-east-1"}
    metric = iam_sudo(stack(ACCOUNT)).metric_granted(**told)
    assert {"account": metric.account, "region": metric.region} == told


def test_alarms_tell_the_topic_when_they_ring_and_when_it_is_over():
    scope = stack(ACCOUNT)
    topic = sns.Topic(scope, "Topic")
    sudo = iam_sudo(scope, alarms=SudoAlarms(topic=topic, refusals=3, failures=2, minutes=15))
    template = Template.from_stack(scope)
    (topic_id,) = template.find_resources("AWS::SNS::Topic")
    alarms = {
        alarm["Properties"]["AlarmName"]: render(alarm["Properties"])
        for alarm in template.find_resources("AWS::CloudWatch::Alarm").values()
    }
    assert {name: alarm["Threshold"] for name, alarm in alarms.items()} == {
        "iam-sudo-refused": 3,
        "iam-sudo-failed": 2,
    }
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [f"<{topic_id}>"]
        assert (alarm["Period"], alarm["Statistic"]) == (900, "Sum")
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["Tags"] == [{"Key": "iam-sudo:broker", "Value": "iam-sudo"}]
    assert len(sudo.alarms) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"}, "sns.ITopic"),
        ({"refusals": 0}, "at least 1"),
        ({"failures": True}, "at least 1"),
        ({"refusals": "3"}, "at least 1"),
        ({"minutes": 0}, "1 to 1440"),
        ({"minutes": 1441}, "1 to 1440"),
    ],
)
def test_alarms_that_would_never_ring_are_refused(changes, said):
    ((key, _),) = changes.items()
    with pytest.raises(InvalidChoice, match=f"^{key}: .*{said}"):
        SudoAlarms(**changes)


def test_rules_in_a_parameter_that_are_none_ring():
    many = [SudoRule(callers=["*"], role_names=[f"orders-{'x' * 40}-{i}-*"]) for i in range(40)]
    template = synth(alarms=SudoAlarms(), rules=many)
    found = Published("/iam-sudo/x/rules", 2, None, None, problem="none")
    line = json.loads(malformed_rules(found, request_id="1", now=0))
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": "iam-sudo-rules_malformed",
            "Namespace": metrics["Namespace"],
            "MetricName": metrics["Metrics"][0]["Name"],
            "Threshold": 1,
        },
    )


@pytest.mark.parametrize("choice", [{"alarms": True}, {"alarms": SudoAlarms}, {"dashboard": "no"}])
def test_a_choice_of_another_kind_is_refused(choice):
    ((key, _),) = choice.items()
    with pytest.raises(InvalidChoice, match=f"^{key}: "):
        synth(**choice)


@pytest.mark.parametrize(
    ("metric", "error"),
    [
        ("metric_refused", "NoSuchError"),
        ("metric_refused", "AwsCallFailed"),
        ("metric_refused", "IamSudoError"),
        ("metric_refused", "ProofRequired"),
        ("metric_failed", "RoleNotFound"),
        ("metric_failed", "json"),
        ("metric_failed", 1),
    ],
)
def test_a_metric_that_no_decision_has_is_refused(metric, error):
    with pytest.raises(InvalidChoice, match="^error: .*allowed: "):
        getattr(iam_sudo(stack()), metric)(error=error)


def test_without_a_broker_there_is_nothing_to_measure():
    sudo = IamSudo(stack(), "IamSudo", strategy=TagTrustStrategy(), development_accounts=[ACCOUNT])
    with pytest.raises(InvalidConfiguration, match="no broker"):
        sudo.metric_granted()


def denial(template, sid):
    (policy,) = base_role(template)["Policies"]
    return next(
        (s for s in policy["PolicyDocument"]["Statement"] if s["Sid"] == sid),
        None,
    )


def test_a_session_may_look_at_alarms_and_dashboard_and_change_neither():
    template = synth(ACCOUNT, function_name="sudo", dashboard=True, alarms=SudoAlarms())
    kept = denial(template, "KeepAlarms")
    assert kept["NotAction"] == ["cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*"]
    names = [
        alarm["Properties"]["AlarmName"]
        for alarm in template.find_resources("AWS::CloudWatch::Alarm").values()
    ] + ["sudo-rules_malformed"]  # which is there where rules are in a parameter
    _, dashboard = only(template, "AWS::CloudWatch::Dashboard")
    assert set(kept["Resource"]) == {
        *(f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:{name}" for name in names),
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/sudo-*",
    }
    assert re.fullmatch("sudo-.*", dashboard["DashboardName"])


def test_a_session_writes_no_metrics_of_the_broker():
    kept = denial(synth(), "KeepMetrics")
    assert kept["Action"] == "cloudwatch:PutMetricData"
    assert kept["Condition"] == {"StringEquals": {"cloudwatch:namespace": "iam-sudo"}}


def test_a_session_may_publish_to_the_topic_and_neither_delete_nor_unsubscribe():
    scope = stack(ACCOUNT)
    iam_sudo(scope, alarms=SudoAlarms(topic=sns.Topic(scope, "Topic")))
    template = Template.from_stack(scope)
    (topic_id,) = template.find_resources("AWS::SNS::Topic")
    kept = denial(template, "KeepTopic")
    assert kept["NotAction"] == ["sns:Get*", "sns:List*", "sns:Publish"]
    assert kept["Resource"] == [f"<{topic_id}>", f"<{topic_id}>:*"]
    assert denial(synth(alarms=SudoAlarms()), "KeepTopic") is None
