"""The broker's roles by use and by path: this application's, by their ARNs in its environment."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from iam_sudo_cdk import IamSudo, InvalidChoice, RoleSelection, SessionPolicyStrategy
from iam_sudo_core import Settings
from iam_sudo_core.arns import RoleArn
from tests.cdk.opened import app, messages, nothing_selected, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, render, stack

pytestmark = pytest.mark.slow

BY_TASKS = RoleSelection(used_by=["ecs-task"])


def task(scope, role_arn, id="Task"):
    return ecs.CfnTaskDefinition(scope, id, task_role_arn=role_arn)


def broker(where, selection=BY_TASKS, **strategy):
    strategy = SessionPolicyStrategy(selection=selection, **strategy)
    return IamSudo(where, "IamSudo", strategy=strategy, development_accounts=[ACCOUNT])


def policy(scope):
    """The role-selection policy, with references as text."""
    found = Template.from_stack(scope).find_resources("AWS::Lambda::Function")
    (text,) = (
        each["Properties"]["Environment"]["Variables"]["IAM_SUDO_POLICY"]
        for each in found.values()
        if "IAM_SUDO_POLICY" in str(each)
    )
    return json.loads(render(imported(text)))


def imported(value):
    """Imports as text, in the way that `render` has references."""
    match value:
        case {"Fn::ImportValue": name}:
            return f"<{name}>"
        case dict():
            return {key: imported(each) for key, each in value.items()}
        case list():
            return list(map(imported, value))
    return value


def arns(scope):
    return policy(scope)["allowed-role-arns"]


def test_the_roles_of_tasks_are_there_by_reference_without_a_name():
    scope = stack()
    task(scope, task_role(scope, "Used").role_arn)
    task_role(scope, "Unused")
    sudo = broker(scope)
    task(scope, task_role(scope, "Later").role_arn, "Later2")
    (used, later) = arns(scope)
    assert used.startswith("<Used")
    assert used.endswith(".Arn>")
    assert later.startswith("<Later")
    assert "allowed-role-names" not in policy(scope)
    assert sudo.function
    assert messages(scope) == {}
    cdk.Stage.of(scope).synth(force=True)
    assert arns(scope) == [used, later]


def test_paths_and_uses_select_by_arn_and_names_by_pattern():
    scope = stack()
    task_role(scope, "Path")
    lambda_.Function(
        scope,
        "Fn",
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    broker(
        scope,
        RoleSelection(used_by=["lambda"], paths=["*/path"], role_names=["x-*"], ignore_case=True),
    )
    assert [each[:3] for each in arns(scope)] == ["<Pa", "<Fn"]
    assert policy(scope)["allowed-role-names"] == ["x-*"]
    assert policy(scope)["allowed-principals"] == [
        {"Service": "lambda.amazonaws.com"},
        {"Service": "ecs-tasks.amazonaws.com"},
    ]


def test_what_the_broker_is_given_it_accepts_and_selects_these_roles_alone():
    scope = stack(ACCOUNT)
    task(scope, task_role(scope, "Used").role_arn)
    broker(scope)
    names = {f"<{id_}.Arn>": f"arn:aws:iam::{ACCOUNT}:role/{id_}" for id_ in ids(scope)}
    text = json.dumps(policy(scope))
    for reference, arn in names.items():
        text = text.replace(reference, arn)
    base = next(arn for arn in names.values() if "BaseRole" in arn)
    settings = Settings.parse({"IAM_SUDO_POLICY": text, "IAM_SUDO_BASE_ROLE": base})
    selected = [
        arn for arn in names.values() if settings.selection.rule(RoleArn.parse(arn)) is not None
    ]
    assert [arn.partition("role/")[2][:4] for arn in selected] == ["Used"]


def ids(scope):
    return list(Template.from_stack(scope).find_resources("AWS::IAM::Role"))


def test_neither_the_brokers_own_roles_nor_helpers_are_ever_selected():
    scope = stack()
    everything = RoleSelection(paths=["*"], principals=["AWS:*", "Service:*"])
    broker(scope, everything)
    cdk.CustomResource(
        scope,
        "Custom",
        service_token=lambda_.Function(
            scope,
            "Helper",
            code=lambda_.Code.from_inline("x"),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
        ).function_arn,
    )
    assert arns(scope) == []


def two_stacks(**two):
    both = app()
    return cdk.Stack(both, "one"), cdk.Stack(both, "two", **two)


def test_roles_of_other_stacks_are_selected_in_the_scope_stage_alone():
    one, two = two_stacks()
    task(two, task_role(two, "Used").role_arn)
    broker(one)
    assert arns(one) == []
    assert "two/Used (it is outside of scope)" in nothing_selected(one)
    assert "Outputs" not in Template.from_stack(two).to_json()
    one, two = two_stacks()
    task(two, task_role(two, "Used").role_arn)
    broker(one, scope="stage")
    (arn,) = arns(one)
    assert arn.startswith("<two:ExportsOutput")


def test_a_role_of_another_stack_that_has_a_name_needs_no_export():
    one, two = two_stacks()
    task(two, task_role(two, "Used", role_name="orders", path="/team/").role_arn)
    broker(one, scope="stage")
    assert arns(one) == [f"arn:aws:iam::{ACCOUNT}:role/team/orders"]
    assert "Outputs" not in Template.from_stack(two).to_json()


def test_equal_logical_ids_in_two_stacks_are_two_roles():
    one, two = two_stacks()
    task_role(one, "Role")
    task(two, task_role(two, "Role", role_name="orders").role_arn)
    broker(one, scope="stage")
    assert arns(one) == [f"arn:aws:iam::{ACCOUNT}:role/orders"]


def test_a_role_of_another_account_is_not_selected_whatever_its_name():
    here = cdk.Environment(account=ACCOUNT, region=REGION)
    there = cdk.Environment(account=OTHER_ACCOUNT, region=REGION)
    both = app()
    one, two = cdk.Stack(both, "one", env=here), cdk.Stack(both, "two", env=there)
    task(two, task_role(two, "Used", role_name="orders").role_arn)
    broker(one, scope="stage")
    assert arns(one) == []


def test_a_role_of_another_region_has_to_have_a_name():
    both = app()
    one, two = (
        cdk.Stack(both, id_, env=cdk.Environment(account=ACCOUNT, region=region))
        for id_, region in (("one", REGION), ("two", "us-east-1"))
    )
    task(two, task_role(two, "Named", role_name="orders").role_arn)
    task(two, task_role(two, "Unnamed").role_arn, "Task2")
    broker(one, scope="stage")
    assert arns(one) == [f"arn:aws:iam::{ACCOUNT}:role/orders"]
    assert "give it one" in messages(two)["two/Unnamed/Resource"]


def test_a_role_that_may_not_be_there_is_not_referred_to():
    scope = stack()
    condition = cdk.CfnCondition(scope, "InDev", expression=cdk.Fn.condition_equals("a", "b"))
    for id_, name in (("Named", "orders"), ("Unnamed", None)):
        role = task_role(scope, id_, role_name=name)
        role.node.default_child.cfn_options.condition = condition
        task(scope, role.role_arn, f"Task{id_}")
    broker(scope)
    assert arns(scope) == [f"arn:aws:iam::{ACCOUNT}:role/orders"]
    assert "(Condition)" in messages(scope)["the-stack/Unnamed/Resource"]


def test_a_path_that_only_the_deployment_knows_is_a_reference():
    one, two = two_stacks()
    role = task_role(two, "Used", role_name="orders", path=f"/{cdk.Aws.REGION}/")
    task(two, role.role_arn)
    broker(one, scope="stage")
    assert arns(one)[0].startswith("<two:ExportsOutput")


@pytest.mark.parametrize("scope", ["app", "account", None])
def test_another_scope_is_refused_in_one_line(scope):
    with pytest.raises(InvalidChoice, match="^scope: .*; allowed: stack, stage$"):
        SessionPolicyStrategy(scope=scope)


@pytest.mark.parametrize("selection", [["orders-*"], "orders-*", {"role_names": ["x"]}])
def test_a_selection_that_is_none_is_refused_in_one_line(selection):
    with pytest.raises(InvalidChoice, match=r"^selection: .*; allowed: RoleSelection\(…\)$"):
        SessionPolicyStrategy(selection=selection)


def references(value):
    match value:
        case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_]}:
            yield id_
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


def circle(template):
    """A resource that depends on itself, as CloudFormation would find one."""
    resources = template["Resources"]
    depends = {
        id_: {*references(each.get("Properties")), *each.get("DependsOn", ())} & set(resources)
        for id_, each in resources.items()
    }
    reached = {id_: set(found) for id_, found in depends.items()}
    for _ in resources:
        reached = {
            id_: found.union(*(reached[each] for each in found)) if found else found
            for id_, found in reached.items()
        }
    return [id_ for id_, found in reached.items() if id_ in found]


def test_a_selected_role_may_be_granted_the_broker_itself():
    scope = stack()
    role = task_role(scope, "Used")
    task(scope, role.role_arn)
    sudo = broker(scope)
    sudo.grant_sudo(role)
    assert arns(scope)
    assert circle(Template.from_stack(scope).to_json()) == []


def test_a_role_of_a_stack_whose_roles_are_selected_may_be_granted_the_broker():
    one, two = two_stacks()
    role = task_role(two, "Used")
    task(two, role.role_arn)
    sudo = broker(one, scope="stage")
    sudo.grant_sudo(role)
    sudo.grant_sudo(iam.User(two, "Developer"))
    assert arns(one)  # two stacks that need one another would not be synthesized
    (policy,) = [
        each
        for id_, each in Template.from_stack(two).find_resources("AWS::IAM::Policy").items()
        if id_.startswith("Developer")
    ]
    (statement,) = render(policy["Properties"]["PolicyDocument"]["Statement"])
    assert statement["Resource"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sudo"


def many(number):
    scope = stack()
    for count in range(number):
        task(scope, task_role(scope, f"TaskRole{count}").role_arn, f"Task{count}")
    broker(scope)
    return scope


def test_roles_that_do_not_fit_the_environment_fail_the_synthesis_with_the_ways_out():
    assert len(arns(many(30))) == 30
    with pytest.raises(RuntimeError, match=r"used_by and paths: with the ARNs of 60 roles .*4,096"):
        Template.from_stack(many(60))


def test_a_broker_without_a_role_says_so_and_selects_nothing():
    scope = stack()
    task_role(scope, "Unused")
    broker(scope)
    assert "the-stack/Unused (used by nothing" in nothing_selected(scope)
    assert arns(scope) == []
    by_name = stack()
    broker(by_name, RoleSelection(used_by=["ecs-task"], role_names=["orders-*"]))
    assert nothing_selected(by_name) is None  # roles of that name may be in the account
