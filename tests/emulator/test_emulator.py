"""What we patch in the emulator, and what it still gets wrong: told when it has learnt better."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.emulator import ACCOUNT, REGION, Emulator
from tests.emulator.conftest import ASSUMES

pytestmark = pytest.mark.slow

TAGS = {"dev": "dev", "prod": "prod", "untagged": None}


class Account:
    """Roles that trust the account, one for each tag, and users who may assume by tag."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._iam = emulator.client("iam")
        for name, value in TAGS.items():
            self.role(name, tag=value)

    def role(
        self,
        name: str,
        *,
        tag: str | None = None,
        trust: Mapping[str, Any] | None = None,
        allows: Mapping[str, Any] | None = None,
    ) -> None:
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "sts:AssumeRole",
        }
        self._iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_document({**statement, **(trust or {})}),
            Tags=[{"Key": "env", "Value": tag}] if tag else [],
        )
        if allows:
            allow = _document({"Effect": "Allow", "Resource": "*", **allows})
            self._iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow)

    def user(self, name: str, **statement: Any) -> dict[str, str]:
        self._iam.create_user(UserName=name)
        allow = {"Effect": "Allow", "Resource": "*", **statement}
        self._iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=_document(allow))
        key: dict[str, str] = self._iam.create_access_key(UserName=name)["AccessKey"]
        return key

    def may_assume(self, credentials: Mapping[str, str], role: str) -> bool:
        return bool(self.assumed(credentials, role))

    def assumed(self, credentials: Mapping[str, str], role: str) -> dict[str, str]:
        sts = self.emulator.client("sts", credentials)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        try:
            reply = sts.assume_role(RoleArn=arn, RoleSessionName="me")
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return {}
        session: dict[str, str] = reply["Credentials"]
        return session

    def function(self, name: str, *, role: str) -> str:
        """Add a function that assumes the role it is told; return its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as bundle:
            bundle.writestr("index.py", ASSUMES)
        function: str = self.emulator.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            Code={"ZipFile": archive.getvalue()},
            Timeout=30,
        )["FunctionArn"]
        return function

    def assumed_by(self, function: str, role: str) -> str:
        """What a function says of assuming a role."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        reply = self.emulator.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps({"role": arn}).encode()
        )
        said: str = json.loads(reply["Payload"].read())
        return said

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        return self.emulator.client(service, credentials)


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tagged(key: str) -> dict[str, Any]:
    return {"StringEquals": {f"{key}/env": "dev"}}


def of(*arns: str) -> dict[str, Any]:
    return {"ArnLike": {"aws:PrincipalArn": list(arns)}}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Emulator.start() as emulator:
        yield Account(emulator)


@pytest.fixture(scope="module")
def unpatched() -> Iterator[Account]:
    with Emulator.start(patch="") as emulator:
        yield Account(emulator)


def test_ministack_has_not_learnt_the_key_that_we_patch_in(unpatched: Account) -> None:
    user = unpatched.user("ann", Action="sts:AssumeRole", Condition=tagged("iam:ResourceTag"))
    assert not unpatched.may_assume(user, "dev"), (
        "ministack has learnt iam:ResourceTag: take it out of demo.emulator.CONDITION_KEYS"
    )


def test_it_is_the_key_alone_that_ministack_does_not_know(unpatched: Account) -> None:
    user = unpatched.user("bob", Action="sts:AssumeRole", Condition=tagged("aws:ResourceTag"))
    assert [role for role in TAGS if unpatched.may_assume(user, role)] == ["dev"]


@pytest.mark.parametrize("key", ["iam:ResourceTag", "IAM:resourcetag", "aws:ResourceTag"])
def test_roles_are_assumed_by_their_tag(account: Account, key: str) -> None:
    user = account.user(f"by-{key.replace(':', '-')}", Action="sts:*", Condition=tagged(key))
    assert [role for role in TAGS if account.may_assume(user, role)] == ["dev"]


def test_roles_are_changed_by_their_tag(account: Account) -> None:
    user = account.user("tagger", Action="iam:TagRole", Condition=tagged("iam:ResourceTag"))
    iam = account.client("iam", user)
    tags = [{"Key": "team", "Value": "orders"}]
    iam.tag_role(RoleName="dev", Tags=tags)
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.tag_role(RoleName="prod", Tags=tags)


FROM_A_FUNCTION = {
    "Action": "sts:AssumeRole",
    "Condition": {
        "ArnEquals": {
            "lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:first"
        }
    },
}
LAMBDA = {"Principal": {"Service": "lambda.amazonaws.com"}}


def test_ministack_has_not_learnt_the_function_that_we_patch_in(unpatched: Account) -> None:
    unpatched.role("runs", trust=LAMBDA, allows=FROM_A_FUNCTION)
    unpatched.function("first", role="runs")
    assert unpatched.assumed_by("first", "dev") == "AccessDenied", (
        "ministack has learnt lambda:SourceFunctionArn: take it out of demo.emulator.CONDITION_KEYS"
    )


def test_it_is_the_function_alone_that_ministack_does_not_know(unpatched: Account) -> None:
    unpatched.role("runs-always", trust=LAMBDA, allows={"Action": "sts:AssumeRole"})
    unpatched.function("always", role="runs-always")
    assert unpatched.assumed_by("always", "dev") == "assumed"


