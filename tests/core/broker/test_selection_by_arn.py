"""Roles that are selected by their ARN."""

import json
from typing import Any

import pytest

from iam_sudo_core import RoleSelectionPolicy
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import InvalidSettings

ARN = "arn:aws:iam::111122223333:role/team/orders"


def parse(**fields: Any) -> RoleSelectionPolicy:
    document = {
        "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        "allowed-base-roles": ["*"],
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return RoleSelectionPolicy.parse(json.dumps(document))


def rule(policy: RoleSelectionPolicy, arn: str) -> str | None:
    found = RoleArn.parse(arn)
    assert found
    return policy.rule(found)


def test_an_arn_selects_that_role_and_no_namesake() -> None:
    policy = parse(allowed_role_arns=[ARN])
    assert rule(policy, ARN) == f"role {ARN}"
    for other in (
        "arn:aws:iam::111122223333:role/orders",
        "arn:aws:iam::111122223333:role/other/orders",
        "arn:aws:iam::111122223333:role/team/orders2",
        "arn:aws:iam::444455556666:role/team/orders",
        "arn:aws-cn:iam::111122223333:role/team/orders",
    ):
        assert rule(policy, other) is None


def test_names_and_arns_select_each_by_itself() -> None:
    policy = parse(allowed_role_arns=[ARN], allowed_role_names=["payments-*"])
    assert rule(policy, "arn:aws:iam::111122223333:role/payments-1") == "role name payments-*"
    assert rule(policy, ARN) == f"role {ARN}"


def test_an_empty_list_of_arns_selects_nothing() -> None:
    assert rule(parse(allowed_role_arns=[]), ARN) is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "allowed-role-names is missing"),
        ({"allowed_role_arns": "*"}, "has to be a list"),
        ({"allowed_role_arns": None}, "has to be a list"),
        ({"allowed_role_arns": ["arn:aws:iam::111122223333:role/*"]}, "not the ARN of a role"),
        ({"allowed_role_arns": ["orders"]}, "not the ARN of a role"),
        ({"allowed_role_arns": [7]}, "not the ARN of a role"),
        ({"allowed_role_arns": [ARN], "allowed_role_names": []}, "at least one pattern"),
    ],
)
def test_what_is_no_list_of_arns_is_an_error(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidSettings, match=problem):
        parse(**fields)
