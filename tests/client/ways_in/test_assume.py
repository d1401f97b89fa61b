"""`--local` and `assume`, against an account in memory."""

import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session
from moto import mock_aws

from iam_sudo_client.errors import InvalidOption, Refused, ServiceFailed
from iam_sudo_client.ways_in import broker as strategies
from iam_sudo_client.ways_in.session import open_session
from iam_sudo_core import Credentials, Request
from iam_sudo_core.account import calls as core_calls
from tests.aws_account import ACCOUNT, Account, Calls, allow, record_calls

ONE = {"Version": "2012-10-17", "Statement": [allow("ssm:DescribeParameters")]}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/orders-task"
WEB_IDENTITY = {
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "oidc.eks.eu-west-1.amazonaws.com/id/X"},
    }
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield Account()


@pytest.fixture
def session(account: Account) -> Session:
    return open_session("eu-west-1", {})


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


def last(calls: Calls, operation: str) -> dict[str, Any]:
    return [parameters for name, parameters in calls if name == operation][-1]


def note(**_: object) -> None: ...


def simulate(
    session: Session, request: Request | str, *, base_role: str = "IAMSudoUser"
) -> Credentials:
    request = Request(request) if isinstance(request, str) else request
    return strategies.simulate_here(session, request, base_role=base_role, note=note)


def test_local_needs_no_selection(account: Account, session: Session, calls: Calls) -> None:
    account.role("anything", trust=WEB_IDENTITY, inline={"one": ONE})
    credentials = simulate(session, "anything")
    assert credentials.access_key_id.startswith("ASIA")
    assert last(calls, "AssumeRole") == {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser",
        "RoleSessionName": "iam-sudo-anything",
        "DurationSeconds": 3600,
        "Policy": json.dumps(ONE, separators=(",", ":")),
    }


def test_local_makes_the_same_plan_for_a_role_without_policies(
    account: Account, session: Session, calls: Calls
) -> None:
    account.role("nothing")
    simulate(session, "nothing")
    policy = json.loads(last(calls, "AssumeRole")["Policy"])
    assert policy["Statement"] == [{"Effect": "Deny", "Action": "*", "Resource": "*"}]


@pytest.mark.parametrize(
    ("option", "default", "assumed"),
    [
        (None, "IAMSudoUser", f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"),
        ("Base", "IAMSudoUser", f"arn:aws:iam::{ACCOUNT}:role/Base"),
        ("arn:aws:iam::444455556666:role/p/B", "x", "arn:aws:iam::444455556666:role/p/B"),
    ],
)
def test_the_base_role_of_local(
    account: Account,
    session: Session,
    calls: Calls,
    option: str | None,
    default: str,
    assumed: str,
) -> None:
    account.role("orders-task", inline={"one": ONE})
    request = Request("orders-task", base_role=option)
    simulate(session, request, base_role=default)
    assert last(calls, "AssumeRole")["RoleArn"] == assumed


def test_local_refuses_what_the_broker_refuses(account: Account, session: Session) -> None:
    early = {"DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z"}}
    boundary = account.managed_policy("boundary", allow("ssm:*Parameters", Condition=early))
    describe = {"Version": "2012-10-17", "Statement": [allow("ssm:Describe*")]}
    account.role("orders-task", inline={"one": describe}, boundary=boundary)
    with pytest.raises(Refused, match="permissions boundary"):
        simulate(session, "orders-task")
    account.role("orders-task-2")
    with pytest.raises(Refused, match="fits 2 roles"):
        simulate(session, "task")
    with pytest.raises(Refused, match="no role"):
        simulate(session, "payments")


@pytest.mark.parametrize("way", ["simulate", "assume"])
def test_a_reply_that_cannot_be_read_shows_nowhere(
    account: Account, session: Session, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    account.role("orders-task", inline={"one": ONE})
    make = core_calls.clients

    def broken(**_: Any) -> None:
        raise ResponseParserError("invalid XML received: b'<SecretAccessKey>THE-SECRET'")

    def breaking(session: Session) -> Any:
        made: Any = make(session)
        made[1].meta.events.register("before-call.sts.AssumeRole", broken)
        return made

    monkeypatch.setattr(core_calls, "clients", breaking)
    ways: dict[str, Callable[[], object]] = {
        "simulate": lambda: simulate(session, "orders-task"),
        "assume": lambda: strategies.assume(session, ROLE_ARN, note=lambda **_: None),
    }
    with pytest.raises(ServiceFailed, match="cannot be read") as caught:
        ways[way]()
    assert "THE-SECRET" not in "".join(traceback.format_exception(caught.value))


def deny(monkeypatch: pytest.MonkeyPatch, operation: str, *, code: str = "AccessDenied") -> None:
    """Have AWS deny one operation of IAM or STS from now on."""
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


def test_local_says_which_permission_the_caller_lacks(
    account: Account, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, "GetRole")
    with pytest.raises(ServiceFailed, match="ann may not GetRole; your own permissions"):
        simulate(session, "orders-task")


@pytest.mark.parametrize(
    ("role", "assumed", "name"),
    [
        ("orders-task", f"arn:aws:iam::{ACCOUNT}:role/orders-task", "iam-sudo-orders-task"),
        ("arn:aws-cn:iam::444455556666:role/p/b", "arn:aws-cn:iam::444455556666:role/p/b",
         "iam-sudo-b"),
    ],
)  # fmt: skip
def test_assume_takes_a_name_or_an_arn(
    account: Account, session: Session, calls: Calls, role: str, assumed: str, name: str
) -> None:
    assert strategies.assume(session, role, note=note).access_key_id.startswith("ASIA")
    assert last(calls, "AssumeRole") == {
        "RoleArn": assumed,
        "RoleSessionName": name,
        "DurationSeconds": 3600,
    }


@pytest.mark.parametrize("role", ["", "a b", "role/orders", "arn:aws:iam::1:role/x"])
def test_assume_of_something_else_is_wrong_usage(session: Session, role: str) -> None:
    with pytest.raises(InvalidOption, match="neither a role name nor"):
        strategies.assume(session, role, note=note)


@pytest.mark.parametrize("role", ["orders-task", f"arn:aws:iam::{ACCOUNT}:role/orders-task"])
def test_assume_denied_says_why_and_how_else(
    account: Account, session: Session, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    account.role("orders-task")
    deny(monkeypatch, "AssumeRole")
    with pytest.raises(
        ServiceFailed,
        match=r"^you may not assume orders-task: its trust policy does not name you \(.*"
        "iam-sudo simulate --role-name orders-task$",
    ):
        strategies.assume(session, role, note=note)


def test_assume_that_fails_otherwise_is_not_looked_into(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, "AssumeRole", code="ExpiredToken")
    with pytest.raises(ServiceFailed, match="^your AWS credentials have expired"):
        strategies.assume(session, "orders-task", note=note)
