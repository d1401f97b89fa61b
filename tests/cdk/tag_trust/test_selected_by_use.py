"""Roles are selected by what they are used for, without a name, wherever the reference leads."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
import jsii
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import cloudformation_include as include

from iam_sudo_cdk import IamSudo, InvalidChoice, RoleSelection, TagTrustStrategy
from tests.cdk.opened import (
    CONDITION,
    DEVELOPER,
    TASKS,
    TRUST,
    TRUST_STATEMENT,
    Later,
    app,
    cfn,
    included,
    is_open,
    messages,
    nothing_selected,
    roles,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, stack

pytestmark = pytest.mark.slow

BY_TASKS = {"selection": RoleSelection(used_by=["ecs-task"])}


def opened(scope):
    """How the logical ids begin of the roles that are open."""
    return sorted(id_ for id_, each in roles(scope).items() if is_open(each))


def trusting(service):
    return {"Statement": [{**TRUST_STATEMENT, "Principal": {"Service": service}}]}


def task(scope, role_arn=None, id="Task"):
    return ecs.CfnTaskDefinition(scope, id, task_role_arn=role_arn)


def plain_task(scope, properties, id="Task"):
    return cdk.CfnResource(scope, id, type="AWS::ECS::TaskDefinition", properties=properties)


def fargate(scope, id="Task", **properties):
    definition = ecs.FargateTaskDefinition(scope, id, **properties)
    definition.add_container(
        "web",
        image=ecs.ContainerImage.from_registry("nginx"),
        logging=ecs.LogDrivers.aws_logs(stream_prefix="web"),
    )
    return definition


def cfn_role(scope, id="Used", **properties):
    return iam.CfnRole(scope, id, assume_role_policy_document=TRUST, **properties)


def if_(scope, yes, no):
    condition = cdk.CfnCondition(scope, "InProd")
    return cdk.Fn.condition_if(condition.logical_id, yes, no)


IN_CODE = {
    "L2": lambda s: fargate(s, "Used"),
    "L2, its role given": lambda s: fargate(s, task_role=task_role(s, "Used")),
    "L1": lambda s: task(s, cfn_role(s).attr_arn),
    "L1, of an L2 role": lambda s: task(s, task_role(s, "Used").role_arn),
    "an imported role that is one of ours": lambda s: task(
        s, iam.Role.from_role_arn(s, "I", cfn_role(s).attr_arn).role_arn
    ),
    "one that is imported by its name": lambda s: task(
        s, iam.Role.from_role_name(s, "I", cfn_role(s).ref).role_arn
    ),
    "Ref, since a short name will do": lambda s: task(s, cfn_role(s).ref),
    "a lazy value": lambda s: task(s, cdk.Lazy.string(Later(cfn_role(s).attr_arn))),
    "Fn.sub": lambda s: (cfn_role(s), task(s, cdk.Fn.sub("${Used.Arn}"))),
    "Fn.sub of the name": lambda s: (
        cfn_role(s),
        task(s, cdk.Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Used}")),
    ),
    "Fn.join": lambda s: task(
        s, cdk.Fn.join("", ["arn:aws:iam::", cdk.Aws.ACCOUNT_ID, ":role/", cfn_role(s).ref])
    ),
    "Fn.select": lambda s: task(s, cdk.Fn.select(0, [cfn_role(s).attr_arn, "x"])),
    "Fn.condition_if": lambda s: task(
        s, cdk.Token.as_string(if_(s, cfn_role(s).attr_arn, cdk.Aws.NO_VALUE))
    ),
    "the other branch": lambda s: task(
        s, cdk.Token.as_string(if_(s, cdk.Aws.NO_VALUE, cfn_role(s).attr_arn))
    ),
    "Fn.get_att by logical id": lambda s: (
        cfn_role(s),
        task(s, cdk.Token.as_string(cdk.Fn.get_att("Used", "Arn"))),
    ),
    "by name as text": lambda s: (
        cfn_role(s, role_name="orders", path="/x/"),
        task(s, f"arn:aws:iam::{ACCOUNT}:role/x/orders"),
    ),
    "by a name that is made of tokens": lambda s: (
        cfn_role(s, role_name=f"orders-{cdk.Aws.REGION}"),
        task(s, f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}:role/orders-{cdk.Aws.REGION}"),
    ),
    "a plain resource": lambda s: plain_task(s, {"TaskRoleArn": cfn_role(s).attr_arn}),
    "a plain resource that is written by hand": lambda s: (
        cfn_role(s),
        plain_task(s, {"TaskRoleArn": {"Fn::GetAtt": ["Used", "Arn"]}}),
    ),
    "likewise, with a dot": lambda s: (
        cfn_role(s),
        plain_task(s, {"TaskRoleArn": {"Fn::GetAtt": "Used.Arn"}}),
    ),
    "likewise, with Fn::If": lambda s: (
        cfn_role(s),
        plain_task(
            s,
            {"TaskRoleArn": {"Fn::If": ["C", {"Fn::GetAtt": ["Used", "Arn"]}, {"Ref": "P"}]}},
        ),
    ),
    "a plain role": lambda s: task(
        s,
        cdk.CfnResource(
            s, "Used", type="AWS::IAM::Role", properties={"AssumeRolePolicyDocument": TRUST}
        )
        .get_att("Arn")
        .to_string(),
    ),
    "a lazy role": lambda s: task(
        s, iam.LazyRole(s, "Used", assumed_by=iam.ServicePrincipal(TASKS)).role_arn
    ),
}


@pytest.mark.parametrize("make", IN_CODE.values(), ids=IN_CODE)
def test_the_role_of_a_task_is_opened_and_no_other(make):
    scope = stack()
    make(scope)
    task_role(scope, "Unused")
    tag_trust(scope, **BY_TASKS)
    (only,) = opened(scope)
    assert only.startswith("Used")


@pytest.mark.parametrize("make", IN_CODE.values(), ids=IN_CODE)
def test_what_comes_after_the_construct_is_seen_and_synthesized_twice_it_is_the_same(make):
    scope = stack()
    tag_trust(scope, **BY_TASKS)
    make(scope)
    first = opened(scope)
    cdk.Stage.of(scope).synth(force=True)
    assert len(first) == 1
    assert opened(scope) == first


IN_TEMPLATES = {
    "Fn::GetAtt": {"Fn::GetAtt": ["Used", "Arn"]},
    "Fn::GetAtt, with a dot": {"Fn::GetAtt": "Used.Arn"},
    "Ref": {"Ref": "Used"},
    "Fn::Sub": {"Fn::Sub": "${Used.Arn}"},
    "Fn::Sub of the name": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Used}"},
    "Fn::Sub with variables": {
        "Fn::Sub": ["arn:aws:iam::${AWS::AccountId}:role/${N}", {"N": {"Ref": "Used"}}]
    },
    "Fn::Join": {"Fn::Join": ["", ["arn:aws:iam::1:role/", {"Ref": "Used"}]]},
    "Fn::If": {"Fn::If": ["InProd", {"Fn::GetAtt": ["Used", "Arn"]}, {"Ref": "AWS::NoValue"}]},
    "Fn::If in Fn::If": {
        "Fn::If": ["InProd", "x", {"Fn::If": ["InProd", "y", {"Fn::GetAtt": ["Used", "Arn"]}]}]
    },
}


@pytest.mark.parametrize("value", IN_TEMPLATES.values(), ids=IN_TEMPLATES)
def test_the_role_of_a_task_of_an_included_template_is_opened_and_no_other(value, tmp_path):
    scope = stack()
    tag_trust(scope, **BY_TASKS)
    resources = {
        "Used": cfn(),
        "Execution": cfn(),
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "TaskRoleArn": value,
                "ExecutionRoleArn": {"Fn::GetAtt": ["Execution", "Arn"]},
            },
        },
    }
    included(scope, tmp_path, resources, **CONDITION)
    assert opened(scope) == ["Used"]


def test_the_default_of_tag_trust_is_the_roles_of_tasks():
    scope = stack()
    sudo = IamSudo(scope, "IamSudo", strategy=TagTrustStrategy(), development_accounts=[ACCOUNT])
    sudo.grant_sudo(iam.ArnPrincipal(DEVELOPER))
    fargate(scope, "Orders")
    lambda_function(scope)
    task_role(scope, "Unused", role_name="iam-sudo-demo-x")
    (only,) = opened(scope)
    assert only.startswith("OrdersTaskRole")
    assert messages(scope) == {}


def test_a_name_in_a_reference_that_goes_on_is_another_roles():
    scope = stack()
    role = cfn_role(scope, "Role")
    task(scope, f"arn:aws:iam::{ACCOUNT}:role/{role.ref}-other")
    tag_trust(scope, **BY_TASKS)
    assert opened(scope) == []


def two_stacks(env=(None, None)):
    both = app()
    return [cdk.Stack(both, id_, env=each) for id_, each in zip(("one", "two"), env, strict=True)]


def test_equal_logical_ids_in_two_stacks_are_two_roles():
    one, two = two_stacks()
    for each in (one, two):
        task_role(each, "Role")
        task_role(each, "Unused")
    task(two, one.node.find_child("Role").role_arn)
    tag_trust(one, scope="app", **BY_TASKS)
    assert [id_[:4] for id_ in opened(one)] == ["Role"]
    assert opened(two) == []
    cdk.Stage.of(one).synth(force=True)  # now the reference is an import
    assert [id_[:4] for id_ in opened(one)] == ["Role"]
    assert opened(two) == []


def test_the_task_may_be_in_another_stack_than_the_role():
    one, two = two_stacks()
    task(two, task_role(one).role_arn)
    tag_trust(one, **BY_TASKS)  # the scope is where roles are looked for
    assert len(opened(one)) == 1


def test_a_role_in_a_nested_stack_or_used_in_one_is_opened():
    scope = stack()
    nested = cdk.NestedStack(scope, "Nested")
    task(nested, task_role(scope, "Out").role_arn, "UsesOut")
    task(scope, task_role(nested, "In").role_arn, "UsesIn")
    task_role(nested, "Unused")
    tag_trust(scope, **BY_TASKS)
    assert [id_[:3] for id_ in opened(scope)] == ["Out"]
    assert [id_[:2] for id_ in opened(nested)] == ["In"]


def test_an_export_by_name_is_followed_to_the_role():
    one, two = two_stacks()
    cdk.CfnOutput(one, "Out", value=cfn_role(one).attr_arn, export_name="orders-task-role")
    cdk.CfnOutput(
        one, "Sub", value=cfn_role(one, "Used2").attr_arn, export_name=f"{cdk.Aws.STACK_NAME}-role"
    )
    cfn_role(one, "Unused")
    task(two, cdk.Fn.import_value("orders-task-role"))
    task(two, cdk.Fn.import_value("one-role"), "Task2")
    tag_trust(one, **BY_TASKS)
    assert opened(one) == ["Used", "Used2"]


def test_parameters_and_outputs_of_nested_templates_are_followed(tmp_path):
    nested = {
        "Parameters": {"RoleArn": {"Type": "String"}},
        "Resources": {
            "Inner": cfn(),
            "Task": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {"TaskRoleArn": {"Ref": "RoleArn"}},
            },
        },
        "Outputs": {"InnerArn": {"Value": {"Fn::GetAtt": ["Inner", "Arn"]}}},
    }
    parent = {
        "Resources": {
            "Outer": cfn(),
            "Unused": cfn(),
            "Nested": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "TemplateURL": "x",
                    "Parameters": {"RoleArn": {"Fn::GetAtt": ["Outer", "Arn"]}},
                },
            },
            "Task": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {"TaskRoleArn": {"Fn::GetAtt": ["Nested", "Outputs.InnerArn"]}},
            },
        }
    }
    for name, template in (("nested", nested), ("parent", parent)):
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    scope = stack()
    found = include.CfnInclude(
        scope,
        "Included",
        template_file=str(tmp_path / "parent.json"),
        load_nested_stacks={"Nested": {"templateFile": str(tmp_path / "nested.json")}},
    )
    tag_trust(scope, **BY_TASKS)
    assert opened(scope) == ["Outer"]
    assert opened(found.get_nested_stack("Nested").stack) == ["Inner"]
    assert messages(scope) == {}


def lambda_function(scope, id="Fn", **properties):
    return lambda_.Function(
        scope,
        id,
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
        **properties,
    )


def machine(scope):
    body = sfn.DefinitionBody.from_chainable(sfn.Pass(scope, "Pass"))
    sfn.StateMachine(scope, "Used", definition_body=body)


def instance(scope):
    role = iam.CfnRole(scope, "Used", assume_role_policy_document=trusting("ec2.amazonaws.com"))
    iam.CfnInstanceProfile(scope, "Profile", roles=[role.ref])


def job(scope):
    batch.EcsJobDefinition(
        scope,
        "Job",
        container=batch.EcsFargateContainerDefinition(
            scope,
            "Container",
            image=ecs.ContainerImage.from_registry("x"),
            cpu=1,
            memory=cdk.Size.gibibytes(2),
            job_role=task_role(scope, "Used"),
        ),
    )


def jobs_on_several_nodes(scope):
    batch.MultiNodeJobDefinition(
        scope,
        "Job",
        instance_type=ec2.InstanceType("m5.large"),
        containers=[
            batch.MultiNodeContainer(
                start_node=0,
                end_node=1,
                container=batch.EcsEc2ContainerDefinition(
                    scope,
                    "Container",
                    image=ecs.ContainerImage.from_registry("x"),
                    cpu=1,
                    memory=cdk.Size.gibibytes(2),
                    job_role=task_role(scope, "Used"),
                ),
            )
        ],
    )


def pod(scope):
    role = iam.CfnRole(
        scope, "Used", assume_role_policy_document=trusting("pods.eks.amazonaws.com")
    )
    cdk.CfnResource(
        scope,
        "Pod",
        type="AWS::EKS::PodIdentityAssociation",
        properties={"ClusterName": "x", "RoleArn": role.attr_arn},
    )


def sam_function(scope):
    role = iam.CfnRole(scope, "Used", assume_role_policy_document=trusting("lambda.amazonaws.com"))
    cdk.CfnResource(
        scope, "Sam", type="AWS::Serverless::Function", properties={"Role": role.attr_arn}
    )


OTHER_USES = {
    "lambda": lambda s: lambda_function(s, "Used"),
    "states": machine,
    "ec2": instance,
    "batch": job,
    "eks-pod": pod,
}
BY_OTHERS = {
    **{f"{use}, L2 or L1": (use, make) for use, make in OTHER_USES.items()},
    "batch, several nodes": ("batch", jobs_on_several_nodes),
    "lambda, of SAM": ("lambda", sam_function),
}


@pytest.mark.parametrize(("use", "make"), BY_OTHERS.values(), ids=BY_OTHERS)
def test_each_use_selects_its_own_roles_whoever_they_trust(use, make):
    scope = stack()
    make(scope)
    fargate(scope, "Orders")
    tag_trust(scope, selection=RoleSelection(used_by=[use]))
    (only,) = opened(scope)
    assert only.startswith("Used")
    other = stack()
    make(other)
    tag_trust(other, **BY_TASKS)
    assert opened(other) == []


def test_several_uses_paths_and_names_select_each_by_itself():
    scope = stack()
    fargate(scope, "Orders")
    lambda_function(scope)
    task_role(scope, "Path")
    task_role(scope, "Named", role_name="payments")
    task_role(scope, "Other")
    selection = RoleSelection(used_by=["ecs-task", "lambda"], paths=["*/Path"], role_names=["pay*"])
    tag_trust(scope, selection=selection)
    assert [id_[:2] for id_ in opened(scope)] == ["Fn", "Na", "Or", "Pa"]


def test_a_role_that_is_used_and_does_not_trust_the_service_stays_closed():
    scope = stack()
    role = iam.CfnRole(scope, "R", assume_role_policy_document=trusting("ec2.amazonaws.com"))
    task(scope, role.attr_arn)
    tag_trust(scope, **BY_TASKS)
    assert opened(scope) == []
    assert "it trusts Service:ec2.amazonaws.com" in nothing_selected(scope)


def test_a_role_of_the_same_name_in_another_account_is_another_role():
    here = cdk.Environment(account=ACCOUNT, region=REGION)
    there = cdk.Environment(account=OTHER_ACCOUNT, region=REGION)
    one, two = two_stacks((here, there))
    cfn_role(one, role_name="orders")
    task(two, f"arn:aws:iam::{OTHER_ACCOUNT}:role/orders")
    tag_trust(one, scope="app", **BY_TASKS)
    assert opened(one) == []


@pytest.mark.parametrize("where", ["stack", "stage", "app"])
def test_a_task_whose_role_is_imported_or_decided_at_deployment_says_so(where):
    scope = cdk.Stack(cdk.Stage(app(), "Stage"), "the-stack")
    task(scope, f"arn:aws:iam::{ACCOUNT}:role/x/imported", "Imported")
    task(scope, cdk.CfnParameter(scope, "P").value_as_string, "Decided")
    tag_trust(scope, scope=where, **BY_TASKS)
    found = {path.removeprefix("Stage/"): text for path, text in messages(scope).items()}
    assert "imported, of ecs-task, is imported or created elsewhere" in found["the-stack/Imported"]
    assert "decided at deployment" in found["the-stack/Decided"]
    assert nothing_selected(scope) is None  # it is not silent


@jsii.implements(cdk.IAspect)
class MakesATask:
    """Uses a role when another stack is visited."""

    def __init__(self, on, where, role):
        self._on, self._where, self._role = on, where, role

    def visit(self, node):
        if node is self._on and not self._where.node.try_find_child("Late"):
            task(self._where, self._role.role_arn, "Late")


def test_a_use_that_an_aspect_makes_too_late_fails_the_synthesis():
    one, two = two_stacks()
    role = task_role(one)
    tag_trust(one, scope="app", **BY_TASKS)
    cdk.Aspects.of(two).add(MakesATask(two, two, role))
    with pytest.raises(RuntimeError, match="the role one/Role/Resource"):
        cdk.Stage.of(one).synth()


@pytest.mark.parametrize(
    "options",
    [
        {"used_by": "ecs-task"},
        {"used_by": ["ecs"]},
        {"used_by": [None]},
        {"used_by": {"ecs-task": 1}},
        {"used_by": ["ecs-task"], "ignore_case": True},
        {"paths": ["*"], "ignore_case": "yes"},
    ],
)
def test_an_option_that_is_wrong_or_that_nothing_reads_is_one_line(options):
    key = "ignore_case" if "ignore_case" in options else "used_by"
    with pytest.raises(InvalidChoice, match=f"^{key}: .*allowed: ") as refusal:
        RoleSelection(**options)
    assert len(str(refusal.value).splitlines()) == 1


def arn(name):
    return {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":role/", name]]}


NAMES_OF_TWO = {
    "of a parameter": ({"Fn::Sub": "${Env}-x"}, {"Fn::Sub": "${Env}-y"}),
    "of two parameters": ({"Ref": "Env"}, {"Ref": "Team"}),
    "of a mapping": ({"Fn::FindInMap": ["M", "a", "n"]}, {"Fn::FindInMap": ["M", "b", "n"]}),
    "of a condition": ({"Fn::If": ["InProd", "a", "b"]}, {"Fn::If": ["InProd", "c", "d"]}),
    "of a part of a text": (
        {"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "Env"}]}]},
        {"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "Env"}]}]},
    ),
    "of exports": ({"Fn::ImportValue": "a"}, {"Fn::ImportValue": "b"}),
    "of attributes": ({"Fn::GetAtt": ["Topic", "TopicName"]}, {"Fn::GetAtt": ["T2", "TopicName"]}),
}


@pytest.mark.parametrize(("other", "name"), NAMES_OF_TWO.values(), ids=NAMES_OF_TWO)
def test_a_name_that_only_the_deployment_knows_is_one_roles_alone(other, name, tmp_path):
    other, name = ({"Fn::Join": ["-", ["app", each]]} for each in (other, name))
    template = {
        **CONDITION,
        "Parameters": {"Env": {"Type": "String"}, "Team": {"Type": "String"}},
        "Mappings": {"M": {"a": {"n": "a"}, "b": {"n": "b"}}},
    }
    scope = stack()
    resources = {
        "Execution": cfn(RoleName=other),
        "Task": cfn(RoleName=name),
        "Topic": {"Type": "AWS::SNS::Topic"},
        "T2": {"Type": "AWS::SNS::Topic"},
        "Definition": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"TaskRoleArn": arn(name), "ExecutionRoleArn": arn(other)},
        },
    }
    included(scope, tmp_path, resources, **template)
    tag_trust(scope, **BY_TASKS)
    assert opened(scope) == ["Task"]
    assert messages(scope) == {}


def test_a_name_with_a_parameter_is_found_in_code_too():
    scope = stack()
    name = f"{cdk.CfnParameter(scope, 'Env').value_as_string}-task"
    task_role(scope, "Used", role_name=name)
    task(scope, f"arn:aws:iam::{scope.account}:role/{name}")
    tag_trust(scope, **BY_TASKS)
    assert [id_[:4] for id_ in opened(scope)] == ["Used"]


def test_a_name_with_another_stacks_parameter_is_no_name_of_this_stack():
    one = stack()
    two = cdk.Stack(one.node.root, "two")
    theirs, ours = (cdk.CfnParameter(each, "Env").value_as_string for each in (two, one))
    cfn_role(one, role_name=f"{ours}-task")
    task(one, f"arn:aws:iam::{one.account}:role/{theirs}-task")
    tag_trust(one, **BY_TASKS)
    assert opened(one) == []


@pytest.mark.parametrize(("account", "ids"), [(ACCOUNT, ["Used"]), (OTHER_ACCOUNT, [])])
def test_an_account_that_is_written_out_is_no_other_where_the_stack_does_not_know_its_own(
    account, ids
):
    scope = stack()
    cfn_role(scope, role_name="orders")
    task(scope, f"arn:aws:iam::{account}:role/orders")
    tag_trust(scope, **BY_TASKS)
    assert opened(scope) == ids
    assert bool(messages(scope)) is not bool(ids)


def test_a_role_that_a_custom_resource_gives_is_decided_at_deployment():
    scope = stack()
    cfn_role(scope)
    token = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"
    custom = cdk.CfnResource(
        scope, "Custom", type="Custom::Role", properties={"ServiceToken": token}
    )
    task(scope, custom.get_att("RoleArn").to_string())
    tag_trust(scope, **BY_TASKS)
    (said,) = messages(scope).values()
    assert "decided at deployment" in said
