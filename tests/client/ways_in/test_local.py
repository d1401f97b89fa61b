"""`--local`: the broker's steps against an account in memory."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam_sudo_client import waiting
from iam_sudo_client.errors import Refused, ServiceFailed
from iam_sudo_client.ways_in import local
from iam_sudo_client.ways_in.local import explain_here, simulate_here
from iam_sudo_client.ways_in.session import CallerSession
from iam_sudo_core import Credentials, Request, errors
from tests.aws_account import ACCOUNT, Account, Calls, allow

ONE = {"Version": "2012-10-17", "Statement": [allow("ssm:DescribeParameters")]}
WEB_IDENTITY = {
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "oidc.eks.eu-west-1.amazonaws.com/id/X"},
    }
}


def last(calls: Calls, operation: str) -> dict[str, Any]:
    return [parameters for name, parameters in calls if name == operation][-1]


def note(**_: object) -> None: ...


def simulate(
    caller: CallerSession, request: Request | str, *, base_role: str = "IAMSudoUser"
) -> Credentials:
    request = Request(request) if isinstance(request, str) else request
    return simulate_here(caller, request, base_role=base_role, note=note)


def test_local_needs_no_selection(account: Account, caller: CallerSession, calls: Calls) -> None:
    account.role("anything", trust=WEB_IDENTITY, inline={"one": ONE})
    credentials = simulate(caller, "anything")
    assert credentials.access_key_id.startswith("ASIA")
    assert last(calls, "AssumeRole") == {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser",
        "RoleSessionName": "iam-sudo-anything",
        "DurationSeconds": 3600,
        "Policy": json.dumps(ONE, separators=(",", ":")),
    }


def test_local_makes_the_same_plan_for_a_role_without_policies(
    account: Account, caller: CallerSession, calls: Calls
) -> None:
    account.role("nothing")
    simulate(caller, "nothing")
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
    caller: CallerSession,
    calls: Calls,
    option: str | None,
    default: str,
    assumed: str,
) -> None:
    account.role("orders-task", inline={"one": ONE})
    request = Request("orders-task", base_role=option)
    simulate(caller, request, base_role=default)
    assert last(calls, "AssumeRole")["RoleArn"] == assumed


@pytest.mark.parametrize("option", [None, "IAMSudoUser", "Other"])
def test_a_base_role_with_a_path_is_found_by_its_name(
    account: Account, caller: CallerSession, calls: Calls, option: str | None
) -> None:
    account.role("orders-task", inline={"one": ONE})
    for name in ("IAMSudoUser", "Other"):
        account.role(name, path="/team/a/", inline={"all": ONE})
    request = Request("orders-task", base_role=option)
    arn = f"arn:aws:iam::{ACCOUNT}:role/team/a/{option or 'IAMSudoUser'}"
    simulate(caller, request)
    assert last(calls, "AssumeRole")["RoleArn"] == arn
    explanation = explain_here(caller, request, base_role="IAMSudoUser", note=note)
    assert explanation["base_role"] == arn
    assert explanation["differences"] == []


@pytest.mark.parametrize("made", ["iamsudouser", None])
def test_a_name_that_the_account_does_not_have_stays_what_it_says(
    account: Account, caller: CallerSession, calls: Calls, made: str | None
) -> None:
    account.role("orders-task", inline={"one": ONE})
    if made:
        account.role(made, path="/team/")
    simulate(caller, "orders-task")
    assert last(calls, "AssumeRole")["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"


def test_who_may_not_read_the_base_role_assumes_it_by_its_name(
    account: Account, caller: CallerSession, calls: Calls
) -> None:
    account.role("orders-task", inline={"one": ONE})
    iam, _ = caller.clients()

    def deny(params: dict[str, Any], **_: Any) -> None:
        if params["RoleName"] == "IAMSudoUser":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")

    iam.meta.events.register("provide-client-params.iam.GetRole", deny)
    simulate(caller, "orders-task")
    assert last(calls, "AssumeRole")["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"


def test_local_refuses_what_the_broker_refuses(account: Account, caller: CallerSession) -> None:
    env = {"StringEquals": {"aws:TagKeys": "env"}}
    boundary = account.managed_policy("boundary", allow("ssm:*", "arn:aws:s3:::a:*", Condition=env))
    overlapping = {
        "Version": "2012-10-17",
        "Statement": [allow("ssm:*", "arn:aws:s3:::a*b"), allow("s3:Get*", Condition=env)],
    }
    account.role("orders-task", inline={"one": overlapping}, boundary=boundary)
    with pytest.raises(Refused, match="permissions boundary"):
        simulate(caller, "orders-task")
    account.role("orders-task-2")
    with pytest.raises(Refused, match="fits 2 roles"):
        simulate(caller, "task")
    with pytest.raises(Refused, match="no role"):
        simulate(caller, "payments")


def test_a_reply_that_cannot_be_read_shows_nowhere(
    account: Account, caller: CallerSession, broken_reply: str
) -> None:
    account.role("orders-task", inline={"one": ONE})
    with pytest.raises(ServiceFailed, match="cannot be read") as caught:
        simulate(caller, "orders-task")
    assert broken_reply not in "".join(traceback.format_exception(caught.value))


def test_local_says_which_permission_the_caller_lacks(
    account: Account, caller: CallerSession, deny: Callable[..., None]
) -> None:
    deny("GetRole")
    with pytest.raises(ServiceFailed, match="ann may not GetRole; your own permissions"):
        simulate(caller, "orders-task")


LARGE = {
    "Version": "2012-10-17",
    "Statement": [allow(f"s3:Get{n}", f"arn:aws:s3:::{'x' * 60}-{n}") for n in range(40)],
}


def test_local_makes_managed_policies_by_the_callers_own_permissions(
    account: Account, caller: CallerSession, calls: Calls
) -> None:
    account.role("large", inline={"one": LARGE})
    simulate(caller, "large")
    arns = [each["arn"] for each in last(calls, "AssumeRole")["PolicyArns"]]
    assert arns == [
        f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/{last(calls, 'CreatePolicy')['PolicyName']}"
    ]


def test_without_permission_local_refuses_as_before_with_a_line_more(
    account: Account, caller: CallerSession
) -> None:
    account.role("large", inline={"one": LARGE})
    iam, sts = caller.clients()

    def deny(**_: Any) -> None:
        error = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}
        raise ClientError(error, "CreatePolicy")

    iam.meta.events.register("before-call.iam.CreatePolicy", deny)
    caller.clients = lambda: (iam, sts)  # type: ignore[method-assign]
    with pytest.raises(Refused, match=r"accepts 2,048 .*; managed policies could carry it, but"):
        simulate(caller, "large")


@pytest.mark.parametrize("times", [1, 2])
def test_what_aws_does_not_show_yet_is_asked_for_once_more(
    caller: CallerSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    times: int,
) -> None:
    waited: list[float] = []
    left = [errors.CarriersNotSeen(role="large", detail="no such policy")] * times
    given = Credentials("a", "b", "c", "d")

    def simulated(*_: Any, **__: Any) -> Credentials:
        if left:
            raise left.pop()
        return given

    monkeypatch.setattr(local, "simulate", simulated)
    monkeypatch.setattr(waiting.time, "sleep", waited.append)
    if times == 1:
        assert simulate(caller, "large") is given
    else:
        with pytest.raises(ServiceFailed, match="try again in a few seconds$"):
            simulate(caller, "large")
    assert waited == [5]
    assert "no such policy); try again in a few seconds (in 5 s, once)" in caplog.text
