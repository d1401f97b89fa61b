"""Whatever shape a role has in an application, it gets the tag and the statement."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from iam_sudo_cdk import RoleSelection
from tests.cdk.opened import (
    CONDITION,
    STATEMENT,
    TAG,
    TRUST,
    TRUST_STATEMENT,
    Later,
    app,
    cfn,
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
from tests.cdk.templates import ACCOUNT, render, stack

pytestmark = pytest.mark.slow


def lazy_role(scope):
    lazy = iam.LazyRole(scope, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    assert lazy.role_arn  # now it is made


def fargate_task(scope):
    task = ecs.FargateTaskDefinition(scope, "Task")
    image = ecs.ContainerImage.from_registry("nginx")
    task.add_container("web", image=image, logging=ecs.LogDrivers.aws_logs(stream_prefix="web"))


def function(scope):
    lambda_.Function(
        scope,
        "Fn",
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )


def cfn_role(document, **properties):
    return lambda scope: iam.CfnRole(
        scope, "Role", assume_role_policy_document=document, **properties
    )


def resource(**properties):
    return lambda scope: cdk.CfnResource(
        scope, "Role", type="AWS::IAM::Role", properties=properties
    )


def joined(scope):
    service = cdk.Fn.join(".", ["ecs-tasks", cdk.Aws.URL_SUFFIX])
    trust = {"Statement": [{**TRUST_STATEMENT, "Principal": {"Service": service}}]}
    iam.CfnRole(scope, "Role", assume_role_policy_document=trust)


def policy_document(scope):
    cfn_role(iam.PolicyDocument.from_json(TRUST))(scope)


class OwnResource(cdk.CfnResource):
    """A class of the user's."""


SHAPES = {
    "a role": task_role,
    "a role by another name": lambda s: task_role(s, role_name="iam-sudo-demo-x"),
    "a lazy role": lazy_role,
    "the resource, its policy an object": cfn_role(TRUST),
    "the resource, its statement an object": cfn_role({**TRUST, "Statement": TRUST_STATEMENT}),
    "the resource, its policy lazy": cfn_role(cdk.Lazy.any(Later(TRUST))),
    "the resource, its statements lazy": cfn_role(
        {**TRUST, "Statement": cdk.Lazy.any(Later([TRUST_STATEMENT]))}
    ),
    "the resource, its policy a PolicyDocument": policy_document,
    "the resource, its service joined": joined,
    "the resource, with tags": cfn_role(TRUST, tags=[cdk.CfnTag(key="team", value="orders")]),
    "a plain resource": resource(AssumeRolePolicyDocument=TRUST),
    "a plain resource, its statement an object": resource(
        AssumeRolePolicyDocument={**TRUST, "Statement": TRUST_STATEMENT}
    ),
    "a plain resource, its policy lazy": resource(
        AssumeRolePolicyDocument=cdk.Lazy.any(Later(TRUST))
    ),
    "a plain resource of a class of one's own": lambda s: OwnResource(
        s, "Role", type="AWS::IAM::Role", properties={"AssumeRolePolicyDocument": TRUST}
    ),
    "a plain resource, with tags": resource(
        AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "team", "Value": "orders"}]
    ),
}


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_a_role_of_every_shape_is_opened_and_keeps_what_it_had(make):
    scope = stack()
    make(scope)
    before = role(scope)
    after_scope = stack()
    tag_trust(after_scope)
    make(after_scope)
    after = role(after_scope)
    assert is_open(after)
    # Nothing else differs.
    assert render(statements(after)) == [*render(statements(before)), STATEMENT]
    assert {**before, "AssumeRolePolicyDocument": 0, "Tags": 0} == {
        **after,
        "AssumeRolePolicyDocument": 0,
        "Tags": 0,
    }
    others = [tag for tag in after["Tags"] if tag != TAG]
    assert others == before.get("Tags", [])


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_synthesized_twice_the_template_is_the_same(make):
    scope = stack()
    tag_trust(scope)
    make(scope)
    first = Template.from_stack(scope).to_json()
    cdk.Stage.of(scope).synth(force=True)
    assert Template.from_stack(scope).to_json() == first
    assert is_open(role(scope))


