"""A broker with rules, and an STS beside it that says who asks."""

from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from iam_sudo_core.account.identity import IdentityService
from iam_sudo_core.broker.proof import Proofs
from tests.aws_account import Calls
from tests.fake_sts import FUNCTION, FakeSts, fake_sts

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def sts(broker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    with fake_sts() as sts:
        monkeypatch.setattr(broker, "_PROOFS", Proofs(IdentityService(sts.client())))
        yield sts


@pytest.fixture
def ask(broker: ModuleType, sts: FakeSts, calls: Calls) -> Ask:
    def ask(event: dict[str, Any], proof: Any = None, invoked: str = FUNCTION) -> dict[str, Any]:
        context = SimpleNamespace(aws_request_id="req-1", invoked_function_arn=invoked)
        event = event if proof is None else {**event, "proof": proof}
        reply: dict[str, Any] = broker.handler(event, context)
        return reply

    return ask


def assumed(calls: Calls) -> list[dict[str, Any]]:
    return [parameters for operation, parameters in calls if operation == "AssumeRole"]
