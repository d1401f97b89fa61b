"""`iam-sudo explain`: explanations as people and scripts meet them."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.client.command_line import EXPLANATION, Run, Service, one_error

DIFFERENCE = {
    "kind": "base-role",
    "detail": "does not allow all of: iam:PassRole",
    "policy": "one",
    "statement": {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
}


@pytest.mark.parametrize(("minutes", "is_said"), [(5, True), (61, False)])
def test_that_earlier_sessions_were_ended_is_said_while_any_may_be_there(
    run: Run, service: Service, minutes: int, is_said: bool
) -> None:
    time = f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
    service.body = EXPLANATION | {"ended": [{"policy": "x", "before": time}]}
    printed = run("explain", "--role-name", "orders-task").stdout
    assert (f"\nEnded      those that began before {time}\n" in printed) is is_said


def test_an_explanation_in_words(run: Run, service: Service) -> None:
    service.body = EXPLANATION
    explained = run("explain", "--role-name", "orders-task")
    assert (explained.returncode, explained.stderr) == (0, "")
    assert explained.stdout.splitlines() == [
        "Role       orders-task (arn:aws:iam::111122223333:role/orders-task)",
        "Allowed by role name orders-*, principal Service:ecs-tasks.amazonaws.com",
        "Base role  arn:aws:iam::111122223333:role/IAMSudoUser",
        "Session    iam-sudo-orders-task",
        "",
        "Session policies, compacted: 1,325 of 2,048 characters, 1 of 10 managed policies",
        "  300 characters inline",
        "  arn:aws:iam::aws:policy/X",
        "Session tags: env=dev",
        "  cannot be passed: aws:stack",
        "",
        "Differences from the role",
        "  none that its policies tell",
        "",
        "Resource policies that name the role do not apply to the session, and those that name the "
        "base role do.",
    ]
    assert service.asked == [{"role_name": "orders-task", "explain": True}]


CARRIER = "arn:aws:iam::111122223333:policy/iam-sudo/20261125-aaaaaaaaaaaaaaaaaaaa"
CARRIED = EXPLANATION | {
    "plan": EXPLANATION["plan"]
    | {
        "policy": None,
        "policy_characters": 0,
        "policy_arns": [CARRIER, "arn:aws:iam::aws:policy/X"],
        "carriers": [
            {
                "arn": CARRIER,
                "document": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]},
            }
        ],
    }
}


def test_managed_policies_that_carry_a_session_are_named(run: Run, service: Service) -> None:
    service.body = CARRIED
    lines = run("explain", "--role-name", "orders-task").stdout.splitlines()
    assert f"  {CARRIER}, made by the broker when it is needed" in lines
    assert "  arn:aws:iam::aws:policy/X" in lines


def test_their_documents_are_the_session_policy_of_the_diff(run: Run, service: Service) -> None:
    service.body = CARRIED
    lines = run("explain", "--role-name", "orders-task", "--diff").stdout.splitlines()
    assert "+++ session policy" in lines
    assert f"+# {CARRIER}" in lines
    assert '+      "Effect": "Deny"' in lines
    assert "+null" not in lines


def test_differences_and_what_a_boundary_cuts_are_said_with_their_statements(
    run: Run, service: Service
) -> None:
    boundary = {"permissions_boundary": "arn:aws:iam::111122223333:policy/b"}
    cut = [{**DIFFERENCE, "kind": "permissions-boundary", "policy": "two"}]
    service.body = EXPLANATION | boundary | {"differences": [DIFFERENCE], "cut_by_boundary": cut}
    explained = run("explain", "--role-name", "orders-task")
    assert explained.returncode == 3
    statement = '{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}'
    for line in (
        "The permissions boundary arn:aws:iam::111122223333:policy/b",
        "  permissions-boundary does not allow all of: iam:PassRole",
        f"    in two: {statement}",
        "  base-role does not allow all of: iam:PassRole",
        f"    in one: {statement}",
    ):
        assert line in explained.stdout.splitlines()


def test_what_the_guardrails_take_is_said_once_and_is_no_difference(
    run: Run, service: Service
) -> None:
    taken = {**DIFFERENCE, "kind": "guardrails", "detail": "denies some of: logs:PutLogEvents"}
    service.body = EXPLANATION | {"guardrails": [taken, {**taken, "policy": "two"}]}
    explained = run("explain", "--role-name", "orders-task")
    assert explained.returncode == 0
    assert "  none that its policies tell" in explained.stdout.splitlines()
    assert explained.stdout.count("  denies some of: logs:PutLogEvents\n") == 1
    assert "Guardrails, which keep every session from the broker's own parts" in explained.stdout


def test_an_explanation_as_json(run: Run, service: Service) -> None:
    service.body = EXPLANATION | {"differences": [DIFFERENCE]}
    explained = run("explain", "--role-name", "orders-task", "--json")
    assert explained.returncode == 3
    assert json.loads(explained.stdout) == service.body


def test_the_session_policy_beside_the_originals(run: Run, service: Service) -> None:
    service.body = EXPLANATION
    lines = run("explain", "--role-name", "orders-task", "--diff").stdout.splitlines()
    assert "-# one" in lines
    assert '-      "Sid": "Mine"' in lines
    assert '   "Version": "2012-10-17",' in lines


def test_a_refusal_is_not_explained(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated: so it is")
    assert "may not be simulated" in one_error(run("explain", "--role-name", "orders-task"), 1)


@pytest.mark.parametrize("command", ["explain", "why"])
@pytest.mark.parametrize(
    "odd",
    [
        {"role": {}},
        {"policies": {"own": 1}, "differences": [1]},
        {"policies": {"own": {"Statement": [{}]}}, "guardrails": 5},
    ],
)
def test_what_somebody_else_calls_an_explanation_is_no_defect_of_ours(
    run: Run, service: Service, command: str, odd: dict[str, object]
) -> None:
    service.body = EXPLANATION | odd
    denied = (
        b"User: arn:aws:sts::111122223333:assumed-role/IAMSudoUser/iam-sudo-orders-task is not "
        b"authorized to perform: s3:GetObject on resource: arn:aws:s3:::orders/1"
    )
    said = one_error(run(command, "--role-name", "orders-task", stdin=denied), 254)
    assert said.startswith("the explanation of iam-sudo cannot be read (")
    assert said.endswith("); is this function the iam-sudo broker, and of this version?")


def test_output_that_cannot_be_written_is_no_defect(
    environment: dict[str, str], service: Service
) -> None:
    service.body = EXPLANATION
    command = [sys.executable, "-m", "iam_sudo_client", "explain", "--role-name", "orders-task"]
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no such device")
    with full.open("w") as stream:
        finished = subprocess.run(
            command, env=environment, stdout=stream, stderr=subprocess.PIPE, check=False
        )
    assert finished.returncode == 253
    assert finished.stderr.decode() == (
        "ERROR: the output cannot be written: No space left on device; check where it goes\n"
    )


def test_who_stops_reading_has_enough(environment: dict[str, str], service: Service) -> None:
    service.body = EXPLANATION
    command = [sys.executable, "-m", "iam_sudo_client", "explain", "--role-name", "orders-task"]
    reader, writer = os.pipe()
    os.close(reader)
    finished = subprocess.run(
        command, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (finished.returncode, finished.stderr) == (0, b"")
