"""The list of a broker with rules: whoever proves who they are sees their own roles, and no other.

The broker, its rules and its STS are those of `test_proof`.
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam_sudo_core import errors
from tests.aws_account import Account, Calls
from tests.core.broker.conftest import Ask
from tests.core.broker.test_proof import account, rules  # noqa: F401 - fixtures
from tests.core.conftest import decided
from tests.fake_sts import ANN, BOB, FakeSts, sign

LIST: dict[str, Any] = {"list": True}


def names(answer: dict[str, Any]) -> list[str]:
    return [role["name"] for role in answer["roles"]]


def test_a_list_without_a_proof_is_refused_without_a_call(
    ask: Ask,
    sts: FakeSts,
    calls: Calls,
) -> None:
    with pytest.raises(errors.ProofRequired):
        ask(LIST)
    assert (sts.requests, calls) == ([], [])


def test_each_is_told_their_own_roles_alone(
    ask: Ask,
    sts: FakeSts,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for who, name, other in ((ANN, "orders-task", "payments"), (BOB, "payments-task", "orders")):
        answer = ask(LIST, sign(sts, LIST, who=who))
        assert names(answer) == [name]
        assert other not in json.dumps(answer)
        assert (answer["caller"], answer["others"]) == (who, {})
        line = decided(capsys.readouterr().out)
        assert (line["decision"], line["caller"], line["roles_listed"]) == ("listed", who, 1)


def test_nobody_learns_by_a_pattern_whether_there_is_a_role(ask: Ask, sts: FakeSts) -> None:
    answers = []
    for pattern in ("payments-task", "payments-none", "orders-secret"):
        event = {**LIST, "pattern": pattern}
        answers.append(json.dumps(ask(event, sign(sts, event))).replace(pattern, ""))
    assert len(set(answers)) == 1


def test_a_proof_is_for_one_list_and_one_pattern(ask: Ask, sts: FakeSts) -> None:
    proof = sign(sts, LIST)
    with pytest.raises(errors.ProofRefused, match="another request"):
        ask({**LIST, "pattern": "x"}, proof)
    ask(LIST, proof)
    with pytest.raises(errors.ProofRefused, match="used already"):
        ask(LIST, proof)


def test_what_the_rules_allow_is_told_and_what_they_deny_is_not(ask: Ask, sts: FakeSts) -> None:
    answer = ask(LIST, sign(sts, LIST))
    assert answer["allowed"] == [
        "rule 1: role name orders-*, principal Service:ecs-tasks.amazonaws.com"
    ]


def test_nobody_unproven_learns_that_the_roles_cannot_be_read(
    ask: Ask,
    sts: FakeSts,
    broker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListRoles")

    monkeypatch.setattr(broker._IAM, "_make_api_call", denied)
    sts.answer = (403, b"<E><Code>SignatureDoesNotMatch</Code></E>", {})
    with pytest.raises(errors.ProofRefused):
        ask(LIST, sign(sts, LIST))
    sts.answer = None
    with pytest.raises(errors.AwsCallFailed):
        ask(LIST, sign(sts, LIST, age=20))


@pytest.mark.parametrize(
    "rules",
    [
        [
            {
                "effect": "allow",
                "callers": [ANN],
                "role-names": ["*-task*"],
                "principals": [{"*": "*"}],
                "role-tags": {"team": "ann"},
                "role-paths": ["/"],
                "max-duration-seconds": 900,
                "require-reason": True,
            }
        ]
    ],
)
def test_tags_of_roles_are_looked_at_up_to_a_number_of_roles(
    ask: Ask,
    sts: FakeSts,
    account: Account,  # noqa: F811
) -> None:
    account.tag("orders-task", Team="ann")
    answer = ask(LIST, sign(sts, LIST))
    assert names(answer) == ["orders-task"]
    assert answer["allowed"] == [
        "rule 1: role name *-task*, principal *:*, path /, tag team ann, for 900 seconds at most, "
        "with a reason"
    ]
    for number in range(50):
        account.role(f"other-task-{number}")
    with pytest.raises(errors.NamePartTooShort):
        ask(LIST, sign(sts, LIST, age=20))
    event = {**LIST, "pattern": "orders-*"}
    assert names(ask(event, sign(sts, event))) == ["orders-task"]
