"""An account in memory, the caller's session in it, and what AWS is asked or denies."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session
from moto import mock_aws

from iam_sudo_client.ways_in.session import CallerSession, open_session
from iam_sudo_core.account import calls as core_calls
from tests.aws_account import Account, Calls, record_calls


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield Account()


@pytest.fixture
def caller(account: Account) -> CallerSession:
    return open_session("eu-west-1", {})


@pytest.fixture
def session(caller: CallerSession) -> Session:
    return caller.whole


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    recorded: Calls = []
    make = core_calls.clients

    def recording(session: Session) -> tuple[core_calls.Client, core_calls.Client]:
        made = make(session)
        record_calls(*made, into=recorded)
        return made

    monkeypatch.setattr(core_calls, "clients", recording)
    return recorded


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have AWS deny one operation of IAM or STS from now on."""

    def deny(operation: str, *, code: str = "AccessDenied") -> None:
        make = core_calls.clients

        def denied(**_: Any) -> None:
            reason = {"Code": code, "Message": f"ann may not {operation}"}
            raise ClientError({"Error": reason}, operation)

        def denying(session: Session) -> Any:
            made: Any = make(session)
            for client in made:
                client.meta.events.register(f"before-call.*.{operation}", denied)
            return made

        monkeypatch.setattr(core_calls, "clients", denying)

    return deny


@pytest.fixture
def broken_reply(monkeypatch: pytest.MonkeyPatch) -> str:
    """Have STS answer AssumeRole with what cannot be parsed; return the secret in it."""
    make = core_calls.clients

    def broken(**_: Any) -> None:
        raise ResponseParserError("invalid XML received: b'<SecretAccessKey>THE-SECRET'")

    def breaking(session: Session) -> Any:
        made: Any = make(session)
        made[1].meta.events.register("before-call.sts.AssumeRole", broken)
        return made

    monkeypatch.setattr(core_calls, "clients", breaking)
    return "THE-SECRET"
