"""Patterns of `*` and `?`, the whole value, case-sensitive, nothing else special."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy.patterns import (
    covers,
    disjoint,
    fold,
    matches,
    matching,
)

ALPHABET = "ab*?[!].\n"
LOGS = "arn:aws:logs:eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("iam-sudo-demo-*", "iam-sudo-demo-my-task", True),
        ("iam-sudo-demo-*", "iam-sudo-demo-", True),
        ("iam-sudo-demo-*", "my-iam-sudo-demo-task", False),
        ("iam-sudo-demo-*", "IAM-SUDO-DEMO-task", False),
        ("orders-tas?", "orders-task", True),
        ("orders-tas?", "orders-tas", False),
        ("[a-z]*", "orders", False),
        ("[a-z]*", "[a-z]orders", True),
        ("[!x]", "a", False),
        ("*", "", True),
        ("", "a", False),
        ("a*b*c", "abbbcbc", True),
    ],
)
def test_only_star_and_question_mark_are_special(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


@given(st.text(ALPHABET, max_size=8), st.text(ALPHABET, max_size=10))
def test_it_agrees_with_a_regular_expression(pattern: str, value: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    assert matches(pattern, value) == bool(re.fullmatch(expression, value, re.DOTALL))


def test_a_hostile_pattern_is_answered_at_once() -> None:
    assert not matches("*a" * 2_000 + "b", "a" * 4_000)


def test_the_first_matching_pattern_is_named() -> None:
    assert matching(["x*", "ab*", "a*"], "abc") == "ab*"
    assert matching(["x*"], "abc") is None


PATTERNS = ["".join(text) for length in range(4) for text in product("ab:*?", repeat=length)]
VALUES = ["".join(text) for length in range(6) for text in product("ab:", repeat=length)]
LANGUAGES = {
    pattern: frozenset(value for value in VALUES if matches(pattern, value)) for pattern in PATTERNS
}


def test_of_all_small_patterns_none_is_said_to_cover_what_it_does_not() -> None:
    for one, other in product(PATTERNS, repeat=2):
        assert not covers(one, other) or LANGUAGES[other] <= LANGUAGES[one], (one, other)


def test_of_all_small_patterns_exactly_the_disjoint_ones_are_said_to_be() -> None:
    for one, other in product(PATTERNS, repeat=2):
        assert disjoint(one, other) is not bool(LANGUAGES[one] & LANGUAGES[other]), (one, other)


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        ("*", "arn:aws:s3:::orders/*", True),
        ("arn:aws:s3:::orders*", "arn:aws:s3:::orders/*", True),
        ("arn:aws:s3:::orders/*", "arn:aws:s3:::orders/2026/?/x", True),
        ("arn:aws:sqs:*:*:jobs", "arn:aws:sqs:eu-west-1:*:jobs", True),
        ("arn:aws:logs:*", "arn:aws:logs:eu-west-1:111122223333:log-group:a:*", True),
        # A star inside a segment may end at the colon, or may not: nothing is claimed.
        ("arn:aws:sqs:*:jobs", "arn:aws:sqs:eu-west-1:111122223333:jobs", False),
        ("arn:aws:sqs?jobs", "arn:aws:sqs:jobs", False),
        ("s3:Get?", "s3:Get*", False),
        ("s3:Get*", "s3:Get?", True),
        ("*a", "a*a", True),
        ("arn:aws:s3:::orders/*", "arn:aws:s3:::Orders/x", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:userid}", False),
        ("arn:aws:s3:::b/${aws:userid}", "arn:aws:s3:::b/${aws:userid}", True),
        # A wildcard where AWS allows none may match, or may not.
        (f"{LOGS}:*:prod*", f"{LOGS}:log-group:prod1", False),
        (f"{LOGS}:*", f"{LOGS}:*:prod*", False),
        (f"{LOGS}:*:prod*", f"{LOGS}:*:prod*", True),
        ("arn:aws:logs:*:*:log-group*", "arn:aws:logs:*:*:log-group:x", False),
        ("arn:aws:iam::*:?ole/*", "arn:aws:iam::111122223333:role/x", False),
        ("arn:aws:s3*:::b/*", "arn:aws:s3:::b/x", False),
        ("arn:aws:s3:eu-west-1:*:*/x", "arn:aws:s3:eu-west-1:*:accesspoint/x", False),
        (f"{LOGS}:*", f"{LOGS}:log-group:prod1", True),
        ("arn:aws:s3:::*/x", "arn:aws:s3:::b/x", True),
        ("arn:aws:sqs:*:*:*-jobs", "arn:aws:sqs:eu-west-1:*:a-jobs", True),
        ("arn:aws:execute-api:*:*:*/prod/*", "arn:aws:execute-api:*:*:a/prod/GET", True),
    ],
)
def test_what_covers_what(pattern: str, other: str, expected: bool) -> None:
    assert covers(pattern, other) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("arn:aws:s3:::a/*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::*/x", "arn:aws:s3:::b/*", False),
        ("s3:*Object", "s3:*Bucket", True),
        ("s3:Get*", "s3:*Object", False),
        ("arn:aws:s3:::a/${aws:userid}", "arn:aws:s3:::a/ann", False),
        ("arn:aws:s3:::a/${aws:userid}", "arn:aws:s3:::b/ann", True),
        ("arn:aws:s3:::${aws:PrincipalTag/x, 'a}b'}", "arn:aws:s3:::foo", False),
        (f"{LOGS}:*:prod*", f"{LOGS}:log-stream:x", False),
        (f"{LOGS}:*:prod*", "arn:aws:sqs:eu-west-1:111122223333:jobs", False),
    ],
)
def test_what_is_disjoint(one: str, other: str, expected: bool) -> None:
    assert disjoint(one, other) is expected
    assert disjoint(other, one) is expected


def test_hostile_patterns_are_compared_at_once() -> None:
    assert not covers("*a" * 1_000 + "b", "a*" * 1_000)
    assert disjoint("*a" * 300 + "b", "a*" * 300 + "c")


def test_only_the_letters_of_ascii_have_no_case() -> None:
    assert fold("S3:GetObject") == "s3:getobject"
    assert fold("\u212aEY Ä") == "\u212aey Ä"
