"""Rules in a parameter: read beside the role, each time; a slip changes nothing and rings."""

import itertools
import json
import threading
from types import ModuleType
from typing import Any

import boto3
import pytest

from iam_sudo_core import errors
from iam_sudo_core.account.parameters import read_parameter
from iam_sudo_core.broker.callers import Identity
from iam_sudo_core.broker.published import published_rules
from iam_sudo_core.broker.selection import RoleSelectionPolicy
from tests.aws_account import Account, Calls, record_calls
from tests.core.broker.conftest import Ask, assumed
from tests.core.conftest import BASE_ROLE, ONE, decided
from tests.fake_sts import ANN, BOB, FakeSts, sign

PARAMETER = "/iam-sudo/iam-sudo/rules"
ASKED = {"role_name": "orders-task"}
EVERYBODY: dict[str, Any] = {
    "effect": "allow",
    "callers": ["*"],
    "role-names": ["*"],
    "principals": [{"*": "*"}],
}
# Each is a slip, and would let everybody in if somebody guessed what is meant.
MALFORMED = [
    " ",
    "[]",
    "{}",
    '{"rules": []}',
    '{"rules": {}}',
    '{"rules": [{}]}',
    '{"rules": null}',
    "not JSON",
    "[" * 4_000,
    '{"rules": [], "rules": []}',
    '{"Rules": []}',
    json.dumps({"rules": [EVERYBODY], "allowed-base-roles": ["*"]}),
    json.dumps({"rules": [EVERYBODY], "Rules": []}),
    json.dumps([{"rules": [EVERYBODY]}]),
    json.dumps({"rules": [{**EVERYBODY, "comment": "for now"}]}),
    '{"rules": ["*"]}',
    '{"rules": [{"effect": "allow", "callers": "*", "role-names": ["*"], "principals": []}]}',
]


def allow(caller: str, names: str = "orders-*") -> dict[str, Any]:
    return {
        "effect": "allow",
        "callers": [caller],
        "role-names": [names],
        "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
    }


def publish(*rules: dict[str, Any], text: str | None = None) -> int:
    """Write the parameter, and return its version."""
    written = boto3.client("ssm", region_name="eu-west-1").put_parameter(
        Name=PARAMETER,
        Value=json.dumps({"rules": rules}) if text is None else text,
        Type="String",
        Overwrite=True,
    )
    version: int = written["Version"]
    return version


