"""What a trust policy says about the caller, as far as the policy alone can tell."""

from typing import Any

import pytest

from iam_sudo_client.ways_in.trust_policy import Caller, Trust, trust_of
from tests.aws_account import ACCOUNT
from tests.client.ways_in.callers import (
    ANN,
    DEVELOPER,
    ECS_ALONE,
    MFA,
    ROOT,
    SESSION,
    SOMEBODY,
    SSO,
    USER,
    granted,
    statement,
)


def trust(*statements: Any, caller: Caller = USER) -> Trust:
    return trust_of({"Version": "2012-10-17", "Statement": list(statements)}, caller)


@pytest.mark.parametrize(
    "statements",
    [
        [ECS_ALONE],
        [statement({"AWS": f"{ANN}e"})],
        [statement({"AWS": "444455556666"})],
        [{**statement({"AWS": ANN}), "Action": "sts:TagSession"}],
        [{"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": f"{ANN}e"}}],
        [ECS_ALONE, statement("*", "Deny", Condition=MFA)],
    ],
)
def test_a_trust_policy_that_does_not_name_the_caller(statements: list[Any]) -> None:
    assert trust(*statements) == Trust()


@pytest.mark.parametrize(
    ("principal", "directly"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": [ANN, f"{ANN}e"]}, True),
        ({"AWS": ROOT}, False),
        ({"AWS": ACCOUNT, "Service": "ecs-tasks.amazonaws.com"}, False),
    ],
)
def test_a_trust_policy_that_names_the_caller(principal: object, directly: bool) -> None:
    assert trust(ECS_ALONE, statement(principal)) == Trust(allows=True, directly=directly)


@pytest.mark.parametrize(
    ("caller", "operator", "pattern", "agrees"),
    [
        (USER, "ArnLike", ANN, True),
        (USER, "ArnLike", f"arn:aws:iam::{ACCOUNT}:user/*", True),
        (USER, "ArnEquals", ANN[:-1] + "?", True),
        (USER, "StringLike", "*/ann", True),
        (USER, "StringEquals", ANN, True),
        (USER, "ArnLikeIfExists", ANN, True),
        (USER, "ForAnyValue:StringLike", ANN, True),
        (USER, "ArnNotLike", "*/bob", True),
        (USER, "ArnLike", "*/bob", False),
        (USER, "StringEquals", f"arn:aws:iam::{ACCOUNT}:user/*", False),
        (USER, "StringNotEquals", ANN, False),
        (DEVELOPER, "ArnLike", SSO[:-16] + "?" * 16, True),
        (DEVELOPER, "ArnLike", SSO.replace("Dev", "Ops")[:-16] + "?" * 16, False),
    ],
)
def test_conditions_on_the_principals_arn_are_evaluated(
    caller: Caller, operator: str, pattern: str, agrees: bool
) -> None:
    for key in ("aws:PrincipalArn", "AWS:principalarn"):
        found = trust(ECS_ALONE, granted(pattern, operator=operator, key=key), caller=caller)
        assert found == (Trust(allows=True) if agrees else Trust(excludes=True))


def test_one_of_several_patterns_and_of_several_statements_is_enough() -> None:
    assert trust(granted("*/bob", "*/ann")) == Trust(allows=True)
    assert trust(granted("*/bob"), statement({"AWS": ROOT}, Condition=MFA), granted(ANN)) == Trust(
        allows=True
    )


@pytest.mark.parametrize(
    ("caller", "single", "unchecked"),
    [
        (USER, statement({"AWS": ROOT}, Condition=MFA), "aws:MultiFactorAuthPresent"),
        (USER, granted("x", operator="StringEquals", key="sts:ExternalId"), "sts:ExternalId"),
        (USER, granted("*/${aws:username}"), "aws:PrincipalArn"),
        (USER, granted("*", operator="ForAllValues:ArnLike"), "aws:PrincipalArn"),
        (SOMEBODY, granted(SSO), "aws:PrincipalArn"),
    ],
)
def test_other_conditions_are_named(caller: Caller, single: dict[str, Any], unchecked: str) -> None:
    assert trust(single, caller=caller) == Trust(allows=True, unchecked=frozenset({unchecked}))


def test_a_role_is_named_by_its_arn_or_by_its_sessions() -> None:
    for principal in (SSO, SESSION):
        found = trust(statement({"AWS": principal}), caller=DEVELOPER)
        assert found == Trust(allows=True, directly=True)
    found = trust(statement({"AWS": SSO}), caller=SOMEBODY)
    assert found.allows
    assert found.unchecked == {"the path of your role"}
    assert not trust(statement({"AWS": f"{SSO}0"}), caller=SOMEBODY).allows


def test_denials() -> None:
    allow_all = statement({"AWS": ROOT})
    assert trust(allow_all, statement({"AWS": ANN}, "Deny")).denies
    assert trust(
        allow_all, statement("*", "Deny", Condition={"ArnNotLike": {"aws:PrincipalArn": "*/bob"}})
    ).denies
    assert trust(allow_all, statement({"AWS": f"{ANN}e"}, "Deny")) == Trust(allows=True)
    perhaps = trust(allow_all, statement("*", "Deny", Condition=MFA))
    assert perhaps == Trust(allows=True, unchecked=frozenset({"aws:MultiFactorAuthPresent"}))
    excepting = {"Effect": "Deny", "Action": "sts:*", "NotPrincipal": {"AWS": ANN}}
    assert trust(allow_all, excepting).unchecked == {"NotPrincipal"}


def test_a_single_statement_needs_no_list_and_nonsense_is_an_error() -> None:
    assert trust_of({"Statement": statement("*")}, USER).allows
    with pytest.raises(ValueError, match="Statement"):
        trust_of({"Statement": "x"}, USER)
