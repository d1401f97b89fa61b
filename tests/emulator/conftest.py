"""One emulator a test run, the application deployed to it by the real CDK."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.blog import Developer, add_developer, deploy
from demo.emulator import ACCOUNT, Emulator

# Of a permission set, but for its path: the emulator takes every principal with "amazonaws.com" in
# it for a service. tests/cdk has the real one, /aws-reserved/sso.amazonaws.com/….
SSO_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso/AWSReservedSSO_Dev_0123456789abcdef"

# A function that assumes the role it is told, and says what came of it.
ASSUMES = """
import boto3, botocore.exceptions

def handler(event, context):
    try:
        boto3.client("sts").assume_role(RoleArn=event["role"], RoleSessionName="me")
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "assumed"
"""

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]


@dataclass(frozen=True)
class Deployment:
    """The emulated account with the broker in it, and who is there to use it."""

    emulator: Emulator
    developer: Developer

    def run(
        self, *command: str, credentials: Mapping[str, Any] | None = None, **environ: str
    ) -> Finished:
        """Run a command as the developer, or with other credentials."""
        key = self.developer.access_key if credentials is None else credentials
        return subprocess.run(
            command,
            env=self.emulator.environment(key) | environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def user(self, name: str, *statements: Mapping[str, Any]) -> dict[str, str]:
        """Add a user with one inline policy, and return its access key."""
        iam = self.emulator.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key: dict[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
        return key

    def role(
        self,
        name: str,
        *statements: Mapping[str, Any],
        trust: Mapping[str, Any] | None = None,
        path: str = "/",
    ) -> str:
        """Add a role with one inline policy, trusted by ecs-tasks or otherwise; return its ARN."""
        iam = self.emulator.client("iam")
        principal = trust or {"Service": "ecs-tasks.amazonaws.com"}
        trusted = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        arn: str = iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=document(trusted)
        )["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        return arn

    def simulated(
        self,
        role_name: str,
        *,
        broker: str = "iam-sudo",
        credentials: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Credentials of a simulated role, as the broker gave them to the developer."""
        client = self.emulator.client("lambda", credentials or self.developer.access_key)
        reply = client.invoke(
            FunctionName=broker, Payload=json.dumps({"role_name": role_name}).encode()
        )
        answer: dict[str, str] = json.loads(reply["Payload"].read())
        assert "FunctionError" not in reply, answer
        return answer


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator.start() as started:
        started.bootstrap(lambda _line: None)
        yield started


@pytest.fixture(scope="session")
def deployment(emulator: Emulator) -> Deployment:
    """The application as `cdk deploy` makes it, granted to a user and to a permission set."""
    deployed = Deployment(emulator, add_developer(emulator))
    path, _, name = SSO_ROLE.partition(":role")[2].rpartition("/")
    deployed.role(name, trust={"AWS": ACCOUNT}, path=f"{path}/")
    deploy(emulator, lambda _line: None, developers=f"{deployed.developer.arn},{SSO_ROLE}")
    return deployed


@pytest.fixture(scope="session")
def ancestor() -> Path:
    """The ancestor's own `iam-sudo`, which `make test` installs in an environment of its own."""
    command = Path(__file__).parents[2] / ".venv-ancestor" / "bin" / "iam-sudo"
    if not command.exists():
        pytest.skip("the ancestor is not installed: `make test` does it")
    return command
