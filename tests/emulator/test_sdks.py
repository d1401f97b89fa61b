"""SDKs and the AWS CLI in a session are the session, in a home that is full of somebody else."""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from demo.emulator import ACCOUNT, REGION
from tests.emulator.conftest import Deployment

pytestmark = pytest.mark.slow

ROLE = "iam-sudo-demo-my-task"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/IAMSudoUser/iam-sudo-{ROLE}"
SDK = Path(__file__).parents[1] / "node_modules" / "@aws-sdk" / "client-sts"
BOTO3 = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
JAVASCRIPT = """
const { STSClient, GetCallerIdentityCommand } = require(process.argv[1]);
new STSClient({}).send(new GetCallerIdentityCommand({})).then((who) => console.log(who.Arn));
"""
PROGRAMS = {
    "boto3": ("python", "-c", BOTO3),
    "AWS CLI v1": ("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"),
    "JavaScript v3": ("node", "-e", JAVASCRIPT, str(SDK)),
}


@pytest.fixture(scope="module")
def full_home(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home with the caller's keys in both files, and variables that name whoever they can."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    caller = deployment.developer.access_key
    keys = {
        "aws_access_key_id": caller["AccessKeyId"],
        "aws_secret_access_key": caller["SecretAccessKey"],
    }
    printed = json.dumps({"Version": 1, "AccessKeyId": "AKIDOFSOMEBODY", "SecretAccessKey": "x"})
    _write(home / ".aws" / "credentials", {"default": keys, "mine": keys})
    _write(
        home / ".aws" / "config",
        {
            "default": {"region": REGION, "output": "json"},
            "profile mine": {"region": REGION},
            "profile other": {"credential_process": f"echo '{printed}'"},
        },
    )
    return {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_PROFILE": "mine",
        "AWS_DEFAULT_PROFILE": "mine",
        "AWS_ACCOUNT_ID": "999999999999",
        "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/somebody",
        "AWS_ROLE_SESSION_NAME": "somebody",
        "AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z",
        "AWS_BEARER_TOKEN_BEDROCK": "of-somebody",
        "AWS_VAULT": "mine",
        "AWSUME_PROFILE": "mine",
        "AWS_SDK_LOAD_CONFIG": "1",
    }


def _write(path: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
    parser = configparser.RawConfigParser()
    parser.read_dict(sections)
    with path.open("w") as file:
        parser.write(file)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_every_sdk_is_the_session(
    deployment: Deployment, full_home: dict[str, str], program: tuple[str, ...]
) -> None:
    if "node" in program and not SDK.exists():
        pytest.skip("the SDK is not installed: `make test` does it")
    finished = deployment.run("iam-sudo", "simulate", "--role-name", ROLE, *program, **full_home)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == SESSION


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_without_us_they_are_somebody_else(
    deployment: Deployment, full_home: dict[str, str], program: tuple[str, ...]
) -> None:
    if "node" in program and not SDK.exists():
        pytest.skip("the SDK is not installed: `make test` does it")
    finished = deployment.run(*program, credentials={}, **full_home)
    assert SESSION not in finished.stdout
