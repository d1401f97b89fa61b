"""Who looks after a broker, on the emulator: its trail, and the end of sessions."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Deployment, allow

pytestmark = pytest.mark.slow

ROLE = "iam-sudo-demo-ended-task"


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

    ended = deployment.run("iam-sudo", "revoke", "--role-name", ROLE, "--yes", credentials=operator)
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(ClientError, match="AccessDenied"):
        parameters()


def test_who_may_not_is_told_the_permission(deployment: Deployment) -> None:
    nobody = deployment.user("nobody-of-all", allow("sts:GetCallerIdentity"))
    refused = deployment.run("iam-sudo", "log", credentials=nobody)
    assert "ask for logs:FilterLogEvents" in refused.stderr
    refused = deployment.run("iam-sudo", "revoke", "--yes", credentials=nobody)
    assert "ask for iam:GetRole" in refused.stderr
