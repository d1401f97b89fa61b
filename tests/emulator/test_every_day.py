"""Every day, on the emulator: a profile that renews itself, lists, settings, the doctor."""

import json
from pathlib import Path

import pytest

from demo.emulator import ACCOUNT
from tests.emulator.conftest import Deployment, allow

pytestmark = pytest.mark.slow

ROLE = "iam-sudo-demo-my-task"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/IAMSudoUser/iam-sudo-{ROLE}"
WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@pytest.fixture
def profile(deployment: Deployment, tmp_path: Path) -> dict[str, str]:
    """The variables of somebody who uses a configured profile, and whose own is `default`."""
    key = deployment.developer.access_key
    environ = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
        "IAM_SUDO_CACHE": "files",
    }
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    finished = deployment.run(
        "iam-sudo", "configure", "--profile", "task", "--role-name", ROLE,
        credentials={}, **environ,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return {**environ, "AWS_PROFILE": "task"}


def test_boto3_and_the_cli_are_the_role_by_a_profile(
    deployment: Deployment, profile: dict[str, str]
) -> None:
    for command in (
        ("python", "-c", WHO),
        ("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"),
    ):
        finished = deployment.run(*command, credentials={}, **profile)
        assert (finished.returncode, finished.stdout) == (0, f"{ARN}\n"), finished.stderr


def test_processes_one_after_the_other_have_the_same_session(
    deployment: Deployment, profile: dict[str, str]
) -> None:
    script = "import boto3; print(boto3.Session().get_credentials().access_key)"
    keys = [
        deployment.run("python", "-c", script, credentials={}, **profile).stdout for _ in range(3)
    ]
    assert len(set(keys)) == 1
    assert keys[0].strip()


def test_the_list_is_the_brokers_and_names_nobody_else(
    deployment: Deployment, profile: dict[str, str]
) -> None:
    deployment.role("payroll-of-another-team")
    finished = deployment.run("iam-sudo", "list")
    assert finished.returncode == 0, finished.stderr
    assert f"{ROLE} yes " in finished.stdout
    assert "may not be simulated: its name matches no allowed pattern" in finished.stderr
    assert "payroll-of-another-team" not in finished.stdout + finished.stderr
    found = json.loads(deployment.run("iam-sudo", "list", ROLE, "--json").stdout)
    assert [role["name"] for role in found["roles"]] == [ROLE]


def test_who_may_list_roles_sees_which_trust_them(deployment: Deployment) -> None:
    user = deployment.user("lister", allow("iam:ListRoles"), allow("lambda:InvokeFunction"))
    deployment.role("trusting-lister", trust={"AWS": f"arn:aws:iam::{ACCOUNT}:user/lister"})
    finished = deployment.run("iam-sudo", "list", "trusting", credentials=user)
    assert finished.stdout == "trusting-lister - yes\n", finished.stderr


def test_the_doctor_finds_all_well(deployment: Deployment) -> None:
    finished = deployment.run("iam-sudo", "doctor", "--role-name", ROLE)
    assert finished.returncode == 0, finished.stdout
    assert f"ok  identity    {deployment.developer.arn}" in finished.stdout


def test_export_is_the_role(deployment: Deployment) -> None:
    script = f'eval "$(iam-sudo export --role-name {ROLE})"; python -c "{WHO}"'
    finished = deployment.run("sh", "-c", script)
    assert finished.stdout == f"{ARN}\n", finished.stderr


def test_a_short_name_is_enough(deployment: Deployment, profile: dict[str, str]) -> None:
    settings = Path(profile["XDG_CONFIG_HOME"]) / "iam-sudo" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[roles.task]\nrole-name = "{ROLE}"\n')
    finished = deployment.run(
        "iam-sudo", "simulate", "--role-name", "task", "python", "-c", WHO,
        XDG_CONFIG_HOME=profile["XDG_CONFIG_HOME"],
    )  # fmt: skip
    assert finished.stdout == f"{ARN}\n", finished.stderr
