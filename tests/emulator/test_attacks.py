"""What a simulated role that may do anything cannot do to the broker.

The base role is AdministratorAccess here, so that nothing but the guardrails is in the way.
`lambda:CreateEventSourceMapping` is missing: the emulator does not know `lambda:FunctionArn`, and
tests/cdk asserts its Deny in the template.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.blog import deploy
from demo.emulator import ACCOUNT, PROJECT, REGION
from tests.emulator.conftest import ASSUMES, SSO_ROLE, Deployment, allow, document

pytestmark = pytest.mark.slow

BROKER = "iam-sudo"
OTHER = "other-broker"
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
        "iam-sudo-demo-root",
        allow("lambda:*", "cloudformation:*", "logs:*", "sts:*", "iam:*", "s3:*", "eks:*"),
    )
    session = deployment.simulated("iam-sudo-demo-root")
    yield lambda service: emulator.client(service, session)
    deploy(emulator, lambda _: None, **quiet)


def broker_role(deployment: Deployment) -> str:
    function = deployment.emulator.client("lambda").get_function(FunctionName=BROKER)
    role: str = function["Configuration"]["Role"].rsplit("/")[-1]
    return role


@pytest.fixture(scope="module")
def another_broker(attacker: Any, deployment: Deployment) -> Iterator[dict[str, str]]:
    """A second broker in the account, of other names, and the key of the user who may ask it."""
    user = deployment.user("developer-of-another-team")
    names = {
        "stack_name": OTHER,
        "function_name": OTHER,
        "base_role_name": "OtherBase",
        "development_accounts": ACCOUNT,
        "role_names": "iam-sudo-demo-*",
        "base_role_managed_policies": "AdministratorAccess",
        "developers": f"arn:aws:iam::{ACCOUNT}:user/developer-of-another-team",
    }
    options = [argument for key, value in names.items() for argument in ("-c", f"{key}={value}")]
    emulator = deployment.emulator
    emulator.cdk("deploy", OTHER, *options, app_dir=PROJECT, progress=lambda _: None)
    yield user
    emulator.cdk("destroy", OTHER, *options, app_dir=PROJECT, progress=lambda _: None)


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
    attacker("s3").create_bucket(
        Bucket="made-by-the-attacker", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    attacker("s3").put_object(Bucket="made-by-the-attacker", Key="k", Body=b"")


@pytest.fixture(scope="module")
def carrier(attacker: Any, deployment: Deployment) -> str:
    """A managed policy that the broker made for the session of a role that is too large."""
    statements = [
        allow(f"s3:Get{n:03}", resource=f"arn:aws:s3:::attacked-{n:03}/{'x' * 100}")
        for n in range(25)
    ]
    deployment.role("iam-sudo-demo-attacked", *statements)
    deployment.simulated("iam-sudo-demo-attacked")
    explained = deployment.run(
        "iam-sudo", "explain", "--role-name", "iam-sudo-demo-attacked", "--json"
    )
    [arn] = json.loads(explained.stdout)["plan"]["policy_arns"]
    assert attacker("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    made: str = arn
    return made


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_policy_version", {"PolicyDocument": document(allow("*")), "SetAsDefault": True}),
        ("delete_policy", {}),
        ("delete_policy_version", {"VersionId": "v1"}),
        ("set_default_policy_version", {"VersionId": "v1"}),
        ("tag_policy", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_policy", {"TagKeys": ["a"]}),
    ],
)
def test_what_carries_a_session_cannot_be_touched(
    attacker: Any, carrier: str, operation: str, parameters: dict[str, Any]
) -> None:
    denied(getattr(attacker("iam"), operation), PolicyArn=carrier, **parameters)


def test_nothing_is_made_beside_what_carries_sessions(attacker: Any) -> None:
    iam = attacker("iam")
    for path in ("/iam-sudo/", "/iam-sudo/x/"):
        denied(iam.create_policy, PolicyName="x", Path=path, PolicyDocument=document(allow("*")))
    iam.create_policy(PolicyName="x", Path="/elsewhere/", PolicyDocument=document(allow("*")))


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


def test_no_policy_of_the_account_reaches_the_log(attacker: Any) -> None:
    policy: dict[str, Any] = {"policyName": "p", "policyType": "SUBSCRIPTION_FILTER_POLICY"}
    logs = attacker("logs")
    denied(logs.put_account_policy, **policy, policyDocument="{}", scope="ALL")
    denied(logs.delete_account_policy, **policy)
    denied(logs.put_resource_policy, policyName="p", policyDocument=OPEN)


def test_the_archive_cannot_be_changed(attacker: Any, deployment: Deployment) -> None:
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    s3 = attacker("s3")
    key = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Key"]
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    denied(s3.put_object, Bucket=bucket, Key=key, Body=b"evil")
    denied(s3.delete_object, Bucket=bucket, Key=key)
    denied(s3.put_bucket_policy, Bucket=bucket, Policy=OPEN)
    assert deployment.simulated("iam-sudo-demo-my-task")


def test_another_broker_of_the_account_cannot_be_touched(
    attacker: Any, another_broker: dict[str, str]
) -> None:
    # The emulator knows the tags of functions and roles; those of logs and stacks it does not, and
    # tests/fidelity/test_reach.py asks the evaluator.
    function = {"FunctionName": OTHER}
    denied(attacker("lambda").update_function_code, **function, ZipFile=b"evil")
    denied(attacker("lambda").invoke, **function)
    [arn] = (
        each["FunctionArn"]
        for each in attacker("lambda").list_functions()["Functions"]
        if each["FunctionName"] == OTHER
    )
    denied(attacker("lambda").untag_resource, Resource=arn, TagKeys=["iam-sudo:broker"])
    iam = attacker("iam")
    denied(iam.update_assume_role_policy, RoleName="OtherBase", PolicyDocument=OPEN)
    denied(iam.untag_role, RoleName="OtherBase", TagKeys=["iam-sudo:broker"])
    arn = f"arn:aws:iam::{ACCOUNT}:role/OtherBase"
    denied(attacker("sts").assume_role, RoleArn=arn, RoleSessionName="me")


def test_a_session_of_another_broker_cannot_touch_this_one(
    deployment: Deployment, another_broker: dict[str, str]
) -> None:
    credentials = deployment.simulated(
        "iam-sudo-demo-root", broker=OTHER, credentials=another_broker
    )
    client = deployment.emulator.client
    denied(client("lambda", credentials).update_function_code, FunctionName=BROKER, ZipFile=b"evil")
    iam = client("iam", credentials)
    for role in (BASE_ROLE, broker_role(deployment)):
        denied(iam.update_assume_role_policy, RoleName=role, PolicyDocument=OPEN)


def test_the_execution_role_is_of_no_use_in_another_function(deployment: Deployment) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{broker_role(deployment)}"
    base_role = f"arn:aws:iam::{ACCOUNT}:role/{BASE_ROLE}"
    assert assumed_by(deployment, role, base_role) == "AccessDenied"
    # It is the guard that denies it: as it was before, it would do.
    iam = deployment.emulator.client("iam")
    name = broker_role(deployment)
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    guarded = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    unguarded = [each for each in guarded["Statement"] if each["Effect"] == "Allow"]
    put = {"RoleName": name, "PolicyName": policy}
    iam.put_role_policy(**put, PolicyDocument=document(*unguarded))
    try:
        assert assumed_by(deployment, role, base_role) == "assumed"
    finally:
        iam.put_role_policy(**put, PolicyDocument=json.dumps(guarded))
    assert deployment.simulated("iam-sudo-demo-my-task")


def assumed_by(deployment: Deployment, role: str, assumes: str) -> str:
    """What a function with `role` says of assuming another one."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("index.py", ASSUMES)
    functions = deployment.emulator.client("lambda")
    functions.create_function(
        FunctionName="made-by-somebody",
        Runtime="python3.13",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )
    try:
        event = json.dumps({"role": assumes}).encode()
        reply = functions.invoke(FunctionName="made-by-somebody", Payload=event)
        said: str = json.loads(reply["Payload"].read())
        return said
    finally:
        functions.delete_function(FunctionName="made-by-somebody")


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
