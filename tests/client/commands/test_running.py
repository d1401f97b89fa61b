"""What `simulate` and `assume` do alike: CMD, its environment, its exit code, and `--profile`."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.command_line import Run, Service, one_error

ASK_BEDROCK = """
import boto3
boto3.client("bedrock-runtime").invoke_model(modelId="m", body=b"{}")
"""
SHOW = [
    sys.executable,
    "-c",
    "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if 'AWS' in k}))",
]


def test_the_command_runs_with_the_new_credentials_alone(run: Run, service: Service) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", *SHOW,
        environ={"AWS_PROFILE": None, "AWS_SESSION_TOKEN": None},
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout) == {
        "AWS_ACCESS_KEY_ID": "ASIAGIVEN",
        "AWS_SECRET_ACCESS_KEY": "given-secret",
        "AWS_SESSION_TOKEN": "given-token",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": service.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.mark.parametrize(
    "left_behind",
    [
        {"AWS_BEARER_TOKEN_BEDROCK": "own-api-key"},
        {"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth"},
        {"AWS_BEARER_TOKEN_BEDROCK": "own-api-key", "AWS_AUTH_SCHEME_PREFERENCE": "sigv4"},
    ],
)
def test_the_command_signs_with_the_new_key_and_never_with_the_callers_token(
    run: Run, service: Service, tmp_path: Path, left_behind: dict[str, str | None]
) -> None:
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nsso_session = s\n"
        "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.com\n"
    )
    # The name is what botocore makes of the session's.
    token = {"accessToken": "own-sso-token", "expiresAt": "2099-01-01T00:00:00Z"}
    (cache / f"{hashlib.sha1(b's').hexdigest()}.json").write_text(json.dumps(token))  # noqa: S324
    finished = run(
        "simulate", "--role-name", "orders-task", sys.executable, "-c", ASK_BEDROCK,
        environ=left_behind,
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    _, bedrock = service.authorizations
    assert service.paths[1] == "/model/m/invoke"
    assert bedrock.startswith("AWS4-HMAC-SHA256 Credential=ASIAGIVEN/")


def test_the_options_of_the_command_are_its_own(run: Run) -> None:
    script = "import sys; print(sys.argv[1:])"
    finished = run(
        "simulate", "--role-name", "orders-task",
        sys.executable, "-c", script, "--profile", "x", "--region=y", "--help", "-v", "--debug",
    )  # fmt: skip
    assert finished.stdout == "['--profile', 'x', '--region=y', '--help', '-v', '--debug']\n"
    assert finished.stderr == ""


def test_two_dashes_may_stand_before_the_command(run: Run) -> None:
    assert run("simulate", "--role-name", "orders-task", "--", "echo", "hello").stdout == "hello\n"


def test_the_exit_code_is_the_commands(run: Run) -> None:
    assert run("simulate", "--role-name", "orders-task", "sh", "-c", "exit 7").returncode == 7
    killed = run("simulate", "--role-name", "orders-task", "sh", "-c", "kill -TERM $$")
    assert killed.returncode == -15  # died of it, of which a shell makes 128 + 15


@pytest.mark.parametrize(("command", "code"), [("no-such-command", 127), ("/etc", 126)])
def test_a_command_that_cannot_run(run: Run, command: str, code: int) -> None:
    assert command in one_error(run("simulate", "--role-name", "orders-task", command), code)


def test_a_profile_is_saved_and_the_command_runs_too(run: Run, tmp_path: Path) -> None:
    finished = run("simulate", "--role-name", "orders-task", "--profile", "orders", "echo", "hi")
    assert finished.stdout == "hi\n"
    assert finished.stderr == "INFO: credentials saved under AWS profile orders.\n"
    saved = tmp_path / ".aws" / "credentials"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert "aws_session_token = given-token" in saved.read_text()


def test_the_profile_is_saved_where_botocore_reads(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    environ: dict[str, str | None] = {"AWS_SHARED_CREDENTIALS_FILE": str(elsewhere)}
    run("simulate", "--role-name", "orders-task", "--profile", "orders", environ=environ)
    assert "ASIAGIVEN" in elsewhere.read_text()


def test_long_lived_keys_are_overwritten_with_force_alone(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / ".aws" / "credentials"
    saved.parent.mkdir()
    saved.write_text("[ann]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n")
    arguments = ("simulate", "--role-name", "orders-task", "--profile", "ann")
    assert "long-lived keys" in one_error(run(*arguments), 253)
    assert "AKIA1" in saved.read_text()
    assert run(*arguments, "--force").returncode == 0
    assert "ASIAGIVEN" in saved.read_text()


def test_the_region_of_a_profile_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile dev]\nregion = ap-south-1\n")
    finished = run(
        "simulate", "--role-name", "orders-task", *SHOW,
        environ={"AWS_PROFILE": "dev", "AWS_REGION": None},
    )  # fmt: skip
    shown = json.loads(finished.stdout)
    assert shown["AWS_REGION"] == shown["AWS_DEFAULT_REGION"] == "ap-south-1"
    assert "AWS_PROFILE" not in shown


def test_the_option_region_wins(run: Run) -> None:
    finished = run("simulate", "--role-name", "orders-task", "--region", "us-west-2", *SHOW)
    assert json.loads(finished.stdout)["AWS_REGION"] == "us-west-2"


@pytest.mark.parametrize("before", [True, False])
def test_verbose_shows_the_steps_and_no_secret(run: Run, before: bool) -> None:
    arguments = ["simulate", "--role-name", "orders-task", "true"]
    arguments.insert(0 if before else 1, "--verbose")
    finished = run(*arguments)
    assert finished.returncode == 0
    assert "DEBUG: access key id: ASIAGIVEN" in finished.stderr
    assert "given-secret" not in finished.stderr
    assert "given-token" not in finished.stderr


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("simulate", "orders-task"),
        ("simulate", "arn:aws:iam::111122223333:role/p/orders-task"),
        ("simulate", "arn:aws:sts::111122223333:assumed-role/orders-task/ann"),
    ],
)
def test_the_command_is_told_which_role_it_is(run: Run, command: str, typed: str) -> None:
    finished = run(
        command, "--role-name", typed, "sh", "-c", 'echo "$IAM_SUDO_ROLE" "$IAM_SUDO_EXPIRATION"'
    )
    assert finished.stdout == "orders-task 2026-11-22T13:00:00+00:00\n"


@pytest.mark.parametrize("stdin", [None, b""])
def test_without_a_terminal_an_empty_command_is_wrong_usage_and_no_shell(
    run: Run, service: Service, stdin: bytes | None
) -> None:
    finished = run("simulate", "--role-name", "orders-task", stdin=stdin)
    assert finished.returncode == 125
    assert "specify --profile, a command or both" in finished.stderr
    assert service.asked == []


def test_a_closed_standard_error_stops_nobody(
    environment: dict[str, str], service: Service, tmp_path: Path
) -> None:
    line = f"{sys.executable} -m iam_sudo_client simulate --role-name orders-task echo done 2>&-"
    finished = subprocess.run(
        ["sh", "-c", line], env=environment, stdout=subprocess.PIPE, check=False, cwd=tmp_path
    )
    assert (finished.returncode, finished.stdout) == (0, b"done\n")
