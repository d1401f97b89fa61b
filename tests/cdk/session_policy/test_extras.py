"""What an organization may ask of a broker: it is there, it works, and sessions cannot turn it."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template

from iam_sudo_cdk import InvalidChoice, SessionPolicyStrategy
from tests.cdk.templates import (
    ACCOUNT,
    REGION,
    base_role,
    broker_role,
    iam_sudo,
    only,
    stack,
)

pytestmark = pytest.mark.slow

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sudo"


def built(**make):
    """The template of a broker with extras, each made in its stack."""
    scope = stack(ACCOUNT)
    iam_sudo(
        scope, **{name: each(scope) if callable(each) else each for name, each in make.items()}
    )
    return Template.from_stack(scope)


def key(scope):
    return kms.Key(scope, "Key", enable_key_rotation=True)


def statements(role, sid):
    (policy,) = (each["PolicyDocument"] for each in role["Policies"])
    return [each for each in policy["Statement"] if each.get("Sid") == sid]


def test_cloudwatch_logs_may_use_the_key_for_the_brokers_log_alone():
    template = built(log_encryption_key=key)
    id_, properties = only(template, "AWS::KMS::Key")
    assert only(template, "AWS::Logs::LogGroup")[1]["KmsKeyId"] == f"<{id_}.Arn>"
    (_, statement) = properties["KeyPolicy"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == [
        f"kms:{act}"
        for act in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*")
    ]
    assert statement["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
            ":/aws/lambda/iam-sudo"
        }
    }


def test_the_function_may_read_its_environment():
    template = built(environment_encryption=key)
    id_, _ = only(template, "AWS::KMS::Key")
    assert only(template, "AWS::Lambda::Function")[1]["KmsKeyArn"] == f"<{id_}.Arn>"
    (statement,) = statements(broker_role(template)[1], "ReadEnvironment")
    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", f"<{id_}.Arn>")


@pytest.mark.parametrize("name", ["log_encryption_key", "environment_encryption"])
def test_a_session_may_use_the_brokers_keys_and_neither_end_nor_hand_them_on(name):
    template = built(**{name: key})
    id_, _ = only(template, "AWS::KMS::Key")
    (statement,) = statements(base_role(template), "KeepKeys")
    assert (statement["Effect"], statement["Resource"]) == ("Deny", f"<{id_}.Arn>")
    spared = " ".join(statement["NotAction"])
    for action in ("DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant", "Disable"):
        assert action not in spared
    assert "kms:Decrypt" in statement["NotAction"]


ALIASES = [
    lambda scope: kms.Alias(scope, "Alias", alias_name="alias/iam-sudo", target_key=key(scope)),
    lambda scope: kms.Alias.from_alias_name(scope, "Alias", "alias/iam-sudo"),
    lambda scope: kms.Key.from_key_arn(scope, "Alias", ALIAS_ARN),
]
ALIAS_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/iam-sudo"


@pytest.mark.parametrize("alias", ALIASES, ids=["made", "by its name", "by its ARN"])
@pytest.mark.parametrize("name", ["log_encryption_key", "environment_encryption"])
def test_an_alias_is_no_key_that_anything_could_be_kept_from(name, alias):
    with pytest.raises(InvalidChoice, match=f"^{name}: .*the key itself"):
        built(**{name: alias})


def test_one_key_for_both_is_kept_once():
    scope = stack(ACCOUNT)
    same = key(scope)
    iam_sudo(scope, log_encryption_key=same, environment_encryption=same)
    (statement,) = statements(base_role(Template.from_stack(scope)), "KeepKeys")
    assert isinstance(statement["Resource"], str)


def test_in_a_vpc_lambda_may_make_its_interfaces_and_the_broker_may_not():
    template = built(
        vpc=lambda scope: ec2.Vpc(scope, "Vpc", max_azs=2),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    )
    assert len(only(template, "AWS::Lambda::Function")[1]["VpcConfig"]["SubnetIds"]) == 2
    _, role = broker_role(template)
    (allowed,) = statements(role, "UseNetwork")
    (denied,) = statements(role, "OnlyLambdaUsesNetwork")
    assert "ec2:CreateNetworkInterface" in allowed["Action"]
    assert denied["Action"] == allowed["Action"]
    assert denied["Condition"] == {
        "ArnLike": {"lambda:SourceFunctionArn": [FUNCTION, f"{FUNCTION}:*"]}
    }


def test_a_number_of_executions_and_a_queue_are_the_functions():
    template = built(
        reserved_concurrent_executions=5, dead_letter_queue=lambda s: sqs.Queue(s, "Q")
    )
    (queue,) = template.find_resources("AWS::SQS::Queue")
    _, function = only(template, "AWS::Lambda::Function")
    assert function["ReservedConcurrentExecutions"] == 5
    assert function["DeadLetterConfig"] == {"TargetArn": f"<{queue}.Arn>"}
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [Match.object_like({"Action": "sqs:SendMessage"})],
                "Version": "2012-10-17",
            }
        },
    )


def test_without_them_the_broker_has_none_and_needs_nothing_for_them():
    template = built()
    _, function = only(template, "AWS::Lambda::Function")
    assert not {"KmsKeyArn", "VpcConfig", "DeadLetterConfig"} & set(function)
    assert not statements(broker_role(template)[1], "UseNetwork")
    assert not statements(base_role(template), "KeepKeys")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("reserved_concurrent_executions", 0, "would turn the broker off"),
        ("reserved_concurrent_executions", True, "at least 1"),
        ("reserved_concurrent_executions", "5", "at least 1"),
        ("log_encryption_key", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/x", "kms.IKey"),
        ("environment_encryption", 5, "kms.IKey"),
        ("vpc", "vpc-1", "ec2.IVpc"),
        ("dead_letter_queue", "queue", "sqs.IQueue"),
        ("security_groups", [], "nothing without vpc"),
        ("vpc_subnets", ec2.SubnetSelection(), "nothing without vpc"),
    ],
)
def test_what_is_none_of_them_is_refused(name, value, said):
    with pytest.raises(InvalidChoice, match=f"^{name}: .*{said}"):
        SessionPolicyStrategy(**{name: value})


def test_a_key_of_another_account_is_left_to_its_owner():
    scope = stack(ACCOUNT)
    arn = f"arn:aws:kms:{REGION}:444455556666:key/0a1b"
    iam_sudo(scope, log_encryption_key=kms.Key.from_key_arn(scope, "Key", arn))
    assert cdk.Stack.of(scope) is scope
    assert only(Template.from_stack(scope), "AWS::Logs::LogGroup")[1]["KmsKeyId"] == arn
