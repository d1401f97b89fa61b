"""What IAM does not let the broker do with carriers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from iam_sudo_core import errors
from iam_sudo_core.account import carrying
from iam_sudo_core.account.carrying import MOST_CARRIERS
from tests.aws_account import Account, Calls, allow
from tests.core.broker.carriers.large_roles import (
    NAME,
    PATH,
    TODAY,
    ask,
    fails,
    iam,
    operations,
    stored,
    written,
)
from tests.core.conftest import ONE


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("operation", ["CreatePolicy", "GetPolicy", "GetPolicyVersion"])
def test_who_may_not_make_managed_policies_is_refused_as_before_with_a_line_more(
    broker: ModuleType, calls: Calls, operation: str
) -> None:
    fails(broker, operation, "AccessDenied", message="an explicit deny in an SCP")
    with pytest.raises(errors.SessionPolicyTooLarge) as caught:
        ask(broker)
    message = str(caught.value)
    assert message.startswith(f"{NAME}: its session needs 9,")
    assert message.endswith(
        f"; managed policies could carry it, but {operation} failed: AccessDenied: "
        "an explicit deny in an SCP"
    )
    assert "AssumeRole" not in operations(calls)


def test_who_may_not_is_told_of_the_packed_size_where_that_stands_in_the_way(
    account: Account, broker: ModuleType
) -> None:
    account.role(NAME, inline={"one": ONE})
    fails(broker, "AssumeRole", "PackedPolicyTooLarge", message="Packed size: 105%")
    fails(broker, "CreatePolicy", "AccessDenied")
    with pytest.raises(errors.PackedPolicyTooLarge, match=r"105% .*; managed policies could carry"):
        ask(broker)


@pytest.mark.usefixtures("large")
def test_an_account_without_room_is_refused_with_the_number_of_carriers(broker: ModuleType) -> None:
    for number in range(3):
        iam().create_policy(
            PolicyName=f"20261125-{'a' * 19}{'abc'[number]}",
            Path="/iam-sudo/",
            PolicyDocument=written(allow("*")),
        )
    fails(broker, "CreatePolicy", "LimitExceeded", message="PoliciesPerAccount: 1500")
    with pytest.raises(errors.TooManyCarriers, match=r"\(3 of them are of iam-sudo\): .*1500"):
        ask(broker)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("there", [MOST_CARRIERS - 2, MOST_CARRIERS - 1])
def test_carriers_leave_room_for_the_policies_of_others(
    broker: ModuleType, monkeypatch: pytest.MonkeyPatch, there: int
) -> None:
    def listed(_iam: Any, operation: str, *_: Any, **__: Any) -> list[Any]:
        assert operation == "list_policies"
        path = {"Path": "/iam-sudo/", "Arn": PATH}
        return [path | {"PolicyName": f"{TODAY:%Y%m%d}-{'a' * 20}"} for _ in range(there)]

    monkeypatch.setattr(carrying, "pages", listed)
    if there + 2 <= MOST_CARRIERS:
        assert ask(broker)["AccessKeyId"]
        return
    with pytest.raises(errors.TooManyCarriers, match=r"\(999 of them are of iam-sudo\): the rest"):
        ask(broker)
    assert not stored()


@pytest.mark.usefixtures("large")
def test_what_iam_takes_for_malformed_is_refused_with_the_statement(broker: ModuleType) -> None:
    resource = f"arn:aws:s3:::bucket-007/{'x' * 80}"
    fails(
        broker,
        "CreatePolicy",
        "MalformedPolicyDocument",
        message=f'Resource {resource} must be in ARN format or "*".',
    )
    with pytest.raises(errors.SessionPolicyMalformed, match='"Action":"s3:Get007"'):
        ask(broker)
