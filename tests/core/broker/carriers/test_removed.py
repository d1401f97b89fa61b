"""Carriers of former days are removed."""

from __future__ import annotations

from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core.account import carrying
from iam_sudo_core.account.carrying import MOST_REMOVED
from tests.aws_account import ACCOUNT, Calls, allow
from tests.core.broker.carriers.large_roles import (
    TODAY,
    ask,
    fails,
    iam,
    operations,
    stored,
    written,
)
from tests.core.conftest import decided


def carrier(day: date, *, end: str = "a", path: str = "/iam-sudo/") -> str:
    name = f"{day:%Y%m%d}-{'a' * 19}{end}"
    made = iam().create_policy(PolicyName=name, Path=path, PolicyDocument=written(allow("*")))
    arn: str = made["Policy"]["Arn"]
    return arn


@pytest.mark.usefixtures("large")
def test_old_ones_are_gone_after_the_next_one_is_made_and_others_are_not(
    broker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    old = {carrier(TODAY - timedelta(days=days)) for days in (2, 3, 400)}
    new = {carrier(TODAY - timedelta(days=days)) for days in (-1, 0, 1)}
    others = {
        carrier(TODAY - timedelta(days=3), path="/"),
        carrier(TODAY - timedelta(days=3), end="b", path="/iam-sudo/x/"),
        iam().create_policy(
            PolicyName="boundary", Path="/iam-sudo/", PolicyDocument=written(allow("*"))
        )["Policy"]["Arn"],
    }
    ask(broker)
    left = iam_backends[ACCOUNT]["aws"].managed_policies.keys()
    assert not old & left
    assert new | others <= left
    assert decided(capsys.readouterr().out)["carriers_removed"] == 3


@pytest.mark.usefixtures("large")
def test_nothing_is_removed_where_nothing_is_made(broker: ModuleType) -> None:
    ask(broker)
    old = carrier(TODAY - timedelta(days=3))
    ask(broker)
    assert old in stored()


@pytest.mark.usefixtures("large")
def test_no_more_than_some_are_removed_at_a_time(broker: ModuleType, calls: Calls) -> None:
    for number in range(MOST_REMOVED + 5):
        carrier(TODAY - timedelta(days=3 + number))
    ask(broker)
    assert operations(calls)["DeletePolicy"] == MOST_REMOVED
    assert len(stored()) == 2 + 5


@pytest.mark.usefixtures("large")
def test_what_cannot_be_removed_stays_and_stops_nobody(broker: ModuleType) -> None:
    old = carrier(TODAY - timedelta(days=3))
    fails(broker, "DeletePolicy", "DeleteConflict", message="it has versions")
    assert ask(broker)["AccessKeyId"]
    assert old in stored()


@pytest.mark.usefixtures("large")
def test_who_may_not_list_policies_gets_a_session_all_the_same(broker: ModuleType) -> None:
    fails(broker, "ListPolicies", "AccessDenied")
    assert ask(broker)["AccessKeyId"]


@pytest.mark.usefixtures("large")
def test_those_that_stay_do_not_keep_others_from_being_removed(broker: ModuleType) -> None:
    """Many that cannot be removed, and one that can: it is some time its turn."""
    stuck = {
        carrier(TODAY - timedelta(days=days), end=each)
        for days in range(10, 16)
        for each in "abcdefghijklmnopqrstuvwxyz"
    }
    free = carrier(TODAY - timedelta(days=3))

    def conflict(params: dict[str, Any], **_: Any) -> None:
        if params["body"]["PolicyArn"] in stuck:
            raise ClientError({"Error": {"Code": "DeleteConflict", "Message": ""}}, "DeletePolicy")

    broker._IAM.meta.events.register("before-call.iam.DeletePolicy", conflict)
    for number in range(200):
        carrying._remove_old(broker._IAM, day=TODAY, turn=f"{number}")
        if free not in stored():
            break
    assert free not in stored()
    assert stuck <= stored().keys()
