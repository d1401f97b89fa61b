import json
import re

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk.assertions import Template

from tests.cdk.templates import (
    ACCOUNT,
    OTHER_ACCOUNT,
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
BUCKET = f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
CARRIERS = f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/"
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


def is_denied(statements, action, resource, **context):
    """A small policy evaluation of Deny statements, as IAM describes it."""

    def matches(patterns, value, flags=re.IGNORECASE):
        patterns = [patterns] if isinstance(patterns, str) else patterns
        expressions = (re.escape(p).replace(r"\*", ".*").replace(r"\?", ".") for p in patterns)
        return any(re.fullmatch(e, value, flags) for e in expressions)

    def holds(operator, key, wanted):
        value = context.get(key)
        match operator:
            case "ArnLike":
                return value is not None and matches(wanted, value, flags=0)
            case "ForAnyValue:StringEqualsIgnoreCase":
                return any(matches(wanted, each) for each in value or ())
            case "StringEquals":
                return value == wanted
            case "Null":
                return (value is None) is (wanted == "true")
            case "StringEquals":
                return value == wanted
            case "BoolIfExists":
                return value in {None, wanted}
        raise AssertionError(operator)

    def applies(statement):
        if "Action" in statement and not matches(statement["Action"], action):
            return False
        if "NotAction" in statement and matches(statement["NotAction"], action):
            return False
        if "NotResource" in statement and matches(statement["NotResource"], resource, flags=0):
            return False
        if "Resource" in statement and not matches(statement["Resource"], resource, flags=0):
            return False
        return all(
            holds(operator, key, wanted)
            for operator, tests in statement.get("Condition", {}).items()
            for key, wanted in tests.items()
        )

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
                "PutProvisionedConcurrencyConfig",
                "DeleteProvisionedConcurrencyConfig",
                "GetProvisionedConcurrencyConfig",
            )
        ),
        ("lambda:InvokeFunction", f"{FUNCTION}:$LATEST"),
        ("lambda:UpdateAlias", f"{FUNCTION}:live"),
        ("lambda:PutProvisionedConcurrencyConfig", f"{FUNCTION}:live"),
        ("lambda:UpdateFunctionCode", FUNCTION.replace(REGION, "us-east-1")),
        ("logs:DeleteLogGroup", LOGS),
        ("logs:PutRetentionPolicy", f"{LOGS}:*"),
        ("logs:DeleteLogStream", f"{LOGS}:log-stream:2026/01/01/[$LATEST]a"),
        ("logs:PutLogEvents", f"{LOGS}:log-stream:2026/01/01/[$LATEST]a"),
        ("logs:PutSubscriptionFilter", LOGS),
        ("logs:DeleteLogGroup", LOGS.replace(REGION, "us-east-1")),
        ("logs:PutAccountPolicy", "*"),
        ("logs:PutAccountPolicy", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"),
        ("logs:DeleteAccountPolicy", "*"),
        ("logs:PutResourcePolicy", "*"),
        ("logs:Link", "*"),
        ("logs:PutWhateverComes", "*"),
        ("logs:StartQuery", "*"),
        ("oam:CreateLink", f"arn:aws:oam:{REGION}:{OTHER_ACCOUNT}:sink/0a1b2c"),
        ("oam:UpdateLink", f"arn:aws:oam:{REGION}:{ACCOUNT}:link/0a1b2c"),
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
        ("cloudformation:UpdateStack", f"{STACK_ARN.replace(REGION, 'us-east-1')}/0a1b2c"),
        *(
            (f"s3:{action}", f"{BUCKET}{key}")
            for action, key in (
                ("PutObject", "/0a1b2c.zip"),
                ("DeleteObject", "/0a1b2c.zip"),
                ("DeleteObjectVersion", "/0a1b2c.zip"),
                ("PutObjectAcl", "/0a1b2c.zip"),
                ("ReplicateObject", "/0a1b2c.zip"),
                ("PutBucketPolicy", ""),
                ("PutLifecycleConfiguration", ""),
                ("PutReplicationConfiguration", ""),
                ("PutBucketVersioning", ""),
                ("DeleteBucket", ""),
            )
        ),
        *(
            (f"s3:{action}", f"arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/mine")
            for action in (
                "CreateAccessPoint",
                "CreateAccessPointForObjectLambda",
                "CreateMultiRegionAccessPoint",
            )
        ),
        ("cloudwatch:PutInsightRule", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:insight-rule/mine"),
        ("applicationinsights:CreateApplication", "*"),
        ("applicationinsights:UpdateComponentConfiguration", "*"),
        ("applicationinsights:AddWorkload", "*"),
        ("assurance:Chat", "*"),
        ("auditmanager:CreateControl", "*"),
        ("signin:AuthorizeOAuth2Access", "*"),
        ("signin:CreateOAuth2Token", "*"),
        ("cloud9:CreateEnvironmentEC2", "*"),
        ("cloud9:CreateEnvironmentToken", "*"),
        ("cloud9:ModifyTemporaryCredentialsOnEnvironmentEC2", "*"),
        ("sts:GetServiceBearerToken", "*"),
        ("sts:GetDelegatedAccessToken", "*"),
        *(
            (f"iam:{action}", f"{CARRIERS}20261125-{'a' * 20}")
            for action in (
                "CreatePolicy",
                "CreatePolicyVersion",
                "DeletePolicy",
                "DeletePolicyVersion",
                "SetDefaultPolicyVersion",
                "TagPolicy",
                "UntagPolicy",
                "WhateverComesPolicy",
            )
        ),
        ("iam:CreatePolicy", f"{CARRIERS}x/y"),
        ("iam:AcceptDelegationRequest", f"arn:aws:iam::{ACCOUNT}:delegation-request/0a1b2c"),
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
        ("cloudwatch:PutMetricData", "*"),
        ("cloudwatch:GetInsightRuleReport", "*"),
        ("s3:PutObject", "arn:aws:s3:::bucket/key"),
        ("s3:GetObject", f"{BUCKET}/0a1b2c.zip"),
        ("s3:ListBucket", BUCKET),
        ("logs:CreateLogGroup", LOGS + "-of-another-team"),
        ("logs:PutRetentionPolicy", LOGS + "-of-another-team"),
        ("logs:PutDestination", f"arn:aws:logs:{REGION}:{ACCOUNT}:destination:d"),
        ("logs:DescribeLogGroups", "*"),
        ("logs:StartQuery", LOGS + "-of-another-team"),
        ("logs:StopQuery", "*"),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/of-another-team"),
        ("iam:CreatePolicy", f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo-of-another-team"),
        ("iam:GetPolicyVersion", f"{CARRIERS}20261125-{'a' * 20}"),
        ("iam:ListEntitiesForPolicy", f"{CARRIERS}20261125-{'a' * 20}"),
    ],
)
def test_what_is_not_the_brokers_is_left_alone(denials, action, resource):
    assert not is_denied(denials, action, resource)


@pytest.mark.parametrize(
    ("action", "key"),
    [
        *((f"Attach{whom}Policy", "iam:PolicyARN") for whom in ("Group", "Role", "User")),
        ("DetachRolePolicy", "iam:PolicyARN"),
        *(
            (f"Put{whom}PermissionsBoundary", "iam:PermissionsBoundary")
            for whom in ("Role", "User")
        ),
        ("CreateRole", "iam:PermissionsBoundary"),
    ],
)
def test_no_carrier_can_be_given_to_anybody(denials, action, key):
    for policy, denied in (
        (f"{CARRIERS}20261125-{'a' * 20}", True),
        (f"arn:aws:iam::{ACCOUNT}:policy/of-another-team", False),
        (None, False),
    ):
        about = f"arn:aws:iam::{ACCOUNT}:role/of-another-team"
        assert is_denied(denials, f"iam:{action}", about, **{key: policy}) is denied


@pytest.mark.parametrize("action", ["CreateEventSourceMapping", "UpdateEventSourceMapping"])
def test_no_event_source_can_be_connected_to_the_broker(denials, action):
    mapping = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:1"
    for resource in ("*", mapping):
        for function, denied in (
            (FUNCTION, True),
            (f"{FUNCTION}:live", True),
            (f"{FUNCTION}-2", False),
        ):
            named = {"lambda:FunctionArn": function}
            assert is_denied(denials, f"lambda:{action}", resource, **named) is denied


@pytest.mark.parametrize(
    ("action", "resource", "key"),
    [
        (
            "logs:PutDeliveryDestination",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:delivery-destination:d",
            "logs:DeliveryDestinationResourceArn",
        ),
        (
            "apigateway:PATCH",
            f"arn:aws:apigateway:{REGION}::/restapis/api/stages/stage",
            "apigateway:Request/AccessLoggingDestination",
        ),
        (
            "ec2:CreateClientVpnEndpoint",
            f"arn:aws:ec2:{REGION}:{ACCOUNT}:client-vpn-endpoint/*",
            "ec2:CloudwatchLogGroupArn",
        ),
    ],
)
def test_no_service_is_told_to_write_into_the_brokers_log(denials, action, resource, key):
    for log_group, denied in ((LOGS, True), (f"{LOGS}:*", True), (f"{LOGS}-2", False)):
        assert is_denied(denials, action, resource, **{key: log_group}) is denied


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"),
        ("lambda:UntagResource", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"),
        ("logs:PutRetentionPolicy", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/other"),
        ("logs:FilterLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/other"),
        ("cloudformation:UpdateStack", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/other/1"),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/OtherBase"),
        ("iam:UntagRole", f"arn:aws:iam::{ACCOUNT}:role/OtherBase"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/OtherBase"),
    ],
)
def test_another_broker_is_known_by_its_tag(denials, action, resource):
    tag = {"aws:ResourceTag/iam-sudo:broker": "other"}
    assert is_denied(denials, action, resource, **tag)
    assert not is_denied(denials, action, resource)
    assert not is_denied(denials, action, resource, **{"aws:ResourceTag/env": "dev"})


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (
            "cloudformation:DescribeStacks",
            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/other/1",
        ),
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/OtherBase"),
    ],
)
def test_another_broker_can_be_looked_at_like_this_one(denials, action, resource):
    assert not is_denied(denials, action, resource, **{"aws:ResourceTag/iam-sudo:broker": "other"})


