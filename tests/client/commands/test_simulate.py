"""`iam-sudo simulate`: what the broker is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from iam_sudo_core import Request
from tests.client.command_line import EXPLANATION, GIVEN, Run, Service, one_error

ROLES = "arn:aws:iam::111122223333:role"


def test_the_request_is_the_ancestors(run: Run, service: Service) -> None:
    run(
        "simulate", "--remote", "--role-name", "orders-task", "--base-role", "Base",
        "--principal", "Service:ecs-tasks.amazonaws.com", "--function-name", "broker", "true",
    )  # fmt: skip
    assert service.asked == [
        {
            "role_name": "orders-task",
            "principal": "Service:ecs-tasks.amazonaws.com",
            "base_role": "Base",
        }
    ]
    assert service.paths == ["/2015-03-31/functions/broker/invocations"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--role-name", "arn:aws:iam::111122223333:user/x", "true"],
        ["--role-name", "x", "--principal", "ecs-tasks.amazonaws.com", "true"],
        ["--role-name", "x", "--base-role", "a b", "true"],
    ],
)
def test_a_wrong_option_is_found_before_anybody_is_asked(
    run: Run, service: Service, arguments: list[str]
) -> None:
    assert "invalid request" in one_error(run("simulate", *arguments), 2)
    assert service.asked == []


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (" orders-task ", "orders-task"),
        ("\torders-task\r\n", "orders-task"),
        (f"{ROLES}/p/orders-task", f"{ROLES}/p/orders-task"),
        (
            "arn:aws:sts::111122223333:assumed-role/orders-task/ann",
            f"{ROLES}/orders-task",
        ),
    ],
)
def test_a_role_is_named_as_people_paste_it(
    run: Run, service: Service, typed: str, asked: str
) -> None:
    assert run("simulate", "--role-name", typed, "true").returncode == 0
    assert service.asked == [{"role_name": asked}]


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
CONFIRMED = Request("x", policy=POLICY).confirmation()


def test_a_policy_goes_to_the_broker_from_a_file_or_as_it_is(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = GIVEN | CONFIRMED
    text = json.dumps(POLICY)
    (tmp_path / "policy.json").write_text(json.dumps(POLICY, indent=2))
    for typed in (text, f" {text}", "policy.json", "file://policy.json"):
        finished = run("simulate", "--role-name", "orders-task", "--policy", typed, "true")
        assert finished.returncode == 0, finished.stderr
    assert service.asked == 4 * [{"role_name": "orders-task", "policy": POLICY}]


@pytest.mark.parametrize("claimed", [{}, {"PolicySha256": "0" * 64}, {"policy": POLICY}])
def test_a_broker_that_does_not_confirm_the_policy_is_not_believed(
    run: Run, service: Service, claimed: Any
) -> None:
    typed = ("--role-name", "orders-task", "--policy", json.dumps(POLICY))
    service.body = GIVEN | claimed
    assert "does not confirm that it" in one_error(run("simulate", *typed, "echo", "hello"), 254)
    service.body = EXPLANATION | claimed
    assert "does not confirm that it" in one_error(run("explain", *typed), 254)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("no-such-file", "cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        ("{", "is not JSON, at line 1, column 2"),
        ('{"Statement": [], "Statement": []}', "'Statement' stands there twice"),
        ("{}", "invalid request: policy: Statement is neither"),
        ('{"Statement": {"Effect": "Allow", "Principal": "*"}}', "unknown element"),
    ],
)
def test_a_policy_that_is_none_is_found_before_anybody_is_asked(
    run: Run, service: Service, typed: str, said: str
) -> None:
    finished = run("simulate", "--role-name", "orders-task", "--policy", typed, "true")
    assert said in one_error(finished, 2)
    assert service.asked == []


def test_remote_and_local_are_two_words(run: Run, service: Service) -> None:
    for typed in (["--remote", "--local"], ["--local", "--function-name", "broker"]):
        said = one_error(run("simulate", "--role-name", "orders-task", *typed, "true"), 2)
        assert "--local asks no broker" in said
    assert service.asked == []
    assert run("simulate", "--role-name", "orders-task", "true").returncode == 0
    assert run("simulate", "--remote", "--role-name", "orders-task", "true").returncode == 0
    assert service.paths == 2 * ["/2015-03-31/functions/iam-sudo/invocations"]


@pytest.mark.parametrize(
    "command",
    [
        ["simulate", "pytest", "-x", "--role-name", "orders-task"],
        ["simulate", "pytest", "--role-name=orders-task"],
        ["simulate", "--local", "--", "pytest", "--role-name", "orders-task"],
        ["assume", "pytest", "--role-name", "orders-task"],
    ],
)
def test_our_options_come_before_the_command(run: Run, command: list[str]) -> None:
    finished = run(*command)
    assert finished.returncode == 125
    assert "stands after CMD" in finished.stderr
    assert f"iam-sudo {command[0]} --role-name … CMD" in finished.stderr


def test_an_option_that_is_missing_everywhere_is_missing(run: Run) -> None:
    assert "Missing option '--role-name'" in run("simulate", "pytest", "-x").stderr


def test_simulate_can_explain_and_runs_nothing(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = EXPLANATION
    explained = run("simulate", "--role-name", "orders-task", "--explain", "touch", "ran")
    assert explained.returncode == 0
    assert explained.stdout.startswith("Role       orders-task")
    assert not (tmp_path / "ran").exists()
    assert service.asked == [{"role_name": "orders-task", "explain": True}]


@pytest.mark.parametrize(
    "options",
    [
        ["--profile", "--", "true"],
        ["--profile", "--force", "true"],
        ["--base-role", "--local", "true"],
        ["--function-name", "--region", "eu-west-1", "true"],
    ],
)
def test_an_option_is_never_the_value_of_another(
    run: Run, service: Service, tmp_path: Path, options: list[str]
) -> None:
    finished = run("simulate", "--role-name", "orders-task", *options)
    assert finished.returncode == 125
    assert f"{options[1]} is an option and not its value" in finished.stderr
    assert service.asked == []
    assert not (tmp_path / ".aws").exists()


def test_a_function_that_is_a_path_is_none(run: Run, service: Service) -> None:
    finished = run("simulate", "--role-name", "orders-task", "--function-name", "..", "true")
    assert one_error(finished, 2) == "--function-name .. is no function's name"
    assert service.asked == []


@pytest.mark.parametrize(
    "environ", [{"AWS_CONFIG_FILE": "~no-such-user/config"}, {"AWS_PROFILE": "nul"}]
)
def test_a_home_that_is_not_there_and_a_value_that_no_variable_takes_are_no_defects(
    run: Run, service: Service, tmp_path: Path, environ: dict[str, str | None]
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_bytes(b"[profile nul]\noutput = a\0b\n")
    finished = run("simulate", "--role-name", "orders-task", "true", environ=environ)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_nothing_is_saved_under_a_home_that_is_not_there(
    run: Run, service: Service, tmp_path: Path
) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", "--profile", "orders",
        environ={"AWS_SHARED_CREDENTIALS_FILE": "~no-such-user/credentials"},
    )  # fmt: skip
    assert "there is no such home directory; set HOME" in one_error(finished, 253)
    assert list(tmp_path.glob("~*")) == []


def test_a_policy_of_nobody_is_not_there(run: Run) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", "--policy", "~no-such-user/p.json", "true"
    )
    assert "cannot be read: No such file or directory" in one_error(finished, 2)
