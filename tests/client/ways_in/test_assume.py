"""`assume`: the role itself, against an account in memory; `test_denied_assume` has the denials."""

import json
import traceback
from collections.abc import Callable

import pytest

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.ways_in.assume import assume_role
from iam_sudo_client.ways_in.session import CallerSession
from tests.aws_account import ACCOUNT, Account, Calls

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/orders-task"


def note(**_: object) -> None: ...


@pytest.mark.parametrize(
    ("role", "assumed", "name"),
    [
        ("orders-task", f"arn:aws:iam::{ACCOUNT}:role/orders-task", "iam-sudo-orders-task"),
        ("arn:aws-cn:iam::444455556666:role/p/b", "arn:aws-cn:iam::444455556666:role/p/b",
         "iam-sudo-b"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/b/ann", f"arn:aws:iam::{ACCOUNT}:role/b",
         "iam-sudo-b"),
    ],
)  # fmt: skip
def test_assume_takes_a_name_or_an_arn(
    account: Account, caller: CallerSession, calls: Calls, role: str, assumed: str, name: str
) -> None:
    assert assume_role(caller, role, note=note).access_key_id.startswith("ASIA")
    assert calls[-1] == (
        "AssumeRole",
        {"RoleArn": assumed, "RoleSessionName": name, "DurationSeconds": 3600},
    )


def test_a_policy_narrows_the_roles_own_session(
    account: Account, caller: CallerSession, calls: Calls
) -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    for statements, sent in (
        ([{"Sid": "Mine", **allow}], [allow]),
        ([], [{"Effect": "Deny", "Action": "*", "Resource": "*"}]),
    ):
        policy = {"Version": "2012-10-17", "Statement": statements}
        assume_role(caller, ROLE_ARN, policy=policy, note=note)
        assert json.loads(calls[-1][1]["Policy"])["Statement"] == sent


def test_a_policy_that_is_not_understood_narrows_nothing(caller: CallerSession) -> None:
    with pytest.raises(InvalidOption, match="--policy: unknown element 'Principal'"):
        assume_role(
            caller, ROLE_ARN, policy={"Statement": {"Effect": "Deny", "Principal": "*"}}, note=note
        )


@pytest.mark.parametrize("role", ["", "a b", "role/orders", "arn:aws:iam::1:role/x"])
def test_assume_of_something_else_is_wrong_usage(caller: CallerSession, role: str) -> None:
    with pytest.raises(InvalidOption, match="neither a role name nor"):
        assume_role(caller, role, note=note)


@pytest.mark.parametrize("role", ["orders-task", f"arn:aws:iam::{ACCOUNT}:role/orders-task"])
def test_assume_denied_says_why_and_how_else(
    account: Account, caller: CallerSession, deny: Callable[..., None], role: str
) -> None:
    account.role("orders-task")
    deny("AssumeRole")
    with pytest.raises(
        ServiceFailed,
        match=r"^you may not assume orders-task: its trust policy does not name you \(.*"
        "iam-sudo simulate --role-name orders-task$",
    ):
        assume_role(caller, role, note=note)


def test_assume_that_fails_otherwise_is_not_looked_into(
    caller: CallerSession, deny: Callable[..., None]
) -> None:
    deny("AssumeRole", code="ExpiredToken")
    with pytest.raises(ServiceFailed, match="^your AWS credentials have expired"):
        assume_role(caller, "orders-task", note=note)


def test_a_reply_that_cannot_be_read_shows_nowhere(
    account: Account, caller: CallerSession, broken_reply: str
) -> None:
    account.role("orders-task")
    with pytest.raises(ServiceFailed, match="cannot be read") as caught:
        assume_role(caller, ROLE_ARN, note=note)
    assert broken_reply not in "".join(traceback.format_exception(caught.value))
