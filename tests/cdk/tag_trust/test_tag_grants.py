"""`grant_sudo` with tag-trust: who enters the condition, and what is written for them."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    CannotGrant,
    IamSudo,
    InvalidConfiguration,
    RoleSelection,
    SessionPolicyStrategy,
    Tag,
    TagTrustStrategy,
)
from tests.cdk.opened import KEY, VALUE, roles, statements, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, only, render, stack
from tests.cdk.test_grants import IDENTITY_CENTER, PERMITTED, ROLE, THEIR_ROLE, THEIR_USER, WRITTEN

pytestmark = pytest.mark.slow

ASSUME = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "NotResource": [
        f"arn:aws:iam::*:role/{name}"
        for name in ("cdk-*", "*/cdk-*", "IAMSudoUser", "*/IAMSudoUser")
    ],
    "Condition": {
        "StringEquals": {f"iam:ResourceTag/{KEY}": VALUE, "aws:ResourceAccount": ACCOUNT},
        "Null": {"iam:ResourceTag/iam-sudo:broker": "true"},
    },
}
KEEP_THE_TAG = {
    "Sid": "KeepTheTag",
    "Effect": "Deny",
    "Action": ["iam:TagRole", "iam:UntagRole"],
    "Resource": f"arn:aws:iam::{ACCOUNT}:role/*",
    "Condition": {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [KEY]}},
}
SELECTED = RoleSelection(role_names=["task"])


def build(scope, **strategy):
    strategy.setdefault("selection", SELECTED)
    task_role(scope, "Task", role_name="task")
    return IamSudo(
        scope, "IamSudo", strategy=TagTrustStrategy(**strategy), development_accounts=[ACCOUNT]
    )


def trusted(scope):
    """The patterns in the task role's condition; none if it is closed."""
    (task,) = (each for each in roles(scope).values() if each.get("RoleName") == "task")
    return [
        render(arn)
        for each in statements(task)[1:]
        for arn in each["Condition"]["ArnLike"]["aws:PrincipalArn"]
    ]


def written(scope):
    """The identity policies of a template, inline and managed."""
    template = Template.from_stack(scope)
    return [
        render(policy["Properties"])
        for type_ in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for policy in template.find_resources(type_).values()
    ]


GROUPS = ("a group of the app", "an imported group")
THEIRS = ("a role of another account", "a user of another account")


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in GROUPS])
def test_who_may_be_written_to_gets_a_statement_and_enters_the_condition(name):
    make, kind = WRITTEN[name]
    scope = stack(ACCOUNT)
    assert build(scope).grant_sudo(make(scope)).success
    (policy,) = written(scope)
    assert len(policy[kind]) == 1
    assert policy["PolicyDocument"]["Statement"] == [ASSUME]
    assert len(trusted(scope)) == 1


@pytest.mark.parametrize("name", [name for name in PERMITTED if name not in THEIRS])
def test_for_others_there_is_a_managed_policy_to_attach(name):
    make, arn = PERMITTED[name]
    scope = stack(ACCOUNT)
    sudo = build(scope)
    assert sudo.developer_policy is None
    assert sudo.grant_sudo(make(scope)).success
    (policy,) = written(scope)
    assert policy["ManagedPolicyName"] == "iam-sudo-developers"
    assert policy["PolicyDocument"]["Statement"] == [ASSUME]
    assert sudo.developer_policy
    assert trusted(scope) == [arn.replace("0123456789abcdef", "?" * 16)]


def test_the_managed_policy_is_one_for_all_and_its_name_may_be_chosen():
    scope = stack(ACCOUNT)
    sudo = build(scope, policy_name="ours", tag=Tag.parse("access=dev"))
    for grantee in (iam.ArnPrincipal(ROLE), iam.ArnPrincipal(f"{ROLE}2"), iam.ArnPrincipal(ROLE)):
        assert sudo.grant_sudo(grantee).success
    (policy,) = written(scope)
    assert policy["ManagedPolicyName"] == "ours"
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["iam:ResourceTag/access"] == "dev"
    assert trusted(scope) == [ROLE, f"{ROLE}2"]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("AWSReservedSSO_Dev_0123456789abcdef", "AWSReservedSSO_Dev_????????????????"),
        # Not the shape of a permission set's role: taken by its word.
        ("AWSReservedSSO_Dev_0123456789abcde", "AWSReservedSSO_Dev_0123456789abcde"),
        ("Dev_0123456789abcdef", "Dev_0123456789abcdef"),
    ],
)
def test_an_identity_center_role_stands_for_its_permission_set_and_no_longer_name(name, pattern):
    path = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{REGION}"
    scope = stack(ACCOUNT)
    build(scope).grant_sudo(iam.ArnPrincipal(f"{path}/{name}"))
    assert trusted(scope) == [f"{path}/{pattern}"]


