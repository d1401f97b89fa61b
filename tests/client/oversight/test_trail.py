"""The trail of a broker: which lines are decisions, and whose text they are."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.oversight.trail import Wanted, decisions
from iam_sudo_client.ways_in.session import CallerSession

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
GROUP = "/aws/lambda/iam-sudo"
ANN = "arn:aws:sts::111122223333:assumed-role/Developer/ann@example.com"


class Logs:
    """CloudWatch Logs, of two pages."""

    def __init__(self, *messages: str) -> None:
        self._events = [{"message": each, "timestamp": 1_769_860_800_000} for each in messages]
        self.asked: dict[str, Any] = {}

    def get_paginator(self, operation: str) -> "Logs":
        assert operation == "filter_log_events"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked = asked
        half = len(self._events) // 2
        return [{"events": self._events[:half]}, {}, {"events": self._events[half:]}]


def decision(**facts: Any) -> str:
    line = {"audit": "iam-sudo", "decision": "granted", "role_found": "orders-task"} | facts
    return json.dumps({"_aws": {}, "granted": 1, **line})


def found(
    caller: CallerSession,
    monkeypatch: pytest.MonkeyPatch,
    *messages: str,
    role: str | None = None,
    who: str | None = None,
) -> list[dict[str, Any]]:
    monkeypatch.setattr(caller, "client", lambda _service: Logs(*messages))
    wanted = Wanted(role, who)
    return [each for each in decisions(caller, "iam-sudo", since=NOON) if wanted.wants(each)]


def test_a_decision_has_its_time_and_no_metrics(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    [only] = found(caller, monkeypatch, decision(caller=ANN))
    assert only == {
        "time": "2026-01-31T12:00:00Z",
        "audit": "iam-sudo",
        "decision": "granted",
        "role_found": "orders-task",
        "caller": ANN,
    }


def test_what_is_no_decision_is_left_out(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "START RequestId: 1",
        decision(decision="asked"),
        decision(decision="proof-required"),
        decision(audit="another"),
        "[1]",
        "[" * 100_000,
        '{"audit": "iam-sudo"}',
        decision(),
    ]
    assert len(found(caller, monkeypatch, *lines)) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        {"role_asked": {"a": 1}},
        {"fitted": [["a"]]},
        {"milliseconds": float("nan")},
        {"milliseconds": float("inf")},
        {"role_asked": "x" * 70_000},
    ],
)
def test_what_no_broker_writes_is_left_out(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, hostile: dict[str, Any]
) -> None:
    lines = [decision(**hostile), decision(fitted=["a", "b"], milliseconds=1.5)]
    assert len(found(caller, monkeypatch, *lines)) == 1


def test_the_time_is_that_of_the_log_whatever_a_line_says(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    [only] = found(caller, monkeypatch, decision(time="2020-01-01T00:00:00Z granted role=admin"))
    assert only["time"] == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("role", "who", "count"),
    [
        (None, None, 3),
        ("orders-task", None, 1),
        ("arn:aws:iam::111122223333:role/app/orders-task", None, 1),
        ("orders*", None, 2),
        ("orders", None, 0),
        (None, ANN, 1),
        (None, "ann@example.com", 1),
        (None, "ann*", 1),
        (None, "unproven", 1),
        ("orders*", "bob", 1),
        ('x") || ($.audit = "iam-sudo', None, 0),
    ],
)
def test_decisions_of_a_role_and_a_caller(
    caller: CallerSession,
    monkeypatch: pytest.MonkeyPatch,
    role: str | None,
    who: str | None,
    count: int,
) -> None:
    lines = [
        decision(caller=ANN),
        decision(role_found=None, role_asked="orders-worker", caller="…", source_identity="bob"),
        decision(role_found="other", caller="unproven"),
        decision(role_found={"orders-task": 1}, decision="asked"),
    ]
    assert len(found(caller, monkeypatch, *lines, role=role, who=who)) == count


def test_what_is_asked_of_the_log_has_a_time_and_no_word_of_anybody(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = Logs()
    monkeypatch.setattr(caller, "client", lambda _service: logs)
    list(decisions(caller, "iam-sudo", since=NOON))
    assert logs.asked.pop("filterPattern").startswith('{ ($.audit = "iam-sudo") && ')
    assert logs.asked == {"startTime": 1_769_860_800_000, "logGroupName": GROUP}


@pytest.mark.parametrize(
    "function",
    [
        "iam-sudo",
        "iam-sudo:live",
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo",
        "arn:aws-cn:lambda:cn-north-1:111122223333:function:iam-sudo:$LATEST",
        "111122223333:function:iam-sudo",
    ],
)
def test_a_function_is_named_as_everywhere(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    logs = Logs()
    monkeypatch.setattr(caller, "client", lambda _service: logs)
    list(decisions(caller, function, since=NOON))
    assert logs.asked["logGroupName"] == GROUP


@pytest.mark.parametrize("function", ["../x", "a b", "iam-sudo\n", "x" * 65])
def test_what_is_no_function(caller: CallerSession, function: str) -> None:
    with pytest.raises(InvalidOption, match="is no function's name"):
        list(decisions(caller, function, since=NOON))


def test_a_log_group_that_is_not_there(caller: CallerSession) -> None:
    with pytest.raises(ServiceFailed, match=f"there is no log group {GROUP} in eu-west-1"):
        list(decisions(caller, "iam-sudo", since=NOON))


def test_it_is_asked_as_cloudwatch_takes_it(caller: CallerSession) -> None:
    logs = boto3.client("logs", region_name="eu-west-1")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    assert list(decisions(caller, "iam-sudo", since=NOON)) == []
