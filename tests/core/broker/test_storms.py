"""Many at once while AWS says no, and all at debug level: words, bounded calls, no secret."""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from iam_sudo_core import errors
from tests.aws_account import Account, Calls
from tests.core.broker.carriers.large_roles import document, fails, operations, stored
from tests.core.broker.conftest import Ask
from tests.core.conftest import BASE_ROLE, CONTEXT, ONE
from tests.fake_sts import ANN, TOKEN, FakeSts, sign

AT_ONCE = 50
THROTTLED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
    b"<Message>Rate exceeded</Message></Error></ErrorResponse>"
)
# Reading takes four calls at first; botocore tries each five times, as long as its budget for that
# lasts: 500, of which a try takes 5 (botocore.retries.quota).
MOST_SENT = AT_ONCE * 4 + 100


class Raw:
    """As much of a reply of urllib3 as botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits between its tries; how long is not what is tested."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)


def throttle(client: Any, service: str, refused: Callable[[int], bool]) -> Counter[str]:
    """Have those requests throttled; returns how many were sent and how many refused."""
    count: Counter[str] = Counter()
    lock = threading.Lock()

    def send(request: Any, **_: Any) -> AWSResponse | None:
        with lock:
            count["sent"] += 1
            number = count["sent"]
        if not refused(number):
            return None
        count["refused"] += 1
        headers: Any = {"content-type": "text/xml"}
        return AWSResponse(request.url, 400, headers, Raw(THROTTLED))

    client.meta.events.register_first(f"before-send.{service}", send)
    return count


def storm(broker: ModuleType, event: dict[str, Any]) -> list[str]:
    """What came of so many requests that arrive together: "granted" or the error's text."""
    together = threading.Barrier(AT_ONCE)

    def one(_: int) -> str:
        together.wait()
        try:
            assert broker.handler(event, CONTEXT)["AccessKeyId"]
        except errors.IamSudoError as error:
            return f"{type(error).__name__}: {error}"
        return "granted"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


@pytest.fixture
def event(account: Account) -> dict[str, Any]:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    return {"role_name": "iam-sudo-demo-task"}


@pytest.mark.usefixtures("impatient")
def test_fifty_requests_are_refused_in_words_while_iam_throttles_all(
    broker: ModuleType, event: dict[str, Any]
) -> None:
    count = throttle(broker._IAM, "iam", lambda _: True)
    said = storm(broker, event)
    assert all(
        each.startswith("AwsCallFailed: ") and "Throttling" in each and "\n" not in each
        for each in said
    ), said
    assert AT_ONCE <= count["sent"] <= MOST_SENT


@pytest.mark.usefixtures("impatient")
def test_fifty_requests_get_words_or_a_session_while_iam_throttles_some(
    broker: ModuleType, event: dict[str, Any]
) -> None:
    count = throttle(broker._IAM, "iam", lambda number: number % 3 == 0)
    said = storm(broker, event)
    assert {each for each in said if each != "granted" and "Throttling" not in each} == set()
    assert "granted" in said
    # Eight calls of IAM for a session, and what is tried again: every third.
    assert count["sent"] <= AT_ONCE * 8 * 2


@pytest.mark.usefixtures("impatient")
def test_nobody_gets_a_session_when_sts_alone_throttles(
    broker: ModuleType, event: dict[str, Any]
) -> None:
    count = throttle(broker._STS, "sts", lambda _: True)
    assert "granted" not in storm(broker, event)
    assert count["sent"] <= AT_ONCE + 100


@pytest.mark.usefixtures("impatient")
def test_the_broker_recovers_when_the_storm_is_over(
    broker: ModuleType, event: dict[str, Any]
) -> None:
    is_over: list[bool] = []
    throttle(broker._IAM, "iam", lambda _: not is_over)
    storm(broker, event)
    is_over.append(True)
    assert set(storm(broker, event)) == {"granted"}


class TestOfALargeRole:
    """Two carriers each, which fifty ask for at once and one makes."""

    @pytest.fixture
    def event(self, account: Account) -> dict[str, Any]:
        account.role("iam-sudo-demo-task", inline={"large": document(60)})
        return {"role_name": "iam-sudo-demo-task"}

    def test_all_get_the_same_carriers(
        self, broker: ModuleType, event: dict[str, Any], calls: Calls
    ) -> None:
        assert set(storm(broker, event)) == {"granted"}
        passed = {json.dumps(each["PolicyArns"]) for name, each in calls if name == "AssumeRole"}
        assert len(passed) == 1
        assert len(stored()) == 2

    def test_they_get_words_or_a_session_while_iam_makes_some(
        self, broker: ModuleType, event: dict[str, Any]
    ) -> None:
        fails(broker, "CreatePolicy", "Throttling", times=5)
        said = storm(broker, event)
        assert {each for each in said if each != "granted" and "Throttling" not in each} == set()
        assert "granted" in said

    def test_nobody_gets_a_session_while_iam_makes_none(
        self, broker: ModuleType, event: dict[str, Any], calls: Calls
    ) -> None:
        fails(broker, "CreatePolicy", "Throttling")
        assert set(storm(broker, event)) == {"AwsCallFailed: CreatePolicy failed: Throttling: no"}
        assert "AssumeRole" not in operations(calls)


class TestWithRules:
    @pytest.fixture
    def account(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
        policy = {"allowed-base-roles": [BASE_ROLE], "rules-parameter": "/iam-sudo/x/rules"}
        monkeypatch.setenv("IAM_SUDO_POLICY", json.dumps(policy))
        rule = {
            "effect": "allow",
            "callers": [ANN],
            "role-names": ["*"],
            "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        }
        boto3.client("ssm", region_name="eu-west-1").put_parameter(
            Name="/iam-sudo/x/rules", Value=json.dumps({"rules": [rule]}), Type="String"
        )
        return account

    @pytest.mark.usefixtures("event", "impatient")
    def test_no_rule_is_in_force_that_cannot_be_read_for_throttling(
        self, broker: ModuleType, ask: Ask, sts: FakeSts
    ) -> None:
        event = {"role_name": "iam-sudo-demo-task"}
        assert ask(event, sign(sts, event))
        throttle(broker._PUBLISHED._ssm, "ssm", lambda _: True)
        event = {**event, "reason": "another proof"}
        with pytest.raises(errors.AwsCallFailed):
            ask(event, sign(sts, event))

    @pytest.mark.usefixtures("event")
    def test_no_secret_is_written_anywhere_at_debug_level(
        self,
        ask: Ask,
        sts: FakeSts,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        # As Lambda does it where a function's log level is DEBUG.
        caplog.set_level(logging.DEBUG)
        logging.getLogger("urllib3").setLevel(logging.DEBUG)
        event = {"role_name": "iam-sudo-demo-task"}
        handed_out = [ask(event, proof := sign(sts, event))]
        event["role_name"] = "none"
        with pytest.raises(errors.NotAllowedByRules):
            ask(event, forged := sign(sts, event))
        said = capfd.readouterr()
        told = said.out + said.err + caplog.text
        assert handed_out[0]["AccessKeyId"] in told  # of the audit line, so all was looked at
        for reply in handed_out:
            assert reply["SecretAccessKey"] not in told
            assert reply["SessionToken"] not in told
        for each in (proof, forged):
            assert each["authorization"][-64:] not in told
        assert TOKEN not in told
