"""Where roles are looked for, and when: stacks, stages, accounts, and what aspects make."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template
from constructs import Construct

from iam_sudo_cdk import (
    IamSudo,
    InvalidChoice,
    RoleSelection,
    TagTrustStrategy,
)
from tests.cdk.opened import (
    DEVELOPER,
    TRUST,
    app,
    is_open,
    messages,
    role,
    roles,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, render

pytestmark = pytest.mark.slow

STABILIZATION = "@aws-cdk/core:aspectStabilization"


class Stage(cdk.Stage):
    """A stage with a role, and one in a nested stack."""

    def __init__(self, scope, id, **properties):
        super().__init__(scope, id, **properties)
        self.stack = cdk.Stack(self, "Stack")
        task_role(self.stack)
        self.nested = cdk.NestedStack(self.stack, "Nested")
        task_role(self.nested)


@jsii.implements(cdk.IAspect)
class MakesRoles:
    """An aspect that makes a role in `where` once it sees `what`."""

    def __init__(self, what: Construct, where: Construct) -> None:
        self._what, self._where = what, where

    def visit(self, node):
        if node is self._what:
            task_role(self._where, "Made")


def everywhere(found):
    return [is_open(role(stack)) for stack in found]


def test_the_scope_stack_is_the_own_stack_and_those_nested_in_it():
    stage = Stage(app(), "Dev")
    neighbour = cdk.Stack(stage, "Neighbour")
    task_role(neighbour)
    tag_trust(stage.stack)
    assert everywhere([stage.stack, stage.nested, neighbour]) == [True, True, False]


def test_the_scope_stage_is_all_of_its_stacks_and_no_other_stage():
    both = app()
    dev, prod = Stage(both, "Dev"), Stage(both, "Prod")
    inner = Stage(dev, "Inner")
    neighbour = cdk.Stack(dev, "Neighbour")
    task_role(neighbour)
    tag_trust(dev.stack, scope="stage")
    assert everywhere([dev.stack, dev.nested, neighbour]) == [True, True, True]
    assert everywhere([prod.stack, prod.nested, inner.stack]) == [False, False, False]


def test_a_stage_outside_of_the_scope_is_as_in_the_app_without_us():
    def prod(with_us):
        both = app()
        dev, prod = Stage(both, "Dev"), Stage(both, "Prod")
        if with_us:
            tag_trust(dev.stack, scope="stage")
        assembly = both.synth()
        stage = assembly.get_nested_assembly("assembly-Prod")
        return {
            **{artifact.id: artifact.template for artifact in stage.stacks},
            "nested": Template.from_stack(prod.nested).to_json(),
            "messages": [len(artifact.messages) for artifact in stage.stacks],
        }

    assert prod(with_us=True) == prod(with_us=False)


def test_the_scope_app_is_every_stack_and_stage_wherever_the_construct_is():
    for in_a_stage in (False, True):
        both = app()
        one, two = Stage(both, "One"), Stage(both, "Two")
        top = cdk.Stack(both, "Top")
        task_role(top)
        tag_trust(two.stack if in_a_stage else top, scope="app")
        found = [one.stack, one.nested, two.stack, two.nested, top]
        assert everywhere(found) == [True] * 5


@pytest.mark.parametrize("in_a_stage", [False, True])
def test_a_stage_that_is_made_after_a_construct_for_the_app_fails_the_synthesis(in_a_stage):
    both = app()
    early = Stage(both, "Early")
    top = cdk.Stack(both, "Top")
    tag_trust(early.stack if in_a_stage else top, scope="app")
    Stage(Construct(both, "Folder"), "Late")
    with pytest.raises(RuntimeError, match="the stage Folder/Late was made after the IamSudo"):
        both.synth()


def test_an_unknown_scope_is_refused_in_one_line():
    with pytest.raises(InvalidChoice, match="^scope: .*; allowed: stack, stage, app$"):
        TagTrustStrategy(scope="account")


def aspect_made(*, on, context, before=False):
    """Is the role open that an aspect makes in `first`, while it visits the later stack?"""
    both = app(**context)
    first, second = cdk.Stack(both, "first"), cdk.Stack(both, "second")
    task_role(second)
    aspect = MakesRoles(second, first)
    target = {"app": both, "stack": second}[on]
    if before:
        cdk.Aspects.of(target).add(aspect)
    tag_trust(first, scope="app")
    if not before:
        cdk.Aspects.of(target).add(aspect)
    return is_open(role(first))


@pytest.mark.parametrize("on", ["app", "stack"])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("context", [{STABILIZATION: True}, {}], ids=["stabilization", "default"])
def test_a_role_that_another_aspect_makes_where_ours_has_been_is_opened(on, before, context):
    assert aspect_made(on=on, before=before, context=context)


@pytest.mark.parametrize("on", ["app", "stack"])
def test_without_stabilization_such_a_role_fails_the_synthesis(on):
    with pytest.raises(RuntimeError, match=r"made the role first/Made/Resource too late"):
        aspect_made(on=on, context={STABILIZATION: False})


@jsii.implements(cdk.IAspect)
class MakesAPlainRole:
    def __init__(self, on, scope):
        self.on = on
        self.scope = scope

    def visit(self, node):
        if node is self.on:
            properties = {"AssumeRolePolicyDocument": TRUST}
            cdk.CfnResource(self.scope, "Made", type="AWS::IAM::Role", properties=properties)


def test_a_plain_role_that_comes_late_fails_the_synthesis():
    both = app()
    first, second = cdk.Stack(both, "first"), cdk.Stack(both, "second")
    tag_trust(first, scope="app")
    cdk.Aspects.of(second).add(MakesAPlainRole(second, first))
    with pytest.raises(RuntimeError, match=r"the role first/Made too late to be opened; make it a"):
        both.synth()


def test_a_plain_role_that_comes_in_time_is_opened():
    both = app()
    first, second = cdk.Stack(both, "first"), cdk.Stack(both, "second")
    tag_trust(first, scope="app")
    cdk.Aspects.of(first).add(MakesAPlainRole(first, second))
    assert is_open(role(second))


@pytest.mark.parametrize("selection", [RoleSelection(), RoleSelection(paths=["second/*"])])
def test_without_stabilization_a_late_role_that_is_not_selected_does_no_harm(selection):
    both = app(**{STABILIZATION: False})
    first, second = cdk.Stack(both, "first"), cdk.Stack(both, "second")
    cdk.Aspects.of(both).add(MakesRoles(second, first))
    tag_trust(first, scope="app", selection=selection)
    assert not is_open(role(first))


def test_without_stabilization_roles_that_are_made_in_time_are_opened():
    both = app(**{STABILIZATION: False})
    stack = cdk.Stack(both, "stack")
    stage = Stage(both, "Stage")
    cdk.Aspects.of(stack).add(MakesRoles(stack, stack))
    tag_trust(stack, scope="app")
    assert everywhere([stack, stage.stack, stage.nested]) == [True, True, True]


def test_a_role_that_an_aspect_makes_in_another_stage_is_that_stages_own_affair():
    both = app(**{STABILIZATION: False})
    dev, prod = Stage(both, "Dev"), Stage(both, "Prod")
    tag_trust(dev.stack, scope="stage")
    cdk.Aspects.of(prod).add(MakesRoles(prod, prod.stack))
    assert list(map(is_open, roles(prod.stack).values())) == [False, False]


def in_accounts(here, there, **strategy):
    both = app()
    first, second = (
        cdk.Stack(both, id_, env=cdk.Environment(account=account, region=REGION))
        for id_, account in (("first", here), ("second", there))
    )
    task_role(second)
    tag_trust(first, scope="app", **strategy)
    return second


def test_a_stack_of_another_account_is_left_as_it_is_and_said_so():
    stack = in_accounts(ACCOUNT, OTHER_ACCOUNT)
    assert not is_open(role(stack))
    assert guards(stack) == []
    assert f"{OTHER_ACCOUNT} is not one of development_accounts" in messages(stack)["second"]


def test_the_statement_names_the_account_of_the_roles_own_stack():
    both = app()
    first = cdk.Stack(both, "first", env=cdk.Environment(account=ACCOUNT, region=REGION))
    second = cdk.Stack(both, "second", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION))
    sudo = IamSudo(
        first,
        "IamSudo",
        strategy=TagTrustStrategy(selection=RoleSelection(paths=["*"]), scope="app"),
        development_accounts=[ACCOUNT, OTHER_ACCOUNT],
    )
    sudo.grant_sudo(iam.ArnPrincipal(DEVELOPER))
    task_role(first)
    task_role(second)
    for stack, account in ((first, ACCOUNT), (second, OTHER_ACCOUNT)):
        opened = role(stack)["AssumeRolePolicyDocument"]["Statement"][1]
        assert render(opened)["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"}


def guards(stack):
    rules = Template.from_stack(stack).to_json().get("Rules", {})
    return [rule for name, rule in rules.items() if "DevelopmentAccountsOnly" in name]


def test_another_stack_gets_the_account_guard_with_its_first_open_role():
    both = app()
    first, opened, closed = (cdk.Stack(both, id_) for id_ in ("first", "opened", "closed"))
    task_role(opened, "One")
    task_role(opened, "Two")
    iam.Role(closed, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    tag_trust(first, scope="app")
    assert [len(guards(stack)) for stack in (first, opened, closed)] == [1, 1, 0]
    (rule,) = guards(opened)
    assert rule["Assertions"][0]["Assert"] == {
        "Fn::Contains": [[ACCOUNT], {"Ref": "AWS::AccountId"}]
    }


def test_two_constructs_may_open_roles_of_one_stack():
    both = app()
    first, second, third = (cdk.Stack(both, id_) for id_ in ("first", "second", "third"))
    task_role(third, "One")
    task_role(third, "Two")
    tag_trust(first, scope="app", selection=RoleSelection(paths=["third/One"]))
    tag_trust(second, scope="app", selection=RoleSelection(paths=["third/Two"]))
    assert list(map(is_open, roles(third).values())) == [True, True]
    assert len(guards(third)) == 2
