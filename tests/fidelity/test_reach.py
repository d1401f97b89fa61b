"""No action that AWS has lets a session change, read or reach the parts of a broker.

tests/cases/reach.json answers for each action that a session may do nevertheless: on a part, or
where it can name none. An action that is new in the catalogue has to be answered there.
"""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

from tests.cdk.templates import ACCOUNT, REGION
from tests.fidelity.catalogue import glob
from tests.fidelity.evaluator import Evaluator, Request, Side, listed
from tests.fidelity.reach import (
    WITHOUT_TAGS,
    Action,
    BrokerInAccount,
    allowed,
    policies_of_services,
)

pytestmark = pytest.mark.slow

SERVICES = (
    "cloudformation", "events", "iam", "lambda", "logs", "oam", "scheduler", "ssm", "sts", "xray",
)  # fmt: skip
ANSWERS = json.loads((Path(__file__).parents[1] / "cases" / "reach.json").read_text())
# What gives a role to a service, on roles that trust no such service; of the execution role, which
# trusts Lambda, see test_the_execution_role_is_of_use_to_its_broker_alone.
GIVES_A_ROLE = {*WITHOUT_TAGS, "ssm:UpdateManagedInstanceRole"}
# Tokens, credentials and whatever else lets somebody be who they are not.
BEING_SOMEBODY = re.compile(r"credential|oauth|token|assume|federat", re.IGNORECASE)
OVER = re.compile(
    "Count|Delete|Deregister|Describe|Disable|Disassociate|List|Register|Revoke|Introspect"
)
NAMES_A_POLICY = ("iam:PolicyARN", "iam:PermissionsBoundary")
# The catalogue does not know the service yet.
NEW = {"assurance:*"}
# The services whose own role, which nobody has to pass, does this to logs or functions of an
# account, by the name of its policy.
ROLES_OF_SERVICES = {
    "AWSAuditManagerServiceRolePolicy": "auditmanager:* is denied",
    "AWSBudgetsSpendLimitMemberRolePolicy": "stops functions; from the management account alone",
    "AWSLambdaReplicator": "replicas of a function at the edge, which nobody may make",
    "AWSObservabilityAdminLogsCentralizationServiceRolePolicy": "centralization is denied",
    "AWSObservabilityAdminTelemetryEnablementServiceRolePolicy": "of log groups with its own tag",
    "AmazonDevOpsGuruServiceRolePolicy": "of log groups with a tag, which is denied",
    "AmazonWorkMailEventsServiceRolePolicy": "writes to a log group of its own",
    "AssuranceServiceRolePolicy": "assurance:* is denied",
    "ClientVPNServiceRolePolicy": "ec2:CloudwatchLogGroupArn tells which; denied for the log",
    "CloudHSMServiceRolePolicy": "writes to a log group of its own",
    "CloudwatchApplicationInsightsServiceLinkedRolePolicy": "applicationinsights:* is denied",
}


@pytest.fixture(scope="module")
def evaluator():
    with Evaluator() as started:
        yield started


@pytest.fixture(scope="module")
def catalogue():
    return Action.all_of(*SERVICES)


@pytest.fixture(scope="module")
def everything():
    return Action.all_of()


@pytest.fixture(scope="module")
def broker():
    return BrokerInAccount.synthesized()


def answered(kind):
    names = [name for answer in ANSWERS[kind] for name in answer["actions"]]
    assert len(names) == len(set(names))
    assert all(answer["why"].endswith(".") for answer in ANSWERS[kind])
    return set(names)


ABOVE = "arn:aws:ssm:eu-west-1:111122223333:parameter"
# The evaluator does not know the path "/"; tests/cdk/session_policy/test_guardrails.py judges it.
NOT_OF_THE_CATALOGUE = {"KeepRulesFromAbove"}


def requests_on(parts, actions, *, tagged):
    made = (action.on(part, tagged=tagged) for action in actions for part in parts)
    return [request for request in made if request]


def test_what_a_session_may_do_to_a_part_is_answered(evaluator, catalogue, broker):
    parts = [*broker.tagged_parts, *broker.untagged_parts]
    on_parts = requests_on(parts, catalogue, tagged=False)
    assert allowed(evaluator, broker.session(), on_parts) == answered("of a part")


