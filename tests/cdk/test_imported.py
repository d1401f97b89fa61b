"""A broker that is deployed already, granted by another application; and the interface of both."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import CannotGrant, IamSudo, IIamSudo, InvalidChoice, PermissionSet
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, iam_sudo, stack

pytestmark = pytest.mark.slow

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sudo"
DEVELOPER = f"arn:aws:iam::{ACCOUNT}:role/dev"
IDENTITY_CENTER = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_a_0123456789abcdef"
)


def imported(scope, **options):
    if options:
        return IamSudo.from_attributes(scope, "IamSudo", function_arn=FUNCTION, **options)
    return IamSudo.from_function_arn(scope, "IamSudo", FUNCTION)


def test_made_here_or_elsewhere_it_is_the_same_interface():
    scope = stack(ACCOUNT)
    assert isinstance(imported(scope), IIamSudo)
    assert isinstance(iam_sudo(stack(ACCOUNT)), IIamSudo)


def test_a_developer_may_invoke_it_and_nothing_else_is_made():
    scope = stack(ACCOUNT)
    assert imported(scope).grant_sudo(DEVELOPER).success
    resources = Template.from_stack(scope).to_json()["Resources"]
    (policy,) = resources.values()
    assert policy["Type"] == "AWS::IAM::Policy"
    assert policy["Properties"]["PolicyDocument"]["Statement"] == [
        {"Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": FUNCTION}
    ]


def test_a_role_of_the_application_gets_a_policy_too():
    scope = stack(ACCOUNT)
    role = iam.Role(scope, "Role", assumed_by=iam.AccountRootPrincipal())
    assert imported(scope).grant_sudo(role).success
    Template.from_stack(scope).resource_count_is("AWS::IAM::Policy", 1)


@pytest.mark.parametrize("options", [{}, {"same_environment": True}])
def test_who_takes_a_permission_gets_one_in_the_brokers_own_account_and_region(options):
    scope = stack(ACCOUNT)
    assert imported(scope, **options).grant_sudo(IDENTITY_CENTER).success
    Template.from_stack(scope).has_resource_properties(
        "AWS::Lambda::Permission", {"Principal": IDENTITY_CENTER, "FunctionName": FUNCTION}
    )


def test_a_stack_that_does_not_know_its_account_says_that_it_is_the_brokers():
    scope = stack()
    assert imported(scope, same_environment=True).grant_sudo(IDENTITY_CENTER).success


def of_another_region():
    env = cdk.Environment(account=ACCOUNT, region="us-east-1")
    return cdk.Stack(cdk.App(), "there", env=env)


@pytest.mark.parametrize("make", [stack, of_another_region])
def test_a_permission_that_would_not_reach_the_broker_is_refused(make):
    with pytest.raises(CannotGrant, match="it takes a permission on the broker"):
        imported(make()).grant_sudo(IDENTITY_CENTER)


def test_a_permission_set_is_granted_by_the_stack_of_the_broker():
    with pytest.raises(CannotGrant, match="where the broker is made"):
        imported(stack(ACCOUNT)).grant_sudo(PermissionSet("Developer"))


@pytest.mark.parametrize(
    "arn",
    [
        "iam-sudo",
        None,
        f"{FUNCTION}:live",
        f"{FUNCTION}:$LATEST",
        DEVELOPER,
        FUNCTION.replace(ACCOUNT, OTHER_ACCOUNT),
    ],
)
def test_what_is_no_function_of_this_account_is_refused_in_one_line(arn):
    with pytest.raises(InvalidChoice, match=r"^function_arn: .*ARN of a broker") as refusal:
        IamSudo.from_function_arn(stack(ACCOUNT), "IamSudo", arn)
    assert len(str(refusal.value).splitlines()) == 1


def test_an_arn_that_only_the_deployment_knows_is_taken():
    scope = stack(ACCOUNT)
    arn = cdk.Fn.import_value("broker")
    assert IamSudo.from_function_arn(scope, "IamSudo", arn).grant_sudo(DEVELOPER).success


def test_a_broker_of_another_stack_of_the_application_is_granted_by_its_arn():
    there = stack(ACCOUNT)
    function = iam_sudo(there).function
    here = cdk.Stack(cdk.App.of(there), "here", env=cdk.Environment(account=ACCOUNT, region=REGION))
    IamSudo.from_function_arn(here, "IamSudo", function.function_arn).grant_sudo(DEVELOPER)
    (policy,) = Template.from_stack(here).find_resources("AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert "Fn::ImportValue" in statement["Resource"]


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sud?",
        f"arn:aws:lambda:*:{ACCOUNT}:function:iam-sudo",
        f"arn:aws:lambda:{REGION}:*:function:iam-sudo",
        f"arn:aws:lambda:{REGION}:1:function:iam-sudo",
        f"arn:a b:lambda:{REGION}:{ACCOUNT}:function:iam-sudo",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:a\nb",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:${{aws:username}}",
        f"arn:aws:lambda:*:{cdk.Aws.ACCOUNT_ID}:function:*",
        f"arn:aws:lambda:{REGION}:{cdk.Aws.ACCOUNT_ID}:function:iam-sudo:LIVE",
    ],
)
@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_an_arn_that_stands_for_more_than_one_function_is_none(arn, account):
    with pytest.raises(InvalidChoice, match="function_arn"):
        IamSudo.from_function_arn(stack(account), "IamSudo", arn)


@pytest.mark.parametrize("value", ["false", None, 1])
def test_same_environment_is_true_or_false_itself(value):
    with pytest.raises(InvalidChoice, match="same_environment"):
        imported(stack(ACCOUNT), same_environment=value)


@pytest.mark.parametrize("name", ["metric_granted", "metric_refused", "metric_failed"])
def test_its_metrics_are_those_of_a_broker_that_is_made_here(name):
    scope = stack(ACCOUNT)
    theirs = getattr(imported(stack(ACCOUNT)), name)()
    ours = getattr(iam_sudo(scope), name)()
    assert (theirs.namespace, theirs.metric_name) == (ours.namespace, ours.metric_name)
    assert (theirs.statistic, theirs.dimensions) == (ours.statistic, ours.dimensions)


def test_its_metrics_are_of_the_brokers_region_and_not_of_the_stacks():
    assert imported(of_another_region()).metric_granted().region == REGION


def test_its_metrics_are_by_the_class_of_an_error_that_there_is():
    broker = imported(stack(ACCOUNT))
    refused = broker.metric_refused(error="PrincipalNotAllowed")
    assert refused.dimensions == {"error": "PrincipalNotAllowed"}
    with pytest.raises(InvalidChoice, match="^error: "):
        broker.metric_failed(error="PrincipalNotAllowed")


def test_metrics_of_a_broker_whose_arn_only_the_deployment_knows_are_of_the_stacks_region():
    arn = cdk.Fn.import_value("broker")
    metric = IamSudo.from_function_arn(stack(ACCOUNT), "IamSudo", arn).metric_granted()
    assert metric.region is None or metric.region == REGION
