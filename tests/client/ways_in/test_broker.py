"""What the broker's function answers, or who is there in its place."""

import json
from typing import Any

import pytest

from iam_sudo_client import waiting
from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.ways_in import broker
from iam_sudo_client.ways_in.invoke import Answer
from iam_sudo_core import Request, errors
from tests.client.command_line import GIVEN, Run, Service, one_error


def test_a_refusal_of_the_broker_is_its_own_words(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    finished = run("simulate", "--role-name", "orders-task", "echo", "hello")
    assert one_error(finished, 1) == "orders-task: may not be simulated"


def test_a_refusal_on_the_emulator_is_a_refusal_too(run: Run, service: Service) -> None:
    service.refuses("Runtime.HandlerError", "orders-task:\nno")
    finished = run("simulate", "--role-name", "orders-task", "true")
    assert one_error(finished, 1) == "orders-task: no"


@pytest.mark.parametrize("error_type", ["AwsCallFailed", "BrokerFailure", "RoleChanged"])
def test_a_failing_broker_is_no_refusal(run: Run, service: Service, error_type: str) -> None:
    service.refuses(error_type, "GetRole failed: Throttling: slow down")
    finished = run("simulate", "--role-name", "orders-task", "true")
    said = one_error(finished, 254)
    assert said.startswith('the broker "iam-sudo" in eu-west-1 failed: GetRole failed: Throttling')
    assert said.endswith("; try again")


@pytest.mark.parametrize(
    "body",
    [
        {"errorType": "Runtime.OutOfMemory", "errorMessage": "signal: killed"},
        {"errorType": "Runtime.ImportModuleError", "errorMessage": "Unable to import module"},
        {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 30.00 seconds"},
        {"errorMessage": "2026-11-25T12:00:00Z 9d9 Task timed out after 30.00 seconds"},
        {"errorType": "KeyError", "errorMessage": "'body'"},
        {"errorType": "Runtime.HandlerError", "errorMessage": "'body'"},  # on the emulator
        {"errorType": "PolicySizes", "errorMessage": "a name of the core, and no error"},
        {"errorType": "annotations", "errorMessage": "no class"},
        {"errorType": 5, "errorMessage": None},
        ["errorType"],
        "body",
        None,
    ],
)
def test_what_is_no_error_of_our_tree_is_never_told_as_a_refusal(
    run: Run, service: Service, body: object
) -> None:
    service.refuses("", "")
    service.body = body
    said = one_error(run("simulate", "--role-name", "orders-task", "true"), 254)
    assert said.startswith('"iam-sudo" in eu-west-1 failed: ')
    assert said.endswith("; is this function the iam-sudo broker?")


@pytest.mark.parametrize("value", ["a\0b", "a\r", "a\nb", "a b", "é", "a\x7f"])
@pytest.mark.parametrize("name", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
def test_credentials_that_none_could_send_are_none(
    run: Run, service: Service, name: str, value: str
) -> None:
    service.body = {**GIVEN, name: value}
    finished = run("simulate", "--role-name", "orders-task", "true")
    said = one_error(finished, 254)
    assert f"{name} has a character that none has (U+" in said
    assert "is this function the iam-sudo broker?" in said


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "ResourceNotFoundException", 'no function "iam-sudo" in eu-west-1'),
        (403, "AccessDeniedException", "ask its owner for grant_sudo"),
        (403, "ExpiredTokenException", "have expired"),
        (403, "UnrecognizedClientException", "does not know your credentials"),
        (429, "TooManyRequestsException", "throttling"),
        (500, "ServiceException", "ServiceException"),
    ],
)
def test_what_lambda_answers_is_one_line(
    run: Run, service: Service, status: int, code: str, words: str
) -> None:
    service.fails(status, code)
    finished = run("simulate", "--role-name", "orders-task", "echo", "hello")
    assert words in one_error(finished, 254)


@pytest.mark.parametrize(
    "body",
    [
        {**GIVEN, "SessionToken": None},
        {"statusCode": 200, "body": "SECRET"},
        ["SECRET"],
        b'{"SecretAccessKey": "SECRET',
        b"",
    ],
)
def test_a_reply_that_is_no_credentials_is_refused(run: Run, service: Service, body: Any) -> None:
    service.body = body
    finished = run("simulate", "--debug", "--role-name", "orders-task", "echo", "hello")
    assert finished.returncode == 125
    assert finished.stdout == ""
    assert "is this function the iam-sudo broker?" in finished.stderr
    assert "SECRET" not in finished.stderr
    assert "given-secret" not in finished.stderr


@pytest.mark.parametrize("body", [[], {}, {"differences": "none"}, dict(GIVEN)])
def test_what_is_no_explanation_is_not_taken_for_one(
    run: Run, service: Service, body: object
) -> None:
    service.body = body
    error = one_error(run("explain", "--role-name", "orders-task"), 254)
    assert "is this function the iam-sudo broker?" in error
    assert "given-secret" not in error


def test_credentials_are_never_explained_by_a_broker_that_ignores_the_question(
    run: Run, service: Service
) -> None:
    service.body = dict(GIVEN)
    for debug in ([], ["--debug"]):
        finished = run("explain", "--role-name", "orders-task", *debug)
        assert "given-" not in finished.stdout + finished.stderr


UNSEEN = str(errors.CarriersNotSeen(role="orders-task", detail="no such policy"))
CREDENTIALS = {**GIVEN, "Expiration": "2026-11-25T12:00:00+00:00"}


def answer(body: object, **headers: str) -> Answer:
    return Answer(200, headers, json.dumps(body).encode())


@pytest.mark.parametrize("error_type", ["CarriersNotSeen", "Runtime.HandlerError"])
@pytest.mark.parametrize("times", [1, 2])
def test_what_aws_does_not_show_yet_is_asked_for_once_more(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error_type: str,
    times: int,
) -> None:
    error = {"errorType": error_type, "errorMessage": UNSEEN}
    unseen = answer(error, **{"x-amz-function-error": "Unhandled"})
    answers = [unseen] * times + [answer(CREDENTIALS)]
    waited: list[float] = []
    monkeypatch.setattr(broker, "invoke_proven", lambda *_: answers.pop(0))
    monkeypatch.setattr(waiting.time, "sleep", waited.append)
    caller: Any = type("Caller", (), {"region": "eu-west-1"})
    if times == 1:
        broker.ask_broker(caller, Request("orders-task"), function_name="iam-sudo")
        assert not answers
    else:
        with pytest.raises(
            Exception, match="no such policy.*; try again in a few seconds$"
        ) as told:
            broker.ask_broker(caller, Request("orders-task"), function_name="iam-sudo")
        # On the emulator nobody can tell it from a refusal.
        assert (told.type is ServiceFailed) is (error_type == "CarriersNotSeen")
        assert len(answers) == 1
    assert waited == [5]
    assert f"{UNSEEN} (in 5 s, once)" in caplog.text


@pytest.mark.parametrize(
    "body",
    [{"errorType": "RoleChanged", "errorMessage": UNSEEN}, {"errorMessage": UNSEEN}, [], "x"],
)
def test_nothing_else_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, body: object) -> None:
    answers = [answer(body, **{"x-amz-function-error": "Unhandled"})]
    monkeypatch.setattr(broker, "invoke_proven", lambda *_: answers.pop(0))
    monkeypatch.setattr(waiting.time, "sleep", pytest.fail)
    caller: Any = type("Caller", (), {"region": "eu-west-1"})
    with pytest.raises(ServiceFailed):
        broker.ask_broker(caller, Request("orders-task"), function_name="iam-sudo")
