"""Roles that are too large for a session, and managed policies that carry what they may do.

The handler against an account in memory; where something has to be waited for, the waiting is
passed in, and nobody waits.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core import Request, errors
from iam_sudo_core.account import carrying
from iam_sudo_core.account.carrying import MOST_CARRIERS, MOST_REMOVED
from iam_sudo_core.account.patience import WAITS
from iam_sudo_core.broker import decision
from iam_sudo_core.broker.settings import Settings
from iam_sudo_core.broker.simulate import simulate
from tests.aws_account import ACCOUNT, Account, Calls, allow
from tests.core.conftest import CONTEXT, ONE, Invoke, decided

NAME = "iam-sudo-demo-task"
TODAY = date(2026, 11, 25)
PATH = f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/"
READS = {"GetRole": 2, "ListRolePolicies": 2, "ListAttachedRolePolicies": 2, "GetRolePolicy": 1}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "today", lambda: TODAY)


@pytest.fixture
def large(account: Account) -> None:
    """A role of some 9,000 characters, which takes two carriers."""
    account.role(NAME, inline={"large": document(60)})


def document(statements: int, *, service: str = "s3") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow(f"{service}:Get{n:03}", f"arn:aws:s3:::bucket-{n:03}/{'x' * 80}")
            for n in range(statements)
        ],
    }


def operations(calls: Calls) -> Counter[str]:
    return Counter(operation for operation, _ in calls)


def assumed(calls: Calls) -> list[str]:
    """The ARNs of the last request to AssumeRole, which has no document."""
    last = [parameters for operation, parameters in calls if operation == "AssumeRole"][-1]
    assert "Policy" not in last
    return [each["arn"] for each in last["PolicyArns"]]


def stored() -> dict[str, Any]:
    """The managed policies of the account under the path of the carriers."""
    policies = iam_backends[ACCOUNT]["aws"].managed_policies
    return {arn: policy for arn, policy in policies.items() if arn.startswith(PATH)}


def said(arns: list[str]) -> list[Any]:
    documents = [json.loads(stored()[arn].versions[0].document) for arn in arns]
    return [each for one in documents for each in one["Statement"]]


def ask(broker: ModuleType, role_name: str = NAME, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = broker.handler({"role_name": role_name, **more}, CONTEXT)
    return answer


def fails(
    broker: ModuleType, operation: str, code: str, *, message: str = "no", times: int = 1_000
) -> None:
    """Have the next calls of an operation fail."""
    left = [times]
    client = broker._STS if operation == "AssumeRole" else broker._IAM

    def fail(**_: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    client.meta.events.register(f"before-call.*.{operation}", fail)


# What is made, and what is not.


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


# Somebody else's carriers.


def tampered(broker: ModuleType, calls: Calls, how: Callable[[str], None]) -> str:
    """Make carriers, have something done to the first, and ask again: refused."""
    ask(broker)
    arn = assumed(calls)[0]
    how(arn)
    calls.clear()
    with pytest.raises(errors.CarrierChanged) as caught:
        ask(broker)
    assert "AssumeRole" not in operations(calls)
    assert arn in str(caught.value)
    return str(caught.value)


def iam() -> Any:
    return boto3.client("iam", region_name="eu-west-1")


def written(*statements: dict[str, Any], **layout: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, **layout)


@pytest.mark.usefixtures("large")
def test_a_second_version_in_force_is_refused_and_audited(
    broker: ModuleType, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    def widen(arn: str) -> None:
        iam().create_policy_version(
            PolicyArn=arn, PolicyDocument=written(allow("*")), SetAsDefault=True
        )
        capsys.readouterr()

    assert 'its version "v2" is in force' in tampered(broker, calls, widen)
    audit = decided(capsys.readouterr().out)
    assert (audit["decision"], audit["error"]) == ("refused", "CarrierChanged")


@pytest.mark.usefixtures("large")
def test_a_name_under_which_somebody_else_has_another_document_is_refused(
    broker: ModuleType, calls: Calls
) -> None:
    def replace(arn: str) -> None:
        iam().delete_policy(PolicyArn=arn)
        iam().create_policy(
            PolicyName=arn.removeprefix(PATH),
            Path="/iam-sudo/",
            PolicyDocument=written(allow("*")),
        )

    assert "it says something else" in tampered(broker, calls, replace)


@pytest.mark.usefixtures("large")
def test_a_policy_that_iam_finds_by_a_name_in_another_case_is_refused(
    broker: ModuleType, calls: Calls
) -> None:
    def answer(_: str) -> None:
        def shout(parsed: dict[str, Any], **_: Any) -> None:
            parsed["Policy"]["Arn"] = parsed["Policy"]["Arn"].upper()

        broker._IAM.meta.events.register("after-call.iam.GetPolicy", shout)

    assert "it has another ARN" in tampered(broker, calls, answer)


@pytest.mark.usefixtures("large")
def test_a_document_that_differs_only_in_white_space_and_the_order_of_keys_is_the_same(
    broker: ModuleType, calls: Calls
) -> None:
    ask(broker)
    arn, *_ = assumed(calls)
    version = stored()[arn].versions[0]
    version.document = json.dumps(json.loads(version.document), indent=4, sort_keys=True)
    calls.clear()
    ask(broker)
    assert arn in assumed(calls)
    assert "CreatePolicy" not in operations(calls)


def names_are_unique(broker: ModuleType) -> None:
    """IAM's own rule: one name is one policy, whatever its path and its case."""

    def refuse(params: dict[str, Any], **_: Any) -> None:
        name = params["body"]["PolicyName"]
        policies = iam_backends[ACCOUNT]["aws"].managed_policies.values()
        if any(policy.name.lower() == name.lower() for policy in policies):
            said = {"Code": "EntityAlreadyExists", "Message": f"A policy called {name} already"}
            raise ClientError({"Error": said}, "CreatePolicy")

    broker._IAM.meta.events.register("before-call.iam.CreatePolicy", refuse)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("path", ["/", "/IAM-SUDO/", "/iam-sudo/x/"])
