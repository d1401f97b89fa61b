"""What is told of roles that the rules give to somebody else, when reading them fails too.

The broker, its rules and its STS are those of `test_proof`.
"""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from iam_sudo_core import errors
from tests.aws_account import ECS, Account, Calls
from tests.core.broker.conftest import Ask, assumed
from tests.core.broker.test_proof import ASKED, RULES, account, rules  # noqa: F401 - fixtures
from tests.core.conftest import decided
from tests.fake_sts import ANN, FakeSts, sign

Fail = Callable[..., None]


def denied(operation: str) -> ClientError:
    message = "not authorized on resource: role payments-task"
    return ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, operation)


@pytest.fixture
def fail(broker: ModuleType) -> Fail:
    """Have calls of one operation fail."""

    def fail(operation: str, error: Exception, *, after: int = 0) -> None:
        count: list[bool] = []

        def failing(**_: Any) -> None:
            count.append(True)
            if len(count) > after:
                raise error

        broker._IAM.meta.events.register(f"before-call.iam.{operation}", failing)

    return fail


def said(ask: Ask, sts: FakeSts, event: dict[str, Any]) -> tuple[str, str]:
    """The class and the text of a refusal, without the name that was asked for."""
    with pytest.raises(errors.IamSudoError) as caught:
        ask(event, sign(sts, event))
    return type(caught.value).__name__, str(caught.value).replace(event["role_name"], "NAME")


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("GetRolePolicy", denied("GetRolePolicy")),
        ("ListRolePolicies", denied("ListRolePolicies")),
        ("ListAttachedRolePolicies", denied("ListAttachedRolePolicies")),
        (
            "GetRolePolicy",
            ClientError({"Error": {"Code": "NoSuchEntity", "Message": "gone"}}, "GetRolePolicy"),
        ),
        ("GetRolePolicy", ReadTimeoutError(endpoint_url="https://iam.example")),
    ],
)
@pytest.mark.parametrize("explain", [{}, {"explain": True}])
def test_that_a_role_of_somebody_else_cannot_be_read_does_not_tell_that_it_is_there(
    ask: Ask, sts: FakeSts, fail: Fail, operation: str, error: Exception, explain: dict[str, bool]
) -> None:
    fail(operation, error)
    missing = said(ask, sts, {"role_name": "payments-none", **explain})
    assert missing[0] == "NotAllowedByRules"
    assert said(ask, sts, {"role_name": "payments-task", **explain}) == missing
    own = said(ask, sts, {**ASKED, **explain})
    assert own[0] in {"AwsCallFailed", "RoleChanged", "BrokerFailure"}
    arn = "arn:aws:iam::123456789012:role/orders-task"
    assert said(ask, sts, {"role_name": arn, **explain})[0] == own[0]


def gone(operation: str = "GetRole") -> ClientError:
    return ClientError({"Error": {"Code": "NoSuchEntity", "Message": "gone"}}, operation)


def test_an_arn_is_a_whole_name_and_no_part_of_another(ask: Ask, sts: FakeSts) -> None:
    for name in ("orders-tas", "rders-task", "orders"):
        part = {"role_name": name}
        assert ask(part, sign(sts, part))
        for text in (
            f"arn:aws:iam::123456789012:role/{name}",
            f"arn:aws:sts::123456789012:assumed-role/{name}/x1",
        ):
            event = {"role_name": text}
            with pytest.raises(errors.NotAllowedByRules):
                ask(event, sign(sts, event))


def test_a_role_that_was_found_by_a_part_and_is_gone_is_said_to_be(
    ask: Ask, sts: FakeSts, fail: Fail
) -> None:
    # The first is of the name as it was asked for.
    fail("GetRole", gone(), after=1)
    event = {"role_name": "rders-task"}
    with pytest.raises(errors.RoleChanged):
        ask(event, sign(sts, event))


class TestPrincipals:
    @pytest.fixture
    def rules(self) -> list[dict[str, Any]]:
        return [{**RULES[0], "principals": [{"Service": "*"}]}]

    def test_a_part_of_a_name_is_looked_for_among_roles_of_the_principal(
        self,
        ask: Ask,
        sts: FakeSts,
        account: Account,  # noqa: F811
    ) -> None:
        trust = json.loads(json.dumps(ECS).replace("ecs-tasks", "lambda"))
        account.role("orders-function", trust=trust)
        event = {"role_name": "rders-", "principal": "Service:lambda.amazonaws.com"}
        assert ask(event, sign(sts, event))["AccessKeyId"]
        event = {"role_name": "rders-", "principal": "Service:ecs-tasks.amazonaws.com"}
        with pytest.raises(errors.RoleAmbiguous) as caught:
            ask(event, sign(sts, event))
        assert caught.value.candidates == ["orders-secret", "orders-task"]


