"""Brokers with rules: every command that asks one proves who asks, and may say why."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from iam_sudo_core.broker.listing import VERSION
from iam_sudo_core.broker.request import request_hash
from tests.client.command_line import CLI, EXPLANATION, GIVEN, Run, Service, one_error

ORDERS = ("--role-name", "orders-task")
WHY = ("--reason", "ticket 7")
ANN = "arn:aws:iam::111122223333:user/ann"
LISTED: dict[str, Any] = {
    "roles": [],
    "others": {},
    "version": VERSION,
    "caller": ANN,
    "allowed": ["rule 1: role name orders-*, principal Service:ecs-tasks.amazonaws.com"],
}
TRUE = (sys.executable, "-c", "")
ASKING = {
    "simulate": (*ORDERS, *WHY, *TRUE),
    "serve": (*ORDERS, *WHY, *TRUE),
    "credential-process": (*ORDERS, *WHY),
    "export": (*ORDERS, *WHY),
    "explain": (*ORDERS, *WHY),
    "console": (*ORDERS, *WHY),
}


@pytest.fixture
def service(service: Service) -> Service:
    service.has_rules = True
    end = datetime.now(UTC) + timedelta(hours=1)
    service.body = {**GIVEN, **EXPLANATION, "Expiration": end.isoformat(timespec="seconds")}
    return service


def test_every_command_that_asks_for_a_session_takes_a_reason() -> None:
    options = {name: {param.name for param in CLI[name].params} for name in CLI}
    asks = {name for name in CLI if {"role_name", "function_name", "principal"} <= options[name]}
    # `why` is about a denial that was, and asks for no session.
    assert {name for name in CLI if "reason" in options[name]} == asks - {"why"}
    assert {*ASKING, "configure"} <= asks


@pytest.mark.parametrize("command", ASKING)
def test_it_proves_who_asks_and_hands_on_the_reason(
    run: Run, service: Service, command: str
) -> None:
    finished = run(command, *ASKING[command])
    assert command == "console" or finished.returncode == 0, finished.stderr
    plain, proven, *_ = [asked for asked in service.asked if isinstance(asked, dict)]
    assert plain["reason"] == "ticket 7"
    proof = proven.pop("proof")
    assert proven == plain
    assert proof["x-iam-sudo-request"] == request_hash(plain)


def test_a_profile_that_renews_itself_asks_with_its_reason(
    run: Run, service: Service, tmp_path: Path
) -> None:
    assert run("configure", "--profile", "orders", *ORDERS, *WHY).returncode == 0
    assert "--reason 'ticket 7'" in (tmp_path / ".aws" / "config").read_text() or (
        '--reason "ticket 7"' in (tmp_path / ".aws" / "config").read_text()
    )


@pytest.mark.parametrize("command", [*ASKING, "configure"])
def test_a_reason_is_for_a_broker(run: Run, service: Service, command: str) -> None:
    given = ASKING.get(command, (*ORDERS, *WHY, "--profile", "orders"))
    finished = run(command, "--local", *given)
    assert "--reason is for the broker's audit trail, and --local asks no" in finished.stderr
    assert service.asked == []


def test_the_role_itself_is_assumed_without_a_reason(run: Run, service: Service) -> None:
    finished = run("export", "--assume", *ORDERS, *WHY)
    assert "--reason is of a simulated one" in one_error(finished, 2)


def test_credentials_for_one_reason_are_not_given_for_another(run: Run, service: Service) -> None:
    for reason, asked in (("ticket 7", 1), ("ticket 7", 1), ("ticket 8", 2)):
        assert run("export", *ORDERS, "--reason", reason).returncode == 0
        assert len(service.proofs()) == asked


def test_a_proof_is_kept_nowhere(run: Run, service: Service, tmp_path: Path) -> None:
    run("credential-process", *ORDERS)
    [proof] = service.proofs()
    signature = proof["authorization"].rpartition("Signature=")[2].encode()
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    for text in kept:
        assert signature not in text
        assert b"x-iam-sudo" not in text.lower()


def test_a_profile_s_command_proves_anew_at_each_renewal(run: Run, service: Service) -> None:
    end = datetime.now(UTC) + timedelta(minutes=10)  # within the quarter of an hour: asked again
    service.body = {**GIVEN, "Expiration": end.isoformat(timespec="seconds")}
    for _ in range(2):
        assert run("credential-process", *ORDERS).returncode == 0
    first, second = service.proofs()
    assert first["x-iam-sudo-request"] == second["x-iam-sudo-request"]
    assert first is not second
    assert len(service.asked) == 4  # each with a plain request before


def test_an_endpoint_proves_anew_at_each_renewal(run: Run, service: Service) -> None:
    end = datetime.now(UTC) + timedelta(seconds=4)
    service.body = {**GIVEN, "Expiration": end.isoformat()}
    script = (
        "import json,os,time,urllib.request as u\n"
        "for _ in range(3):\n"
        "    r=u.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],"
        "headers={'Authorization':os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']})\n"
        "    u.urlopen(r).read(); time.sleep(1.1)\n"
    )
    finished = run("serve", *ORDERS, sys.executable, "-c", script)
    assert finished.returncode == 0, finished.stderr
    dates = [proof["x-amz-date"] for proof in service.proofs()]
    assert len(set(dates)) > 1


def test_the_list_says_for_whom_it_is(run: Run, service: Service) -> None:
    service.body = LISTED
    finished = run("list", "orders")
    assert finished.stdout == ""  # no role, and no line that a script would take for one
    assert f"the broker has rules, and these roles are those of {ANN}." in finished.stderr
    assert service.proofs()
    assert json.loads(run("list", "--json").stdout)["caller"] == ANN


def test_the_doctor_says_what_the_rules_allow(run: Run, service: Service) -> None:
    service.body = LISTED
    assert (
        "ok  rules       the broker has rules, which allow you rule 1: role name orders-*, "
        "principal Service:ecs-tasks.amazonaws.com"
    ) in run("doctor").stdout
    service.body = {**LISTED, "allowed": []}
    finished = run("doctor")
    assert (
        f"NO  rules       the broker has rules, and none allows {ANN} anything" in finished.stdout
    )
    assert finished.returncode == 1


def test_of_a_broker_without_rules_the_doctor_says_nothing_of_them(
    run: Run, service: Service
) -> None:
    service.has_rules = False
    service.body = {key: LISTED[key] for key in ("roles", "others", "version")}
    assert "ok  rules" not in run("doctor").stdout


@pytest.mark.parametrize("spoilt", [{"caller": 1}, {"allowed": 1}, {"allowed": [1]}])
def test_what_is_no_answer_by_rules_is_not_taken_for_one(
    run: Run, service: Service, spoilt: dict[str, Any]
) -> None:
    service.body = {**LISTED, **spoilt}
    assert "is not what was asked for" in one_error(run("list"), 254)
