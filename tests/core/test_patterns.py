"""Patterns of `*` and `?`, the whole value, case-sensitive, nothing else special."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.patterns import matches, matching

ALPHABET = "ab*?[!].\n"


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
