"""The execution role, statement by statement, with every option that a broker has."""

import dataclasses

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from iam_sudo_cdk import IamSudo, RoleSelection, SessionPolicyStrategy, SudoAlarms, SudoRule
from tests.cdk.templates import ACCOUNT, REGION, render, stack

pytestmark = pytest.mark.slow

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
CONFIG = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0a1b"
NETWORK = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
RULE = SudoRule(callers=["*"], role_names=["orders-*"])


def key(scope):
    return kms.Key.from_key_arn(scope, "Key", KEY)


def vpc(scope):
    return ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=[f"{REGION}a"],
        private_subnet_ids=["subnet-1"],
    )


def allowed(sid, actions, resources):
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


CARRIERS = f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/*"
CARRY = [
    allowed(
        "CarryLargeRoles",
        ["iam:CreatePolicy", "iam:DeletePolicy", "iam:GetPolicy", "iam:GetPolicyVersion"],
        CARRIERS,
    ),
    allowed("FindOldCarriers", "iam:ListPolicies", "*"),
]


def executes(
    *more, base_role="role/IAMSudoUser", function="iam-sudo", identity=(), carry=CARRY, reads=()
):
    """The statements of a broker: what it always has, with these names, and what is `more`."""
    own = f"{FUNCTION}:{function}"
    return [
        allowed(
            "ReadRoles",
            [
                "iam:GetRole",
                "iam:ListRolePolicies",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
            ],
            f"arn:aws:iam::{ACCOUNT}:role/*",
        ),
        allowed(
            "ReadManagedPolicies",
            ["iam:GetPolicy", "iam:GetPolicyVersion"],
            [f"arn:aws:iam::{ACCOUNT}:policy/*", "arn:aws:iam::aws:policy/*"],
        ),
        allowed("FindRoles", "iam:ListRoles", "*"),
        allowed(
            "AssumeBaseRole",
            ["sts:AssumeRole", "sts:TagSession", *identity],
            f"arn:aws:iam::{ACCOUNT}:{base_role}",
        ),
        *carry,
        allowed(
            "WriteLog",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{function}:*",
        ),
        *reads,
        {
            "Sid": "OnlyAsTheBroker",
            "Effect": "Deny",
            "Action": ["iam:*", "logs:*", "ssm:*", "sts:*"],
            "Resource": "*",
            "Condition": {"ArnNotLike": {"lambda:SourceFunctionArn": [own, f"{own}:*"]}},
        },
        *more,
    ]


IN_A_NETWORK = executes(
    allowed("UseNetwork", NETWORK, "*"),
    {
        "Sid": "OnlyLambdaUsesNetwork",
        "Effect": "Deny",
        "Action": NETWORK,
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "lambda:SourceFunctionArn": [f"{FUNCTION}:iam-sudo", f"{FUNCTION}:iam-sudo:*"]
            }
        },
    },
)
PLAIN = executes()
# Each option: what is said (or made of a scope), and the statements that the execution role has.
OPTIONS = {
    "selection": (RoleSelection(role_names=["orders-*"]), PLAIN),
    "rules": ([RULE], executes(identity=["sts:SetSourceIdentity"])),
    "scope": ("stage", PLAIN),
    "large_roles": (False, executes(carry=())),
    "base_role_managed_policies": (["AdministratorAccess"], PLAIN),
    "allowed_regions": ([REGION], PLAIN),
    "denied_services": (["ec2"], PLAIN),
    "permissions_boundary": ("boundary", PLAIN),
    "role_path": ("/team/", executes(base_role="role/team/IAMSudoUser")),
    "role_name": ("Sudoer", executes(base_role="role/Sudoer")),
    "base_role": ("team/Sudoer", executes(base_role="role/team/Sudoer")),
    "other_brokers": ([f"arn:aws:iam::{ACCOUNT}:role/broker"], PLAIN),
    "function_name": ("sudo", executes(function="sudo")),
    "allow_local_simulation": (True, PLAIN),
    "log_retention": (logs.RetentionDays.ONE_DAY, PLAIN),
    "removal_policy": (cdk.RemovalPolicy.RETAIN, PLAIN),
    "log_encryption_key": (key, PLAIN),
    "environment_encryption": (key, executes(allowed("ReadEnvironment", "kms:Decrypt", KEY))),
    "reserved_concurrent_executions": (5, PLAIN),
    "vpc": (vpc, IN_A_NETWORK),
    "code_signing_config": (
        lambda scope: lambda_.CodeSigningConfig.from_code_signing_config_arn(scope, "C", CONFIG),
        PLAIN,
    ),
    "dead_letter_queue": (
        lambda scope: sqs.Queue.from_queue_arn(scope, "Queue", QUEUE),
        # By a policy of the CDK's, which has no Sid.
        [*PLAIN, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}],
    ),
    "alarms": (SudoAlarms(), PLAIN),
    "dashboard": (True, PLAIN),
    "policy_name": ("ask", PLAIN),
}
WITH_VPC = {
    "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    "security_groups": lambda scope: [
        ec2.SecurityGroup.from_security_group_id(scope, "Group", "sg-1")
    ],
}


def statements(**options):
    """All that the execution role may do, whichever of its policies says it."""
    scope = stack(ACCOUNT)
    said = {name: each(scope) if callable(each) else each for name, each in options.items()}
    IamSudo(
        scope,
        "IamSudo",
        strategy=SessionPolicyStrategy(**said),
        development_accounts=[ACCOUNT],
    )
    template = Template.from_stack(scope)
    resources = render(template.to_json()["Resources"])
    ((id_, role),) = (
        (key, each["Properties"])
        for key, each in resources.items()
        if each["Type"] == "AWS::IAM::Role"
        and "lambda.amazonaws.com" in str(each["Properties"]["AssumeRolePolicyDocument"])
    )
    assert "ManagedPolicyArns" not in role
    attached = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
    ]
    assert all(each["Roles"] == [f"<{id_}>"] for each in attached)
    documents = [each["PolicyDocument"] for each in [*role["Policies"], *attached]]
    return [statement for document in documents for statement in document["Statement"]]


def test_every_option_is_answered():
    fields = {field.name for field in dataclasses.fields(SessionPolicyStrategy)}
    assert set(OPTIONS) | set(WITH_VPC) == fields


@pytest.mark.parametrize("option", OPTIONS)
def test_the_execution_role_may_do_this_and_nothing_else(option):
    said, expected = OPTIONS[option]
    assert statements(**{option: said}) == expected


@pytest.mark.parametrize("option", WITH_VPC)
def test_what_narrows_the_network_needs_no_more_than_the_network(option):
    assert statements(vpc=vpc, **{option: WITH_VPC[option]}) == IN_A_NETWORK


def test_rules_that_are_in_a_parameter_are_read_by_the_role_and_nothing_else_is():
    many = [SudoRule(callers=["*"], role_names=[f"orders-{'x' * 40}-{i}-*"]) for i in range(40)]
    read = allowed(
        "ReadRules",
        "ssm:GetParameter",
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/iam-sudo/iam-sudo/rules",
    )
    expected = executes(identity=["sts:SetSourceIdentity"], reads=[read])
    assert statements(rules=many) == expected
