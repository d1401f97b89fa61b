"""Requests: the known ones parse, everything else is refused in one line."""

from typing import Any

import pytest

from iam_sudo_core import Principal, Request
from iam_sudo_core.errors import InvalidRequest


def test_all_three_keys_parse() -> None:
    event = {
        "role_name": "orders-task",
        "principal": "AWS:arn:aws:iam::111122223333:root",
        "base_role": "IAMSudoUser",
    }
    assert Request.parse(event) == Request(
        "orders-task", Principal("AWS", "arn:aws:iam::111122223333:root"), "IAMSudoUser"
    )


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (None, "not an object"),
        ("orders-task", "not an object"),
        (["orders-task"], "not an object"),
        ({}, "role_name is missing"),
        ({"principal": "Service:x"}, "role_name is missing"),
        ({"role_name": None}, "role_name has to be a string"),
        ({"role_name": ""}, "role_name has to be a string"),
        ({"role_name": ["a"]}, "role_name has to be a string"),
        ({"role_name": 7}, "role_name has to be a string"),
        ({"role_name": "a", "principal": None}, "principal has to be a string"),
        ({"role_name": "a", "base_role": ""}, "base_role has to be a string"),
        ({"role_name": "a", "base_role": {}}, "base_role has to be a string"),
        ({"role_name": "a", "policy": None}, "policy has to be an object"),
        ({"role_name": "a", "policy": "{}"}, "policy has to be an object"),
        ({"role_name": "a", "policy": {}}, "policy: Statement is neither"),
        ({"role_name": "a", "policy": {"Statement": [{"Effect": "Allow"}]}}, "policy: a statement"),
        ({"role_name": "a", "policy": {"Statement": [], "X": 1}}, "policy: unknown element 'X'"),
        (
            {"role_name": "a", "policy": {"Statement": [], "Id": 6_144 * "x"}},
            "policy: it has 6",
        ),
        ({"role_name": "a", "duration": "1"}, 'unknown key "duration"'),
        ({"role_name": "a", 1: "1"}, 'unknown key "1"'),
        ({"role_name": "*"}, "is not a role name"),
        ({"role_name": "a b"}, "is not a role name"),
        ({"role_name": "arn:aws:iam::111122223333:user/a"}, "not the ARN of a role"),
        ({"role_name": "arn:aws:iam::111122223333:role/a*"}, "not the ARN of a role"),
        ({"role_name": "arn:aws:sts::111122223333:assumed-role/a"}, "not the ARN of a role"),
        ({"role_name": "arn:aws:sts::111122223333:federated-user/a"}, "not the ARN of a role"),
        ({"role_name": "a" * 65}, "is not a role name"),
        ({"role_name": "orders-task\n"}, "is not a role name"),
        ({"role_name": "rôle"}, "is not a role name"),
        ({"role_name": "a", "principal": "ecs-tasks.amazonaws.com"}, "not TYPE:ID"),
        (
            {"role_name": "a", "base_role": "arn:aws:iam::1:user/x"},
            "neither a role name",
        ),
        ({"role_name": "a", "base_role": "*"}, "neither a role name"),
        ({"role_name": "a", "base_role": "arn:aws:iam::*:role/x"}, "neither a role name"),
    ],
)
def test_anything_else_is_refused(event: Any, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem) as caught:
        Request.parse(event)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::111122223333:role/orders-task",
        "arn:aws:iam::111122223333:role/some/path/orders-task",
        "arn:aws:sts::111122223333:assumed-role/orders-task/ann@example.com",
    ],
)
def test_the_arn_of_a_role_or_of_its_session_means_this_role(text: str) -> None:
    request = Request.parse({"role_name": text})
    assert request.role_name == "orders-task"
    assert request.arn is not None
    assert request.arn.account == "111122223333"
    assert Request.parse(request.to_event()) == request


@pytest.mark.parametrize("reason", ["", " ", "\t\n\u2003", "x" * 201, 7, True, None, ["x"], {}])
def test_a_reason_is_a_text_that_says_something(reason: object) -> None:
    with pytest.raises(InvalidRequest, match="reason has to be a text of 1 to 200 characters"):
        Request.parse({"role_name": "a", "reason": reason})


def test_a_reason_is_one_line_that_can_be_seen() -> None:
    assert Request.parse({"role_name": "a", "reason": "x" * 200}).reason == "x" * 200
    assert Request.parse({"role_name": "a", "reason": " a\r\nb\u202e"}).reason == "a b\\u202e"
