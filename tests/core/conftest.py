"""The broker's handler in an account in memory."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from iam_sudo_core import errors
from tests.aws_account import ACCOUNT, Account, Calls, allow, record_calls

BASE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"
ONE = {"Version": "2012-10-17", "Statement": [allow("ssm:DescribeParameters")]}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
CONTEXT = SimpleNamespace(aws_request_id="req-1")

Invoke = Callable[..., dict[str, Any]]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "IAM_SUDO_BASE_ROLE": BASE_ROLE,
        "IAM_SUDO_POLICY": json.dumps(
            {
                "allowed-role-names": ["iam-sudo-demo-*"],
                "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
                "allowed-base-roles": [BASE_ROLE],
            }
        ),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        account = Account()
        account.role("IAMSudoUser")
        account.aws_managed_policy("ReadOnlyAccess")
        yield account


@pytest.fixture
def without_carriers(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that makes no managed policies; has to come before `broker`."""
    monkeypatch.setenv("IAM_SUDO_LARGE_ROLES", "false")


@pytest.fixture
def broker(account: Account) -> ModuleType:
    sys.modules.pop("handler", None)
    return importlib.import_module("handler")


@pytest.fixture
def calls(broker: ModuleType) -> Calls:
    return record_calls(broker._IAM, broker._STS)


@pytest.fixture
def invoke(broker: ModuleType, calls: Calls) -> Invoke:
    """Invoke the broker and return the parameters that reached sts:AssumeRole."""

    def invoke(role_name: str = "iam-sudo-demo-task", **more: Any) -> dict[str, Any]:
        broker.handler({"role_name": role_name, **more}, CONTEXT)
        assumed = [parameters for operation, parameters in calls if operation == "AssumeRole"]
        assert len(assumed) == 1
        return assumed[0]

    return invoke


@pytest.fixture
def refused(broker: ModuleType, calls: Calls) -> Callable[..., None]:
    """Invoke the broker, which has to refuse before it calls STS."""

    def refused(error: type[errors.IamSudoError], match: str, **event: Any) -> None:
        with pytest.raises(error, match=match) as caught:
            broker.handler({"role_name": "iam-sudo-demo-task", **event}, CONTEXT)
        assert "\n" not in str(caught.value)
        assert "AssumeRole" not in [operation for operation, _ in calls]

    return refused


def sent(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    document = json.loads(parameters["Policy"])
    assert document["Version"] == "2012-10-17"
    assert ": " not in parameters["Policy"]
    statements: list[dict[str, Any]] = document["Statement"]
    return statements


def decided(log: str) -> dict[str, Any]:
    """The one decision in the broker's log, before which it was said that it is asked for."""
    asked, decision = [json.loads(line) for line in log.splitlines()]
    assert asked["decision"] == "asked"
    assert decision["decision"] in ("granted", "explained", "listed", "refused", "proof-required")
    assert asked["request_id"] == decision["request_id"]
    result: dict[str, Any] = decision
    return result
