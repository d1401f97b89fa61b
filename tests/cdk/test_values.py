"""What is of the wrong kind is one line: the key, the value, and what is allowed."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    CannotGrant,
    DeveloperTrust,
    IamSudo,
    IamSudoStack,
    InvalidChoice,
    InvalidConfiguration,
    SessionPolicyStrategy,
    Tag,
    TagTrustStrategy,
)
from iam_sudo_cdk.context import Choices
from tests.cdk.opened import DEVELOPER, is_open, role, tag_trust, task_role
from tests.cdk.templates import ACCOUNT, iam_sudo, render, stack

pytestmark = pytest.mark.slow

HERE = {"development_accounts": [ACCOUNT]}


def mixin(**options):
    return DeveloperTrust(**{"developers": [DEVELOPER], **HERE, **options})


def ready(**options):
    return IamSudoStack(cdk.App(), "x", strategy=SessionPolicyStrategy(), **{**HERE, **options})


WRONG = {
    "a tag of AWS's": (lambda: Tag(key="aws:x"), "tag", '"aws:x=allowed"'),
    "an empty value of a tag": (lambda: Tag(value=""), "tag", "KEY=VALUE"),
    "a key of a tag that is no text": (lambda: Tag(key=5), "tag", "KEY=VALUE"),
    "a tag as text": (lambda: TagTrustStrategy(tag="env=dev"), "tag", '"env=dev"'),
    "a mixin's tag as text": (lambda: mixin(tag="env=dev"), "tag", 'Tag(key="…", value="…")'),
    "a name of a policy": (lambda: TagTrustStrategy(policy_name="a b/c"), "policy_name", "a b/c"),
    "no name of a policy": (lambda: TagTrustStrategy(policy_name=""), "policy_name", "128"),
    "a selection as text": (lambda: TagTrustStrategy(selection="a"), "selection", "RoleSelection"),
    "the broker's as well": (
        lambda: SessionPolicyStrategy(selection=["a"]),
        "selection",
        "RoleSelection",
    ),
    "false as text trusts nobody": (
        lambda: TagTrustStrategy(trust_whole_account="false"),
        "trust_whole_account",
        "True, False",
    ),
    "nor in the mixin": (lambda: mixin(trust_whole_account="false"), "trust_whole_account", "Fal"),
    "nor for --local": (
        lambda: SessionPolicyStrategy(allow_local_simulation="false"),
        "allow_local_simulation",
        "True, False",
    ),
    "false as text protects nothing": (
        lambda: TagTrustStrategy(protect_tag="false"),
        "protect_tag",
        "True, False",
    ),
    "a quota as text": (
        lambda: TagTrustStrategy(trust_policy_characters="4096"),
        "trust_policy_characters",
        "2048 to 4096",
    ),
    "a policy of the base role as text": (
        lambda: SessionPolicyStrategy(base_role_managed_policies="ReadOnlyAccess"),
        "base_role_managed_policies",
        "a list of",
    ),
    "a policy that is none": (
        lambda: SessionPolicyStrategy(base_role_managed_policies=[5]),
        "base_role_managed_policies",
        "5 is not allowed",
    ),
    "days as a number": (lambda: SessionPolicyStrategy(log_retention=7), "log_retention", "Days"),
    "a removal policy as text": (
        lambda: SessionPolicyStrategy(removal_policy="RETAIN"),
        "removal_policy",
        "RemovalPolicy",
    ),
    "one developer as text": (lambda: mixin(developers=DEVELOPER), "developers", "a list of"),
    "one developer of a stack": (lambda: ready(developers=DEVELOPER), "developers", "a list of"),
    "a developer of a stack that is none": (
        lambda: ready(developers=[5]),
        "developers",
        "5 is not allowed",
    ),
    "a name": (lambda: ready(developers=["ann"]), "developers", '"ann"'),
    "a developer that is none": (lambda: mixin(developers=[5]), "developers", "5 is not allowed"),
    "an account as text": (
        lambda: mixin(development_accounts=ACCOUNT),
        "development_accounts",
        "a list of",
    ),
    "an account as a number": (
        lambda: mixin(development_accounts=[int(ACCOUNT)]),
        "development_accounts",
        f"{ACCOUNT} is not allowed",
    ),
    "a number for the list": (
        lambda: mixin(development_accounts=int(ACCOUNT)),
        "development_accounts",
        "in quotes",
    ),
    "an account that the deployment knows": (
        lambda: mixin(development_accounts=[cdk.Aws.ACCOUNT_ID]),
        "development_accounts",
        "what only the deployment knows",
    ),
    "a list that the deployment knows": (
        lambda: mixin(development_accounts=cdk.Fn.split(",", cdk.Aws.NO_VALUE)),
        "development_accounts",
        "what only the deployment knows",
    ),
    "a number in cdk.json": (
        lambda: Choices.read({"development_accounts": int(ACCOUNT)}),
        "development_accounts",
        "as text, in quotes",
    ),
    "numbers in cdk.json": (
        lambda: Choices.read({"development_accounts": [int(ACCOUNT)]}),
        "development_accounts",
        "as text, in quotes",
    ),
    "a class for a strategy": (
        lambda: IamSudo(stack(), "x", strategy=SessionPolicyStrategy, **HERE),
        "strategy",
        "SessionPolicyStrategy(…)",
    ),
}


@pytest.mark.parametrize(("make", "key", "said"), WRONG.values(), ids=WRONG)
def test_a_value_of_the_wrong_kind_is_one_line_with_key_value_and_what_is_allowed(make, key, said):
    with pytest.raises(InvalidChoice) as refusal:
        make()
    line = str(refusal.value)
    assert line.startswith(f"{key}: ")
    assert "allowed: " in line
    assert said in line
    assert "Token" not in line
    assert " at 0x" not in line
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "who", ["ann", "", 5, None, [DEVELOPER], f"arn:aws:s3:::{ACCOUNT}", DEVELOPER.split("/")[0]]
)
def test_who_is_nobody_is_granted_nothing_in_one_line(who):
    sudo = iam_sudo(stack(ACCOUNT))
    with pytest.raises(CannotGrant, match=r"^grant_sudo: ") as refusal:
        sudo.grant_sudo(who)
    assert len(str(refusal.value).splitlines()) == 1


# Where an object or an ARN both make sense, both are taken.


def test_an_arn_is_granted_what_the_role_would_be():
    scope = stack(ACCOUNT)
    sudo = iam_sudo(scope)
    for _ in range(2):
        assert sudo.grant_sudo(f"arn:aws:iam::{ACCOUNT}:role/people/dev").success
    (policy,) = Template.from_stack(scope).find_resources("AWS::IAM::Policy").values()
    assert policy["Properties"]["Roles"] == ["dev"]


def test_an_arn_that_the_deployment_knows_gets_a_permission():
    scope = stack(ACCOUNT)
    arn = cdk.CfnParameter(scope, "Who").value_as_string
    iam_sudo(scope).grant_sudo(arn)
    Template.from_stack(scope).has_resource_properties(
        "AWS::Lambda::Permission", {"Principal": {"Ref": "Who"}}
    )


def test_a_tag_trust_grant_takes_an_arn_too():
    scope = stack(ACCOUNT)
    sudo = tag_trust(scope)
    task_role(scope)
    sudo.grant_sudo(DEVELOPER)
    assert is_open(role(scope))


def test_a_stack_takes_developers_as_objects():
    app = cdk.App()
    theirs = cdk.Stack(app, "Theirs", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    user = iam.User(theirs, "Ann")
    made = IamSudoStack(
        app,
        "x",
        strategy=SessionPolicyStrategy(),
        developers=[user],
        env=theirs.environment and cdk.Environment(account=ACCOUNT, region="eu-west-1"),
        **HERE,
    )
    assert made.iam_sudo.function
    Template.from_stack(theirs).resource_count_is("AWS::IAM::Policy", 1)


def test_the_mixin_takes_roles_as_well_as_arns():
    scope = stack(ACCOUNT)
    developer = iam.Role.from_role_arn(scope, "Developer", DEVELOPER)
    task_role(scope).with_(mixin(developers=[developer]))
    (_, trust) = role(scope)["AssumeRolePolicyDocument"]["Statement"]
    assert render(trust["Condition"]) == {"ArnLike": {"aws:PrincipalArn": [DEVELOPER]}}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base_role_managed_policies", [iam.ManagedPolicy]),
        ("base_role_managed_policies", ["a b"]),
        ("base_role_managed_policies", ["arn:x"]),
        ("vpc", ec2.Vpc),
        ("vpc_subnets", "private"),
        ("vpc_subnets", 5),
        ("security_groups", "sg-1"),
        ("security_groups", ["sg-1"]),
        ("security_groups", [None]),
        ("other_brokers", ["arn:aws:iam::111122223333:user/x"]),
        ("other_brokers", ["arn:aws:iam::999999999999:role/x"]),
    ],
)
@pytest.mark.parametrize("account", [None, "111122223333"])
def test_what_the_cdk_or_the_deployment_would_stumble_over_is_one_line(key, value, account):
    with pytest.raises(InvalidChoice, match=f"^{key}: "):
        iam_sudo(stack(account), **{key: value})


def test_one_construct_has_one_broker():
    twice = [SessionPolicyStrategy(), SessionPolicyStrategy()]
    with pytest.raises(InvalidConfiguration, match="one construct has one broker"):
        IamSudo(stack(), "IamSudo", strategy=twice, development_accounts=["111122223333"])


@pytest.mark.parametrize(("key", "value"), [("tag", {}), ("developers", [iam.Role])])
def test_a_mixin_takes_no_other_kinds_either(key, value):
    options = {"developers": ["arn:aws:iam::111122223333:role/dev"], key: value}
    with pytest.raises(InvalidChoice, match=f"^{key}: "):
        DeveloperTrust(development_accounts=["111122223333"], **options)
