"""What a developer may give a session: nothing by default; listed tags, the own source identity."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    DeveloperTrust,
    InvalidChoice,
    Tag,
    TagTrustStrategy,
)
from tests.cdk.opened import (
    DEVELOPER,
    TRUST,
    TRUST_STATEMENT,
    is_open,
    messages,
    role,
    statements,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, render, stack

pytestmark = pytest.mark.slow

WHO = {"ArnLike": {"aws:PrincipalArn": [DEVELOPER]}}
TAGS = {
    "ForAllValues:StringEquals": {"aws:TagKeys": ["Project", "ticket"]},
    "Null": {"aws:TagKeys": "false", "sts:TransitiveTagKeys": "true"},
}
OWN = {"StringEquals": {"sts:SourceIdentity": "${aws:SourceIdentity}"}}
ASKED = {"session_tag_keys": ["Project", "ticket"], "source_identity": True}


def cfn_role(scope, document=TRUST):
    return iam.CfnRole(scope, "Role", assume_role_policy_document=document)


def plain(scope):
    properties = {"AssumeRolePolicyDocument": TRUST}
    return cdk.CfnResource(scope, "Role", type="AWS::IAM::Role", properties=properties)


def added(scope):
    """The actions that the trust policy allows developers, and their conditions."""
    return {each["Action"]: each.get("Condition") for each in render(statements(role(scope)))[1:]}


def granted(scope):
    (policy,) = Template.from_stack(scope).find_resources("AWS::IAM::ManagedPolicy").values()
    return {
        each["Action"]: each for each in render(policy["Properties"]["PolicyDocument"]["Statement"])
    }


def opened_by_strategy(scope, make, **options):
    make(scope)
    tag_trust(scope, **options)


def opened_by_mixin(scope, make, **options):
    developers = [] if options.get("trust_whole_account") else [DEVELOPER]
    mixin = DeveloperTrust(developers=developers, development_accounts=[ACCOUNT], **options)
    make(scope).with_(mixin)


WAYS = pytest.mark.parametrize("way", [opened_by_strategy, opened_by_mixin])
SHAPES = pytest.mark.parametrize("make", [task_role, cfn_role, plain])


@WAYS
@SHAPES
def test_unasked_a_developer_may_assume_the_role_and_no_more(way, make):
    scope = stack()
    way(scope, make)
    assert added(scope) == {"sts:AssumeRole": WHO}


def test_unasked_the_developers_policy_has_no_other_action():
    scope = stack()
    tag_trust(scope)
    assert list(granted(scope)) == ["sts:AssumeRole"]


@WAYS
@SHAPES
def test_asked_for_tags_and_source_identity_have_statements_with_conditions(way, make):
    scope = stack()
    way(scope, make, **ASKED)
    assert added(scope) == {
        "sts:AssumeRole": WHO,
        "sts:TagSession": {**WHO, **TAGS},
        "sts:SetSourceIdentity": {**WHO, **OWN},
    }


@WAYS
def test_each_is_asked_for_by_itself(way):
    for option, action in (
        ({"session_tag_keys": ("Project",)}, "sts:TagSession"),
        ({"source_identity": True}, "sts:SetSourceIdentity"),
    ):
        scope = stack()
        way(scope, task_role, **option)
        assert list(added(scope)) == ["sts:AssumeRole", action]


@WAYS
def test_trust_whole_account_leaves_out_the_developers_alone(way):
    scope = stack()
    way(scope, task_role, trust_whole_account=True, **ASKED)
    assert added(scope) == {
        "sts:AssumeRole": None,
        "sts:TagSession": TAGS,
        "sts:SetSourceIdentity": OWN,
    }


def test_asked_for_the_developers_policy_has_them_under_the_same_conditions():
    scope = stack()
    tag_trust(scope, **ASKED)
    found = granted(scope)
    assume, tag, source = (
        found[f"sts:{action}"] for action in ("AssumeRole", "TagSession", "SetSourceIdentity")
    )
    for each, conditions in ((tag, TAGS), (source, OWN)):
        assert each["NotResource"] == assume["NotResource"]
        for operator, tests in (*assume["Condition"].items(), *conditions.items()):
            assert each["Condition"][operator].items() >= tests.items()
    assert len(found) == 3


@pytest.mark.parametrize("make", [task_role, cfn_role, plain])
def test_synthesized_twice_the_template_is_the_same(make):
    scope = stack()
    opened_by_strategy(scope, make, **ASKED)
    first = Template.from_stack(scope).to_json()
    cdk.Stage.of(scope).synth(force=True)
    assert Template.from_stack(scope).to_json() == first
    assert len(statements(role(scope))) == 4


def test_a_statement_that_the_role_has_is_not_added():
    there = {
        "Effect": "Allow",
        "Action": "sts:TagSession",
        "Principal": {"AWS": cdk.Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Condition": {**WHO, **TAGS},
    }
    scope = stack()
    cfn_role(scope, {**TRUST, "Statement": [TRUST_STATEMENT, there]})
    tag_trust(scope, **ASKED)
    assert len(statements(role(scope))) == 4


@pytest.mark.parametrize("version", [{}, {"Version": "2008-10-17"}])
def test_a_source_identity_needs_a_trust_policy_that_knows_variables(version):
    scope = stack()
    cfn_role(scope, {**version, "Statement": [TRUST_STATEMENT]})
    tag_trust(scope, source_identity=True)
    assert not is_open(role(scope))
    assert "error: iam-sudo: source_identity needs" in messages(scope)["the-stack/Role"]


@pytest.mark.parametrize(
    "keys",
    [
        "Project",
        ["*"],
        ["Proj*"],
        ["Projec?"],
        ["${aws:PrincipalTag/team}"],
        ["${Token[TOKEN.1]}"],
        [cdk.Aws.STACK_NAME],
        [""],
        ["k" * 129],
        ["a\nb"],
        ["a\u2028b"],
        ["aws:cloudformation:stack-name"],
        ["AWS:x"],
        ["iam-sudo:broker"],
        ["IAM-Sudo:developers"],
        [None],
        [1],
        {"Project": "x"},
    ],
)
def test_what_is_no_key_in_full_is_refused(keys):
    for make in (
        TagTrustStrategy,
        lambda **options: DeveloperTrust(
            developers=[DEVELOPER], development_accounts=[ACCOUNT], **options
        ),
    ):
        with pytest.raises(InvalidChoice, match="^session_tag_keys: ") as refusal:
            make(session_tag_keys=keys)
        assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("key", ["access", "Access"])
def test_the_key_of_the_tag_that_opens_is_refused(key):
    with pytest.raises(InvalidChoice, match="^session_tag_keys: .*opens"):
        TagTrustStrategy(tag=Tag(key="access", value="dev"), session_tag_keys=[key])


def test_a_source_identity_is_asked_for_by_true():
    with pytest.raises(InvalidChoice, match="^source_identity: "):
        TagTrustStrategy(source_identity="false")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:x", "y"),
        ("AWS:x", "y"),
        ("iam-sudo:broker", "x"),
        ("IAM-sudo:Broker", "x"),
        ("env", "*"),
        ("env", "${aws:PrincipalTag/team}"),
        ("e?v", "dev"),
        ("", "dev"),
        ("env", ""),
    ],
)
def test_a_tag_is_text_that_iam_takes_literally(key, value):
    with pytest.raises(InvalidChoice, match="^tag: "):
        Tag(key=key, value=value)
    with pytest.raises(InvalidChoice, match="^tag: "):
        Tag.parse(f"{key}={value}")