@pytest.mark.parametrize("upper", [False, True])
def test_a_name_that_somebody_took_in_another_path_is_told_and_not_waited_for_again(
    broker: ModuleType, calls: Calls, path: str, *, upper: bool
) -> None:
    name = ask(broker, explain=True)["plan"]["carriers"][0]["arn"].removeprefix(PATH)
    taken = iam().create_policy(
        PolicyName=name.upper() if upper else name,
        Path=path,
        PolicyDocument=written(allow("*")),
    )["Policy"]["Arn"]
    names_are_unique(broker)
    calls.clear()
    with pytest.raises(errors.CarrierChanged) as caught:
        simulated(broker, lambda _: None)
    assert f"managed policy {taken}, which was to carry" in str(caught.value)
    assert "it has the name of a carrier in another path" in str(caught.value)
    assert "AssumeRole" not in operations(calls)


@pytest.mark.parametrize(("one", "other"), [("true", "1"), ("1", "1.0"), ('"1"', "1")])
def test_values_that_python_takes_for_equal_are_not_the_same(one: str, other: str) -> None:
    assert carrying._canonical(json.loads(one)) != carrying._canonical(json.loads(other))


@pytest.mark.usefixtures("large")
def test_a_document_that_only_seems_to_be_the_same_is_refused(
    broker: ModuleType, calls: Calls
) -> None:
    def say_it_twice(arn: str) -> None:
        # Who keeps the last of both reads what was meant.
        version = stored()[arn].versions[0]
        version.document = version.document.replace(
            '{"Effect":"Allow","Action":', '{"Effect":"Allow","Action":"*","Action":', 1
        )

    assert "it says something else" in tampered(broker, calls, say_it_twice)


@pytest.mark.usefixtures("large")
def test_that_somebody_made_it_meanwhile_is_success(broker: ModuleType, calls: Calls) -> None:
    def be_faster(params: dict[str, Any], **_: Any) -> None:
        if params["PolicyName"] not in {policy.name for policy in stored().values()}:
            iam().create_policy(**params)

    broker._IAM.meta.events.register("provide-client-params.iam.CreatePolicy", be_faster)
    assert ask(broker)["AccessKeyId"]
    assert operations(calls)["CreatePolicy"] == 2
    assert len(stored()) == 2


@pytest.mark.usefixtures("large")
def test_what_somebody_else_made_meanwhile_is_read_before_it_is_used(
    broker: ModuleType, calls: Calls
) -> None:
    def be_faster(params: dict[str, Any], **_: Any) -> None:
        iam().create_policy(**{**params, "PolicyDocument": written(allow("*"))})

    broker._IAM.meta.events.register("provide-client-params.iam.CreatePolicy", be_faster)
    with pytest.raises(errors.CarrierChanged, match="it says something else"):
        ask(broker)
    assert "AssumeRole" not in operations(calls)


def test_a_role_that_is_named_like_a_carrier_is_a_role_like_any_other(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    name = f"iam-sudo-demo-20261120-{'a' * 20}"
    account.role(name, inline={"large": document(60)})
    ask(broker, name)
    assert len(assumed(calls)) == 2
    assert account
    assert iam().get_role(RoleName=name)["Role"]["RoleName"] == name


# What AWS does not let us do.


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
def test_an_account_without_room_is_refused_with_the_number_of_carriers(
    broker: ModuleType,
) -> None:
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


# What STS does not see yet, and what it cannot pack.


def simulated(broker: ModuleType, wait: Callable[[float], None]) -> Any:
    settings = broker._SETTINGS
    return simulate(
        Request(NAME),
        selection=settings.selection,
        base_role=settings.base_role,
        iam=broker._IAM,
        sts=broker._STS,
        note=lambda **_: None,
        day=TODAY,
        wait=wait,
    )


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


# What is removed.


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


def test_the_tags_of_a_role_and_its_carriers_go_together(account: Account, invoke: Invoke) -> None:
    account.role(NAME, inline={"large": document(60)}, tags={"team": "orders"})
    parameters = invoke()
    assert parameters["Tags"] == [{"Key": "team", "Value": "orders"}]
    assert len(parameters["PolicyArns"]) == 2