@pytest.fixture
def account(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    policy = {"allowed-base-roles": [BASE_ROLE], "rules-parameter": PARAMETER}
    monkeypatch.setenv("IAM_SUDO_POLICY", json.dumps(policy))
    account.role("orders-task", inline={"one": ONE})
    publish(allow(ANN))
    return account


@pytest.fixture
def calls(broker: ModuleType) -> Calls:
    return record_calls(broker._IAM, broker._STS, broker._PUBLISHED._ssm)


NUMBERS = itertools.count()


def asks(ask: Ask, sts: FakeSts, who: str = ANN) -> dict[str, Any]:
    """Ask; two of one second that ask for the same would be one proof, which is good once."""
    event = {**ASKED, "reason": f"the {next(NUMBERS)}th"}
    return ask(event, sign(sts, event, who=who))


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_who_the_rules_of_the_parameter_name_gets_a_session_and_nobody_else(
    ask: Ask, sts: FakeSts, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asks(ask, sts)["AccessKeyId"]
    line = decided(capsys.readouterr().out)
    assert (line["rules_version"], line["rule"][:6]) == (1, "rule 1")
    calls.clear()
    with pytest.raises(errors.NotAllowedByRules):
        asks(ask, sts, who=BOB)
    assert assumed(calls) == []


def test_a_new_version_holds_from_the_next_request_on(
    ask: Ask, sts: FakeSts, capsys: pytest.CaptureFixture[str]
) -> None:
    asks(ask, sts)
    assert publish(allow(BOB)) == 2
    with pytest.raises(errors.NotAllowedByRules):
        asks(ask, sts)
    asks(ask, sts, who=BOB)
    assert lines(capsys.readouterr().out)[-1]["rules_version"] == 2


def test_a_version_that_says_the_same_is_another_version(
    ask: Ask, sts: FakeSts, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (1, 2):
        asks(ask, sts)
        assert decided(capsys.readouterr().out)["rules_version"] == version
        publish(allow(ANN))


def test_one_that_was_deleted_and_made_anew_is_another_one_in_spite_of_its_version(
    ask: Ask, sts: FakeSts
) -> None:
    asks(ask, sts)
    boto3.client("ssm", region_name="eu-west-1").delete_parameter(Name=PARAMETER)
    assert publish(allow(BOB)) == 1
    with pytest.raises(errors.NotAllowedByRules):
        asks(ask, sts)


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_new_version_changes_nothing_and_rings(
    ask: Ask, sts: FakeSts, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asks(ask, sts)
    publish(text=text)
    capsys.readouterr()
    for _ in range(2):
        assert asks(ask, sts)["AccessKeyId"]
        _asked, rings, granted = lines(capsys.readouterr().out)
        assert (granted["decision"], granted["rules_version"]) == ("granted", 1)
        assert (rings["version"], rings["version_in_force"]) == (2, 1)
        assert rings["problem"]
        [metrics] = rings["_aws"]["CloudWatchMetrics"]
        assert metrics["Namespace"] == "iam-sudo"
        assert [metric["Name"] for metric in metrics["Metrics"]] == ["rules_malformed"]
        assert metrics["Dimensions"] == [[]]
        assert rings["rules_malformed"] == 1
        assert "audit" not in rings
    with pytest.raises(errors.NotAllowedByRules):
        asks(ask, sts, who=BOB)
    publish(allow(BOB))
    capsys.readouterr()
    asks(ask, sts, who=BOB)
    assert decided(capsys.readouterr().out)["rules_version"] == 3


@pytest.mark.parametrize("text", MALFORMED)
def test_an_instance_that_starts_with_malformed_rules_refuses_everybody(
    ask: Ask, sts: FakeSts, calls: Calls, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(text=text)
    for who in (ANN, BOB):
        with pytest.raises(errors.RulesUnreadable, match="version 2 of parameter") as caught:
            asks(ask, sts, who=who)
        assert str(caught.value).count("\n") == 0
        _asked, rings, failed = lines(capsys.readouterr().out)
        assert rings["rules_malformed"] == 1
        assert rings["version_in_force"] is None
        assert (failed["failed"], failed["error"]) == (1, "RulesUnreadable")
        # What is wrong names people and roles: it is for the log alone.
        assert rings["problem"] not in str(caught.value)
    assert assumed(calls) == []


def test_rules_that_cannot_be_read_are_none_although_there_were_some(
    ask: Ask, sts: FakeSts, calls: Calls
) -> None:
    asks(ask, sts)
    calls.clear()
    boto3.client("ssm", region_name="eu-west-1").delete_parameter(Name=PARAMETER)
    with pytest.raises(errors.AwsCallFailed, match="ParameterNotFound"):
        asks(ask, sts)
    assert assumed(calls) == []


def test_who_is_not_proved_learns_nothing_of_the_rules(ask: Ask, sts: FakeSts) -> None:
    publish(text="none")
    forged = sign(sts, ASKED)
    forged["authorization"] = forged["authorization"][:-64] + "0" * 64
    with pytest.raises(errors.ProofRefused):
        ask(ASKED, forged)


def test_without_a_proof_the_parameter_is_not_even_read(
    ask: Ask, sts: FakeSts, calls: Calls
) -> None:
    with pytest.raises(errors.ProofRequired):
        ask(ASKED)
    assert calls == []


def test_the_parameter_is_read_once_beside_the_role_and_beside_the_question_who_asks(
    ask: Ask, broker: ModuleType, sts: FakeSts, calls: Calls
) -> None:
    together = threading.Barrier(3, timeout=60)

    def meet(**_: Any) -> None:
        if together.broken or done:
            return
        together.wait()

    done: list[bool] = []
    broker._IAM.meta.events.register("before-call.iam.GetRole", lambda **_: meet())
    broker._PUBLISHED._ssm.meta.events.register("before-call.ssm.GetParameter", lambda **_: meet())
    reply = sts.reply

    def waiting(*parts: Any) -> Any:
        meet()
        done.append(True)
        return reply(*parts)

    sts.reply = waiting  # type: ignore[method-assign]
    # None of the three has its answer before all of them have been asked.
    assert asks(ask, sts)
    operations = [operation for operation, _ in calls]
    assert operations.count("GetParameter") == 1
    assert len(sts.requests) == 1


def test_the_same_version_is_not_parsed_again(
    ask: Ask, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def counted(text: str) -> Any:
        parsed.append(text)
        return published_rules(text)

    monkeypatch.setattr("iam_sudo_core.broker.published.published_rules", counted)
    for _ in range(3):
        asks(ask, sts)
    assert len(parsed) == 1


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({"rules": [allow(ANN)]}, "leave one of them out"),
        ({"allowed-role-names": ["*"]}, "is for everybody"),
        ({"allowed-principals": [{"*": "*"}]}, "is for everybody"),
        *(
            ({"rules-parameter": name}, "has to be a name")
            for name in ("", "rules", "/rules", "/a/b:7", "/a/*", "arn:aws:ssm:x", None, "/a/b/")
        ),
    ],
)
def test_a_slip_in_naming_the_parameter_is_an_error(policy: dict[str, Any], problem: str) -> None:
    text = {"allowed-base-roles": ["*"], "rules-parameter": PARAMETER, **policy}
    with pytest.raises(errors.InvalidSettings, match=problem):
        RoleSelectionPolicy.parse(json.dumps(text))


@pytest.mark.parametrize(
    "parameter",
    [
        None,
        {"Type": "SecureString", "Value": "x", "Version": 1},
        {"Type": "String", "Value": "", "Version": 1},
        {"Type": "String", "Value": "x"},
    ],
)
def test_a_reply_that_is_no_text_of_a_version_is_none(parameter: Any) -> None:
    class Ssm:
        @staticmethod
        def get_parameter(Name: str) -> Any:  # noqa: ARG004, N803 - the parameter of the API
            return {"Parameter": parameter} if parameter else {}

    with pytest.raises(errors.AwsCallFailed, match="is no text"):
        read_parameter(Ssm(), PARAMETER)  # type: ignore[arg-type]


def test_a_broker_without_a_parameter_has_no_client_for_one(
    monkeypatch: pytest.MonkeyPatch, account: Account, broker: ModuleType
) -> None:
    policy = {"allowed-base-roles": [BASE_ROLE], "rules": [allow(ANN)]}
    settings = broker.Settings.parse(
        {"IAM_SUDO_POLICY": json.dumps(policy), "IAM_SUDO_BASE_ROLE": BASE_ROLE}
    )
    assert broker.published_rules(settings) is None


def test_a_broker_with_a_parameter_looks_at_proofs(broker: ModuleType) -> None:
    assert broker._PROOFS is not None


def test_a_request_is_not_answered_by_no_rules_when_nothing_reads_them(
    ask: Ask, broker: ModuleType, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "_PUBLISHED", None)
    with pytest.raises(errors.BrokerFailure):
        asks(ask, sts)
    assert sts.requests == []


def test_rules_of_a_caller_are_those_of_the_parameter_where_there_is_one() -> None:
    ann = Identity.parse(ANN)
    assert ann
    elsewhere: dict[str, Any] = {"allowed-base-roles": ["*"], "rules-parameter": PARAMETER}
    here: dict[str, Any] = {"allowed-base-roles": ["*"], "rules": [allow(ANN)]}
    with pytest.raises(ValueError, match="here or in a parameter"):
        RoleSelectionPolicy.parse(json.dumps(elsewhere)).of(lambda: ann)
    with pytest.raises(ValueError, match="here or in a parameter"):
        RoleSelectionPolicy.parse(json.dumps(here)).of(lambda: ann, tuple)
