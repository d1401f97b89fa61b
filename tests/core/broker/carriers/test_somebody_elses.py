"""Carriers that somebody else made or changed: read before use, and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core import errors
from iam_sudo_core.account import carrying
from tests.aws_account import ACCOUNT, Account, Calls, allow
from tests.core.broker.carriers.large_roles import (
    PATH,
    ask,
    assumed,
    document,
    iam,
    operations,
    simulated,
    stored,
    written,
)
from tests.core.conftest import decided


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
            PolicyName=arn.removeprefix(PATH), Path="/iam-sudo/", PolicyDocument=written(allow("*"))
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
        PolicyName=name.upper() if upper else name, Path=path, PolicyDocument=written(allow("*"))
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
