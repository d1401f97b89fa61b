"""The list of roles that may be simulated, as the broker answers it."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from iam_sudo_core import errors
from iam_sudo_core.broker import ListRequest
from iam_sudo_core.broker.listing import VERSION
from tests.aws_account import ACCOUNT, ECS, Account, Calls
from tests.core.conftest import CONTEXT

LAMBDA = json.loads(json.dumps(ECS).replace("ecs-tasks", "lambda"))


@pytest.fixture
def listed(broker: ModuleType, account: Account) -> Callable[..., dict[str, Any]]:
    account.role("iam-sudo-demo-orders")
    account.role("iam-sudo-demo-bills")
    account.role("iam-sudo-demo-function", trust=LAMBDA)
    account.role("payroll-task")

    def ask(**more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = broker.handler({"list": True, **more}, CONTEXT)
        return answer

    return ask


def test_roles_that_may_be_simulated_are_named_with_their_rule(
    listed: Callable[..., dict[str, Any]],
) -> None:
    answer = listed()
    rule = "role name iam-sudo-demo-*, principal Service:ecs-tasks.amazonaws.com"
    assert answer["roles"] == [
        {"name": name, "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "rule": rule}
        for name in ("iam-sudo-demo-bills", "iam-sudo-demo-orders")
    ]
    assert answer["version"] == VERSION


def test_of_the_others_the_reasons_are_counted_and_no_name_is_told(
    listed: Callable[..., dict[str, Any]],
) -> None:
    answer = listed()
    assert answer["others"] == {
        "its name matches no allowed pattern": 2,  # the base role is one
        "no principal that its trust policy allows is allowed here": 1,
    }
    assert "payroll" not in json.dumps(answer)
    assert "iam-sudo-demo-function" not in json.dumps(answer)


@pytest.mark.parametrize("pattern", ["payroll-task", "pay*", "?", "no-such-role"])
def test_no_pattern_tells_whether_a_role_is_there_that_is_not_named(
    listed: Callable[..., dict[str, Any]], pattern: str
) -> None:
    assert listed(pattern=pattern) == {**listed(), "roles": []}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("orders", ["iam-sudo-demo-orders"]),
        ("*-bills", ["iam-sudo-demo-bills"]),
        ("iam-sudo-demo-?????", ["iam-sudo-demo-bills"]),
        ("ORDERS", []),
        ("[a-z]", []),
    ],
)
def test_a_pattern_is_a_part_of_a_name_or_the_whole_of_it(
    listed: Callable[..., dict[str, Any]], pattern: str, names: list[str]
) -> None:
    assert [role["name"] for role in listed(pattern=pattern)["roles"]] == names


def test_nothing_is_assumed_and_no_policy_read(
    listed: Callable[..., dict[str, Any]], calls: Calls
) -> None:
    listed()
    assert {operation for operation, _ in calls} == {"ListRoles"}


@pytest.mark.parametrize(
    "event",
    [
        {"list": False},
        {"list": "true"},
        {"list": 1},
        {"list": True, "role_name": "iam-sudo-demo-orders"},
        {"list": True, "pattern": ""},
        {"list": True, "pattern": 1},
        {"list": True, "pattern": None},
        {"list": True, "pattern": "x" * 201},
        {"pattern": "x"},
    ],
)
def test_what_is_no_request_for_a_list_is_refused(
    broker: ModuleType, calls: Calls, event: dict[str, Any]
) -> None:
    with pytest.raises(errors.InvalidRequest):
        broker.handler(event, CONTEXT)
    assert calls == []


def test_a_list_is_a_line_in_the_log(
    listed: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    listed(pattern="orders")
    asked, decided = map(json.loads, capsys.readouterr().out.splitlines())
    assert (asked["decision"], decided["decision"]) == ("asked", "listed")
    assert (decided["pattern_asked"], decided["roles_listed"]) == ("orders", 1)


def test_the_event_is_what_is_parsed() -> None:
    for request in (ListRequest(), ListRequest("x*")):
        assert ListRequest.parse(request.to_event()) == request


def test_the_brokers_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