@pytest.mark.parametrize("grantee", [ROLE, IDENTITY_CENTER])
def test_protect_tag_denies_the_grantees_changing_it(grantee):
    scope = stack(ACCOUNT)
    sudo = build(scope, protect_tag=True)
    sudo.grant_sudo(iam.Role.from_role_arn(scope, "Dev", grantee))
    (policy,) = written(scope)
    assert policy["PolicyDocument"]["Statement"] == [ASSUME, KEEP_THE_TAG]


def test_without_protect_tag_nothing_is_denied():
    scope = stack(ACCOUNT)
    build(scope).grant_sudo(iam.Role.from_role_arn(scope, "Dev", ROLE))
    assert "Deny" not in str(written(scope))


REFUSED = {
    "a role of another account": lambda s: iam.Role.from_role_arn(s, "R", THEIR_ROLE),
    "a user of another account": lambda s: iam.User.from_user_arn(s, "U", THEIR_USER),
    "an ARN of another account": lambda _: iam.ArnPrincipal(THEIR_ROLE),
    "a group of the app": lambda s: iam.Group(s, "G"),
    "an imported group": lambda s: iam.Group.from_group_name(s, "G", "devs"),
    "everybody": lambda _: iam.AnyPrincipal(),
    "the account": lambda _: iam.AccountRootPrincipal(),
    "another account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "a service": lambda _: iam.ServicePrincipal("ec2.amazonaws.com"),
    "any ARN": lambda _: iam.ArnPrincipal("*"),
    "a pattern of roles": lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/*"),
    "another pattern of roles": lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/de?"),
    "the account's root by ARN": lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:root"),
    "a session": lambda _: iam.ArnPrincipal(f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/ann"),
    "a group by ARN": lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:group/devs"),
    "an Identity Center role without its path": lambda _: iam.ArnPrincipal(
        f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Dev_0123456789abcdef"
    ),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_a_grant_that_would_reach_nobody_or_everybody_is_refused_in_one_line(make):
    scope = stack(ACCOUNT)
    sudo = build(scope)
    grantee = make(scope)
    with pytest.raises(CannotGrant, match=r"^grant_sudo: ") as refusal:
        sudo.grant_sudo(grantee)
    assert len(str(refusal.value).splitlines()) == 1
    assert written(scope) == []
    assert trusted(scope) == []


@pytest.mark.parametrize("make", [WRITTEN[name][0] for name in GROUPS])
def test_a_group_may_be_granted_when_the_whole_account_is_trusted(make):
    scope = stack(ACCOUNT)
    assert build(scope, trust_whole_account=True).grant_sudo(make(scope)).success
    (policy,) = written(scope)
    assert policy["PolicyDocument"]["Statement"] == [ASSUME]


def test_both_strategies_grant_both_ways():
    scope = stack(ACCOUNT)
    sudo = IamSudo(
        scope,
        "IamSudo",
        strategy=[SessionPolicyStrategy(), TagTrustStrategy(selection=SELECTED)],
        development_accounts=[ACCOUNT],
    )
    task_role(scope, "Task", role_name="task")
    sudo.grant_sudo(iam.Role.from_role_arn(scope, "Dev", ROLE))
    by_what = [each["PolicyDocument"]["Statement"] for each in written(scope)]
    [invoke], [assume] = sorted(by_what, key=lambda found: found == [ASSUME])
    assert invoke["Action"] == "lambda:InvokeFunction"
    assert assume == ASSUME
    assert trusted(scope) == [ROLE]
    assert sudo.base_role.role_name
    assert sudo.function


@pytest.mark.parametrize("part", ["base_role", "function", "log_group"])
def test_without_a_broker_its_parts_are_an_error_of_one_line(part):
    sudo = build(stack())
    assert not sudo.has_broker
    with pytest.raises(InvalidConfiguration, match="^strategy: there is no broker.*$"):
        getattr(sudo, part)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_partition_gets_its_own_arns(partition):
    region = {"aws": REGION, "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]
    scope = cdk.Stack(cdk.App(), "the-stack", env=cdk.Environment(account=ACCOUNT, region=region))
    developer = f"arn:{partition}:iam::{ACCOUNT}:role/dev"
    build(scope).grant_sudo(iam.ArnPrincipal(developer))
    template = Template.from_stack(scope)
    _, policy = only(template, "AWS::IAM::ManagedPolicy")
    (found,) = template.find_resources("AWS::IAM::Role").values()
    statement = found["Properties"]["AssumeRolePolicyDocument"]["Statement"][1]
    rendered = [
        render(each, **{"AWS::Partition": partition})
        for each in (
            statement["Principal"]["AWS"],
            template.find_resources("AWS::IAM::ManagedPolicy").popitem()[1]["Properties"][
                "PolicyDocument"
            ]["Statement"][0]["NotResource"][0],
        )
    ]
    assert rendered == [
        f"arn:{partition}:iam::{ACCOUNT}:root",
        f"arn:{partition}:iam::*:role/cdk-*",
    ]
    assert statement["Condition"]["ArnLike"]["aws:PrincipalArn"] == [developer]
    assert policy["ManagedPolicyName"] == "iam-sudo-developers"
