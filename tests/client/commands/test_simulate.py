"""`iam-sudo simulate`: what the broker is asked."""

from pathlib import Path

import pytest

from tests.client.command_line import EXPLANATION, Run, Service, one_error

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