class TestTags:
    @pytest.fixture
    def rules(self) -> list[dict[str, Any]]:
        return [{**RULES[0], "role-names": ["*"], "role-tags": {"team": "orders"}}]

    def test_a_role_that_is_gone_has_no_tags_that_a_rule_wants(
        self, ask: Ask, sts: FakeSts, fail: Fail
    ) -> None:
        fail("GetRole", gone())
        event = {"list": True}
        assert ask(event, sign(sts, event))["roles"] == []

    def test_a_role_that_was_found_by_a_part_is_decided_as_it_is_read(
        self,
        ask: Ask,
        sts: FakeSts,
        broker: ModuleType,
        account: Account,  # noqa: F811
    ) -> None:
        account.tag("orders-task", team="orders")
        event = {"role_name": "rders-task"}
        assert ask(event, sign(sts, event, age=30))["AccessKeyId"]
        reads: list[bool] = []

        def taken_away(**_: Any) -> None:
            reads.append(True)
            # Of the name that was asked for, of the tags, and of the role that was found.
            if len(reads) == 3:
                account.tag("orders-task", team="payments")

        broker._IAM.meta.events.register("before-call.iam.GetRole", taken_away)
        with pytest.raises(errors.NotAllowedByRules):
            ask(event, sign(sts, event))

    def test_a_role_whose_tags_cannot_be_read_is_not_named(
        self, ask: Ask, sts: FakeSts, fail: Fail
    ) -> None:
        # The first is of the name as it was asked for.
        fail("GetRole", denied("GetRole"), after=1)
        event = {"role_name": "ments-"}
        with pytest.raises(errors.AwsCallFailed, match="AccessDenied") as caught:
            ask(event, sign(sts, event))
        assert "payments" not in str(caught.value)
        event = {"list": True, "pattern": "pay*"}
        with pytest.raises(errors.AwsCallFailed, match="AccessDenied") as caught:
            ask(event, sign(sts, event))
        assert "payments" not in str(caught.value)


def test_the_log_has_what_the_caller_is_not_told(
    ask: Ask, sts: FakeSts, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, found, denied_by in (
        ("payments-task", "payments-task", []),
        ("orders-secret", "orders-secret", [3]),
        ("orders-none", None, None),
    ):
        capsys.readouterr()
        event = {"role_name": name}
        said(ask, sts, event)
        line = decided(capsys.readouterr().out)
        assert (line.get("role_refused"), line.get("denied_by")) == (found, denied_by)
        assert (line["role_found"], line["rule"], line["caller"]) == (None, None, ANN)


def test_a_role_whose_trust_policy_is_not_understood_is_nobody_s(
    ask: Ask,
    sts: FakeSts,
    account: Account,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    missing = said(ask, sts, {"role_name": "orders-none"})
    account.role("orders-odd", trust={"Statement": 7})
    capsys.readouterr()
    assert said(ask, sts, {"role_name": "orders-odd"}) == missing
    line = decided(capsys.readouterr().out)
    assert (line["role_refused"], line["denied_by"]) == ("orders-odd", [])


@pytest.mark.parametrize("explain", [{}, {"explain": True}])
def test_with_rules_too_a_base_role_is_one_of_those_that_are_allowed(
    ask: Ask, sts: FakeSts, calls: Calls, explain: dict[str, bool]
) -> None:
    for base_role in ("Another", "IAMSudoUser2", "arn:aws:iam::444455556666:role/IAMSudoUser"):
        event = {**ASKED, "base_role": base_role, **explain}
        with pytest.raises(errors.BaseRoleNotAllowed):
            ask(event, sign(sts, event))
    assert assumed(calls) == []


def test_an_arn_of_another_partition_is_no_role_of_this_account(ask: Ask, sts: FakeSts) -> None:
    for text in (
        "arn:aws-cn:iam::123456789012:role/orders-task",
        "arn:aws-us-gov:sts::123456789012:assumed-role/orders-task/x1",
    ):
        event = {"role_name": text}
        with pytest.raises(errors.NotAllowedByRules):
            ask(event, sign(sts, event))


def test_a_list_is_the_same_whether_or_not_others_have_roles(
    ask: Ask,
    sts: FakeSts,
    account: Account,  # noqa: F811
) -> None:
    event = {"list": True}
    before = json.dumps(ask(event, sign(sts, event, age=30)))
    for number in range(60):
        account.role(f"payments-{number}", trust={"Statement": 7} if number % 2 else {})
    assert json.dumps(ask(event, sign(sts, event))) == before
