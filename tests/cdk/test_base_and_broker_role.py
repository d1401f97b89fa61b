import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import InvalidChoice, SessionPolicyStrategy
from tests.cdk.templates import ACCOUNT, REGION, base_role, broker_role, iam_sudo, stack, synth

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template():
    return synth()


def trust(role):
    return role["AssumeRolePolicyDocument"]["Statement"]


def test_the_base_role_is_trusted_by_the_brokers_role_alone(template):
    broker, _ = broker_role(template)
    assert trust(base_role(template)) == [
        {
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Effect": "Allow",
            "Principal": {"AWS": f"<{broker}.Arn>"},
        }
    ]


def test_the_account_may_assume_the_base_role_only_when_local_simulation_is_allowed():
    template = synth(allow_local_simulation=True)
    broker, _ = broker_role(template)
    principals = [
        principal
        for statement in trust(base_role(template))
        for principal in (
            statement["Principal"]["AWS"]
            if isinstance(statement["Principal"]["AWS"], list)
            else [statement["Principal"]["AWS"]]
        )
    ]
    assert sorted(principals) == sorted([f"<{broker}.Arn>", f"arn:aws:iam::{ACCOUNT}:root"])


def test_the_base_role_takes_no_tags_of_the_application():
    scope = stack()
    cdk.Tags.of(scope).add("env", "dev")
    iam_sudo(scope)
    template = Template.from_stack(scope)
    assert "Tags" not in base_role(template)
    _, tagged = broker_role(template)
    assert tagged["Tags"] == [{"Key": "env", "Value": "dev"}]


def test_sessions_of_the_base_role_last_an_hour_at_most(template):
    assert base_role(template)["MaxSessionDuration"] == 3600


def test_the_base_role_has_power_user_access_by_default(template):
    assert base_role(template)["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/PowerUserAccess"]


def test_the_base_role_takes_policies_by_name_by_arn_and_as_objects():
    scope = stack()
    policy = iam.ManagedPolicy.from_managed_policy_name(scope, "Mine", "mine")
    iam_sudo(
        scope,
        base_role_managed_policies=[
            "job-function/ViewOnlyAccess",
            f"arn:aws:iam::{ACCOUNT}:policy/team/theirs",
            policy,
        ],
    )
    assert base_role(Template.from_stack(scope))["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
        f"arn:aws:iam::{ACCOUNT}:policy/team/theirs",
        f"arn:aws:iam::{ACCOUNT}:policy/mine",
    ]


def test_the_broker_may_read_roles_assume_the_base_role_and_write_its_log_and_nothing_else(
    template,
):
    _, role = broker_role(template)
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    assert [
        {key: value for key, value in statement.items() if key != "Sid"}
        for statement in policy["PolicyDocument"]["Statement"]
    ] == [
        {
            "Effect": "Allow",
            "Action": [
                "iam:GetRole",
                "iam:ListRolePolicies",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
            ],
            "Resource": f"arn:aws:iam::{ACCOUNT}:role/*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"],
            "Resource": [f"arn:aws:iam::{ACCOUNT}:policy/*", "arn:aws:iam::aws:policy/*"],
        },
        {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Resource": f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/iam-sudo:*",
        },
    ]
    assert trust(role) == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ]


@pytest.mark.parametrize(
    "choice",
    [
        {"role_name": "path/name"},
        {"role_name": ""},
        {"role_name": "x" * 65},
        {"role_name": cdk.Aws.STACK_NAME},
        {"function_name": "a.b"},
        {"function_name": "arn:aws:lambda:eu-west-1:111122223333:function:x"},
        {"base_role_managed_policies": "PowerUserAccess"},
    ],
)
def test_a_value_that_aws_would_refuse_is_refused_at_once(choice):
    ((key, _),) = choice.items()
    with pytest.raises(InvalidChoice, match=f"^{key}: ") as refusal:
        SessionPolicyStrategy(**choice)
    assert len(str(refusal.value).splitlines()) == 1
