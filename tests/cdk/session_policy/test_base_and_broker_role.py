import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    IamSudoStack,
    InvalidChoice,
    InvalidConfiguration,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.templates import (
    ACCOUNT,
    REGION,
    base_role,
    broker_role,
    iam_sudo,
    only,
    render,
    stack,
    synth,
)

pytestmark = pytest.mark.slow

CARRIERS = f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/*"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sudo"


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


def test_the_base_role_takes_no_tags_of_the_application_but_the_brokers():
    scope = stack()
    cdk.Tags.of(scope).add("env", "dev")
    iam_sudo(scope, function_name="sudo")
    template = Template.from_stack(scope)
    assert base_role(template)["Tags"] == [{"Key": "iam-sudo:broker", "Value": "sudo"}]


def test_every_part_of_the_broker_carries_its_tag():
    scope = stack()
    cdk.Tags.of(scope).add("env", "dev")
    iam_sudo(scope, function_name="sudo")
    template = Template.from_stack(scope)
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "iam-sudo:broker", "Value": "sudo"}]
    assert broker_role(template)[1]["Tags"] == tags
    assert only(template, "AWS::Lambda::Function")[1]["Tags"] == tags
    assert only(template, "AWS::Logs::LogGroup")[1]["Tags"] == tags


@pytest.mark.parametrize(
    ("strategy", "tags"),
    [
        (SessionPolicyStrategy(function_name="sudo"), {"iam-sudo:broker": "sudo"}),
        (
            [TagTrustStrategy(), SessionPolicyStrategy()],
            {"iam-sudo:broker": "iam-sudo"},
        ),
        (TagTrustStrategy(), {}),
    ],
)
def test_a_stack_of_its_own_carries_the_tag_of_the_broker(strategy, tags):
    app = cdk.App(analytics_reporting=False)
    IamSudoStack(app, "iam-sudo", strategy=strategy, development_accounts=[ACCOUNT])
    assert app.synth().get_stack_by_name("iam-sudo").tags == tags


def test_a_stack_of_the_application_is_not_the_brokers():
    scope = stack()
    iam_sudo(scope)
    assert cdk.App.of(scope).synth().get_stack_by_name("the-stack").tags == {}


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


def listed(value):
    return value if isinstance(value, list) else [value]


def denial(template, sid):
    return next(
        statement
        for policy in base_role(template)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Sid"] == sid
    )


def test_the_policies_of_the_base_role_are_kept_whenever_they_came():
    scope = stack()
    made = iam.ManagedPolicy(
        scope,
        "Made",
        statements=[iam.PolicyStatement(actions=["iam:PassRole"], resources=["*"])],
    )
    sudo = iam_sudo(
        scope,
        base_role_managed_policies=[
            "PowerUserAccess",
            f"arn:aws:iam::{ACCOUNT}:policy/team/theirs",
            cdk.Fn.import_value("elsewhere"),
            iam.ManagedPolicy.from_managed_policy_name(scope, "Mine", "mine"),
        ],
    )
    sudo.base_role.add_managed_policy(made)
    template = Template.from_stack(scope)
    role = base_role(template)
    assert len(role["ManagedPolicyArns"]) == 5
    assert denial(template, "KeepPolicies") == {
        "Sid": "KeepPolicies",
        "Effect": "Deny",
        "NotAction": ["iam:Get*", "iam:List*"],
        "Resource": role["ManagedPolicyArns"],
    }


def test_a_policy_of_another_stack_is_kept_by_the_name_it_has_there():
    elsewhere = stack()
    policy = iam.ManagedPolicy(
        elsewhere,
        "Made",
        statements=[iam.PolicyStatement(actions=["iam:PassRole"], resources=["*"])],
    )
    scope = cdk.Stack(cdk.App.of(elsewhere), "another")
    iam_sudo(scope, base_role_managed_policies=[policy])
    template = Template.from_stack(scope)
    role = base_role(template)
    assert denial(template, "KeepPolicies")["Resource"] == role["ManagedPolicyArns"]
    assert "Fn::ImportValue" in str(role["ManagedPolicyArns"])


def test_a_base_role_without_managed_policies_has_none_to_keep():
    template = synth(base_role_managed_policies=[])
    statements = base_role(template)["Policies"][0]["PolicyDocument"]["Statement"]
    assert "KeepPolicies" not in {statement["Sid"] for statement in statements}


@pytest.mark.parametrize("env", [None, cdk.Environment(account=ACCOUNT, region=REGION)])
@pytest.mark.parametrize(
    ("synthesizer", "bucket"),
    [
        (lambda: None, f"cdk-hnb659fds-assets-{ACCOUNT}-*"),
        (
            lambda: cdk.DefaultStackSynthesizer(qualifier="team"),
            f"cdk-team-assets-{ACCOUNT}-*",
        ),
        (
            lambda: cdk.DefaultStackSynthesizer(file_assets_bucket_name="of-the-team"),
            "of-the-team",
        ),
        (
            lambda: cdk.DefaultStackSynthesizer(file_assets_bucket_name="${AWS::Region}.of-us"),
            "*.of-us",
        ),
        (cdk.CliCredentialsStackSynthesizer, f"cdk-hnb659fds-assets-{ACCOUNT}-*"),
    ],
)
def test_the_bucket_of_the_archive_is_the_synthesizers_in_any_region(env, synthesizer, bucket):
    app = cdk.App(analytics_reporting=False)
    scope = cdk.Stack(app, "the-stack", synthesizer=synthesizer(), env=env)
    iam_sudo(scope)
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    assert denial(Template.from_stack(scope), "KeepArchive")["Resource"] == resources


def test_the_bucket_of_the_archive_may_be_a_parameter():
    app = cdk.App(analytics_reporting=False)
    scope = cdk.Stack(app, "the-stack", synthesizer=cdk.LegacyStackSynthesizer())
    iam_sudo(scope)
    template = Template.from_stack(scope)
    [function] = template.find_resources("AWS::Lambda::Function").values()
    [bucket, _] = denial(template, "KeepArchive")["Resource"]
    assert bucket == f"arn:aws:s3:::{render(function['Properties']['Code']['S3Bucket'])}"


def test_without_large_roles_the_broker_makes_no_policies_and_knows_it():
    template = synth(large_roles=False)
    text = json.dumps(broker_role(template)[1])
    assert "CreatePolicy" not in text
    assert "ListPolicies" not in text
    environment = only(template, "AWS::Lambda::Function")[1]["Environment"]["Variables"]
    assert environment["IAM_SUDO_LARGE_ROLES"] == "false"
    # Another broker of the account may make some, and this base role's sessions leave them alone.
    assert CARRIERS in denial(template, "KeepRolesAndCarriers")["Resource"]


def test_large_roles_is_the_default_and_needs_no_variable(template):
    environment = only(template, "AWS::Lambda::Function")[1]["Environment"]["Variables"]
    assert "IAM_SUDO_LARGE_ROLES" not in environment


def test_the_broker_never_attaches_a_policy_nor_gives_one_another_version(template):
    [policy] = broker_role(template)[1]["Policies"]
    allowed = [
        action
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    ]
    assert not [each for each in allowed if "Attach" in each and "List" not in each]
    assert not [each for each in allowed if "Version" in each and "Get" not in each]
    assert not [each for each in allowed if "*" in each or each.startswith("iam:Tag")]


@pytest.mark.parametrize("value", ["true", 1, None])
def test_large_roles_is_true_or_false(value):
    with pytest.raises(InvalidChoice, match="large_roles"):
        SessionPolicyStrategy(large_roles=value)


def test_the_guardrails_leave_room_for_policies_of_the_users_own():
    template = synth(role_name="r" * 64, function_name="f" * 64)
    policies = [policy["PolicyDocument"] for policy in base_role(template)["Policies"]]
    # IAM User Guide, "IAM and AWS STS quotas": all inline policies of a role, without white space.
    assert len(json.dumps(policies, separators=(",", ":"))) < 10_240 * 0.65


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
            "Action": [
                "iam:CreatePolicy",
                "iam:DeletePolicy",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
            ],
            "Resource": f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/*",
        },
        {"Effect": "Allow", "Action": "iam:ListPolicies", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/iam-sudo:*",
        },
        {
            "Effect": "Deny",
            "Action": ["iam:*", "logs:*", "ssm:*", "sts:*"],
            "Resource": "*",
            "Condition": {"ArnNotLike": {"lambda:SourceFunctionArn": [FUNCTION, f"{FUNCTION}:*"]}},
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


CUSTOMIZED = {
    "the broker's roles are to be made by hand": {},
    "they were made by hand": {
        "use_precreated_roles": {
            "the-stack/IamSudo/BrokerRole": "made",
            "the-stack/IamSudo/BaseRole": "IAMSudoUser",
        }
    },
    "they are in the template, and others are meant": {"prevent_synthesis": False},
    "another role of the broker is": {
        "use_precreated_roles": {"the-stack/IamSudo/BaseRole": "IAMSudoUser"}
    },
}


@pytest.mark.parametrize("customized", CUSTOMIZED.values(), ids=CUSTOMIZED)
@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_roles_that_somebody_makes_by_hand_are_no_brokers(customized, account):
    scope = stack(account)
    iam.Role.customize_roles(scope, **customized)
    with pytest.raises(InvalidConfiguration, match=r"^Role.customize_roles: the-stack/IamSudo/B"):
        iam_sudo(scope)
