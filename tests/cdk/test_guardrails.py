import json
import re

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk.assertions import Template

from tests.cdk.templates import (
    ACCOUNT,
    REGION,
    STACK_ARN,
    base_role,
    broker_role,
    iam_sudo,
    render,
    stack,
    synth,
)

pytestmark = pytest.mark.slow

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sudo"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/iam-sudo"
BASE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"
BROKER_ROLE = "BROKER_ROLE"  # its name is CloudFormation's


@pytest.fixture(scope="module")
def template():
    return synth(base_role_managed_policies=["AdministratorAccess"])


@pytest.fixture(scope="module")
def denials(template):
    return denials_of(template)


def denials_of(template):
    id_, _ = broker_role(template)
    role = json.loads(json.dumps(base_role(template)).replace(f"<{id_}.Arn>", BROKER_ROLE))
    statements = [s for p in role["Policies"] for s in p["PolicyDocument"]["Statement"]]
    assert {s["Effect"] for s in statements} == {"Deny"}
    return statements


def is_denied(statements, action, resource, function_arn=None):
    """A small policy evaluation of Deny statements, as IAM describes it."""

    def matches(patterns, value, flags=re.IGNORECASE):
        patterns = [patterns] if isinstance(patterns, str) else patterns
        expressions = (re.escape(p).replace(r"\*", ".*").replace(r"\?", ".") for p in patterns)
        return any(re.fullmatch(e, value, flags) for e in expressions)

    def applies(statement):
        if "Action" in statement and not matches(statement["Action"], action):
            return False
        if "NotAction" in statement and matches(statement["NotAction"], action):
            return False
        if not matches(statement["Resource"], resource, flags=0):
            return False
        if "Condition" not in statement:
            return True
        ((operator, ((key, patterns),)),) = (
            (op, tuple(keys.items())) for op, keys in statement["Condition"].items()
        )
        assert (operator, key) == ("ArnLike", "lambda:FunctionArn")
        return function_arn is not None and matches(patterns, function_arn, flags=0)

    return any(applies(statement) for statement in statements)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *(
            (f"lambda:{action}", FUNCTION)
            for action in (
                "InvokeFunction",
                "UpdateFunctionCode",
                "UpdateFunctionConfiguration",
                "DeleteFunction",
                "CreateFunction",
                "AddPermission",
                "CreateFunctionUrlConfig",
                "PublishVersion",
                "CreateAlias",
                "PutFunctionConcurrency",
                "TagResource",
                "GetFunction",
            )
        ),
        ("lambda:InvokeFunction", f"{FUNCTION}:$LATEST"),
        ("lambda:UpdateAlias", f"{FUNCTION}:live"),
        ("logs:DeleteLogGroup", LOGS),
        ("logs:PutRetentionPolicy", f"{LOGS}:*"),
        ("logs:DeleteLogStream", f"{LOGS}:log-stream:2026/01/01/[$LATEST]a"),
        ("logs:PutLogEvents", f"{LOGS}:log-stream:2026/01/01/[$LATEST]a"),
        ("logs:PutSubscriptionFilter", LOGS),
        *(
            (f"cloudformation:{action}", f"{STACK_ARN}/{unique_id}")
            for action in (
                "UpdateStack",
                "DeleteStack",
                "CreateChangeSet",
                "ExecuteChangeSet",
                "SetStackPolicy",
                "CancelUpdateStack",
                "RollbackStack",
                "UpdateTerminationProtection",
                "CreateStack",
            )
            # A request by name is checked against the wildcard.
            for unique_id in ("0a1b2c", "*")
        ),
        *(
            (action, role)
            for action in (
                "iam:PassRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:PutRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:AttachRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:TagRole",
                "iam:UpdateRole",
                "iam:DeleteRole",
                "iam:CreateRole",
                "sts:AssumeRole",
                "sts:TagSession",
                "sts:SetSourceIdentity",
            )
            for role in (BASE_ROLE, BROKER_ROLE)
        ),
    ],
)
def test_a_session_that_may_do_everything_may_not_touch_the_broker(denials, action, resource):
    assert is_denied(denials, action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:UpdateFunctionCode", FUNCTION + "-of-another-team"),
        ("lambda:ListFunctions", "*"),
        ("logs:DeleteLogGroup", LOGS + "-of-another-team"),
        ("cloudformation:DescribeStacks", f"{STACK_ARN}/0a1b2c"),
        ("cloudformation:GetTemplate", f"{STACK_ARN}/0a1b2c"),
        ("cloudformation:ListStackResources", f"{STACK_ARN}/0a1b2c"),
        ("cloudformation:UpdateStack", f"{STACK_ARN}-of-another-team/0a1b2c"),
        ("iam:GetRole", BASE_ROLE),
        ("iam:ListRolePolicies", BROKER_ROLE),
        ("iam:PassRole", BASE_ROLE + "-of-another-team"),
        ("sts:GetCallerIdentity", "*"),
        ("s3:GetObject", "arn:aws:s3:::bucket/key"),
    ],
)
def test_what_is_not_the_brokers_is_left_alone(denials, action, resource):
    assert not is_denied(denials, action, resource)