def test_what_a_session_may_do_without_naming_a_part_is_answered(evaluator, catalogue, broker):
    parts = [*broker.tagged_parts, *broker.untagged_parts]
    elsewhere = [
        request
        for action in catalogue
        if not any(action.on(part, tagged=False) for part in parts)
        for request in action.elsewhere(broker.named_by_keys(action))
    ]
    assert allowed(evaluator, broker.session(), elsewhere) == answered("elsewhere")


def test_no_carrier_of_a_session_is_given_to_anybody(evaluator, catalogue, broker):
    """By no action whose condition key would name it, for whoever would get it."""
    for key in NAMES_A_POLICY:
        about = [action for action in catalogue if key in action.keys]
        assert len(about) > 3
        context = {key: broker.untagged_parts[-1]}
        requests = [request for action in about for request in action.elsewhere(context)]
        assert allowed(evaluator, broker.session(), requests) == set()


def test_what_can_name_a_part_by_a_condition_key_is_answered(evaluator, everything, broker):
    requests = [
        request
        for action in everything
        if (keys := broker.named_by_keys(action))
        for request in action.elsewhere(keys)
    ]
    may = allowed(evaluator, broker.session(), requests)
    assert may == answered("by a condition key")


def test_what_may_make_a_session_somebody_else_is_answered(evaluator, everything, broker):
    requests = [
        request
        for action in everything
        if BEING_SOMEBODY.search(verb := action.name.partition(":")[2]) and not OVER.match(verb)
        for request in action.elsewhere({})
    ]
    assert allowed(evaluator, broker.session(), requests) == answered("credentials")


def test_services_that_see_or_change_a_part_by_a_role_of_their_own_are_answered(evaluator, broker):
    log = f"{broker.log_group}:log-stream:x"
    done = [
        *(Request(f"logs:{act}", broker.log_group) for act in (
            "FilterLogEvents", "StartQuery", "PutSubscriptionFilter", "PutRetentionPolicy",
            "DeleteLogGroup", "PutResourcePolicy")),
        *(Request(f"logs:{act}", log) for act in ("GetLogEvents", "PutLogEvents")),
        *(Request(f"lambda:{act}", broker.function) for act in (
            "InvokeFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "AddPermission",
            "DeleteFunction", "PutFunctionConcurrency")),
        *(Request(f"iam:{act}", broker.base_role) for act in (
            "PutRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy")),
        *(Request(f"cloudformation:{act}", broker.stack) for act in ("UpdateStack", "DeleteStack")),
    ]  # fmt: skip
    found = {
        name
        for name, policy in policies_of_services().items()
        if [True] in evaluator.decide(done, [Side([policy])])
    }
    assert found == set(ROLES_OF_SERVICES)


def test_no_part_is_changed_by_what_is_answered(catalogue):
    changes = {action.name for action in catalogue if not action.reads}
    assert not changes & answered("of a part")


def test_each_action_of_each_denial_is_needed(evaluator, everything, broker):
    for denial in broker.denials:
        sid = denial["Sid"]
        if sid in NOT_OF_THE_CATALOGUE:
            continue
        is_a_rule_for_the_rest = {"NotAction", "NotResource"} & set(denial)
        patterns = {None} if is_a_rule_for_the_rest else {*listed(denial["Action"])}
        for pattern in patterns - NEW:
            # What it denies whatever a request is said to be about, and the other if of nothing.
            twice = {"KeepLogsUnnamed": None} if sid == "KeepLogsOfAll" else {}
            sides = [
                broker.session(without=twice),
                broker.session(without={**twice, sid: pattern}),
            ]
            requests = against(broker, everything, pattern)
            assert [False, True] in evaluator.decide(requests, sides), (sid, pattern)


