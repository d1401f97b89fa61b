"""Roles that stay as they are, and are named: other tags, long policies, imports, unknowns."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from iam_sudo_cdk import (
    IamSudo,
    InvalidChoice,
    RoleSelection,
    Tag,
    TagTrustStrategy,
)
from iam_sudo_cdk.tag_trust.annotations import add_error, warn
from tests.cdk.opened import (
    CONDITION,
    DEVELOPER,
    KEY,
    PARAMETER,
    STATEMENT,
    TRUST,
    TRUST_STATEMENT,
    VALUE,
    app,
    cfn,
    everything,
    included,
    is_open,
    messages,
    role,
    roles,
    statement_if,
    statements,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, IS_OLD, render, stack

pytestmark = pytest.mark.slow

TAG_OF_OURS = {"key": KEY, "value": VALUE}


def cfn_role(scope, *tags, document=TRUST):
    return iam.CfnRole(
        scope,
        "Role",
        assume_role_policy_document=document,
        tags=[cdk.CfnTag(key=key, value=value) for key, value in tags],
    )


def plain(scope, *tags):
    return cdk.CfnResource(
        scope,
        "Role",
        type="AWS::IAM::Role",
        properties={
            "AssumeRolePolicyDocument": TRUST,
            "Tags": [{"Key": key, "Value": value} for key, value in tags],
        },
    )


def tagged_from(level):
    def make(scope):
        task_role(scope)
        target = {"stack": scope, "stage": cdk.Stage.of(scope)}[level]
        cdk.Tags.of(target).add(KEY, "prod")

    return make


def by_parameter(make):
    def of(scope):
        make(scope, (KEY, cdk.CfnParameter(scope, "Env").value_as_string))

    return of


OTHERWISE = {
    "on the resource": (lambda s: cfn_role(s, ("team", "a"), (KEY, "prod")), f"{KEY}=prod"),
    "on a plain resource": (lambda s: plain(s, (KEY, "prod")), f"{KEY}=prod"),
    "on a role": (lambda s: cdk.Tags.of(task_role(s)).add(KEY, "prod"), f"{KEY}=prod"),
    "on its stack": (tagged_from("stack"), f"{KEY}=prod"),
    "on its stage": (tagged_from("stage"), f"{KEY}=prod"),
    "late, by an aspect of low priority": (
        lambda s: cdk.Tags.of(task_role(s)).add(KEY, "prod", priority=800),
        f"{KEY}=prod",
    ),
    "in capitals": (lambda s: cfn_role(s, (KEY.upper(), "prod")), f"{KEY.upper()}=prod"),
    "empty": (lambda s: cfn_role(s, (KEY, "")), f"{KEY}="),
    "in another case": (lambda s: cfn_role(s, (KEY, "Allowed")), f"{KEY}=Allowed"),
    "with the other value first": (
        lambda s: plain(s, (KEY, VALUE), (KEY.title(), "prod")),
        f"{KEY.title()}=prod",
    ),
    "with what a terminal would obey": (
        lambda s: cfn_role(s, (KEY, "\x1b[2J\u202eprod")),
        rf"{KEY}=\x1b[2J\u202eprod",
    ),
    "by parameter": (by_parameter(cfn_role), f"{KEY}=<Env>"),
    "by parameter, on a plain resource": (by_parameter(plain), f"{KEY}=<Env>"),
}


@pytest.mark.parametrize(("make", "tag"), OTHERWISE.values(), ids=OTHERWISE)
def test_a_role_tagged_otherwise_is_an_error_that_names_it_and_stays_as_it_is(make, tag):
    scope, without_us = (cdk.Stack(cdk.Stage(app(), "Stage"), "the-stack") for _ in range(2))
    tag_trust(scope)
    make(scope)
    make(without_us)
    assert role(scope) == role(without_us)
    ((path, message),) = messages(scope).items()
    assert path.startswith("Stage/the-stack/Role")
    assert message == (
        f"error: iam-sudo: it carries the tag {tag}, which would have to be {KEY}={VALUE}; "
        "choose another tag, or leave the role out of the selection"
    )


@pytest.mark.parametrize("say", [lambda s, text: warn(s, "unread", text), add_error])
def test_what_a_terminal_would_obey_is_shown_by_its_number(say):
    scope = stack()
    say(scope, "by \u202e\x9b2J\n")
    (said,) = messages(scope).values()
    assert said.isprintable()
    assert r"by \u202e\x9b2J\n" in said


def test_a_tag_of_the_whole_app_counts():
    scope = stack()
    tag_trust(scope)
    task_role(scope)
    cdk.Tags.of(scope.node.root).add(KEY, "prod")
    assert role(scope)["Tags"] == [{"Key": KEY, "Value": "prod"}]
    assert len(statements(role(scope))) == 1
    assert (
        f"error: iam-sudo: it carries the tag {KEY}=prod"
        in messages(scope)["the-stack/Role/Resource"]
    )


UNDECIDED_TAGS = {
    "a tag by condition": [statement_if({"Key": KEY, "Value": "prod"})],
    "all tags by condition": pytest.param(
        statement_if([{"Key": KEY, "Value": "prod"}]),
        marks=pytest.mark.skipif(IS_OLD, reason="older CDKs cannot include such a template"),
    ),
    "a key by parameter": [{"Key": {"Ref": "Env"}, "Value": "prod"}],
}


@pytest.mark.parametrize("tags", UNDECIDED_TAGS.values(), ids=UNDECIDED_TAGS)
def test_a_role_whose_tags_are_decided_at_deployment_is_an_error_too(tags, tmp_path):
    scope = stack()
    tag_trust(scope)
    included(scope, tmp_path, {"Role": cfn(Tags=tags)}, **CONDITION)
    assert role(scope) == cfn(Tags=tags)["Properties"]
    assert "error: iam-sudo: its tags are decided" in messages(scope)["the-stack/Included/Role"]


@pytest.mark.parametrize("make", [cfn_role, plain])
@pytest.mark.parametrize("key", [KEY, KEY.title()])
def test_a_role_that_has_the_tag_already_gets_no_second_one(make, key):
    scope = stack()
    tag_trust(scope)
    make(scope, (key, VALUE))
    assert role(scope)["Tags"] == [{"Key": key, "Value": VALUE}]
    assert len(statements(role(scope))) == 2


def test_another_tag_may_be_chosen():
    scope = stack()
    tag_trust(scope, tag=Tag.parse("access=developers"))
    cfn_role(scope, (KEY, "prod"))
    assert {"Key": "access", "Value": "developers"} in role(scope)["Tags"]


@pytest.mark.parametrize("text", ["env", "=dev", "env=", "aws:x=y", "k" * 129 + "=v", None, ""])
def test_a_tag_that_iam_would_not_take_is_refused(text):
    with pytest.raises(InvalidChoice, match=r"^tag: "):
        Tag.parse(text)


def of_length(characters):
    """A trust policy whose compact text, our statement included, has so many characters."""

    def text(filler):
        condition = {"StringEquals": {"aws:SourceArn": filler}}
        document = {
            "Version": "2012-10-17",
            "Statement": [{**TRUST_STATEMENT, "Condition": condition}],
        }
        extended = {**document, "Statement": [*document["Statement"], STATEMENT]}
        return document, len(json.dumps(extended, separators=(",", ":")))

    document, length = text("x" * (characters - text("")[1]))
    assert length == characters
    return document


@pytest.mark.parametrize(
    ("quota", "options"), [(2048, {}), (4096, {"trust_policy_characters": 4096})]
)
def test_a_trust_policy_up_to_the_quota_is_extended_and_a_longer_one_is_an_error(quota, options):
    for characters in (quota, quota + 1):
        scope = stack()
        tag_trust(scope, **options)
        cfn_role(scope, document=of_length(characters))
        assert is_open(role(scope)) == (characters == quota)
        if characters > quota:
            assert role(scope) == {"AssumeRolePolicyDocument": of_length(characters)}
            assert (
                f"has {quota + 1:,} characters and IAM accepts {quota:,}"
                in (messages(scope)["the-stack/Role"])
            )
        else:
            assert messages(scope) == {}


def test_characters_are_counted_as_characters():
    document = json.loads(json.dumps(of_length(2048)).replace("x" * 100, "ä" * 100))
    scope = stack()
    tag_trust(scope)
    cfn_role(scope, document=document)
    assert is_open(role(scope))


@pytest.mark.parametrize("quota", [0, 2047, 4097])
def test_a_quota_that_iam_does_not_have_is_refused(quota):
    with pytest.raises(InvalidChoice, match=r"trust_policy_characters: .* 2048 to 4096"):
        tag_trust(stack(), trust_policy_characters=quota)


def precreated(scope):
    theirs = Construct(scope, "Theirs")
    iam.Role.customize_roles(theirs, use_precreated_roles={"the-stack/Theirs/Role": "ready-made"})
    task_role(theirs)


IMPORTED = {
    "by ARN": (
        lambda s: iam.Role.from_role_arn(s, "Role", f"arn:aws:iam::{ACCOUNT}:role/x/ready-made"),
        "the-stack/Role",
    ),
    "by ARN, immutable": (
        lambda s: iam.Role.from_role_arn(
            s, "Role", f"arn:aws:iam::{ACCOUNT}:role/ready-made", mutable=False
        ),
        "the-stack/Role",
    ),
    "by name": (lambda s: iam.Role.from_role_name(s, "Role", "ready-made"), "the-stack/Role"),
    "by a name of a parameter": (
        lambda s: iam.Role.from_role_name(s, "Role", cdk.CfnParameter(s, "P").value_as_string),
        "the-stack/Role",
    ),
    "created beforehand": (precreated, "the-stack/Theirs/Role"),
}


@pytest.mark.parametrize(("make", "path"), IMPORTED.values(), ids=IMPORTED)
def test_a_selected_role_that_is_imported_is_a_warning_that_names_it(make, path):
    scope = stack()
    tag_trust(scope, selection=RoleSelection(role_names=["ready-*"], paths=["*"]))
    make(scope)
    assert list(messages(scope)) == [path]
    assert "it is imported or created elsewhere, and stays as it is" in messages(scope)[path]


@pytest.mark.parametrize(("make", "path"), IMPORTED.values(), ids=IMPORTED)
def test_an_imported_role_that_is_not_selected_is_none_of_our_business(make, path):
    scope = stack()
    tag_trust(scope, selection=RoleSelection(role_names=["orders-*"], paths=["x"]))
    make(scope)
    assert messages(scope) == {}


@pytest.mark.parametrize("by", ["arn", "name"])
@pytest.mark.parametrize("runs", [False, True])
def test_an_imported_execution_role_is_no_role_to_run_as(by, runs):
    scope = stack()
    tag_trust(scope, selection=RoleSelection(role_names=["*"], paths=["*"]))
    if by == "arn":
        execution = iam.Role.from_role_arn(
            scope, "Execution", f"arn:aws:iam::{ACCOUNT}:role/starts"
        )
    else:
        execution = iam.Role.from_role_name(scope, "Execution", "starts")
    ecs.FargateTaskDefinition(
        scope,
        "Task",
        execution_role=execution,
        task_role=execution if runs else task_role(scope),
    ).add_container("C", image=ecs.ContainerImage.from_registry("x"))
    assert list(messages(scope)) == (["the-stack/Execution"] if runs else [])


def test_a_developer_who_is_an_imported_role_is_no_role_to_open():
    scope = stack()
    sudo = tag_trust(scope, selection=everything())
    sudo.grant_sudo(iam.Role.from_role_arn(scope, "Dev", DEVELOPER))
    assert messages(scope) == {}


def test_the_immutable_view_of_an_own_role_is_that_role():
    scope = stack()
    tag_trust(scope)
    task_role(scope).without_policy_updates()
    assert messages(scope) == {}
    assert is_open(role(scope))


UNDECIDED_TRUST = {
    "its service by parameter": {
        "Statement": [{**TRUST_STATEMENT, "Principal": {"Service": {"Ref": "Env"}}}]
    },
    "its principal by condition": {
        "Statement": [{**TRUST_STATEMENT, "Principal": statement_if({"Service": "x"})}]
    },
    "its only statement by condition": {"Statement": [statement_if(TRUST_STATEMENT)]},
    "all statements by condition": {"Statement": statement_if([TRUST_STATEMENT])},
    "the policy by condition": statement_if(TRUST),
}


@pytest.mark.parametrize("document", UNDECIDED_TRUST.values(), ids=UNDECIDED_TRUST)
def test_a_role_whose_principals_are_decided_at_deployment_is_a_warning(document, tmp_path):
    scope = stack()
    tag_trust(scope)
    included_role = cfn(AssumeRolePolicyDocument=document)
    included(scope, tmp_path, {"Role": included_role}, **CONDITION)
    assert role(scope) == included_role["Properties"]
    message = messages(scope)["the-stack/Included/Role"]
    assert message.startswith("developers get no access to this role: ")


def test_a_principal_of_a_type_that_is_not_selected_may_be_decided_at_deployment(tmp_path):
    trust = {"Statement": [{**TRUST_STATEMENT, "Principal": {"AWS": {"Ref": "Env"}}}]}
    scope = stack()
    tag_trust(scope)
    included(scope, tmp_path, {"Role": cfn(AssumeRolePolicyDocument=trust)}, **PARAMETER)
    assert messages(scope) == {}
    assert not is_open(role(scope))


NOT_SELECTED = {
    "another principal": {"Principal": {"Service": "ec2.amazonaws.com"}},
    "a lookalike": {"Principal": {"Service": "ecs-tasks.amazonaws.com.example.org"}},
    "another action": {"Action": "sts:TagSession"},
    "a denial": {"Effect": "Deny"},
}


@pytest.mark.parametrize("change", NOT_SELECTED.values(), ids=NOT_SELECTED)
def test_a_role_that_the_selected_principals_may_not_assume_is_not_opened(change):
    scope = stack()
    tag_trust(scope)
    cfn_role(scope, document={**TRUST, "Statement": [{**TRUST_STATEMENT, **change}]})
    assert not is_open(role(scope))
    assert messages(scope) == {}


def test_a_known_name_decides_where_no_path_does():
    scope = stack()
    tag_trust(scope, selection=RoleSelection(role_names=["dev-*"], paths=["*/D"]))
    task_role(scope, "A", role_name="dev-orders")
    task_role(scope, "B", role_name="prod-orders")
    task_role(scope, "C", role_name="Dev-orders")
    task_role(scope, "D")
    found = {each.get("RoleName"): is_open(each) for each in roles(scope).values()}
    assert found == {"dev-orders": True, "prod-orders": False, "Dev-orders": False, None: True}


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_role_that_has_the_statement_already_is_left(order):
    spelt_otherwise = {
        "Sid": "TheirOwnName",
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Principal": {"AWS": [cdk.Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")]},
        "Condition": {"ArnLike": {"aws:PrincipalArn": DEVELOPER}},
    }
    both = [TRUST_STATEMENT, spelt_otherwise]
    scope = stack()
    tag_trust(scope)
    cfn_role(scope, document={**TRUST, "Statement": [both[number] for number in order]})
    assert len(statements(role(scope))) == 2


def test_nobody_granted_opens_nothing_and_says_so():
    both = app()
    scope, other = cdk.Stack(both, "one"), cdk.Stack(both, "two")
    sudo_scope = cdk.Stack(both, "sudo")
    IamSudo(
        sudo_scope,
        "IamSudo",
        strategy=TagTrustStrategy(selection=RoleSelection(paths=["*"]), scope="app"),
        development_accounts=[ACCOUNT],
    )
    task_role(scope)
    task_role(other)
    for each in (scope, other):
        assert not is_open(role(each))
        assert "grant_sudo was called for nobody" in messages(each)[each.node.path]


def test_the_whole_account_is_trusted_on_request_and_that_is_a_warning():
    scope = stack()
    tag_trust(scope, trust_whole_account=True)
    task_role(scope)
    bare = {key: value for key, value in STATEMENT.items() if key != "Condition"}
    assert render(statements(role(scope))[1]) == bare
    assert "everybody in the account who may sts:AssumeRole" in messages(scope)["the-stack/IamSudo"]


def test_the_whole_account_is_never_trusted_unasked():
    scope = stack()
    tag_trust(scope)
    task_role(scope)
    assert is_open(role(scope))
    assert messages(scope) == {}


def test_a_role_that_is_both_made_and_customized_is_opened_without_a_warning():
    scope = stack()
    theirs = Construct(scope, "Theirs")
    iam.Role.customize_roles(theirs, prevent_synthesis=False)
    task_role(theirs)
    tag_trust(scope)
    assert is_open(role(scope))
    assert messages(scope) == {}


def tags(number):
    return [{"key": f"key-{n}", "value": "x"} for n in range(number)]


@pytest.mark.parametrize(
    ("there", "opens"), [(tags(49), True), (tags(50), False), ([*tags(49), TAG_OF_OURS], True)]
)
def test_a_role_without_room_for_another_tag_is_an_error(there, opens):
    scope = stack()
    iam.CfnRole(scope, "Role", assume_role_policy_document=TRUST, tags=there)
    tag_trust(scope)
    if opens:
        assert is_open(role(scope))
    else:
        assert "it has 50 tags, and IAM accepts 50" in messages(scope)["the-stack/Role"]
        assert role(scope)["AssumeRolePolicyDocument"] == TRUST


BEYOND = {
    "a deployment role of cdk bootstrap": lambda s: iam.Role.from_role_name(
        s, "Deploy", f"cdk-hnb659fds-deploy-role-{ACCOUNT}-eu-west-1"
    ),
    "one with a name for each account": lambda s: iam.Role.from_role_name(
        s, "Deploy", f"cdk-hnb659fds-cfn-exec-role-{cdk.Aws.ACCOUNT_ID}-eu-west-1"
    ),
    "a role of another account": lambda s: iam.Role.from_role_arn(
        s, "Theirs", "arn:aws:iam::444455556666:role/ready-made"
    ),
    "a developer of another IamSudo": lambda s: tag_trust(
        s, id="Other", selection=RoleSelection(role_names=["x"])
    ).grant_sudo(iam.Role.from_role_arn(s, "Dev", f"arn:aws:iam::{ACCOUNT}:role/tester")),
}


@pytest.mark.parametrize("make", BEYOND.values(), ids=BEYOND)
def test_a_role_that_nobody_would_open_is_no_warning(make):
    scope = stack()
    tag_trust(scope, selection=everything())
    make(scope)
    assert messages(scope) == {}


def test_what_is_said_of_a_stack_is_not_said_of_a_role():
    one = app()
    there = cdk.Stack(one, "there", env=cdk.Environment(account="444455556666", region="x-y-1"))
    task_role(there)
    here = cdk.Stack(one, "here")
    tag_trust(here, scope="app")
    (said,) = messages(there).values()
    assert "developers get no access to the roles of this stack: 444455556666" in said
