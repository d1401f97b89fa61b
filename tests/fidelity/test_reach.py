"""No action that AWS has lets a session change, read or reach the parts of a broker.

tests/cases/reach.json answers for each action that a session may do nevertheless: on a part, or
where it can name none. An action that is new in the catalogue has to be answered there.
"""

import json
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

from tests.fidelity.evaluator import Evaluator, Request
from tests.fidelity.reach import WITHOUT_TAGS, Action, BrokerInAccount, allowed

pytestmark = pytest.mark.slow

SERVICES = (
    "cloudformation", "events", "iam", "lambda", "logs", "oam", "scheduler", "ssm", "sts", "xray",
)  # fmt: skip
ANSWERS = json.loads((Path(__file__).parents[1] / "cases" / "reach.json").read_text())
# What gives a role to a service, on roles that trust no such service; of the execution role, which
# trusts Lambda, see test_the_execution_role_is_of_use_to_its_broker_alone.
GIVES_A_ROLE = {*WITHOUT_TAGS, "ssm:UpdateManagedInstanceRole"}
# The denials of the base role, each with an action that nothing but it denies.
NEEDED = {
    "KeepFunction": ("lambda:UpdateFunctionCode", "function", {}),
    "KeepFunctionWithoutEventSources": ("lambda:CreateEventSourceMapping", "*", "keys"),
    "KeepLogs": ("logs:DeleteLogGroup", "log_group", {}),
    "KeepLogsFromDeliveries": (
        "logs:PutDeliveryDestination",
        "arn:aws:logs:eu-west-1:111122223333:delivery-destination:d",
        "keys",
    ),
    "KeepLogsOfAll": ("oam:CreateLink", "arn:aws:oam:eu-west-1:111122223333:sink/s", {}),
    "KeepLogsUnnamed": ("logs:CreateLogDelivery", "*", {}),
    "KeepStack": ("cloudformation:UpdateStack", "stack", {}),
    "KeepRoles": ("iam:PassRole", "base_role", {}),
    "KeepPolicies": ("iam:CreatePolicyVersion", "policy", {}),
    "KeepAllBrokers": (
        "lambda:UpdateFunctionCode",
        "arn:aws:lambda:eu-west-1:111122223333:function:of-another-broker",
        {"aws:ResourceTag/iam-sudo:broker": "of-another-broker"},
    ),
    "KeepTheTag": (
        "lambda:TagResource",
        "arn:aws:lambda:eu-west-1:111122223333:function:of-somebody",
        {"aws:TagKeys": ["IAM-sudo:Broker"]},
    ),
    "KeepArchive": (
        "s3:PutObject",
        "arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1/0a1b2c.zip",
        {},
    ),
    "NoCredentialsOfTheBaseRole": ("sts:GetServiceBearerToken", "*", {}),
    "NoClusterOfTheBaseRole": ("eks:CreateCluster", "*", {}),
    "NoAccessEntryOfTheBaseRole": (
        "eks:CreateAccessEntry",
        "arn:aws:eks:eu-west-1:111122223333:cluster/c",
        "keys",
    ),
}


@pytest.fixture(scope="module")
def evaluator():
    with Evaluator() as started:
        yield started


@pytest.fixture(scope="module")
def catalogue():
    return Action.all_of(*SERVICES)


@pytest.fixture(scope="module")
def broker():
    return BrokerInAccount.synthesized()


def answered(kind):
    names = [name for answer in ANSWERS[kind] for name in answer["actions"]]
    assert len(names) == len(set(names))
    assert all(answer["why"].endswith(".") for answer in ANSWERS[kind])
    return set(names)


def requests_on(parts, actions, *, tagged):
    made = (action.on(part, tagged=tagged) for action in actions for part in parts)
    return [request for request in made if request]


def test_what_a_session_may_do_to_a_part_is_answered(evaluator, catalogue, broker):
    parts = [*broker.tagged_parts, broker.policy]
    on_parts = requests_on(parts, catalogue, tagged=False)
    assert allowed(evaluator, broker.session(), on_parts) == answered("of a part")


def test_what_a_session_may_do_without_naming_a_part_is_answered(evaluator, catalogue, broker):
    parts = [*broker.tagged_parts, broker.policy]
    elsewhere = [
        request
        for action in catalogue
        if not any(action.on(part, tagged=False) for part in parts)
        for request in action.elsewhere(broker.named_by_keys)
    ]
    assert allowed(evaluator, broker.session(), elsewhere) == answered("elsewhere")


def test_no_part_is_changed_by_what_is_answered(catalogue):
    changes = {action.name for action in catalogue if not action.reads}
    assert not changes & answered("of a part")


@pytest.mark.parametrize("sid", NEEDED)
def test_each_denial_is_needed(evaluator, broker, sid):
    action, resource, context = NEEDED[sid]
    request = Request(
        action,
        getattr(broker, resource, resource),
        broker.named_by_keys if context == "keys" else context,
    )
    sides = [broker.session(), broker.session(without=sid)]
    assert evaluator.decide([request], sides) == [[False, True]]


def test_every_denial_is_tried(broker):
    assert {each["Sid"] for each in broker.denials} == set(NEEDED)


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