def test_a_function_is_known_by_its_credentials(account: Account) -> None:
    account.role("runs", trust=LAMBDA, allows=FROM_A_FUNCTION)
    for name in ("first", "second"):
        account.function(name, role="runs")
    assert account.assumed_by("first", "dev") == "assumed"
    assert account.assumed_by("second", "dev") == "AccessDenied"
    user = account.user("no-function", **FROM_A_FUNCTION)
    assert not account.may_assume(user, "dev")


def test_a_trust_policy_may_ask_who_the_user_is(account: Account) -> None:
    users = {
        name: account.user(name, Action="sts:AssumeRole")
        for name in ("carol", "carol-2", "Carol", "dave")
    }
    developers = [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("carol", "d?ve")]
    account.role("carols-and-daves", trust={"Condition": of(*developers)})
    allowed = [name for name, key in users.items() if account.may_assume(key, "carols-and-daves")]
    assert allowed == ["carol", "dave"]
    assert not account.may_assume(account.user("erin", Action="iam:GetRole"), "untagged")


def test_ministack_has_not_learnt_whose_session_it_is(account: Account) -> None:
    user = account.user("frank", Action="sts:AssumeRole")
    account.role("caller", allows={"Action": "sts:AssumeRole"})
    account.role("trusting", trust={"Condition": of(f"arn:aws:iam::{ACCOUNT}:role/caller")})
    mistaken = f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/*"
    account.role("mistaken", trust={"Condition": of(mistaken)})
    session = account.assumed(user, "caller")
    assert not account.may_assume(session, "trusting"), (
        "ministack has learnt aws:PrincipalArn: say so in demo.emulator, and test with roles"
    )
    assert account.may_assume(session, "mistaken")


# A task's secrets: what Amazon ECS is told of them, and who may read a parameter.

STACK = {
    "Resources": {
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "x"}},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": "orders",
                "ContainerDefinitions": [
                    {
                        "Name": "web",
                        "Image": "i",
                        "Secrets": [{"Name": "S", "ValueFrom": {"Ref": "Secret"}}],
                    }
                ],
            },
        },
    }
}


def secrets_of_a_task(emulator: Emulator) -> list[dict[str, str]]:
    stacks, ecs = emulator.client("cloudformation"), emulator.client("ecs")
    stacks.create_stack(StackName="orders", TemplateBody=json.dumps(STACK))
    stacks.get_waiter("stack_create_complete").wait(StackName="orders", WaiterConfig={"Delay": 1})
    definition = ecs.describe_task_definition(taskDefinition="orders")["taskDefinition"]
    [container] = definition["containerDefinitions"]
    found: list[dict[str, str]] = container["secrets"]
    return found


def may_read_a_parameter(account: Account, *, of: str) -> bool:
    """Whether who may read this parameter may read /orders/x."""
    account.client("ssm").put_parameter(Name="/orders/x", Value="v", Type="String", Overwrite=True)
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{of}"
    user = account.user(f"reads{of.replace('/', '-')}", Action="ssm:GetParameters", Resource=arn)
    try:
        account.client("ssm", user).get_parameters(Names=["/orders/x"])
    except ClientError:
        return False
    return True


def test_ministack_has_not_learnt_what_we_patch_in_of_a_task_s_secrets(unpatched: Account) -> None:
    assert secrets_of_a_task(unpatched.emulator) == [{}], (
        "ministack has learnt the names of Secrets: take them out of demo.emulator.TASK_SECRETS"
    )
    assert not may_read_a_parameter(unpatched, of="/orders/x"), (
        "ministack has learnt what GetParameters is about: take it out of "
        "demo.emulator.TASK_SECRETS"
    )


def test_a_task_s_secrets_are_as_in_aws(account: Account) -> None:
    [secret] = secrets_of_a_task(account.emulator)
    assert secret["name"] == "S"
    assert secret["valueFrom"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:")


def test_a_parameter_is_read_by_who_may_read_it(account: Account) -> None:
    assert may_read_a_parameter(account, of="/orders/x")
    assert not may_read_a_parameter(account, of="/orders/y")


# A new managed policy: what it is asked of.

ON_NEW_POLICIES = {"Action": "iam:CreatePolicy", "Resource": f"arn:aws:iam::{ACCOUNT}:policy/p/*"}


def may_create(account: Account, user: Mapping[str, str], *, path: str) -> bool:
    try:
        account.client("iam", user).create_policy(
            PolicyName=f"of-{user['UserName']}",
            Path=path,
            PolicyDocument=_document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def test_ministack_has_not_learnt_what_a_new_policy_is_asked_of(unpatched: Account) -> None:
    user = unpatched.user("maker", **ON_NEW_POLICIES)
    assert not may_create(unpatched, user, path="/p/"), (
        "ministack has learnt the ARN of a new policy: take it out of demo.emulator.NEW_POLICIES"
    )


def test_a_new_policy_is_asked_for_by_its_path_and_name(account: Account) -> None:
    user = account.user("maker", **ON_NEW_POLICIES)
    assert may_create(account, user, path="/p/")
    assert not may_create(account, user, path="/other/")
    assert not may_create(account, user, path="/")
