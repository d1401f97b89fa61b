"""Who is of another account gets nothing that a namesake in this one would get instead."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    CannotGrant,
    IamSudo,
    IamSudoStack,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.opened import role, statements, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, render, stack

pytestmark = pytest.mark.slow

FOREIGN = "999999999999"
BROKER = SessionPolicyStrategy()
TAG_TRUST = TagTrustStrategy(selection=RoleSelection(paths=["*/Task"]))
IMPORTS = {
    "role": lambda s, arn: iam.Role.from_role_arn(s, "Them", arn),
    "user": lambda s, arn: iam.User.from_user_arn(s, "Them", arn),
    "group": lambda s, arn: iam.Group.from_group_arn(s, "Them", arn),
}


def arn_of(kind, account, partition="aws"):
    return f"arn:{partition}:iam::{account}:{kind}/ci"


def build(scope, strategy, accounts):
    return IamSudo(scope, "IamSudo", strategy=strategy, development_accounts=accounts)


def policies(scope):
    """The names that identity policies are written to."""
    found = Template.from_stack(scope).find_resources("AWS::IAM::Policy").values()
    return [
        name
        for each in found
        for kind in ("Roles", "Users", "Groups")
        for name in each["Properties"].get(kind, [])
    ]


def permitted(scope):
    found = Template.from_stack(scope).find_resources("AWS::Lambda::Permission").values()
    return [each["Properties"]["Principal"] for each in found]


@pytest.mark.parametrize("kind", ["role", "user"])
def test_an_arn_of_no_development_account_is_elsewhere_though_the_account_is_not_known(kind):
    scope = stack()
    arn = arn_of(kind, FOREIGN)
    build(scope, BROKER, [ACCOUNT]).grant_sudo(IMPORTS[kind](scope, arn))
    assert policies(scope) == []
    assert permitted(scope) == [arn]


@pytest.mark.parametrize("kind", IMPORTS)
def test_no_role_is_opened_to_an_arn_of_no_development_account(kind):
    scope = stack()
    task_role(scope, "Task")
    sudo = build(scope, TAG_TRUST, [ACCOUNT, OTHER_ACCOUNT])
    with pytest.raises(CannotGrant):
        sudo.grant_sudo(IMPORTS[kind](scope, arn_of(kind, FOREIGN)))
    assert policies(scope) == []
    assert len(statements(role(scope))) == 1


@pytest.mark.parametrize("kind", ["role", "user"])
def test_of_the_one_development_account_is_of_this_account(kind):
    for strategy in (BROKER, TAG_TRUST):
        scope = stack()
        build(scope, strategy, [ACCOUNT]).grant_sudo(IMPORTS[kind](scope, arn_of(kind, ACCOUNT)))
        assert policies(scope) == ["ci"]
        assert permitted(scope) == []


def test_a_group_of_the_one_development_account_may_be_granted():
    scope = stack()
    build(scope, BROKER, [ACCOUNT]).grant_sudo(IMPORTS["group"](scope, arn_of("group", ACCOUNT)))
    assert policies(scope) == ["ci"]


@pytest.mark.parametrize("kind", ["role", "user"])
def test_of_one_of_several_gets_what_names_that_arn_alone(kind):
    arn = arn_of(kind, OTHER_ACCOUNT)
    scope = stack()
    build(scope, BROKER, [ACCOUNT, OTHER_ACCOUNT]).grant_sudo(IMPORTS[kind](scope, arn))
    assert (policies(scope), permitted(scope)) == ([], [arn])
    scope = stack()
    task_role(scope, "Task")
    sudo = build(scope, TAG_TRUST, [ACCOUNT, OTHER_ACCOUNT])
    sudo.grant_sudo(IMPORTS[kind](scope, arn))
    assert policies(scope) == []
    assert sudo.developer_policy  # to attach to them, in whichever account it is
    (statement,) = statements(role(scope))[1:]
    assert statement["Condition"] == {"ArnLike": {"aws:PrincipalArn": [arn]}}


@pytest.mark.parametrize("account", [FOREIGN, OTHER_ACCOUNT, ACCOUNT])
@pytest.mark.parametrize(
    "strategy", [BROKER, TAG_TRUST, TagTrustStrategy(trust_whole_account=True)]
)
def test_a_group_of_an_account_that_may_not_be_this_one_is_refused(account, strategy):
    scope = stack()
    sudo = build(scope, strategy, [ACCOUNT, OTHER_ACCOUNT])
    with pytest.raises(CannotGrant, match=r"^grant_sudo: ") as refusal:
        sudo.grant_sudo(IMPORTS["group"](scope, arn_of("group", account)))
    assert len(str(refusal.value).splitlines()) == 1
    assert policies(scope) == []


def test_with_a_known_account_one_of_several_is_not_a_question():
    scope = stack(ACCOUNT)
    sudo = build(scope, BROKER, [ACCOUNT, OTHER_ACCOUNT])
    sudo.grant_sudo(IMPORTS["role"](scope, arn_of("role", ACCOUNT)))
    assert (policies(scope), permitted(scope)) == (["ci"], [])


def test_by_name_it_is_of_this_account_whichever_that_is():
    scope = stack()
    sudo = build(scope, BROKER, [ACCOUNT, OTHER_ACCOUNT])
    sudo.grant_sudo(iam.Role.from_role_name(scope, "Dev", "dev"))
    sudo.grant_sudo(iam.Group.from_group_name(scope, "Devs", "devs"))
    own = iam.Role(scope, "Own", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    sudo.grant_sudo(own)
    assert len(policies(scope)) == 3
    assert permitted(scope) == []


@pytest.mark.parametrize("kind", IMPORTS)
def test_who_is_of_another_partition_is_refused(kind):
    for strategy in (BROKER, TAG_TRUST):
        scope = stack(ACCOUNT)
        sudo = build(scope, strategy, [ACCOUNT])
        with pytest.raises(CannotGrant, match="it is not of aws;"):
            sudo.grant_sudo(IMPORTS[kind](scope, arn_of(kind, ACCOUNT, partition="aws-cn")))
        assert policies(scope) == []


def test_of_several_arns_that_of_another_account_counts():
    scope = stack()
    sudo = build(scope, TAG_TRUST, [ACCOUNT])
    both = [iam.ArnPrincipal(arn_of("role", account)) for account in (ACCOUNT, FOREIGN)]
    with pytest.raises(CannotGrant, match="another account"):
        sudo.grant_sudo(iam.CompositePrincipal(*both))


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_the_developers_of_the_ready_made_stack_are_told_apart_as_well(account):
    env = cdk.Environment(account=account, region=REGION) if account else None
    ready = IamSudoStack(
        cdk.App(),
        "Ready",
        strategy=BROKER,
        development_accounts=[ACCOUNT],
        developers=[arn_of("role", FOREIGN), arn_of("user", FOREIGN), arn_of("user", ACCOUNT)],
        env=env,
    )
    assert policies(ready) == ["ci"]
    assert sorted(render(permitted(ready))) == [arn_of("role", FOREIGN), arn_of("user", FOREIGN)]


@pytest.mark.parametrize("order", [1, -1])
def test_two_constructs_in_one_stack_know_the_accounts_that_both_allow(order):
    scope = stack()
    first, second = [[ACCOUNT, OTHER_ACCOUNT], [ACCOUNT]][::order]
    sudo = build(scope, BROKER, first)
    IamSudo(scope, "Second", strategy=TAG_TRUST, development_accounts=second)
    sudo.grant_sudo(IMPORTS["role"](scope, arn_of("role", ACCOUNT)))
    assert (policies(scope), permitted(scope)) == (["ci"], [])


TOKENS = {
    "Fn::Sub": lambda _, arn: cdk.Fn.sub(arn),
    "Fn::Join": lambda _, arn: cdk.Fn.join("", [arn]),
    "parameter": lambda scope, arn: cdk.CfnParameter(scope, "P", default=arn).value_as_string,
    "export": lambda *_: cdk.Fn.import_value("of-somebody"),
    "lazy": lambda _, arn: cdk.Lazy.string(Says(arn)),
    "parameter of Systems Manager": lambda scope, _: ssm.StringParameter.value_for_string_parameter(
        scope, "/developers/arn"
    ),
}


@jsii.implements(cdk.IStableStringProducer)
class Says:
    def __init__(self, text):
        self._text = text

    def produce(self):
        return self._text


@pytest.mark.parametrize("known", [True, False], ids=["known account", "unknown account"])
@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("kind", ["role", "user"])
def test_an_arn_that_only_the_deployment_knows_gets_what_names_that_arn_alone(kind, token, known):
    scope = stack(ACCOUNT if known else None)
    them = IMPORTS[kind](scope, TOKENS[token](scope, arn_of(kind, FOREIGN)))
    build(scope, BROKER, [ACCOUNT]).grant_sudo(them)
    assert policies(scope) == []
    assert len(permitted(scope)) == 1

    scope = stack(ACCOUNT if known else None)
    task_role(scope, "Task")
    sudo = build(scope, TAG_TRUST, [ACCOUNT])
    sudo.grant_sudo(IMPORTS[kind](scope, TOKENS[token](scope, arn_of(kind, FOREIGN))))
    assert policies(scope) == []
    assert sudo.developer_policy


@pytest.mark.parametrize("token", TOKENS)
def test_a_group_that_only_the_deployment_knows_is_refused(token):
    scope = stack(ACCOUNT)
    them = IMPORTS["group"](scope, TOKENS[token](scope, arn_of("group", FOREIGN)))
    with pytest.raises(CannotGrant, match="not known"):
        build(scope, BROKER, [ACCOUNT]).grant_sudo(them)


@pytest.mark.parametrize("known", [True, False], ids=["known account", "unknown account"])
def test_by_its_name_or_by_the_account_that_it_is_deployed_to_an_identity_is_of_this_one(known):
    for them in (
        lambda scope: iam.Role.from_role_name(scope, "Them", "ci"),
        lambda scope: iam.User.from_user_name(scope, "Them", "ci"),
        lambda scope: iam.Group.from_group_name(scope, "Them", "ci"),
        lambda scope: iam.Role.from_role_arn(
            scope, "Them", f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}:role/ci"
        ),
        lambda scope: iam.Role.from_role_arn(
            scope,
            "Them",
            cdk.Stack.of(scope).format_arn(
                service="iam", region="", resource="role", resource_name="ci"
            ),
        ),
    ):
        scope = stack(ACCOUNT if known else None)
        build(scope, BROKER, [ACCOUNT]).grant_sudo(them(scope))
        assert policies(scope) == ["ci"]
        assert permitted(scope) == []
