"""Ending sessions: what is written to the base role, for whom, and never less than before."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.oversight import revocation
from iam_sudo_client.oversight.revocation import Sessions, as_iam_has_it, planned, write
from iam_sudo_client.ways_in.session import CallerSession
from tests.aws_account import ACCOUNT, Account

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ANN = "ann@example.com"


@pytest.fixture(autouse=True)
def noon(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.role("IAMSudoUser", inline={"keep-the-broker": {"Version": "2012-10-17"}})
    at(monkeypatch, NOON)


def at(monkeypatch: pytest.MonkeyPatch, time: datetime) -> None:
    monkeypatch.setattr(revocation, "_said_at", lambda _reply: time)


def of(role: str | None = None, who: str | None = None, *, caller: str | None = None) -> Sessions:
    return Sessions.parse(role, caller=caller, source_identity=who)


def end(caller: CallerSession, sessions: Sessions) -> None:
    write(caller, planned(caller, "IAMSudoUser", sessions))


def policies() -> dict[str, Any]:
    iam = boto3.client("iam")
    names = iam.list_role_policies(RoleName="IAMSudoUser")["PolicyNames"]
    return {
        name: iam.get_role_policy(RoleName="IAMSudoUser", PolicyName=name)["PolicyDocument"]
        for name in names
        if name != "keep-the-broker"
    }


def test_all_sessions_are_ended_as_the_console_does_it(caller: CallerSession) -> None:
    end(caller, of())
    assert policies() == {
        "AWSRevokeOlderSessions": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Action": ["*"],
                    "Resource": ["*"],
                    # Those too that are given out until it holds everywhere, as the console has it.
                    "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-31T12:00:30Z"}},
                }
            ],
        }
    }


def test_sessions_of_a_role_and_of_a_person_are_ended_apart(caller: CallerSession) -> None:
    for sessions in (of("orders-task"), of(None, ANN), of("orders-task", ANN)):
        end(caller, sessions)
    found = [document["Statement"][0]["Condition"] for document in policies().values()]
    assert len(found) == 3
    role = {"aws:userid": ["*:iam-sudo-orders-task", "*:iam-sudo-orders-task,*"]}
    who = {"aws:SourceIdentity": [ANN]}  # in whatever case
    for each in found:
        assert each.pop("DateLessThan") == {"aws:TokenIssueTime": "2026-01-31T12:00:30Z"}
    assert {"StringLike": role} in found
    assert {"StringEqualsIgnoreCase": who} in found
    assert {"StringLike": role, "StringEqualsIgnoreCase": who} in found


def test_a_caller_is_the_source_identity_that_the_broker_gives_them() -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/{ANN}"
    assert of(caller=arn) == of(None, ANN)


@pytest.mark.parametrize(
    "role", ["orders-*", "${aws:username}", "a b", "", "x" * 65, 'a","b', "arn:aws:iam::1:role/x"]
)
def test_what_is_no_role_ends_nothing(role: str) -> None:
    with pytest.raises(InvalidOption, match="is no role's name"):
        of(role)


@pytest.mark.parametrize("who", ["*", "ann*", "${aws:userid}", "a", "ann\n", "x" * 65])
def test_what_is_no_person_ends_nothing(who: str) -> None:
    with pytest.raises(InvalidOption, match="is no source identity"):
        of(None, who)
    with pytest.raises(InvalidOption, match="is no caller"):
        of(caller=who)


def test_a_later_time_takes_the_place_of_an_earlier_one(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in (0, 5):
        at(monkeypatch, NOON + timedelta(minutes=minutes))
        end(caller, of(None, ANN))
    [document] = policies().values()
    condition = document["Statement"][0]["Condition"]
    assert condition["DateLessThan"] == {"aws:TokenIssueTime": "2026-01-31T12:05:30Z"}


def test_an_earlier_time_never_takes_the_place_of_a_later_one(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(caller, of())
    written = policies()
    at(monkeypatch, NOON - timedelta(hours=1))
    plan = planned(caller, "IAMSudoUser", of())
    assert plan.in_force == NOON + timedelta(seconds=30)
    write(caller, plan)
    assert policies() == written


def denial(**condition: Any) -> dict[str, Any]:
    time = {"DateLessThan": {"aws:TokenIssueTime": "2026-01-30T00:00:00.000Z"}}
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": time | condition}
    return {"Version": "2012-10-17", "Statement": statement}


def put(document: dict[str, Any]) -> None:
    """Have the role a policy, of any shape, that IAM may have stored once."""
    stored = iam_backends[ACCOUNT]["aws"].get_role("IAMSudoUser")
    stored.policies["AWSRevokeOlderSessions"] = json.dumps(document)


def test_what_the_console_has_written_is_replaced(caller: CallerSession) -> None:
    put(denial())
    end(caller, of())
    [document] = policies().values()
    assert "2026-01-31T12:00:30Z" in json.dumps(document)


@pytest.mark.parametrize(
    "document",
    [
        denial(DateLessThan={"aws:CurrentTime": "2026-01-30T00:00:00Z"}),
        denial(
            DateLessThan={
                "aws:TokenIssueTime": "2026-01-30T00:00:00Z",
                "aws:CurrentTime": "2026-01-30T00:00:00Z",
            }
        ),
        denial(StringEquals={"aws:SourceIdentity": "bob"}),
        {"Version": "2012-10-17", "Statement": [denial()["Statement"]] * 2},
        {"Version": "2012-10-17", "Statement": {**denial()["Statement"], "Action": "s3:*"}},
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}},
        denial(DateLessThan={"aws:TokenIssueTime": "9999-12-31T23:59:59-01:00"}),
        denial(DateLessThan={"aws:TokenIssueTime": "0001-01-01T00:00:00+01:00"}),
        denial(DateLessThan={"aws:TokenIssueTime": 1}),
        {},
    ],
)
def test_what_somebody_else_has_written_is_left_as_it_is(
    caller: CallerSession, document: dict[str, Any]
) -> None:
    put(document)
    with pytest.raises(ServiceFailed, match="neither iam-sudo nor the console has written"):
        planned(caller, "IAMSudoUser", of())
    assert policies() == {"AWSRevokeOlderSessions": document}


def test_a_policy_that_says_something_twice_is_left_as_it_is(caller: CallerSession) -> None:
    twice = json.dumps(denial()).replace('"Effect"', '"Effect": "Allow", "Effect"')
    stored = iam_backends[ACCOUNT]["aws"].get_role("IAMSudoUser")
    stored.policies["AWSRevokeOlderSessions"] = twice
    with pytest.raises(ServiceFailed, match="neither iam-sudo nor the console has written"):
        planned(caller, "IAMSudoUser", of())


@pytest.mark.parametrize(
    "base_role", ["Other", "arn:aws:iam::999988887777:role/IAMSudoUser", "IAMSudoUser "]
)
def test_a_base_role_that_this_account_does_not_have(caller: CallerSession, base_role: str) -> None:
    with pytest.raises((ServiceFailed, InvalidOption), match="there is no role"):
        planned(caller, base_role, of())


@pytest.mark.parametrize("operation", ["get_role", "get_role_policy", "put_role_policy"])
def test_a_denial_names_the_permission(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    name = "".join(word.title() for word in operation.split("_"))
    failing(caller, monkeypatch, operation, "AccessDenied")
    with pytest.raises(ServiceFailed, match=f"ask for iam:{name} on .*IAMSudoUser"):
        end(caller, of())


def failing(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, operation: str, code: str
) -> None:
    """Have IAM fail an operation."""
    name = "".join(word.title() for word in operation.split("_"))
    make = caller.clients

    def fails(**_: Any) -> None:
        reason = {"Code": code, "Message": "so it is"}
        raise ClientError({"Error": reason}, name)  # type: ignore[typeddict-item]

    def clients() -> Any:
        made: Any = make()
        setattr(made[0], operation, fails)
        return made

    monkeypatch.setattr(caller, "clients", clients)


@pytest.mark.parametrize("operation", ["get_role", "get_role_policy", "put_role_policy"])
def test_throttling_is_said_and_nothing_is_taken_for_written(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    failing(caller, monkeypatch, operation, "Throttling")
    with pytest.raises(ServiceFailed, match="AWS is throttling: wait a little and try again"):
        end(caller, of())
    assert policies() == {}


def test_it_is_tried_as_often_as_the_broker_tries(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody ends sessions while others storm the same quota.
    made: Any = caller.clients()
    answers: list[AWSResponse] = []

    def throttled(**_: Any) -> AWSResponse:
        body = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
        answers.append(AWSResponse("", 400, {}, SimpleNamespace(stream=lambda: iter([body]))))
        return answers[-1]

    made[0].meta.events.register_first("before-send.iam.PutRolePolicy", throttled)
    monkeypatch.setattr(caller, "clients", lambda: made)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    with pytest.raises(ServiceFailed, match="throttling"):
        end(caller, of())
    assert len(answers) == 5


@pytest.mark.parametrize(
    ("sessions", "way_out"),
    [(of("orders-task"), "or end all sessions"), (of(), "remove those that begin with")],
)
def test_a_role_that_takes_no_more_policies(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch, sessions: Sessions, way_out: str
) -> None:
    failing(caller, monkeypatch, "put_role_policy", "LimitExceeded")
    with pytest.raises(ServiceFailed, match=way_out) as caught:
        end(caller, sessions)
    assert ("or end all" in str(caught.value)) is (sessions != of())


def test_of_two_at_once_neither_takes_away_what_the_other_has_ended(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = planned(caller, "IAMSudoUser", of())
    at(monkeypatch, NOON + timedelta(seconds=5))
    write(caller, planned(caller, "IAMSudoUser", of()))
    write(caller, earlier)
    [document] = policies().values()
    written = document["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
    # All that there was for the later of the two.
    assert datetime.fromisoformat(written) > NOON + timedelta(seconds=5)


def test_a_role_is_looked_up_so_that_a_slip_does_not_end_nothing(
    caller: CallerSession, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.role("orders-task")
    assert as_iam_has_it(caller, of("orders-task", ANN)) == of("orders-task", ANN)
    assert as_iam_has_it(caller, of("order-task")) is None
    assert as_iam_has_it(caller, of(None, ANN)) == of(None, ANN)
    # Who may not look ends them all the same.
    failing(caller, monkeypatch, "get_role", "AccessDenied")
    assert as_iam_has_it(caller, of("order-task")) == of("order-task")


def test_a_role_has_the_name_that_iam_says(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Any = caller.clients()
    made[0].get_role = lambda **_: {"Role": {"RoleName": "Orders-Task"}}
    monkeypatch.setattr(caller, "clients", lambda: made)
    assert as_iam_has_it(caller, of("orders-task")) == of("Orders-Task")


def test_whether_it_is_a_broker_s_base_role_is_known_by_its_tag(
    caller: CallerSession, account: Account
) -> None:
    assert not planned(caller, "IAMSudoUser", of()).is_a_broker_s
    account.tag("IAMSudoUser", **{"iam-sudo:broker": "iam-sudo"})
    assert planned(caller, "IAMSudoUser", of()).is_a_broker_s


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Sat, 31 Jan 2026 12:00:00 GMT", NOON),
        ("Sat, 31 Jan 2026 13:00:00 +0100", NOON),
    ],
)
def test_the_time_is_that_of_aws(date: str, time: datetime, monkeypatch: Any) -> None:
    monkeypatch.undo()
    reply = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    assert revocation._said_at(reply) == time
    assert abs(revocation._said_at({}) - datetime.now(UTC)) < timedelta(minutes=1)
