"""A role that is opened more than once has one statement for each tag, and no Sid twice."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import DeveloperTrust, Tag
from tests.cdk.opened import (
    DEVELOPER,
    STATEMENT,
    TAG,
    TRUST,
    Later,
    app,
    cfn,
    included,
    messages,
    role,
    statements,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, render, stack

pytestmark = pytest.mark.slow

OTHER = f"{DEVELOPER}-2"
THIRD = f"{DEVELOPER}-3"


def mixin(*developers, **options):
    return DeveloperTrust(developers=developers, development_accounts=[ACCOUNT], **options)


def trusted(scope):
    """Whom the one role trusts, by Sid; a statement without developers trusts "all"."""
    found = [render(each) for each in statements(role(scope)) if "Sid" in each]
    sids = [each["Sid"] for each in found]
    assert len(sids) == len(set(sids))
    return {
        each["Sid"]: each.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", "all")
        for each in found
    }


def of_l2(scope):
    return task_role(scope)


def of_l1(scope):
    return iam.CfnRole(scope, "Role", assume_role_policy_document=TRUST)


def of_a_lazy(scope):
    document = cdk.Lazy.any(Later(TRUST))
    return iam.CfnRole(scope, "Role", assume_role_policy_document=document)


def of_a_plain_resource(scope):
    return cdk.CfnResource(
        scope, "Role", type="AWS::IAM::Role", properties={"AssumeRolePolicyDocument": TRUST}
    )


SHAPES = [of_l2, of_l1, of_a_lazy, of_a_plain_resource]


@pytest.mark.parametrize("shape", SHAPES)
def test_two_strategies_are_one_statement(shape):
    scope = stack(ACCOUNT)
    shape(scope)
    tag_trust(scope, DEVELOPER)
    tag_trust(scope, OTHER, id="Two")
    tag_trust(scope, THIRD, DEVELOPER, id="Three")
    assert trusted(scope) == {"IamSudoDevelopers": [DEVELOPER, OTHER, THIRD]}
    assert role(scope)["Tags"] == [TAG]
    assert len(statements(role(scope))) == 2
    assert messages(scope) == {}


def test_a_strategy_and_a_mixin_are_one_statement():
    scope = stack(ACCOUNT)
    it = task_role(scope)
    tag_trust(scope, DEVELOPER)
    it.with_(mixin(OTHER))
    assert trusted(scope) == {"IamSudoDevelopers": [DEVELOPER, OTHER]}


def test_two_mixins_are_one_statement_and_the_same_one_twice_is_once():
    scope = stack(ACCOUNT)
    it = task_role(scope)
    once = mixin(DEVELOPER)
    for each in (once, mixin(OTHER), once, mixin(OTHER)):
        it.with_(each)
    assert trusted(scope) == {"IamSudoDevelopers": [DEVELOPER, OTHER]}


def test_who_trusts_the_whole_account_trusts_the_others_developers():
    scope = stack(ACCOUNT)
    it = task_role(scope)
    it.with_(mixin(DEVELOPER))
    it.with_(mixin(trust_whole_account=True))
    assert trusted(scope) == {"IamSudoDevelopers": "all"}


def test_each_tag_has_a_statement_of_its_own():
    scope = stack(ACCOUNT)
    it = task_role(scope)
    it.with_(mixin(DEVELOPER))
    it.with_(mixin(OTHER, tag=Tag(key="env", value="dev")))
    found = trusted(scope)
    assert sorted(found.values()) == [[DEVELOPER], [OTHER]]
    assert sorted(each["Key"] for each in role(scope)["Tags"]) == ["env", TAG["Key"]]


def test_marks_of_one_are_not_the_others():
    scope = stack(ACCOUNT)
    task_role(scope)
    tag_trust(scope, DEVELOPER, session_tag_keys=["tenant"])
    tag_trust(scope, OTHER, id="Two", session_tag_keys=["team"])
    found = trusted(scope)
    assert found.pop("IamSudoDevelopers") == [DEVELOPER, OTHER]
    assert sorted(found.values()) == [[DEVELOPER], [OTHER]]
    assert all(sid.startswith("IamSudoDevelopersTags") for sid in found)


def test_a_sid_that_the_role_has_is_left_to_it():
    scope = stack(ACCOUNT)
    theirs = {**TRUST["Statement"][0], "Sid": "IamSudoDevelopers"}
    iam.CfnRole(
        scope, "Role", assume_role_policy_document={"Version": "2012-10-17", "Statement": [theirs]}
    )
    tag_trust(scope, DEVELOPER)
    own, ours = statements(role(scope))
    assert own == theirs
    assert ours["Sid"] != own["Sid"]
    assert ours["Sid"].startswith("IamSudoDevelopers")
    assert ours["Sid"].isalnum()


def test_a_template_that_was_opened_before_is_opened_to_others_too(tmp_path):
    scope = stack(ACCOUNT)
    before = {**TRUST, "Statement": [*TRUST["Statement"], STATEMENT]}
    included(scope, tmp_path, {"Role": cfn(AssumeRolePolicyDocument=before, Tags=[TAG])})
    tag_trust(scope, OTHER)
    found = trusted(scope)
    assert found.pop("IamSudoDevelopers") == [DEVELOPER]
    assert list(found.values()) == [[OTHER]]


def test_names_are_the_same_at_each_synthesis():
    templates = []
    for _ in range(2):
        scope = stack(ACCOUNT)
        it = task_role(scope)
        it.with_(mixin(DEVELOPER))
        it.with_(mixin(OTHER, tag=Tag(key="env", value="dev")))
        templates.append(Template.from_stack(scope).to_json())
    assert templates[0] == templates[1]


def test_an_app_that_is_synthesized_again_says_the_same_and_whom_was_granted_meanwhile():
    root = app()
    scope = cdk.Stack(root, "Stack", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    task_role(scope)
    tag_trust(scope, DEVELOPER)
    two = tag_trust(scope, OTHER, id="Two")
    assert trusted(scope) == {"IamSudoDevelopers": [DEVELOPER, OTHER]}
    two.grant_sudo(iam.ArnPrincipal(THIRD))
    synthesized = root.synth(force=True).get_stack_by_name("Stack").template["Resources"]
    (again,) = (
        each["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for each in synthesized.values()
        if each["Type"] == "AWS::IAM::Role"
    )
    ours = [each for each in again if "Sid" in each]
    assert [each["Condition"]["ArnLike"]["aws:PrincipalArn"] for each in ours] == [
        [DEVELOPER, OTHER, THIRD]
    ]
