"""Permission sets by name: who fits the patterns, who does not, and how a set is granted."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    DeveloperTrust,
    IamSudoStack,
    InvalidChoice,
    PermissionSet,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from iam_sudo_core.policy.patterns import matching
from tests.cdk.opened import role, tag_trust, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, iam_sudo, only, render, stack

pytestmark = pytest.mark.slow

SUFFIX = "0123456789abcdef"
FOLDER = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com"
PATTERNS = [
    f"{FOLDER}/AWSReservedSSO_Developer_????????????????",
    f"{FOLDER}/*/AWSReservedSSO_Developer_????????????????",
]


def trusted(scope):
    (_, statement) = role(scope)["AssumeRolePolicyDocument"]["Statement"]
    return render(statement["Condition"]["ArnLike"]["aws:PrincipalArn"])


@pytest.mark.parametrize("folder", ["", "eu-west-1/", "ap-southeast-4/"])
def test_the_role_of_the_set_fits_in_whichever_region_it_lives(folder):
    assert matching(PATTERNS, f"{FOLDER}/{folder}AWSReservedSSO_Developer_{SUFFIX}")


@pytest.mark.parametrize(
    "other",
    [
        f"{FOLDER}/AWSReservedSSO_Developer_Admins_{SUFFIX}",
        f"{FOLDER}/AWSReservedSSO_DeveloperAdmins_{SUFFIX}",
        f"{FOLDER}/AWSReservedSSO_x_AWSReservedSSO_Developer_{SUFFIX}",
        f"{FOLDER}/eu-west-1/AWSReservedSSO_x_AWSReservedSSO_Developer_{SUFFIX}",
        f"{FOLDER}/AWSReservedSSO_developer_{SUFFIX}",
        f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Developer_{SUFFIX}",
        f"arn:aws:iam::{ACCOUNT}:role/sso.amazonaws.com/AWSReservedSSO_Developer_{SUFFIX}",
        f"{FOLDER.replace(ACCOUNT, OTHER_ACCOUNT)}/AWSReservedSSO_Developer_{SUFFIX}",
    ],
)
def test_no_other_role_fits(other):
    assert matching(PATTERNS, other) is None


@pytest.mark.parametrize("name", ["", "a b", "*", "a/b", "x" * 33, "Dev?", None, 5, "a\n"])
def test_a_name_that_no_set_can_have_is_refused(name):
    with pytest.raises(InvalidChoice, match=r"^PermissionSet: .*1 to 32"):
        PermissionSet(name)


def test_opened_roles_trust_the_set_and_a_policy_is_there_to_attach():
    scope = stack(ACCOUNT)
    task_role(scope)
    sudo = tag_trust(scope, trust_whole_account=False)
    sudo.grant_sudo(PermissionSet("Developer"))
    assert set(trusted(scope)) >= set(PATTERNS)
    _, policy = only(Template.from_stack(scope), "AWS::IAM::ManagedPolicy")
    assert policy["ManagedPolicyName"] == "iam-sudo-developers"
    assert policy["PolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    assert sudo.developer_policy


def test_the_account_is_that_of_each_role():
    scope = stack()
    task_role(scope)
    tag_trust(scope).grant_sudo(PermissionSet("Developer"))
    (_, statement) = role(scope)["AssumeRolePolicyDocument"]["Statement"]
    assert {"Ref": "AWS::AccountId"} in [
        part
        for arn in statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        if isinstance(arn, dict)
        for part in arn["Fn::Join"][1]
    ]


def test_the_mixin_takes_a_set():
    scope = stack(ACCOUNT)
    task_role(scope).with_(
        DeveloperTrust(developers=[PermissionSet("Developer")], development_accounts=[ACCOUNT])
    )
    assert sorted(trusted(scope)) == sorted(PATTERNS)


def test_for_a_broker_there_is_a_policy_to_attach_and_no_permission_on_the_function():
    scope = stack(ACCOUNT)
    sudo = iam_sudo(scope)
    for name in ("Developer", "Tester"):
        assert sudo.grant_sudo(PermissionSet(name)).success
    template = Template.from_stack(scope)
    template.resource_count_is("AWS::Lambda::Permission", 0)
    _, policy = only(template, "AWS::IAM::ManagedPolicy")
    function = scope.get_logical_id(sudo.function.node.default_child)
    assert policy["ManagedPolicyName"] == "iam-sudo-invoke"
    assert policy["PolicyDocument"]["Statement"] == [
        {"Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": f"<{function}.Arn>"}
    ]
    assert sudo.invoke_policy


def test_its_name_may_be_chosen():
    scope = stack(ACCOUNT)
    iam_sudo(scope, policy_name="ask").grant_sudo(PermissionSet("Developer"))
    assert (
        only(Template.from_stack(scope), "AWS::IAM::ManagedPolicy")[1]["ManagedPolicyName"] == "ask"
    )
    with pytest.raises(InvalidChoice, match="^policy_name: "):
        SessionPolicyStrategy(policy_name="a b")


def test_without_a_set_there_is_no_policy():
    scope = stack(ACCOUNT)
    assert iam_sudo(scope).invoke_policy is None
    Template.from_stack(scope).resource_count_is("AWS::IAM::ManagedPolicy", 0)


def test_the_stack_takes_sets_with_both_strategies_and_says_what_to_attach():
    made = IamSudoStack(
        cdk.App(),
        "ready",
        strategy=[
            SessionPolicyStrategy(),
            TagTrustStrategy(selection=RoleSelection(paths=["*"])),
        ],
        development_accounts=[ACCOUNT],
        developers=[PermissionSet("Developer")],
    )
    outputs = Template.from_stack(made).to_json()["Outputs"]
    assert {"InvokePolicyArn", "DeveloperPolicyArn"} <= set(outputs)
