"""What was made and is not seen yet. The waiting is passed in, and nobody waits."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam_sudo_core import errors
from iam_sudo_core.account.patience import WAITS
from tests.aws_account import Account, Calls
from tests.core.broker.carriers.large_roles import NAME, READS, fails, operations, simulated
from tests.core.conftest import ONE


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "code", ["NoSuchEntity", "MalformedPolicyDocument", "ValidationError", "Tomorrow'sError"]
)
@pytest.mark.parametrize("seconds", [0, 0.2, 1, 5, 10, 18])
def test_until_sts_sees_what_was_made_it_is_asked_again(
    broker: ModuleType, calls: Calls, code: str, seconds: float
) -> None:
    waited: list[float] = []

    def unseen(**_: Any) -> None:
        if sum(waited) < seconds:
            raise ClientError({"Error": {"Code": code, "Message": "no such policy"}}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", unseen)
    assert simulated(broker, waited.append).access_key_id
    assert operations(calls)["CreatePolicy"] == 2
    assert len(waited) == operations(calls)["AssumeRole"] - 1


@pytest.mark.usefixtures("large")
def test_what_is_not_seen_in_time_is_answered_in_words(broker: ModuleType, calls: Calls) -> None:
    waited: list[float] = []
    fails(broker, "AssumeRole", "NoSuchEntity", message="no such policy")
    with pytest.raises(errors.CarriersNotSeen, match=r"no such policy.*; try again in a few secon"):
        simulated(broker, waited.append)
    assert waited == list(WAITS)
    assert sorted(waited) == waited
    assert 15 < sum(waited) < 20, "the function has 30 s"
    assert operations(calls)["AssumeRole"] == len(WAITS) + 1


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "Throttling"])
def test_for_what_has_another_meaning_nobody_waits(broker: ModuleType, code: str) -> None:
    fails(broker, "AssumeRole", code)
    with pytest.raises(errors.AwsCallFailed, match=code):
        simulated(broker, pytest.fail)


@pytest.mark.usefixtures("large")
def test_for_what_is_not_seen_of_the_role_nobody_waits(broker: ModuleType) -> None:
    asked = []

    def fail(**_: Any) -> None:
        asked.append(1)
        # The first time is to read the role, and the second to look at it again.
        if len(asked) == READS["ListRolePolicies"]:
            error = {"Code": "ServiceFailure", "Message": "no"}
            raise ClientError({"Error": error}, "ListRolePolicies")

    broker._IAM.meta.events.register("before-call.iam.ListRolePolicies", fail)
    with pytest.raises(errors.AwsCallFailed, match="ListRolePolicies failed: ServiceFailure"):
        simulated(broker, pytest.fail)


def test_for_a_session_without_carriers_nobody_waits(account: Account, broker: ModuleType) -> None:
    account.role(NAME, inline={"one": ONE})
    fails(broker, "AssumeRole", "NoSuchEntity")
    with pytest.raises(errors.AwsCallFailed, match="NoSuchEntity"):
        simulated(broker, pytest.fail)


@pytest.mark.usefixtures("large")
def test_what_iam_says_is_there_and_does_not_show_is_waited_for(broker: ModuleType) -> None:
    waited: list[float] = []
    fails(broker, "CreatePolicy", "EntityAlreadyExists", message="a policy of this name")
    with pytest.raises(errors.CarriersNotSeen, match="a policy of this name"):
        simulated(broker, waited.append)
    assert sum(waited) == sum(WAITS)