@pytest.mark.parametrize("action", ["CreateEventSourceMapping", "UpdateEventSourceMapping"])
def test_no_event_source_can_be_connected_to_the_broker(denials, action):
    mapping = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:1"
    for resource in ("*", mapping):
        assert is_denied(denials, f"lambda:{action}", resource, function_arn=FUNCTION)
        assert is_denied(denials, f"lambda:{action}", resource, function_arn=f"{FUNCTION}:live")
        assert not is_denied(denials, f"lambda:{action}", resource, function_arn=FUNCTION + "-2")


def test_the_denials_follow_the_names():
    template = synth(role_name="Sudoer", function_name="sudo-broker")
    statements = denials_of(template)
    assert base_role(template)["RoleName"] == "Sudoer"
    for action, resource in (
        ("lambda:UpdateFunctionCode", FUNCTION.replace("iam-sudo", "sudo-broker")),
        ("logs:DeleteLogGroup", LOGS.replace("iam-sudo", "sudo-broker")),
        ("sts:AssumeRole", BASE_ROLE.replace("IAMSudoUser", "Sudoer")),
    ):
        assert is_denied(statements, action, resource)


def test_the_denials_are_part_of_the_base_role_so_that_it_never_exists_without_them(template):
    template.resource_count_is("AWS::IAM::Policy", 0)
    template.resource_count_is("AWS::IAM::ManagedPolicy", 0)


def test_in_a_nested_stack_the_parents_are_kept_too():
    parent = stack()
    child = cdk.NestedStack(parent, "Child")
    grandchild = cdk.NestedStack(child, "Grandchild")
    iam_sudo(grandchild)
    template = Template.from_stack(grandchild)
    parameters = template.to_json()["Parameters"]
    own, *passed_down = (
        f"arn:aws:cloudformation:eu-west-1:1:stack/{name}/9" for name in ("own", "one", "two")
    )
    rendered = render(
        template.find_resources("AWS::IAM::Role", {"Properties": {"RoleName": "IAMSudoUser"}}),
        **{"AWS::StackId": own},
        **dict(zip(parameters, passed_down, strict=True)),
    )
    ((statement,),) = (
        [s for s in p["PolicyDocument"]["Statement"] if s["Sid"] == "KeepStack"]
        for r in rendered.values()
        for p in r["Properties"]["Policies"]
    )
    assert sorted(statement["Resource"]) == sorted(
        f"arn:aws:cloudformation:eu-west-1:1:stack/{name}/*" for name in ("own", "one", "two")
    )
    # What is passed down are the ids of the parents.
    passed = Template.from_stack(child).find_resources("AWS::CloudFormation::Stack")
    assert {"Ref": "AWS::StackId"} in next(iter(passed.values()))["Properties"][
        "Parameters"
    ].values()