@pytest.mark.parametrize("key", ["iam-sudo:broker", "IAM-Sudo:Broker"])
@pytest.mark.parametrize(
    "action", ["lambda:TagResource", "iam:TagRole", "cloudformation:CreateStack"]
)
def test_the_tag_of_brokers_is_put_on_nothing_else(denials, action, key):
    assert is_denied(denials, action, "*", **{"aws:TagKeys": ["env", key]})
    assert not is_denied(denials, action, "*", **{"aws:TagKeys": ["env"]})


@pytest.mark.parametrize(("bootstrap", "denied"), [(None, True), ("true", True), ("false", False)])
def test_no_cluster_has_the_base_role_as_its_administrator(denials, bootstrap, denied):
    creator = {"eks:bootstrapClusterCreatorAdminPermissions": bootstrap}
    assert is_denied(denials, "eks:CreateCluster", "*", **creator) is denied


@pytest.mark.parametrize(
    "action",
    ["CreateAccessEntry", "UpdateAccessEntry", "AssociateAccessPolicy", "DisassociateAccessPolicy"],
)
def test_no_cluster_lets_the_base_role_in(denials, action):
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/c"
    for principal, denied in ((BASE_ROLE, True), (f"{BASE_ROLE}-2", False)):
        entry = {"eks:principalArn": principal}
        assert is_denied(denials, f"eks:{action}", cluster, **entry) is denied


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
    rendered = render(
        template.find_resources("AWS::IAM::Role", {"Properties": {"RoleName": "IAMSudoUser"}}),
        **{"AWS::StackName": "own"},
        **dict(zip(parameters, ("one", "two"), strict=True)),
    )
    ((statement,),) = (
        [s for s in p["PolicyDocument"]["Statement"] if s["Sid"] == "KeepStack"]
        for r in rendered.values()
        for p in r["Properties"]["Policies"]
    )
    assert sorted(statement["Resource"]) == sorted(
        f"arn:aws:cloudformation:*:{ACCOUNT}:stack/{name}/*" for name in ("own", "one", "two")
    )
    # What is passed down are the names of the parents.
    passed = Template.from_stack(child).find_resources("AWS::CloudFormation::Stack")
    assert {"Ref": "AWS::StackName"} in next(iter(passed.values()))["Properties"][
        "Parameters"
    ].values()


PARAMETERS = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"


@pytest.mark.parametrize("action", ["Get", "Put", "Delete", "LabelVersionOf", "AddTagsTo"])
@pytest.mark.parametrize("region", [REGION, "us-east-1"])
def test_the_parameter_of_any_brokers_rules_is_nobody_s(denials, action, region):
    for name in ("iam-sudo/iam-sudo/rules", "iam-sudo/other/rules"):
        arn = f"{PARAMETERS}/{name}".replace(REGION, region)
        assert is_denied(denials, f"ssm:{action}Parameter", arn)
    assert not is_denied(denials, f"ssm:{action}Parameter", f"{PARAMETERS}/orders/iam-sudo/rules")


@pytest.mark.parametrize("path", ["", "/"])
def test_the_rules_are_not_read_from_the_root_of_all_parameters(denials, path):
    action, root = "ssm:GetParametersByPath", f"{PARAMETERS}{path}"
    assert is_denied(denials, action, root, **{"ssm:Recursive": "true"})
    assert not is_denied(denials, action, root, **{"ssm:Recursive": "false"})
    assert not is_denied(denials, action, f"{PARAMETERS}/orders", **{"ssm:Recursive": "true"})
