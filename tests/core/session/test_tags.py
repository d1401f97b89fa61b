"""The tags of a session, and which keys a policy tests; what comes of it is in test_broker.py."""

from typing import Any

import pytest

from iam_sudo_core.session import tags as session_tags
from iam_sudo_core.session.tags import compare
from tests.aws_account import allow


def document(*statements: Any) -> dict[str, object]:
    return {"p": {"Version": "2012-10-17", "Statement": list(statements)}}


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({}, set()),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/env": "dev"}}}, {"env"}),
        ({"Condition": {"ForAnyValue:StringLike": {"AWS:principaltag/Env": "dev"}}}, {"env"}),
        ({"Condition": {"Null": {"aws:PrincipalTag/cost center": "true"}}}, {"cost center"}),
        ({"Condition": {"StringLike": {"s3:prefix": "${aws:PrincipalTag/team}/*"}}}, {"team"}),
        ({"Resource": "arn:aws:s3:::b/${aws:PrincipalTag/a}/${aws:PrincipalTag/b}"}, {"a", "b"}),
        ({"Resource": "arn:aws:s3:::b/${aws:PrincipalTag/a, 'none'}"}, {"a"}),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/${x:y}": "dev"}}}, {"*"}),
        ({"Condition": {"StringEquals": {"aws:ResourceTag/env": "dev"}}}, set()),
    ],
)
def test_the_keys_that_a_policy_tests(more: dict[str, Any], keys: set[str]) -> None:
    assert session_tags.tested(document(allow("s3:*") | more)) == keys


def test_a_key_is_found_in_a_document_of_any_shape() -> None:
    assert session_tags.tested(
        {"p": [{"odd": ["aws:PrincipalTag/env"]}, {"aws:PrincipalTag/b": 1}]}
    ) == {
        "env",
        "b",
    }


ROLE = {"Env": "prod", "aws:stack": "x"}


@pytest.mark.parametrize(
    ("key", "base_role", "are_passed", "expected"),
    [
        ("env", {"env": "dev"}, True, []),
        ("team", {"env": "dev"}, True, []),
        ("team", {"Team": "a"}, True, ["team"]),
        ("aws:stack", {}, True, ["aws:stack"]),
        ("*", {}, True, ["*"]),
        ("env", None, True, []),
        ("team", None, True, ["team"]),
        ("env", {}, False, ["env"]),
        ("team", {}, False, []),
    ],
)
def test_the_keys_that_a_session_answers_otherwise(
    key: str, base_role: dict[str, str] | None, are_passed: bool, expected: list[str]
) -> None:
    assert compare(ROLE, base_role, are_passed=are_passed).among([key]) == expected


def test_where_no_tag_can_differ_a_computed_key_is_right_too() -> None:
    difference = compare({"env": "prod"}, {"ENV": "dev"})
    assert difference.among(["*", "env", "team"]) == []


def test_a_key_that_only_looks_the_same_is_another_one() -> None:
    kelvin = compare({"\u212aey": "prod"}, {"key": "dev"})
    assert kelvin.among(["key"]) == ["key"]


def test_what_aws_has_reserved_is_not_passed() -> None:
    assert session_tags.passed(ROLE) == {"Env": "prod"}
    assert session_tags.withheld(ROLE) == ["aws:stack"]
