"""What cannot be opened is said, and so is a selection that selects nothing."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from iam_sudo_cdk import DeveloperTrust, RoleSelection, Tag
from tests.cdk.opened import (
    DEVELOPER,
    app,
    everything,
    is_open,
    messages,
    nothing_selected,
    role,
    roles,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, stack

pytestmark = pytest.mark.slow

BY_TASKS = RoleSelection(used_by=["ecs-task"])
BY_CODE = RoleSelection(used_by=["lambda", "states"])


def resource(type_, **properties):
    return lambda scope: cdk.CfnResource(scope, "There", type=type_, properties=properties)


ELSEWHERE = {
    "AWS::Serverless::Function": (BY_CODE, "AWS SAM makes its role"),
    "AWS::Serverless::StateMachine": (BY_CODE, "AWS SAM makes its role"),
    "AWS::Serverless::Application": (BY_TASKS, "the application at its Location"),
    "AWS::CloudFormation::Stack": (BY_TASKS, "the template at its TemplateURL"),
    "AWS::CloudFormation::StackSet": (BY_TASKS, "its template"),
}


@pytest.mark.parametrize("type_", ELSEWHERE)
@pytest.mark.parametrize("scope", ["stack", "stage", "app"])
def test_roles_that_are_in_no_template_are_said_with_the_way_out(type_, scope):
    where = stack()
    selection, what = ELSEWHERE[type_]
    resource(type_)(where)
    tag_trust(where, selection=selection, scope=scope)
    said = messages(where)["the-stack/There"]
    assert what in said
    assert "give it one" in said or "CfnInclude" in said
    assert nothing_selected(where) is None


@pytest.mark.parametrize("type_", [type_ for type_ in ELSEWHERE if "Serverless::" in type_][:2])
def test_a_role_that_sam_makes_is_no_matter_of_a_selection_of_tasks(type_):
    scope = stack()
    resource(type_)(scope)
    ecs.CfnTaskDefinition(scope, "Task", task_role_arn=task_role(scope).role_arn)
    tag_trust(scope, selection=BY_TASKS)
    assert messages(scope) == {}
    given = stack()
    resource(type_, Role="arn:aws:iam::111122223333:role/x")(given)
    tag_trust(given, selection=everything())
    assert messages(given) == {}


def test_nested_stacks_of_the_application_are_no_templates_from_elsewhere():
    scope = stack()
    nested = cdk.NestedStack(scope, "Nested")
    ecs.CfnTaskDefinition(nested, "Task", task_role_arn=task_role(nested).role_arn)
    tag_trust(scope, selection=BY_TASKS)
    assert is_open(role(nested))
    assert messages(scope) == {}


def function(scope, id="Fn"):
    return lambda_.Function(
        scope,
        id,
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )


def test_nothing_selected_lists_the_nearest_roles_and_why_each_is_not():
    both = app()
    scope, other = cdk.Stack(both, "one"), cdk.Stack(both, "two")
    function(scope)
    task_role(scope, "Unused")
    task_role(scope, "EcsTaskRole", role_name="orders")
    ecs.CfnTaskDefinition(other, "Task", task_role_arn=task_role(other, "Far").role_arn)
    selection = RoleSelection(
        used_by=["ecs-task"], paths=["*/ECSTaskRole", "*/ServiceRole"], role_names=["Orders"]
    )
    tag_trust(scope, selection=selection)
    said = nothing_selected(scope)
    assert "used_by=ecs-task or paths=*/ECSTaskRole,*/ServiceRole or role_names=Orders" in said
    assert "two/Far (it is outside of scope)" in said
    assert "one/EcsTaskRole (its path differs in case; ignore_case=True" in said
    assert "one/Fn/ServiceRole (it trusts Service:lambda.amazonaws.com, none of principals)" in said
    assert "one/Unused (used by nothing that used_by knows;" in said
    assert said.index("two/Far") < said.index("one/EcsTaskRole") < said.index("one/Unused")


def test_a_role_of_another_use_is_named_with_it_and_a_long_list_is_cut():
    scope = stack()
    function(scope)
    for number in range(9):
        task_role(scope, f"Unused{number}")
    tag_trust(scope, selection=BY_TASKS)
    said = nothing_selected(scope)
    assert "the nearest: the-stack/Fn/ServiceRole (used by lambda)" in said
    assert said.count("Unused") == 4
    assert "and 5 more" in said


def test_an_application_without_roles_says_that():
    scope = stack()
    tag_trust(scope, selection=BY_TASKS)
    assert "the application has none" in nothing_selected(scope)


@pytest.mark.parametrize("scope", ["stack", "stage", "app"])
def test_what_is_selected_in_whatever_stage_is_not_nothing(scope):
    both = app()
    stages = [cdk.Stage(both, id_) for id_ in ("Dev", "Later")]
    where = [cdk.Stack(stage, "Stack") for stage in stages]
    used = where[1] if scope == "app" else where[0]
    ecs.CfnTaskDefinition(used, "Task", task_role_arn=task_role(used).role_arn)
    tag_trust(where[0], selection=BY_TASKS, scope=scope)
    both.synth()
    assert is_open(role(used))
    assert nothing_selected(where[0]) is None


def test_paths_match_roles_that_have_a_name_and_by_option_without_case():
    scope = stack()
    for id_ in ("EcsTaskRole", "TASKROLE", "ECSTaskRole"):
        task_role(scope, id_, role_name=f"orders-{id_}")
    task_role(scope, "Other")
    tag_trust(scope, selection=RoleSelection(paths=["*taskrole"], ignore_case=True))
    assert sorted(id_[:5] for id_, each in roles(scope).items() if is_open(each)) == [
        "ECSTa",
        "EcsTa",
        "TASKR",
    ]
    exact = stack()
    task_role(exact, "TaskRole", role_name="orders")
    tag_trust(exact, selection=RoleSelection(paths=["*/TaskRole"]))
    assert is_open(role(exact))


def test_a_developer_that_is_selected_itself_is_an_error_that_says_the_way_out():
    scope = stack()
    granted = task_role(scope, "Granted")
    sudo = tag_trust(scope)
    sudo.grant_sudo(granted)
    task_role(scope, "Other")
    trusting = [id_[:5] for id_, each in roles(scope).items() if "IamSudoDevelopers" in str(each)]
    assert trusting == ["Other"]
    said = messages(scope)["the-stack/Granted/Resource"]
    assert said.startswith("error: iam-sudo: it is a developer itself (grant_sudo)")
    assert "from_role_arn" in said


def test_a_developer_that_is_selected_and_granted_by_an_arn_as_text_is_opened():
    scope = stack()
    task_role(scope, "Granted", role_name="granted")
    sudo = tag_trust(scope)
    arn = f"arn:aws:iam::{ACCOUNT}:role/granted"
    sudo.grant_sudo(iam.Role.from_role_arn(scope, "ByArn", arn))
    statement = role(scope)["AssumeRolePolicyDocument"]["Statement"][1]
    assert arn in statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert messages(scope) == {}


@pytest.mark.parametrize("how", ["strategy", "mixin"])
@pytest.mark.parametrize("nested", [False, True])
def test_another_value_of_the_tag_on_the_stack_is_an_error_on_its_roles(how, nested):
    scope = cdk.Stack(app(), "the-stack", tags={"Env": "prod"})
    inner = cdk.NestedStack(scope, "Nested") if nested else scope
    made = task_role(inner)
    tag = Tag(key="env", value="dev")
    if how == "mixin":
        made.with_(DeveloperTrust(developers=[DEVELOPER], development_accounts=[ACCOUNT], tag=tag))
    else:
        tag_trust(scope, tag=tag)
    only = role(inner)
    assert "IamSudoDevelopers" not in str(only)
    (said,) = [text for path, text in messages(scope).items() if path.endswith("Role/Resource")]
    assert "its stack the-stack carries the tag Env=prod" in said


def test_the_same_value_on_the_stack_is_no_error():
    scope = cdk.Stack(app(), "the-stack", tags={"env": "dev"})
    task_role(scope)
    tag_trust(scope, tag=Tag(key="env", value="dev"))
    assert "IamSudoDevelopers" in str(Template.from_stack(scope).to_json())
