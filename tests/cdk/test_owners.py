"""What an account has once has one owner; the others refer to it by its name."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    IamSudo,
    IamSudoStack,
    InvalidChoice,
    InvalidConfiguration,
    PermissionSet,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.opened import roles, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, broker_role, only

pytestmark = pytest.mark.slow

IDENTITY_CENTER = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_a_0123456789abcdef"
)
OTHER_BROKER = f"arn:aws:iam::{ACCOUNT}:role/iam-sudo-us-BrokerRole-1ABC"


def two_stacks(first=ACCOUNT, second=ACCOUNT, regions=(REGION, REGION)):
    app = cdk.App(analytics_reporting=False)
    for id_, account, region in zip("ab", (first, second), regions, strict=True):
        env = cdk.Environment(account=account, region=region) if account else None
        yield cdk.Stack(app, id_, env=env)


def sudo(scope, strategy, *developers):
    made = IamSudo(
        scope, "IamSudo", strategy=strategy, development_accounts=[ACCOUNT, OTHER_ACCOUNT]
    )
    for each in developers:
        made.grant_sudo(each)
    return made


def tag_trust(**options):
    return TagTrustStrategy(selection=RoleSelection(paths=["*"]), **options)


TWICE = {
    "a broker": (SessionPolicyStrategy, [], "the role IAMSudoUser: a/IamSudo .*base_role="),
    "the policy of developers": (tag_trust, [IDENTITY_CENTER], "developers: .*developer_policy="),
    "the policy of permission sets": (
        tag_trust,
        [PermissionSet("a")],
        "iam-sudo-developers: .*developer_policy=",
    ),
}


@pytest.mark.parametrize(("make", "developers", "said"), TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("region", [REGION, "us-east-1"])
def test_two_owners_in_an_account_are_an_error_that_says_so(make, developers, said, region):
    first, second = two_stacks(regions=(REGION, region))
    sudo(first, make(), *developers)
    with pytest.raises(InvalidConfiguration, match=said) as refusal:
        sudo(second, make(), *developers)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_function_is_a_regions():
    first, second = two_stacks()
    sudo(first, SessionPolicyStrategy())
    with pytest.raises(InvalidConfiguration, match="the function iam-sudo: .*function_name="):
        sudo(second, SessionPolicyStrategy(base_role="IAMSudoUser"))


@pytest.mark.parametrize(("make", "developers"), [each[:2] for each in TWICE.values()], ids=TWICE)
def test_two_accounts_and_two_applications_have_one_each(make, developers):
    for scope in two_stacks(ACCOUNT, OTHER_ACCOUNT):
        arns = [
            each.replace(ACCOUNT, scope.account) if isinstance(each, str) else each
            for each in developers
        ]
        sudo(scope, make(), *arns)
    for _ in range(2):
        first, _second = two_stacks()
        sudo(first, make(), *developers)


def test_several_in_a_stack_share_the_policy_to_attach():
    scope, _ = two_stacks()
    for number in (1, 2):
        made = IamSudo(scope, f"Sudo{number}", strategy=tag_trust(), development_accounts=[ACCOUNT])
        made.grant_sudo(IDENTITY_CENTER)
        assert made.developer_policy
    _, policy = only(Template.from_stack(scope), "AWS::IAM::ManagedPolicy")
    assert len(policy["PolicyDocument"]["Statement"]) == 1


def test_other_names_are_other_owners():
    first, second = two_stacks()
    sudo(first, [SessionPolicyStrategy(), tag_trust()], IDENTITY_CENTER)
    sudo(
        second,
        [SessionPolicyStrategy(role_name="x", function_name="y"), tag_trust(policy_name="z")],
        IDENTITY_CENTER,
    )


def test_a_second_region_uses_the_base_role_of_the_first():
    first, second = two_stacks(regions=(REGION, "us-east-1"))
    sudo(first, SessionPolicyStrategy(other_brokers=[OTHER_BROKER]))
    made = sudo(second, SessionPolicyStrategy(base_role="IAMSudoUser"))
    owner, other = Template.from_stack(first), Template.from_stack(second)
    _, base = only(owner, "AWS::IAM::Role", RoleName="IAMSudoUser")
    trusted = [each["Principal"]["AWS"] for each in base["AssumeRolePolicyDocument"]["Statement"]]
    assert trusted == [f"<{broker_role(owner)[0]}.Arn>", OTHER_BROKER]
    other.resource_count_is("AWS::IAM::Role", 1)
    _, function = only(other, "AWS::Lambda::Function")
    arn = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"
    assert function["Environment"]["Variables"]["IAM_SUDO_BASE_ROLE"] == arn
    (statement,) = (
        each
        for each in broker_role(other)[1]["Policies"][0]["PolicyDocument"]["Statement"]
        if each.get("Sid") == "AssumeBaseRole"
    )
    assert statement["Resource"] == arn
    assert not made.has_base_role
    with pytest.raises(InvalidConfiguration, match="another stack has made it"):
        assert made.base_role


def test_a_stack_without_a_base_role_says_which_role_its_owner_has_to_know():
    outputs = Template.from_stack(
        IamSudoStack(
            cdk.App(),
            "second",
            strategy=SessionPolicyStrategy(base_role="IAMSudoUser"),
            development_accounts=[ACCOUNT],
        )
    ).to_json()["Outputs"]
    assert "BrokerRoleArn" in outputs
    assert "BaseRoleArn" not in outputs


def test_an_applications_construct_opens_roles_and_refers_to_the_accounts_policy():
    account, application = two_stacks()
    sudo(account, tag_trust(), IDENTITY_CENTER)
    task_role(application)
    sudo(application, tag_trust(developer_policy="iam-sudo-developers"), IDENTITY_CENTER)
    Template.from_stack(application).resource_count_is("AWS::IAM::ManagedPolicy", 0)
    Template.from_stack(account).resource_count_is("AWS::IAM::ManagedPolicy", 1)
    (role,) = roles(application).values()
    assert IDENTITY_CENTER[:-16] in str(role["AssumeRolePolicyDocument"])


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"base_role": "a/"}, "base_role"),
        ({"base_role": "a//b"}, "base_role"),
        ({"base_role": ""}, "base_role"),
        ({"base_role": f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"}, "base_role"),
        ({"base_role": "x", "role_name": "y"}, "role_name"),
        ({"base_role": "x", "allow_local_simulation": True}, "allow_local_simulation"),
        ({"base_role": "x", "base_role_managed_policies": ["a"]}, "base_role_managed_policies"),
        ({"base_role": "x", "other_brokers": [OTHER_BROKER]}, "other_brokers"),
        ({"other_brokers": OTHER_BROKER}, "other_brokers"),
        ({"other_brokers": [f"arn:aws:iam::{ACCOUNT}:root"]}, "other_brokers"),
        ({"other_brokers": [f"arn:aws:iam::{ACCOUNT}:role/*"]}, "other_brokers"),
        ({"other_brokers": ["*"]}, "other_brokers"),
        ({"other_brokers": [5]}, "other_brokers"),
    ],
)
def test_what_an_owner_alone_may_say_and_what_is_no_name_is_refused(options, key):
    with pytest.raises(InvalidChoice, match=f"^{key}: ") as refusal:
        SessionPolicyStrategy(**options)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["", "a b", 5])
def test_a_policy_that_is_referred_to_has_a_name(name):
    with pytest.raises(InvalidChoice, match="^developer_policy: "):
        tag_trust(developer_policy=name)
