"""The tag on what was never opened, and what a developer's grant leaves out, tagged or not."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    DeveloperTrust,
    IamSudo,
    RoleSelection,
    SessionPolicyStrategy,
    Tag,
    TagTrustStrategy,
)
from tests.cdk.opened import (
    DEVELOPER,
    KEY,
    TRUST,
    VALUE,
    app,
    is_open,
    messages,
    role,
    roles,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, render, stack

pytestmark = pytest.mark.slow

SELECTED = {"selection": RoleSelection(paths=["*/Task"])}
ELSEWHERE = "by which developers may assume roles, is also on "


def elsewhere(scope):
    found = messages(scope)
    assert all(ELSEWHERE in text for text in found.values()), found
    return sorted(found)


def admin(scope, id="Admin", **properties):
    """As EKS has one for its masters: whoever may assume it in the account."""
    return iam.Role(scope, id, assumed_by=iam.AccountRootPrincipal(), **properties)


def cfn(*tags):
    def make(scope):
        listed = [cdk.CfnTag(key=key, value=value) for key, value in tags]
        iam.CfnRole(scope, "Admin", assume_role_policy_document=TRUST, tags=listed)

    return make


def plain(scope):
    properties = {
        "AssumeRolePolicyDocument": TRUST,
        "Tags": [{"Key": KEY, "Value": VALUE}],
    }
    cdk.CfnResource(scope, "Admin", type="AWS::IAM::Role", properties=properties)


UNSELECTED = {
    "by Tags.of": lambda s: cdk.Tags.of(admin(s)).add(KEY, VALUE),
    "on the resource": cfn((KEY, VALUE)),
    "by another case of the key": cfn((KEY.upper(), VALUE)),
    "on a plain resource": plain,
    "a helper of the CDK": lambda s: cdk.Tags.of(admin(s, "Custom::Helper")).add(KEY, VALUE),
    "by a parameter": lambda s: cfn((KEY, cdk.CfnParameter(s, "P").value_as_string))(s),
    "with a key by parameter": lambda s: cfn((cdk.CfnParameter(s, "P").value_as_string, "x"))(s),
}


@pytest.mark.parametrize("make", UNSELECTED.values(), ids=UNSELECTED)
def test_the_tag_on_a_role_that_is_not_opened_is_a_warning_on_it(make):
    scope = stack()
    task_role(scope, "Task")
    make(scope)
    tag_trust(scope, **SELECTED)
    (path,) = elsewhere(scope)
    assert "Admin" in path or "Custom::Helper" in path


@pytest.mark.parametrize(
    "make", [cfn((KEY, "other")), cfn(("team", VALUE)), cfn((f"{KEY}2", VALUE)), cfn()]
)
def test_other_tags_are_nobodys_business(make):
    scope = stack()
    make(scope)
    tag_trust(scope, **SELECTED)
    assert elsewhere(scope) == []


@pytest.mark.parametrize("how", ["Tags.of(stack)", "Tags.of(app)", "stack.tags", "Stack(tags=…)"])
def test_the_tag_on_a_stack_is_a_warning_on_the_stack(how):
    both = app()
    tags = {KEY: VALUE} if how == "Stack(tags=…)" else None
    scope, other = cdk.Stack(both, "the-stack", tags=tags), cdk.Stack(both, "other")
    task_role(scope, "Task")
    match how:
        case "Tags.of(stack)":
            cdk.Tags.of(scope).add(KEY, VALUE)
        case "Tags.of(app)":
            cdk.Tags.of(both).add(KEY, VALUE)
        case "stack.tags":
            scope.tags.set_tag(KEY.title(), VALUE)
    tag_trust(scope, scope="app", **SELECTED)
    assert "the-stack" in elsewhere(scope)
    assert elsewhere(other) == (["other"] if how == "Tags.of(app)" else [])


def test_the_tag_that_the_application_has_for_something_else_is_seen_wherever_it_is():
    both = app()
    scope = cdk.Stack(both, "the-stack")
    task_role(scope, "Task")
    admin(scope)
    cdk.Tags.of(both).add("env", "dev")
    tag_trust(scope, tag=Tag.parse("env=dev"), **SELECTED)
    assert elsewhere(scope) == ["the-stack", "the-stack/Admin/Resource"]


def test_roles_that_another_of_us_opens_are_not_elsewhere():
    both = app()
    scope = cdk.Stack(both, "the-stack")
    for number in (1, 2):
        selection = RoleSelection(paths=[f"the-stack/Task{number}"])
        tag_trust(scope, id=f"Sudo{number}", selection=selection)
        task_role(scope, f"Task{number}")
    mixin = DeveloperTrust(developers=[DEVELOPER], development_accounts=[ACCOUNT])
    task_role(scope, "Mixed").with_(mixin)
    assert list(map(is_open, roles(scope).values())) == [True] * 3
    assert elsewhere(scope) == []
    cdk.Stage.of(scope).synth(force=True)
    assert elsewhere(scope) == []


def test_a_brokers_own_roles_may_have_the_tag_since_the_grant_leaves_them_out():
    scope = stack()
    strategies = [SessionPolicyStrategy(), TagTrustStrategy(**SELECTED)]
    sudo = IamSudo(scope, "IamSudo", strategy=strategies, development_accounts=[ACCOUNT])
    sudo.grant_sudo(iam.ArnPrincipal(DEVELOPER))
    cdk.Tags.of(scope).add(KEY, VALUE)
    assert elsewhere(scope) == ["the-stack"]


def test_a_stack_of_an_account_that_the_grant_does_not_reach_may_have_the_tag():
    both = app()
    here, there = (
        cdk.Stack(both, id_, env=cdk.Environment(account=account, region=REGION))
        for id_, account in (("here", ACCOUNT), ("there", OTHER_ACCOUNT))
    )
    cdk.Tags.of(there).add(KEY, VALUE)
    admin(there)
    tag_trust(here, scope="app", **SELECTED)
    assert elsewhere(there) == []


def left_out(scope):
    (policy,) = Template.from_stack(scope).find_resources("AWS::IAM::ManagedPolicy").values()
    (statement,) = render(policy["Properties"]["PolicyDocument"]["Statement"])
    return [each.partition(":role/")[2] for each in statement["NotResource"]]


@pytest.mark.parametrize("session_policy_first", [True, False])
def test_the_base_role_of_the_same_construct_is_left_out_by_its_name(session_policy_first):
    scope = stack()
    strategies = [SessionPolicyStrategy(role_name="Sudoer"), TagTrustStrategy(**SELECTED)]
    if not session_policy_first:
        strategies.reverse()
    sudo = IamSudo(scope, "IamSudo", strategy=strategies, development_accounts=[ACCOUNT])
    sudo.grant_sudo(iam.ArnPrincipal(DEVELOPER))
    assert left_out(scope) == ["cdk-*", "*/cdk-*", "IAMSudoUser", "*/IAMSudoUser", "Sudoer"]


LIKE_BOOTSTRAP = {
    "by its name": ({"role_name": "cdk-task"}, "the-stack"),
    "by its path": ({"role_name": "task", "path": "/cdk-team/"}, "the-stack"),
    "by its name in a path": ({"role_name": "cdk-task", "path": "/team/"}, "the-stack"),
    "by the name of its stack": ({}, "cdk-stack"),
}


@pytest.mark.parametrize(("properties", "stack_name"), LIKE_BOOTSTRAP.values(), ids=LIKE_BOOTSTRAP)
def test_a_selected_role_that_the_grant_leaves_out_stays_closed_and_says_so(properties, stack_name):
    scope = cdk.Stack(app(), "the-stack", stack_name=stack_name)
    task_role(scope, **properties)
    tag_trust(scope, selection=RoleSelection(role_names=["*"], paths=["*"]))
    assert not is_open(role(scope))
    assert "cdk-…" in messages(scope)["the-stack/Role/Resource"]


def test_a_role_in_a_nested_stack_is_named_like_the_stack_around_it():
    nested = cdk.NestedStack(cdk.Stack(app(), "the-stack", stack_name="cdk-stack"), "Nested")
    task_role(nested)
    tag_trust(nested)
    assert not is_open(role(nested))


@pytest.mark.parametrize(
    "properties", [{"role_name": "acdk-task"}, {"role_name": "x", "path": "/a-cdk-/"}]
)
def test_a_name_that_only_has_cdk_in_it_is_opened(properties):
    scope = stack()
    task_role(scope, **properties)
    tag_trust(scope, selection=RoleSelection(role_names=["*"]))
    assert is_open(role(scope))


def test_the_mixin_never_opens_a_brokers_roles_nor_the_cdks_own():
    scope = stack()
    IamSudo(scope, "IamSudo", strategy=SessionPolicyStrategy(), development_accounts=[ACCOUNT])
    admin(scope, "Custom::Helper")
    admin(scope, "Deploys", role_name=f"cdk-mine-deploy-role-{ACCOUNT}-{REGION}")
    task_role(scope, "Task")
    scope.with_(DeveloperTrust(developers=[DEVELOPER], development_accounts=[ACCOUNT]))
    opened = [id_ for id_, each in roles(scope).items() if is_open(each)]
    assert len(opened) == 1
    assert opened[0].startswith("Task")
    assert (
        sum("it is a broker's or the CDK's own" in text for text in messages(scope).values()) == 4
    )