def against(broker, actions, pattern):
    """Requests of a kind of action on parts, on tagged things, and on what names them."""
    is_meant = glob(pattern or "*").fullmatch
    parts = [*broker.tagged_parts, *broker.alarms]
    services = {part.split(":")[2] for part in parts} | {"s3"}
    meant = [
        each
        for each in actions
        if is_meant(each.name)
        and (pattern not in {None, "*"} or each.name.split(":")[0] in services)
    ]
    archive = ["arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1/0a1b2c.zip"]
    parts += [*broker.untagged_parts, *archive]
    requests = requests_on(parts, meant, tagged=False)
    for each in meant:
        for context in (
            broker.named_by_keys(each),
            {"aws:ResourceTag/iam-sudo:broker": "of-another-broker"},
            {"aws:TagKeys": ["IAM-sudo:Broker"]},
            *({key: broker.untagged_parts[-1]} for key in NAMES_A_POLICY),
        ):
            requests.extend(each.elsewhere(context))
    return requests


@pytest.mark.parametrize("above", ["/iam-sudo", "/iam-sudo/", "/iam-sudo/iam-sudo"])
def test_the_rules_of_a_broker_are_not_read_by_a_path_above_them(evaluator, broker, above):
    path = Request("ssm:GetParametersByPath", f"{ABOVE}{above}", {"ssm:Recursive": "true"})
    assert allowed(evaluator, broker.session(), [path]) == set()


@pytest.mark.parametrize("path", ["/orders", "/iam-sudo-demo"])
def test_other_paths_of_parameters_are_read_as_ever(evaluator, broker, path):
    request = Request("ssm:GetParametersByPath", f"{ABOVE}{path}", {"ssm:Recursive": "true"})
    assert allowed(evaluator, broker.session(), [request])


@pytest.mark.parametrize(
    "other",
    [
        {"region": "eu-central-1"},
        {"function_name": "other-broker", "role_name": "OtherBase"},
        {"function_name": "other-broker", "role_name": "OtherBase", "region": "us-east-1"},
    ],
    ids=["another region", "other names", "other names in another region"],
)
def test_brokers_of_one_account_are_kept_from_each_others_sessions(
    evaluator, catalogue, broker, other
):
    other = BrokerInAccount.synthesized(**other)
    known = answered("of a part") | GIVES_A_ROLE
    for attacker, victim in ((broker, other), (other, broker)):
        requests = requests_on(victim.tagged_parts, catalogue, tagged=True)
        assert allowed(evaluator, attacker.session(), requests) - known == set()


def test_without_the_tag_a_broker_of_another_name_would_be_reached(evaluator, catalogue, broker):
    other = BrokerInAccount.synthesized(function_name="other-broker", role_name="OtherBase")
    requests = requests_on(other.tagged_parts, catalogue, tagged=False)
    assert "lambda:UpdateFunctionCode" in allowed(evaluator, broker.session(), requests)


def test_alarms_and_dashboard_are_only_read(evaluator, broker):
    actions = Action.all_of("cloudwatch")
    requests = requests_on(broker.alarms, actions, tagged=False)
    may = allowed(evaluator, broker.session(), requests)
    assert {"cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard"} <= may
    assert may <= {action.name for action in actions if action.reads}
    for action in ("DeleteAlarms", "DisableAlarmActions", "PutAlarmMuteRule", "PutMetricAlarm"):
        elsewhere = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:of-somebody-else"
        [of_a_part, of_another] = evaluator.decide(
            [Request(f"cloudwatch:{action}", each) for each in (broker.alarms[0], elsewhere)],
            [broker.session()],
        )
        assert (of_a_part, of_another) == ([False], [True])


@pytest.mark.parametrize("tagged", [False, True])
def test_alarms_of_another_broker_are_known_by_its_tag(evaluator, broker, tagged):
    other = BrokerInAccount.synthesized(function_name="other-broker", role_name="OtherBase")
    requests = requests_on(other.alarms[:1], Action.all_of("cloudwatch"), tagged=tagged)
    may = allowed(evaluator, broker.session(), requests)
    assert ("cloudwatch:DeleteAlarms" in may) is not tagged
    assert "cloudwatch:DescribeAlarms" in may


