"""`iam-sudo simulate`: what the broker is asked."""

from pathlib import Path

import pytest

from tests.client.command_line import EXPLANATION, Run, Service, one_error


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
        ["--role-name", "arn:aws:iam::111122223333:role/x", "true"],
        ["--role-name", "", "true"],
        ["--role-name", "x", "--principal", "ecs-tasks.amazonaws.com", "true"],
        ["--role-name", "x", "--base-role", "a b", "true"],
    ],
)
def test_a_wrong_option_is_found_before_anybody_is_asked(
    run: Run, service: Service, arguments: list[str]
) -> None:
    assert "invalid request" in one_error(run("simulate", *arguments), 2)
    assert service.asked == []


def test_simulate_can_explain_and_runs_nothing(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = EXPLANATION
    explained = run("simulate", "--role-name", "orders-task", "--explain", "touch", "ran")
    assert explained.returncode == 0
    assert explained.stdout.startswith("Role       orders-task")
    assert not (tmp_path / "ran").exists()
    assert service.asked == [{"role_name": "orders-task", "explain": True}]
