"""What a simulated role that may do anything cannot do to the broker.

The base role is AdministratorAccess here, so that nothing but the guardrails is in the way.
`lambda:CreateEventSourceMapping` is missing: the emulator does not know `lambda:FunctionArn`, and
tests/cdk asserts its Deny in the template.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.blog import deploy
from demo.emulator import ACCOUNT
from tests.emulator.conftest import SSO_ROLE, Deployment, allow

pytestmark = pytest.mark.slow

BROKER = "iam-sudo"
BASE_ROLE = "IAMSudoUser"
OPEN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        ],
    }
)


@pytest.fixture(scope="module")
def attacker(deployment: Deployment) -> Iterator[Any]:
    """Clients of a simulated role that is allowed everything that matters."""
    developers = f"{deployment.developer.arn},{SSO_ROLE}"
    quiet = {"developers": developers}
    emulator = deployment.emulator
    deploy(emulator, lambda _: None, base_role_managed_policies="AdministratorAccess", **quiet)
    deployment.role(
        "iam-sudo-demo-root", allow("lambda:*", "cloudformation:*", "logs:*", "sts:*", "iam:*")
    )
    session = deployment.simulated("iam-sudo-demo-root")
    yield lambda service: emulator.client(service, session)
    deploy(emulator, lambda _: None, **quiet)


def broker_role(deployment: Deployment) -> str:
    function = deployment.emulator.client("lambda").get_function(FunctionName=BROKER)
    role: str = function["Configuration"]["Role"].rsplit("/")[-1]
    return role


def denied(call: Any, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert "AccessDenied" in caught.value.response["Error"]["Code"]


def test_the_attacker_is_powerful_elsewhere(attacker: Any) -> None:
    attacker("iam").create_role(RoleName="made-by-the-attacker", AssumeRolePolicyDocument=OPEN)
    attacker("logs").create_log_group(logGroupName="/made/by/the/attacker")
    attacker("logs").delete_log_group(logGroupName="/made/by/the/attacker")
    assert attacker("cloudformation").describe_stacks(StackName="iam-sudo")["Stacks"]
    attacker("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/made-by-the-attacker", RoleSessionName="me"
    )


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("update_function_code", {"ZipFile": b"evil"}),
        ("update_function_configuration", {"Environment": {"Variables": {}}}),
        ("delete_function", {}),
        ("get_function", {}),
        ("invoke", {}),
        ("publish_version", {}),
        ("create_function_url_config", {"AuthType": "NONE"}),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 0}),
        (
            "add_permission",
            {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"},
        ),
    ],
)
def test_the_function_cannot_be_touched(
    attacker: Any, operation: str, parameters: dict[str, Any]
) -> None:
    denied(getattr(attacker("lambda"), operation), FunctionName=BROKER, **parameters)


@pytest.mark.parametrize("by_id", [True, False])
def test_the_stack_cannot_be_changed(attacker: Any, deployment: Deployment, by_id: bool) -> None:
    cloudformation = attacker("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName="iam-sudo")["Stacks"]
    name = stack["StackId"] if by_id else "iam-sudo"
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    denied(cloudformation.update_stack, StackName=name, TemplateBody=template)
    denied(
        cloudformation.create_change_set, StackName=name, ChangeSetName="c", TemplateBody=template
    )
    denied(cloudformation.delete_stack, StackName=name)


def test_the_log_cannot_be_read_or_deleted(attacker: Any) -> None:
    group = "/aws/lambda/iam-sudo"
    denied(attacker("logs").filter_log_events, logGroupName=group)
    denied(attacker("logs").delete_log_group, logGroupName=group)
    denied(attacker("logs").put_retention_policy, logGroupName=group, retentionInDays=1)
    denied(attacker("logs").delete_retention_policy, logGroupName=group)


def test_the_roles_cannot_be_changed_or_assumed(attacker: Any, deployment: Deployment) -> None:
    iam = attacker("iam")
    for role in (BASE_ROLE, broker_role(deployment)):
        denied(iam.update_assume_role_policy, RoleName=role, PolicyDocument=OPEN)
        denied(iam.put_role_policy, RoleName=role, PolicyName="p", PolicyDocument=OPEN)
        denied(iam.delete_role_policy, RoleName=role, PolicyName="keep-the-broker")
        denied(
            iam.attach_role_policy,
            RoleName=role,
            PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
        )
        denied(iam.delete_role, RoleName=role)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        denied(attacker("sts").assume_role, RoleArn=arn, RoleSessionName="me")


def test_the_base_role_trusts_nobody_but_the_broker(deployment: Deployment) -> None:
    everybody = deployment.user("sts-everything", allow("sts:*", "iam:*"))
    for credentials in (everybody, deployment.developer.access_key):
        sts = deployment.emulator.client("sts", credentials)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{BASE_ROLE}"
        denied(sts.assume_role, RoleArn=arn, RoleSessionName="me")
