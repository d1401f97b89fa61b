"""What is written on a grantee of elsewhere has a name that nobody else writes."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import IamSudo, RoleSelection, SessionPolicyStrategy, TagTrustStrategy
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION

pytestmark = pytest.mark.slow

FLAG = "@aws-cdk/aws-iam:importedRoleStackSafeDefaultPolicyName"
STRATEGIES = [
    SessionPolicyStrategy(),
    TagTrustStrategy(selection=RoleSelection(paths=["*"]), protect_tag=True),
]
GRANTEES = {
    "role": iam.Role.from_role_name,
    "user": iam.User.from_user_name,
    "group": iam.Group.from_group_name,
}


def granting(app, id, *, region=REGION, account=ACCOUNT, constructs=("IamSudo",), grantee="role"):
    """A stack that grants an identity that is made elsewhere, as others do."""
    scope = cdk.Stack(app, id, env=cdk.Environment(account=account, region=region))
    them = GRANTEES[grantee](scope, "Developers", "developers")
    for construct in constructs:
        strategy = TagTrustStrategy(trust_whole_account=True) if grantee == "group" else STRATEGIES
        if grantee != "group":  # an account has one base role, and a region one function, of a name
            name = f"{id}-{construct}"
            broker = SessionPolicyStrategy(role_name=name, function_name=name)
            strategy = [broker, *(s for s in STRATEGIES if not isinstance(s, type(broker)))]
        sudo = IamSudo(
            scope, construct, strategy=strategy, development_accounts=[ACCOUNT, OTHER_ACCOUNT]
        )
        sudo.grant_sudo(them)
    return scope


def names(scope, *, stack_id):
    """The names of the inline policies, as they are when the stack has this id."""
    text = json.dumps(Template.from_stack(scope).to_json()).replace(
        json.dumps({"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}),
        json.dumps(stack_id),
    )
    found = [
        each["Properties"]["PolicyName"]
        for each in json.loads(text)["Resources"].values()
        if each["Type"] == "AWS::IAM::Policy"
    ]
    return ["".join(name["Fn::Join"][1]) for name in found]


@pytest.mark.parametrize("flag", [{}, {FLAG: False}, {FLAG: True}], ids=["unset", "off", "on"])
@pytest.mark.parametrize("grantee", GRANTEES)
def test_no_two_stacks_write_one_policy(flag, grantee):
    app = cdk.App(analytics_reporting=False, context=flag)
    found = [
        name
        for n, scope in enumerate(
            (
                granting(app, "One", grantee=grantee),
                granting(app, "Two", grantee=grantee),
                granting(app, "Elsewhere", region="us-east-1", grantee=grantee),
                granting(app, "Another", account=OTHER_ACCOUNT, grantee=grantee),
            )
        )
        for name in names(scope, stack_id=f"id-{n}")
    ]
    assert len(found) == len(set(found)) == (4 if grantee == "group" else 8)


def test_one_stack_of_two_applications_writes_two_policies():
    scopes = [granting(cdk.App(analytics_reporting=False), "Same") for _ in range(2)]
    one, two = (names(scope, stack_id=f"id-{n}") for n, scope in enumerate(scopes))
    assert not set(one) & set(two)
    assert names(scopes[0], stack_id="the-same") == names(scopes[1], stack_id="the-same")


def test_two_constructs_of_a_stack_write_two_policies():
    app = cdk.App(analytics_reporting=False)
    scope = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    them = iam.Role.from_role_name(scope, "Developers", "developers")
    for id_ in ("One", "Two"):
        strategy = TagTrustStrategy(selection=RoleSelection(paths=["*"]))
        IamSudo(scope, id_, strategy=strategy, development_accounts=[ACCOUNT]).grant_sudo(them)
    found = names(scope, stack_id="id")
    assert len(found) == len(set(found)) == 2


def test_granting_again_writes_once():
    app = cdk.App(analytics_reporting=False)
    scope = granting(app, "Stack")
    before = names(scope, stack_id="id")
    app = cdk.App(analytics_reporting=False)
    scope = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    them = iam.Role.from_role_name(scope, "Developers", "developers")
    sudo = IamSudo(
        scope, "IamSudo", strategy=STRATEGIES, development_accounts=[ACCOUNT, OTHER_ACCOUNT]
    )
    sudo.grant_sudo(them)
    sudo.grant_sudo(them)
    assert names(scope, stack_id="id") == before
    for policy in Template.from_stack(scope).find_resources("AWS::IAM::Policy").values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert len(statements) == len({json.dumps(each) for each in statements})


def test_names_are_names_of_iam():
    (one, two) = names(
        granting(cdk.App(analytics_reporting=False), "Stack"),
        stack_id="0a1b2c3d-0000-11f0-aaaa-0123456789ab",
    )
    for name in (one, two):
        assert name.startswith("iam-sudo-")
        assert len(name) <= 128
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