@pytest.mark.parametrize(("namespace", "may"), [("iam-sudo", False), ("orders", True)])
def test_metrics_of_the_broker_are_written_by_its_log_alone(evaluator, broker, namespace, may):
    [put] = [a for a in Action.all_of("cloudwatch") if a.name == "cloudwatch:PutMetricData"]
    requests = list(put.elsewhere({"cloudwatch:namespace": namespace}))
    assert allowed(evaluator, broker.session(), requests) == ({put.name} if may else set())


def test_the_archive_is_only_read(evaluator, broker):
    bucket = "arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1"
    actions = Action.all_of("s3")
    requests = requests_on([bucket, f"{bucket}/0a1b2c.zip"], actions, tagged=False)
    may = allowed(evaluator, broker.session(), requests)
    assert {"s3:GetObject", "s3:ListBucket"} <= may
    assert may <= {action.name for action in actions if action.reads}
    elsewhere = Request("s3:PutObject", "arn:aws:s3:::of-somebody-else/key")
    assert allowed(evaluator, broker.session(), [elsewhere])


def test_the_archive_of_a_broker_in_another_region_is_only_read(evaluator, broker):
    bucket = "arn:aws:s3:::cdk-hnb659fds-assets-111122223333-us-east-1"
    requests = [Request("s3:PutObject", f"{bucket}/0a1b2c.zip"), Request("s3:DeleteBucket", bucket)]
    assert allowed(evaluator, broker.session(), requests) == set()


@pytest.mark.parametrize(
    ("bootstrap", "may"),
    [
        ({}, False),
        ({"eks:bootstrapClusterCreatorAdminPermissions": "true"}, False),
        ({"eks:bootstrapClusterCreatorAdminPermissions": "false"}, True),
    ],
)
def test_a_cluster_is_made_without_its_creator_as_administrator(evaluator, broker, bootstrap, may):
    request = Request("eks:CreateCluster", "*", bootstrap)
    assert evaluator.decide([request], [broker.session()]) == [[may]]


@pytest.mark.parametrize(
    ("function", "may"),
    [
        (None, False),
        ("eu-west-1:111122223333:function:x", False),
        ("eu-west-1:111122223333:function:iam-sudo-2", False),
        ("us-east-1:111122223333:function:iam-sudo", False),
        ("eu-west-1:444455556666:function:iam-sudo", False),
        ("eu-west-1:111122223333:function:iam-sudo", True),
        ("eu-west-1:111122223333:function:iam-sudo:7", True),
    ],
)
@pytest.mark.parametrize("action", ["AssumeRole", "TagSession"])
def test_the_execution_role_is_of_use_to_its_broker_alone(evaluator, broker, action, function, may):
    source = {"lambda:SourceFunctionArn": f"arn:aws:lambda:{function}"} if function else {}
    request = Request(f"sts:{action}", broker.base_role, source)
    assert evaluator.decide([request], [broker.execution_role()]) == [[may]]


@pytest.mark.parametrize(
    ("action", "part"),
    [
        ("logs:PutLogEvents", "log_stream"),
        ("logs:CreateLogStream", "log_stream"),
        ("iam:GetRole", "a_role"),
        ("sts:AssumeRole", "base_role"),
    ],
)
def test_what_the_execution_role_is_for_is_for_its_broker_alone(evaluator, broker, action, part):
    parts = {
        "log_stream": f"{broker.log_group}:log-stream:x",
        "a_role": "arn:aws:iam::111122223333:role/x",
        "base_role": broker.base_role,
    }
    forge = broker.function.replace("iam-sudo", "forge")
    for function, may in ((broker.function, True), (forge, False)):
        request = Request(action, parts[part], {"lambda:SourceFunctionArn": function})
        assert evaluator.decide([request], [broker.execution_role()]) == [[may]]


def test_every_action_of_the_execution_role_is_kept_for_its_broker(broker):
    statements = {each["Sid"]: each for each in broker.executes["Statement"]}
    kept = listed(statements.pop("OnlyAsTheBroker")["Action"])
    granted = [action for each in statements.values() for action in listed(each["Action"])]
    assert granted
    for action in granted:
        assert any(glob(pattern).fullmatch(action) for pattern in kept), action
