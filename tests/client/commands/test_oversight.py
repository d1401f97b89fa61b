"""`log` and `revoke` as they are typed."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from iam_sudo_client.cli import cli
from iam_sudo_client.report import Report
from iam_sudo_client.ways_in import terminal
from tests.aws_account import Account
from tests.client.command_line import Run, Service, one_error

ANN = "arn:aws:sts::111122223333:assumed-role/Developer/ann@example.com"


def event(**facts: Any) -> dict[str, Any]:
    line = {"audit": "iam-sudo", "decision": "granted", "role_found": "orders-task"} | facts
    return {"timestamp": 1_769_860_800_000, "message": json.dumps(line)}


def test_a_decision_is_a_line(run: Run, service: Service) -> None:
    rule = f"rule 1: caller {ANN}, role name orders-*, principal Service:x"
    service.body = {"events": [event(caller=ANN, rule=rule, reason_asked="deploy of today")]}
    finished = run("log", "--since", "2h")
    assert finished.stdout == (
        f"2026-01-31T12:00:00Z granted role=orders-task caller={ANN} "
        f'rule="{rule}" reason="deploy of today"\n'
    )
    assert finished.stderr == ""
    [asked] = service.asked
    assert asked["logGroupName"] == "/aws/lambda/iam-sudo"


def test_nothing_that_is_typed_is_part_of_the_pattern(run: Run, service: Service) -> None:
    service.body = {"events": []}
    run("log")
    run("log", "--role-name", '") || ($.x = "*', "--caller", "*")
    plain, typed = service.asked
    assert plain["filterPattern"] == typed["filterPattern"]
    assert set(plain) == set(typed)


def test_as_json_a_line_is_an_object(run: Run, service: Service) -> None:
    service.body = {"events": [event(), event(decision="refused", reason="no\x1b[31m")]}
    first, second = run("log", "--json").stdout.splitlines()
    assert json.loads(first)["decision"] == "granted"
    assert json.loads(second)["reason"] == "no\x1b[31m"
    assert "\x1b" not in second


@pytest.mark.parametrize(
    "hostile",
    ["\x1b]0;x\x07", "a\n2026-01-31T12:00:00Z granted role=admin", "x caller=bob", "\u202e", "„“"],
)
def test_no_value_passes_for_something_else(run: Run, service: Service, hostile: str) -> None:
    names = ("decision", "role_found", "caller", "reason", "error", "reason_asked", "session_name")
    service.body = {"events": [event(**dict.fromkeys(names, hostile))]}
    [line] = run("log").stdout.splitlines()
    assert line.isascii()
    assert line.isprintable()
    for name in ("role", "caller", "why", "error", "reason", "session"):
        assert f" {name}={json.dumps(hostile)}" in line


def test_a_value_that_is_longer_than_a_broker_writes_is_cut(run: Run, service: Service) -> None:
    service.body = {"events": [event(caller="x" * 5_000)]}
    [line] = run("log").stdout.splitlines()
    assert len(line) < 1_000
    [line] = run("log", "--json").stdout.splitlines()
    assert json.loads(line)["caller"] == "x" * 5_000


def test_that_nothing_was_decided_is_said(run: Run, service: Service) -> None:
    service.body = {"events": [event()]}
    finished = run("log", "--role-name", "other", "--since", "2h")
    assert (finished.returncode, finished.stdout) == (0, "")
    assert finished.stderr == (
        "INFO: the log has no such decision of the last 2h; of others it has 1.\n"
    )
    service.body = {"events": []}
    assert "no decision of the last 1h" in run("log", "--json").stderr


@pytest.mark.parametrize(
    "since",
    [
        "2",
        "h",
        "-1h",
        "0h",
        "2w",
        "1.5h",
        "99999999d",
        "٢h",
        "1000000000s",
        "9" * 5_000 + "s",
        "0000000000h",
    ],
)
def test_a_span_of_time_that_is_none(run: Run, since: str) -> None:
    finished = run("log", f"--since={since}")
    assert finished.returncode == 2
    assert "--since" in finished.stderr


@pytest.mark.parametrize("since", ["90s", "30m", "2h", "7d", "0000000002h"])
def test_a_span_of_time_begins_that_long_ago(run: Run, service: Service, since: str) -> None:
    service.body = {"events": []}
    before = datetime.now(UTC)
    assert run("log", "--since", since).returncode == 0
    after = datetime.now(UTC)
    [asked] = service.asked
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[since[-1]]
    began = datetime.fromtimestamp(asked["startTime"] / 1000, UTC)
    began += timedelta(**{unit: int(since[:-1])})
    # Milliseconds are what CloudWatch Logs takes.
    assert before - timedelta(milliseconds=1) <= began <= after


def test_who_may_not_read_the_log_learns_which_permission(run: Run, service: Service) -> None:
    service.fails(400, "AccessDeniedException", "not authorized")
    service.body = {"__type": "AccessDeniedException", "message": "not authorized"}
    assert "ask for logs:FilterLogEvents on /aws/lambda/iam-sudo" in one_error(run("log"), 254)


def test_two_ways_to_name_one_person(run: Run, service: Service) -> None:
    finished = run("revoke", "--caller", ANN, "--source-identity", "ann")
    assert "leave one of them out" in one_error(finished, 2)
    assert service.asked == []


def test_what_would_end_nothing_is_wrong_usage(run: Run, service: Service) -> None:
    for option in ("--role-name", "--source-identity", "--caller"):
        assert "is no " in one_error(run("revoke", option, "orders-*"), 2)
    of_a_workload = run("revoke", "--role-of", "lambda:orders", "--source-identity", "ann*")
    assert "is no source identity" in one_error(of_a_workload, 2)
    assert service.asked == []


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """The command in this process, on an account in memory."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "IAM_SUDO_BASE_ROLE"):
        monkeypatch.delenv(name, raising=False)

    def typed(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["revoke", *arguments], obj=Report(), standalone_mode=False)

    with mock_aws():
        Account().role("IAMSudoUser")
        yield typed


