"""Who looks after a broker, on the emulator: its trail, and the end of sessions."""

import json
import subprocess
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from demo.emulator import ACCOUNT
from tests.emulator.conftest import Deployment, allow

pytestmark = pytest.mark.slow

ROLE, OTHER = "iam-sudo-demo-ended-task", "iam-sudo-demo-lasting-task"


@pytest.fixture
def operator(deployment: Deployment) -> dict[str, str]:
    deployment.role(ROLE, allow("ssm:DescribeParameters"))
    return deployment.user(
        "operator-of-all", allow("logs:FilterLogEvents", "iam:Get*", "iam:PutRolePolicy", "sts:*")
    )


def test_the_trail_and_the_end_of_a_session(
    deployment: Deployment, operator: dict[str, str]
) -> None:
    session = deployment.simulated(ROLE)
    parameters = deployment.emulator.client("ssm", session).describe_parameters
    parameters()

    seen = deployment.run("iam-sudo", "log", "--role-name", ROLE, credentials=operator)
    assert f"granted role={ROLE}" in seen.stdout, seen.stderr
    assert session["AccessKeyId"] in seen.stdout

    asked = ("iam-sudo", "revoke", "--role-name", ROLE, "--yes")
    ended = deployment.run(*asked, credentials=operator)
    assert ended.returncode == 0, ended.stderr
    assert "WARNING" not in ended.stderr
    with pytest.raises(ClientError, match="AccessDenied"):
        parameters()
    # A second time changes nothing but the time, and others keep their sessions.
    assert deployment.run(*asked, credentials=operator).returncode == 0
    deployment.role(OTHER, allow("ssm:DescribeParameters"))
    deployment.emulator.client("ssm", deployment.simulated(OTHER)).describe_parameters()

    half_a_minute_later(deployment)
    again = deployment.simulated(ROLE)
    deployment.emulator.client("ssm", again).describe_parameters()
    with pytest.raises(ClientError, match="AccessDenied"):
        parameters()

    said = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/IAMSudoUser/iam-sudo-{ROLE} is not authorized "
        "to perform: ssm:DescribeParameters with an explicit deny in an identity-based policy"
    )
    why = subprocess.run(
        ("iam-sudo", "why"),
        env=deployment.emulator.environment(deployment.developer.access_key),
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )
    assert why.stdout.startswith("Denied by  the end of the session\n"), why.stderr


def half_a_minute_later(deployment: Deployment) -> None:
    """As if the time were over that a new session has to wait, which no test should."""
    iam = deployment.emulator.client("iam")
    [name] = [
        each
        for each in iam.list_role_policies(RoleName="IAMSudoUser")["PolicyNames"]
        if each.startswith("iam-sudo-revoked-")
    ]
    time.sleep(1.1)  # the session that was ended began in another second
    written = iam.get_role_policy(RoleName="IAMSudoUser", PolicyName=name)["PolicyDocument"]
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    written["Statement"][0]["Condition"]["DateLessThan"] = {"aws:TokenIssueTime": now}
    iam.put_role_policy(RoleName="IAMSudoUser", PolicyName=name, PolicyDocument=json.dumps(written))


def test_who_may_not_is_told_the_permission(deployment: Deployment) -> None:
    nobody = deployment.user("nobody-of-all", allow("sts:GetCallerIdentity"))
    refused = deployment.run("iam-sudo", "log", credentials=nobody)
    assert "ask for logs:FilterLogEvents" in refused.stderr
    refused = deployment.run("iam-sudo", "revoke", "--yes", credentials=nobody)
    assert "ask for iam:GetRole" in refused.stderr
