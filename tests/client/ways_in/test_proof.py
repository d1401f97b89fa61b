"""The proof of who asks: signed for the broker that asks for it, sent to it and to nobody else."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.ways_in import proof
from iam_sudo_client.ways_in.invoke import Answer, endpoint
from iam_sudo_client.ways_in.session import CallerSession, open_session
from iam_sudo_core.account.identity import IdentityService
from iam_sudo_core.broker.proof import Proof, Proofs
from iam_sudo_core.errors import ProofRefused, ProofRequired
from tests.fake_sts import ANN, WHO, fake_sts

BROKER = "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo"
EVENT = {"role_name": "orders-task"}
GIVEN = Answer(200, {}, b"{}")


def asks(broker: str = BROKER, kind: str = "ProofRequired") -> Answer:
    said = {"errorType": kind, "errorMessage": str(ProofRequired(broker=broker))}
    return Answer(200, {"x-amz-function-error": "Unhandled"}, json.dumps(said).encode())


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is sent to which function; the first answer asks for a proof."""
    found: list[tuple[str, Any]] = []

    def invoke(_caller: object, function_name: str, event: Any) -> Answer:
        found.append((function_name, event))
        return GIVEN if len(found) > 1 else asks()

    monkeypatch.setattr(proof, "invoke", invoke)
    return found


def test_a_broker_without_rules_is_given_no_proof(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(proof, "invoke", lambda *given: asked.append(given) or GIVEN)
    assert proof.invoke_proven(caller, "iam-sudo", EVENT) is GIVEN
    assert [event for _, _, event in asked] == [EVENT]


@pytest.mark.parametrize(
    ("function_name", "target"),
    [
        ("iam-sudo", BROKER),
        ("iam-sudo:live", f"{BROKER}:live"),
        (BROKER, BROKER),
        (f"{BROKER}:7", f"{BROKER}:7"),
        ("111122223333:function:iam-sudo", BROKER),
        ("111122223333:iam-sudo", BROKER),
    ],
)
def test_a_proof_goes_to_the_function_that_it_is_signed_for(
    caller: CallerSession, sent: list[tuple[str, Any]], function_name: str, target: str
) -> None:
    assert proof.invoke_proven(caller, function_name, EVENT) is GIVEN
    assert sent[0] == (function_name, EVENT)
    assert sent[1][0] == target
    assert sent[1][1]["proof"]["x-iam-sudo-broker"] == BROKER


@pytest.mark.parametrize(
    ("function_name", "broker"),
    [
        ("iam-sudo", BROKER.replace("eu-west-1", "us-east-1")),
        ("iam-sudo", BROKER.replace("iam-sudo", "other")),
        ("444455556666:function:iam-sudo", BROKER),
        (BROKER.replace("1111", "4444"), BROKER),
        (BROKER.replace("eu-west-1", "eu-west-2"), BROKER),
    ],
)
def test_nothing_is_signed_for_another_function_than_was_asked(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, function_name: str, broker: str
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(proof, "invoke", lambda *given: asked.append(given) or asks(broker))
    with pytest.raises(ServiceFailed, match="nothing was signed"):
        proof.invoke_proven(caller, function_name, EVENT)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        asks(kind="RoleNotFound"),
        Answer(200, {}, asks().body),
        Answer(200, {"x-amz-function-error": "Unhandled"}, b"{"),
        Answer(200, {"x-amz-function-error": "Unhandled"}, b"[]"),
        Answer(200, {"x-amz-function-error": "Unhandled"}, b"[" * 100_000),
        asks("arn:aws:lambda:eu-west-1:1:function:iam-sudo"),
    ],
)
def test_what_is_no_question_for_a_proof_gets_none(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(proof, "invoke", lambda *_: answer)
    assert proof.invoke_proven(caller, "iam-sudo", EVENT) is answer


def test_the_broker_accepts_it_and_sts_says_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_sts() as sts:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", WHO[ANN])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-ann")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        signed = proof.proof(
            open_session("eu-west-2", {}), EVENT, broker=BROKER, region="eu-west-1"
        )
        assert sts.requests == []
        now = datetime.now(UTC).timestamp()
        checked = Proof.parse(signed, event=EVENT, broker=BROKER, region="eu-west-1", now=now)
        assert Proofs(IdentityService(sts.client())).identity(checked).arn == ANN


def refuses(problem: str) -> Answer:
    said = {"errorType": "ProofRefused", "errorMessage": str(ProofRefused(problem=problem))}
    return Answer(200, {"x-amz-function-error": "Unhandled"}, json.dumps(said).encode())


def test_who_asked_the_same_within_a_second_proves_it_anew(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = refuses("it has been used already")
    answers = [asks(), used, GIVEN]
    dates: list[str] = []

    def invoke(_caller: object, _function_name: str, event: Any) -> Answer:
        dates.append(event.get("proof", {}).get("x-amz-date"))
        return answers.pop(0)

    monkeypatch.setattr(proof, "invoke", invoke)
    assert proof.invoke_proven(caller, "iam-sudo", EVENT) is GIVEN
    assert len(set(dates)) == 3
    monkeypatch.setattr(proof, "_UNTIL_ANEW", (0.01,))
    answers = [asks(), used, used]
    assert proof.invoke_proven(caller, "iam-sudo", EVENT) is used
    old = refuses("it is 61 seconds old, and 60 are allowed")
    answers = [asks(), old]
    assert proof.invoke_proven(caller, "iam-sudo", EVENT) is old


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_host_is_the_regional_one_of_the_broker(
    caller: CallerSession, region: str, host: str
) -> None:
    assert endpoint(caller, service="sts", region=region) == f"https://{host}"