def written() -> list[str]:
    found: list[str] = boto3.client("iam").list_role_policies(RoleName="IAMSudoUser")["PolicyNames"]
    return found


@pytest.mark.parametrize(
    ("agreed", "names", "code"), [(True, ["AWSRevokeOlderSessions"], 0), (False, [], 1)]
)
def test_it_prints_what_it_would_do_and_asks(
    typed: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    agreed: bool,
    names: list[str],
    code: int,
) -> None:
    questions: list[str] = []

    def answer(question: str) -> bool:
        questions.append(question)
        assert written() == []
        return agreed

    monkeypatch.setattr(terminal, "agreed_on_terminal", answer)
    result = typed()
    assert result.return_value == code
    assert "Role       arn:aws:iam::123456789012:role/IAMSudoUser" in result.stdout
    assert "Ends       all sessions that began before 20" in result.stdout
    assert '"Effect": "Deny"' in result.stdout
    assert questions == [
        "End all sessions, on arn:aws:iam::123456789012:role/IAMSudoUser, as of your yes?"
    ]
    assert written() == names


def test_without_a_terminal_it_takes_an_option(
    typed: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "agreed_on_terminal", lambda _question: None)
    assert "give --yes" in str(typed("--role-name", "orders-task").exception)
    assert written() == []
    result = typed("--role-name", "orders-task", "--yes")
    assert result.return_value == 0
    [name] = written()
    assert name.startswith("iam-sudo-revoked-")
    assert f"Policy     {name}" in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--role-name", "orders-task"], "sessions of orders-task that"),
        (["--source-identity", "ann"], "sessions asked for by ann that"),
        (["--caller", ANN], "sessions asked for by ann@example.com that"),
        (
            ["--role-name", "orders-task", "--source-identity", "ann"],
            "sessions of orders-task asked for by ann that",
        ),
    ],
)
def test_whom_it_hits_is_said_in_words(
    typed: Callable[..., Result], options: list[str], said: str
) -> None:
    assert f"Ends       {said} began before 20" in typed(*options, "--yes").stdout


def test_what_may_be_a_slip_is_said_before_it_asks(
    typed: Callable[..., Result], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("iam_sudo"), "propagate", True)
    monkeypatch.setattr(terminal, "agreed_on_terminal", lambda _question: False)
    typed("--role-name", "order-task")
    assert "there is no role order-task in this account, or no more" in caplog.text
    # A role that no broker made: whatever else has its sessions loses them.
    assert "has no tag iam-sudo:broker" in caplog.text
    caplog.clear()
    Account().role("orders-task")
    Account().tag("IAMSudoUser", **{"iam-sudo:broker": "iam-sudo"})
    typed("--role-name", "orders-task")
    assert "WARNING" not in caplog.text


def test_a_projects_file_does_not_say_whom_it_hits(
    typed: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = '[defaults]\nbase-role = "Other"\nrole-name = "orders-task"\n'
    (tmp_path / ".iam-sudo.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert typed("--yes").return_value == 0
    assert written() == ["AWSRevokeOlderSessions"]


def test_a_role_that_was_written_down_does_not_narrow_it(
    typed: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IAM_SUDO_ROLE_NAME", "orders-task")
    assert typed("--yes").return_value == 0
    assert written() == ["AWSRevokeOlderSessions"]
