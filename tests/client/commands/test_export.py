"""`export`, `console` and `completion`: what is printed for others to use."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from iam_sudo_client.ways_out.formats import FORMATS, formatted
from iam_sudo_core.credentials import Credentials
from tests.client.command_line import GIVEN, Run, Service, one_error

EXPORT = ("export", "--role-name", "orders-task")
ODD = Credentials("A'$(x)`\\\"%PATH%;&|", "s e'c", "t\\'k", "2026-01-01T00:00:00+00:00")


def test_env_is_for_eval_and_leaves_one_identity(run: Run, environment: dict[str, str]) -> None:
    before: dict[str, str | None] = {"AWS_BEARER_TOKEN_BEDROCK": "b"}
    finished = run(*EXPORT, environ=before)
    shell = subprocess.run(
        ["sh", "-c", finished.stdout + "\nenv"],
        env={**environment, "AWS_BEARER_TOKEN_BEDROCK": "b", "AWS_PROFILE": "dev"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = dict(line.partition("=")[::2] for line in shell.stdout.splitlines())
    assert found["AWS_ACCESS_KEY_ID"] == "ASIAGIVEN"
    assert found["AWS_SECRET_ACCESS_KEY"] == "given-secret"
    assert found["AWS_SESSION_TOKEN"] == "given-token"
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["IAM_SUDO_ROLE"] == "orders-task"
    assert "AWS_BEARER_TOKEN_BEDROCK" not in found
    assert "unset AWS_BEARER_TOKEN_BEDROCK" in finished.stdout


def test_json_is_what_a_credential_process_prints(run: Run) -> None:
    assert json.loads(run(*EXPORT, "--format", "json").stdout) == {"Version": 1, **GIVEN}


@pytest.mark.parametrize("how", [how for how in FORMATS if how not in ("json", "docker", "cmd")])
def test_no_value_is_run_by_a_shell(how: str) -> None:
    text = formatted(how, ODD, {"AWS_PROFILE": "x"}, region="eu-west-1", role="orders")
    assert "AWS_PROFILE" in text
    shell = {"env": "sh", "fish": "fish", "powershell": "pwsh"}[how]
    if not (program := shutil.which(shell)):
        pytest.skip(f"there is no {shell}")
    for name, value in (
        ("AWS_ACCESS_KEY_ID", ODD.access_key_id),
        ("AWS_SESSION_TOKEN", ODD.session_token),
    ):
        finished = subprocess.run(
            [program, "-c", f'{text}\nprintf %s "${name}"'],
            env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert finished.stdout == value


def test_the_quotes_of_each_shell() -> None:
    key = Credentials("K", "a'b", "c", "e")
    lines = {
        how: formatted(how, key, {"AWS_PROFILE": "x"}, region="r", role="o").splitlines()
        for how in FORMATS
    }
    assert lines["powershell"][0] == "Remove-Item Env:AWS_PROFILE"
    assert lines["powershell"][2] == "$Env:AWS_SECRET_ACCESS_KEY = 'a''b'"
    assert lines["fish"][0] == "set -e AWS_PROFILE"
    assert lines["fish"][2] == "set -gx AWS_SECRET_ACCESS_KEY 'a\\'b'"
    assert lines["cmd"][0] == 'set "AWS_PROFILE="'
    assert lines["cmd"][2] == 'set "AWS_SECRET_ACCESS_KEY=a\'b"'
    assert lines["docker"][1] == "AWS_SECRET_ACCESS_KEY=a'b"
    assert not any("PROFILE" in line for line in lines["docker"])


def test_what_cmd_cannot_be_told_is_not_told_to_it(run: Run, service: Service) -> None:
    service.body = {**GIVEN, "SessionToken": 'x"&calc&"'}
    said = one_error(run(*EXPORT, "--format", "cmd"), 2)
    assert said == 'AWS_SESSION_TOKEN has a ", which cmd would obey; choose --format json'


def test_another_format_is_none(run: Run, service: Service) -> None:
    assert one_error(run(*EXPORT, "--format", "toml"), 2) == (
        "--format 'toml' is none; choose one of json, env, fish, powershell, cmd, docker"
    )
    assert service.asked == []


def test_assume_is_the_role_itself(run: Run, service: Service) -> None:
    for option in (["--remote"], ["--local"], ["--base-role", "x"], ["--principal", "Service:x"]):
        said = one_error(run(*EXPORT, "--assume", *option), 2)
        assert said.startswith(f"--assume is the role itself, and {option[0]} is of a simulated")
    run(*EXPORT, "--assume")
    assert "GetCallerIdentity" in service.asked[0]


def signin(service: Service) -> dict[str, str | None]:
    return {"AWS_ENDPOINT_URL_SIGNIN": service.url}


def test_the_console_signs_in_as_the_role(run: Run, service: Service) -> None:
    service.body = {**GIVEN, "SigninToken": "TOKEN"}
    finished = run("console", "--role-name", "o", "--service", "s3", environ=signin(service))
    assert (finished.returncode, finished.stderr) == (0, "")
    asked = parse_qs(urlsplit(service.paths[-1]).query)
    assert asked["Action"] == ["getSigninToken"]
    assert json.loads(asked["Session"][0]) == {
        "sessionId": "ASIAGIVEN", "sessionKey": "given-secret", "sessionToken": "given-token",
    }  # fmt: skip
    assert parse_qs(urlsplit(finished.stdout.strip()).query) == {
        "Action": ["login"],
        "Issuer": ["iam-sudo"],
        "Destination": ["https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"],
        "SigninToken": ["TOKEN"],
    }


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
        ("eu-tomorrow-9", "eu-tomorrow-9.console.aws.amazon.com"),
    ],
)
def test_the_console_is_that_of_the_partition(
    run: Run, service: Service, region: str, console: str
) -> None:
    service.body = {**GIVEN, "SigninToken": "TOKEN"}
    finished = run("console", "--role-name", "o", "--region", region, environ=signin(service))
    assert f"https%3A%2F%2F{console}%2F" in finished.stdout


def test_a_partition_that_is_not_known_gets_no_credentials(run: Run, service: Service) -> None:
    finished = run("console", "--role-name", "o", "--region", "us-iso-east-1")
    assert "the console of partition aws-iso" in one_error(finished, 253)


def test_no_sign_in_token_shows_no_credentials(run: Run, service: Service) -> None:
    for body in ({**GIVEN}, {**GIVEN, "SigninToken": 1}, {**GIVEN, "SigninToken": ""}):
        service.body = body
        finished = run("--debug", "console", "--role-name", "o", environ=signin(service))
        assert "AWS gives no sign-in token (HTTP 200)" in finished.stderr
        assert finished.returncode == 254
        assert "given-" not in finished.stderr
    nobody: dict[str, str | None] = {"AWS_ENDPOINT_URL_SIGNIN": "http://127.0.0.1:9"}
    finished = run("--debug", "console", "--role-name", "o", environ=nobody)
    assert "cannot be reached" in finished.stderr
    assert "given-" not in finished.stderr


def test_open_gives_the_url_to_the_browser_and_prints_nothing(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = {**GIVEN, "SigninToken": "TOKEN"}
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    environ = {**signin(service), "BROWSER": str(browser)}
    finished = run("console", "--role-name", "o", "--open", environ=environ)
    assert finished.stdout == ""
    assert "opened in your browser, as o until" in finished.stderr
    assert "TOKEN" not in finished.stderr
    assert "SigninToken=TOKEN" in (tmp_path / "opened").read_text()


def test_a_service_that_is_none(run: Run, service: Service) -> None:
    assert "no service of the console" in one_error(
        run("console", "--role-name", "o", "--service", "../x?"), 2
    )


# Completion.


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_what_completes(run: Run, shell: str) -> None:
    finished = run("completion", shell)
    assert finished.returncode == 0
    assert f"_IAM_SUDO_COMPLETE={shell}_complete" in finished.stdout


def test_another_shell_is_not_known(run: Run) -> None:
    assert "'tcsh' is no shell that is known here" in one_error(run("completion", "tcsh"), 2)


def test_roles_are_proposed_of_the_settings_and_of_the_last_list(
    run: Run, service: Service, tmp_path: Path
) -> None:
    (tmp_path / ".iam-sudo.toml").write_text('[roles.orders-short]\nrole-name = "x"\n')
    arn = "arn:aws:iam::111122223333:role/orders-task"
    service.body = {
        "roles": [{"name": "orders-task", "arn": arn, "rule": "r"}],
        "others": {},
        "version": "1",
    }
    run("list")
    asked = len(service.asked)
    for typed in ("simulate --role-name ord", "export --role-name ord"):
        finished = run(
            environ={
                "_IAM_SUDO_COMPLETE": "bash_complete",
                "COMP_WORDS": f"iam-sudo {typed}",
                "COMP_CWORD": "3",
            }
        )
        assert finished.stdout.split() == ["plain,orders-short", "plain,orders-task"]
    assert len(service.asked) == asked


def test_what_a_shell_would_obey_is_not_proposed(
    run: Run, service: Service, tmp_path: Path
) -> None:
    odd = ["o$(id)", "o`id`", "o;id", "o\ndir,", "o id", "o*", "o|id", "o'"]
    (tmp_path / ".iam-sudo.toml").write_text(
        "".join(f'[roles.{json.dumps(name)}]\nrole-name = "x"\n' for name in odd)
        + '[roles.o-1]\nrole-name = "x"\n'
    )
    arn = "arn:aws:iam::111122223333:role/o"
    service.body = {
        "roles": [{"name": name, "arn": arn + name, "rule": "r"} for name in [*odd, "o\ud800"]],
        "others": {},
        "version": "1",
    }
    assert run("list").returncode == 0
    finished = run(
        environ={
            "_IAM_SUDO_COMPLETE": "bash_complete",
            "COMP_WORDS": "iam-sudo simulate --role-name o",
            "COMP_CWORD": "3",
        }
    )
    assert finished.stdout == "plain,o-1\n"