def test_a_task_definition_opens_its_task_role_and_by_path_not_its_execution_role():
    scope = stack()
    tag_trust(scope, selection=RoleSelection(paths=["*/TaskRole"]))
    fargate_task(scope)
    opened = {id_: is_open(each) for id_, each in roles(scope).items()}
    assert sorted(opened.values()) == [False, True]
    assert {id_.startswith("TaskTaskRole") for id_, each in opened.items() if each} == {True}


def test_the_role_in_a_function_is_opened():
    scope = stack()
    tag_trust(
        scope,
        selection=RoleSelection(paths=["*/Fn/*"], principals=["Service:lambda.amazonaws.com"]),
    )
    function(scope)
    assert is_open(role(scope))


INCLUDED = {
    "as it is": cfn(),
    "its service by Fn::Sub": cfn(
        AssumeRolePolicyDocument={
            "Statement": {
                **TRUST_STATEMENT,
                "Principal": {"Service": [{"Fn::Sub": "ecs-tasks.${AWS::URLSuffix}"}]},
            }
        }
    ),
    "one more statement by Fn::If": cfn(
        AssumeRolePolicyDocument={"Statement": [TRUST_STATEMENT, statement_if(TRUST_STATEMENT)]}
    ),
    "a tag by parameter": cfn(Tags=[{"Key": "team", "Value": {"Ref": "Env"}}]),
    "a name by Fn::Sub": cfn(RoleName={"Fn::Sub": "orders-${AWS::Region}"}),
}


@pytest.mark.parametrize("included_role", INCLUDED.values(), ids=INCLUDED)
def test_a_role_of_an_included_template_is_opened_and_keeps_what_it_had(included_role, tmp_path):
    scope = stack()
    tag_trust(scope)
    included(scope, tmp_path, {"Role": included_role}, **CONDITION)
    after = role(scope)
    assert is_open(after)
    before = included_role["Properties"]
    had = before["AssumeRolePolicyDocument"]["Statement"]
    assert statements(after)[:-1] == (had if isinstance(had, list) else [had])
    assert [tag for tag in after["Tags"] if tag != TAG] == before.get("Tags", [])
    assert after.get("RoleName") == before.get("RoleName")


def test_roles_made_after_the_strategy_and_roles_made_before_it_are_opened():
    scope = stack()
    task_role(scope, "Before")
    tag_trust(scope)
    task_role(scope, "After")
    assert list(map(is_open, roles(scope).values())) == [True, True]


def test_a_role_in_a_nested_stack_is_opened():
    scope = stack()
    tag_trust(scope)
    nested = cdk.NestedStack(scope, "Nested")
    task_role(nested)
    assert is_open(role(nested))


def of_two_stacks(make):
    """A developer in one stack, a role in another."""
    both = app()
    here, there = cdk.Stack(both, "here"), cdk.Stack(both, "there")
    developer = iam.Role(there, "Dev", assumed_by=iam.AccountPrincipal(ACCOUNT))
    tag_trust(here).grant_sudo(developer)
    make(here)
    return here


@pytest.mark.parametrize(
    "shape", [name for name in SHAPES if "plain" not in name and "another name" not in name]
)
def test_a_developer_of_another_stack_is_referred_to_across_stacks(shape):
    scope = of_two_stacks(SHAPES[shape])
    # In the first round the reference is one within a stack, in the second it is an export's.
    cdk.Stage.of(scope).synth()
    cdk.Stage.of(scope).synth(force=True)
    found = statements(role(scope))
    assert len(found) == 2
    patterns = found[1]["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert sum("Fn::ImportValue" in str(pattern) for pattern in patterns) == 1


@pytest.mark.parametrize("shape", [name for name in SHAPES if "plain" in name])
def test_a_plain_resource_cannot_refer_to_a_developer_of_another_stack(shape):
    scope = of_two_stacks(SHAPES[shape])
    assert not is_open(role(scope))
    assert "error: iam-sudo: as a plain CfnResource it cannot refer" in messages(scope)["here/Role"]
