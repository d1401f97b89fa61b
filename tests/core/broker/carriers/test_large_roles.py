"""Roles that are too large for a session, and managed policies that carry what they may do.

The handler against an account in memory.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam_sudo_core import errors
from iam_sudo_core.broker.settings import Settings
from tests.aws_account import Account, Calls, allow
from tests.core.broker.carriers.large_roles import (
    NAME,
    PATH,
    READS,
    ask,
    assumed,
    document,
    operations,
    said,
    stored,
)
from tests.core.conftest import ONE, Invoke, decided


@pytest.mark.usefixtures("large")
def test_what_does_not_fit_is_carried_by_managed_policies_that_nobody_has(
    broker: ModuleType, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(broker)["AccessKeyId"]
    arns = assumed(calls)
    assert len(arns) == 2
    assert all(arn.startswith(f"{PATH}20261125-") for arn in arns)
    assert sorted(said(arns), key=str) == sorted(document(60)["Statement"], key=str)
    assert all(policy.attachment_count == 0 for policy in stored().values())
    assert operations(calls) == {
        **READS, "GetPolicy": 2, "GetPolicyVersion": 2, "ListPolicies": 1, "CreatePolicy": 2,
        "AssumeRole": 1,
    }  # fmt: skip
    audit = decided(capsys.readouterr().out)
    assert audit["carriers"] == [arn.removeprefix(PATH) for arn in arns]
    assert (audit["carriers_made"], audit["carriers_removed"]) == (2, 0)
    assert audit["fitted"] == "compacted, carried by 2 managed policies"


@pytest.mark.usefixtures("large")
def test_the_second_request_makes_none(broker: ModuleType, calls: Calls) -> None:
    ask(broker)
    first = assumed(calls)
    calls.clear()
    ask(broker)
    assert assumed(calls) == first
    assert operations(calls) == {**READS, "GetPolicy": 2, "GetPolicyVersion": 2, "AssumeRole": 1}


def test_a_small_role_costs_the_same_calls_as_ever(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    account.role(NAME, inline={"one": ONE})
    ask(broker)
    assert operations(calls) == {**READS, "AssumeRole": 1}


def test_roles_that_may_do_the_same_share_a_carrier(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    account.role(f"{NAME}-1", inline={"a": document(30)})
    account.role(f"{NAME}-2", inline={"b": document(15), "c": document(30)})
    ask(broker, f"{NAME}-1")
    first = assumed(calls)
    calls.clear()
    ask(broker, f"{NAME}-2")
    assert assumed(calls) == first
    assert "CreatePolicy" not in operations(calls)


def test_twenty_five_managed_policies_are_ten_arns(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    own = [
        account.managed_policy(f"P{n}", *document(5, service=f"s{n}")["Statement"])
        for n in range(25)
    ]
    account.role(NAME, managed=tuple(own), inline={"one": ONE})
    ask(broker)
    arns = assumed(calls)
    assert len(arns) == 10
    assert ONE["Statement"][0] in said([arn for arn in arns if arn.startswith(PATH)])


@pytest.mark.usefixtures("large")
def test_an_explanation_shows_carriers_and_makes_none(broker: ModuleType, calls: Calls) -> None:
    plan = ask(broker, explain=True)["plan"]
    assert plan["policy"] is None
    assert [each["arn"] for each in plan["carriers"]] == plan["policy_arns"]
    assert sum(len(each["document"]["Statement"]) for each in plan["carriers"]) == 60
    assert not stored()
    assert not {"CreatePolicy", "ListPolicies"} & operations(calls).keys()


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("explain", [False, True])
def test_who_brings_a_policy_cannot_fill_the_account_with_carriers(
    broker: ModuleType, calls: Calls, *, explain: bool
) -> None:
    policy = {"Version": "2012-10-17", "Statement": allow("s3:*")}
    with pytest.raises(errors.SessionPolicyTooLarge):
        ask(broker, policy=policy, explain=explain)
    assert (operations(calls)["CreatePolicy"], stored()) == (0, {})


@pytest.mark.usefixtures("without_carriers", "large")
def test_without_large_roles_the_refusal_is_as_it_was(broker: ModuleType, calls: Calls) -> None:
    for more in ({}, {"explain": True}):
        with pytest.raises(errors.SessionPolicyTooLarge, match="use iam-sudo assume$"):
            ask(broker, **more)
    assert not {"CreatePolicy", "GetPolicy", "AssumeRole"} & operations(calls).keys()


@pytest.mark.parametrize("value", ["no", "", "True"])
def test_large_roles_is_true_or_false(
    account: Account, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    account.role(NAME)
    monkeypatch.setenv("IAM_SUDO_LARGE_ROLES", value)
    with pytest.raises(errors.InvalidSettings, match="^IAM_SUDO_LARGE_ROLES: .* is neither true"):
        Settings.parse(os.environ)


def packs(broker: ModuleType, characters: int) -> None:
    """An STS that packs no more than so many characters of documents and ARNs."""

    def too_large(params: dict[str, Any], **_: Any) -> None:
        passed = [text for key, text in params["body"].items() if key.startswith("Policy")]
        if sum(map(len, passed)) > characters:
            raise ClientError(
                {"Error": {"Code": "PackedPolicyTooLarge", "Message": "Packed size: 105%"}},
                "AssumeRole",
            )

    broker._STS.meta.events.register("before-call.sts.AssumeRole", too_large)


@pytest.mark.parametrize("characters", [200, 300, 500, 800, 1_200, 1_600, 2_000, 2_048])
@pytest.mark.parametrize("shape", ["inline", "arns", "both"])
def test_whatever_sts_can_pack_there_is_a_session(
    account: Account, broker: ModuleType, calls: Calls, characters: int, shape: str
) -> None:
    managed: tuple[str, ...] = ()
    if shape != "inline":
        managed = tuple(
            account.managed_policy(f"P{n}", allow(f"sqs:Get{n}", "arn:aws:sqs:*:*:" + "q" * 90))
            for n in range(9)
        )
    inline = {} if shape == "arns" else {"p": document(9)}
    account.role(NAME, managed=managed, inline=inline)
    packs(broker, characters)
    assert ask(broker)["AccessKeyId"]
    last = [parameters for operation, parameters in calls if operation == "AssumeRole"][-1]
    if characters < 500:
        assert "Policy" not in last
        assert len(last["PolicyArns"]) == 1


def test_tags_that_take_most_of_the_packed_size_are_named(
    account: Account, broker: ModuleType
) -> None:
    account.role(NAME, inline={"one": ONE}, tags={f"tag-{n}": "v" * 200 for n in range(40)})
    packs(broker, 0)
    with pytest.raises(errors.PackedPolicyTooLarge) as caught:
        ask(broker)
    assert "most of that are the 8,230 characters of its tags: take tags from the" in str(
        caught.value
    )


def test_the_tags_of_a_role_and_its_carriers_go_together(account: Account, invoke: Invoke) -> None:
    account.role(NAME, inline={"large": document(60)}, tags={"team": "orders"})
    parameters = invoke()
    assert parameters["Tags"] == [{"Key": "team", "Value": "orders"}]
    assert len(parameters["PolicyArns"]) == 2
