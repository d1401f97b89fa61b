"""`list` and `doctor`: what the caller may have, and what is missing for it."""

import json
from typing import Any

import pytest

from iam_sudo_core.broker.listing import VERSION
from tests.client.command_line import EXPLANATION, Run, Service, one_error

ARN = "arn:aws:iam::111122223333:role/"
LISTED: dict[str, Any] = {
    "roles": [{"name": "orders-task", "arn": f"{ARN}orders-task", "rule": "role name orders-*"}],
    "others": {"its name matches no allowed pattern": 2},
    "version": VERSION,
}


def test_the_broker_is_asked_once_and_a_role_is_a_line(run: Run, service: Service) -> None:
    service.body = LISTED
    finished = run("list", "orders")
    assert service.asked[0] == {"list": True, "pattern": "orders"}
    assert sum("/functions/" in path for path in service.paths) == 1
    assert (finished.returncode, finished.stdout) == (0, "orders-task yes -\n")
    assert "INFO: 2 other roles may not be simulated: its name matches no" in finished.stderr
    assert "which roles trust you cannot be seen" in finished.stderr  # this STS is none


def test_as_json(run: Run, service: Service) -> None:
    service.body = LISTED
    found = json.loads(run("list", "--json").stdout)
    assert found["roles"][0]["simulate"] == "yes"
    assert found["others"] == LISTED["others"]


def test_a_broker_of_an_earlier_version_says_so(run: Run, service: Service) -> None:
    for error_type in ("InvalidRequest", "Runtime.HandlerError"):
        service.refuses(error_type, 'invalid request: unknown key "list"; known: role_name')
        assert one_error(run("list"), 254) == (
            '"iam-sudo" in eu-west-1 is a broker of an earlier version, which cannot list roles; '
            "deploy it anew"
        )


@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        {"roles": 1},
        {**LISTED, "roles": [1]},
        {**LISTED, "roles": [{"name": "x"}]},
        {**LISTED, "others": None},
        {**LISTED, "version": 1},
    ],
)
def test_what_is_no_list_is_not_taken_for_one(
    run: Run, service: Service, spoilt: dict[str, Any]
) -> None:
    service.body = spoilt
    assert "is not what was asked for" in one_error(run("list"), 254)


def lines(text: str) -> dict[str, str]:
    return {line[4:16].strip(): line[:3].strip() for line in text.splitlines()}


def test_the_doctor_looks_at_all_and_says_what_to_do(run: Run, service: Service) -> None:
    service.body = LISTED
    finished = run("doctor")
    found = lines(finished.stdout)
    assert found["region"] == found["credentials"] == found["broker"] == found["cache"] == "ok"
    assert found["identity"] == "NO"  # this STS is none
    assert finished.returncode == 1
    assert f"function iam-sudo, version {VERSION}; you may ask it" in finished.stdout


def test_the_doctor_without_a_region(run: Run) -> None:
    finished = run("doctor", environ={"AWS_REGION": None})
    assert "NO  region      no region: give --region" in finished.stdout
    assert finished.returncode == 1


def test_the_doctor_without_permission_or_credentials(run: Run, service: Service) -> None:
    service.fails(403, "AccessDeniedException")
    assert "NO  broker      you may not invoke the broker" in run("doctor").stdout
    gone: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    finished = run("doctor", environ=gone)
    assert "NO  credentials no usable AWS credentials" in finished.stdout
    assert "broker" not in lines(finished.stdout)


def test_the_doctor_tells_versions_apart(run: Run, service: Service) -> None:
    service.body = {**LISTED, "version": "9.9"}
    assert "function iam-sudo is of version 9.9, and this command of" in run("doctor").stdout


def test_the_doctor_looks_at_a_role(run: Run, service: Service) -> None:
    service.body = {**LISTED, **EXPLANATION}
    finished = run("doctor", "--role-name", "orders-task")
    assert "ok  role        orders-task on arn:aws:iam::111122223333:role/IAM" in finished.stdout
