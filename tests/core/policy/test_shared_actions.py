"""The complement of statements that share actions, by examples and by a world that can be tried."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy import shared_actions
from iam_sudo_core.policy.denials import complement
from iam_sudo_core.policy.intersection import NotExact
from iam_sudo_core.policy.statements import parse, write

Json = dict[str, Any]
S3 = "arn:aws:s3:::"
A, B = f"{S3}a/*", f"{S3}b/*"
IN_REGION = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
ELSEWHERE = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}


def allow(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def but(statement: Json, element: str) -> Json:
    """The statement with `Not…` in the place of an element."""
    return {f"Not{key}" if key == element else key: value for key, value in statement.items()}


def denied(*statements: Json) -> list[Any]:
    return write(complement(parse(statements)))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            [allow("s3:*", A), allow("s3:Get*")],
            [
                but({"Effect": "Deny", "Action": ["s3:*", "s3:Get*"], "Resource": "*"}, "Action"),
                {"Effect": "Deny", "NotAction": "s3:Get*", "NotResource": A},
            ],
        ),
        (
            [allow("s3:Get*", A), allow("s3:*Object", B)],
            [
                {"Effect": "Deny", "NotAction": ["s3:Get*", "s3:*Object"], "Resource": "*"},
                {"Effect": "Deny", "NotAction": "s3:*Object", "NotResource": A},
                {"Effect": "Deny", "Action": "*", "NotResource": [A, B]},
                {"Effect": "Deny", "NotAction": "s3:Get*", "NotResource": B},
            ],
        ),
        (
            [but(allow("iam:*", A), "Action"), allow("s3:*", Condition=IN_REGION)],
            [
                {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
                {"Effect": "Deny", "NotAction": "s3:*", "NotResource": A},
                {"Effect": "Deny", "Action": "*", "NotResource": A, "Condition": ELSEWHERE},
            ],
        ),
        ([allow("*"), allow("s3:*", A), but(allow("iam:*", B), "Action")], []),
    ],
)
def test_what_no_statement_allows_is_denied(statements: list[Json], expected: list[Json]) -> None:
    found = denied(*statements)
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert_exact(statements, found)


# A world of names, resources and one key, which is there or not.
NAMES = [f"s3:{name}" for name in ("a", "b", "ab", "ba", "aab", "c", "")] + ["q:a", "q:b"]
OBJECTS = [f"{S3}{name}" for name in ("a", "b", "ab", "ba", "c")]
# What a star stands for: AWS leaves open whether it goes over a colon.
STARS = [".*", "[^:]*"]
REGIONS = ["eu-west-1", "eu-west-2", None]
ACTIONS = [
    "s3:a*",
    "s3:*b",
    "s3:a",
    "s3:?b",
    "s3:*a*",
    "s3:*",
    "*",
    "q:*",
    "q:a",
    "*:b",
    "*b",
    "s*",
]
RESOURCES = ["*", *(f"{S3}{pattern}" for pattern in ("a*", "*b", "a", "ab", "b?"))]
CONDITIONS = [None, IN_REGION, ELSEWHERE, {"Null": {"aws:RequestedRegion": "true"}}]


def fits(patterns: Any, text: str, star: str) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(
        # The last star of a pattern goes over colons in every reading.
        re.fullmatch(
            re.sub(r"\\\*$", ".*", re.escape(each)).replace(r"\*", star).replace(r"\?", "."), text
        )
        for each in listed
    )


def holds(operator: str, value: str, region: str | None) -> bool:
    if operator == "Null":
        return (region is None) is (value == "true")
    return (region == value) is (operator == "StringEquals")


def applies(statement: Json, star: str, name: str, object_: str, region: str | None) -> bool:
    def is_meant(element: str, text: str) -> bool:
        if element in statement:
            return fits(statement[element], text, star)
        return not fits(statement[f"Not{element}"], text, star)

    return (
        is_meant("Action", name)
        and is_meant("Resource", object_)
        and all(
            holds(operator, value, region)
            for operator, tests in statement.get("Condition", {}).items()
            for value in tests.values()
        )
    )


def assert_exact(statements: list[Json], denials: list[Json]) -> None:
    for request in itertools.product(STARS, NAMES, OBJECTS, REGIONS):
        is_allowed = any(applies(each, *request) for each in statements)
        is_denied = any(applies(each, *request) for each in denials)
        assert is_denied is not is_allowed, request


@st.composite
def statement(draw: st.DrawFn) -> Json:
    def element(name: str, values: list[str]) -> Json:
        patterns = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
        # Rarely, since what excepts something meets most others in part.
        return {draw(st.sampled_from([name] * 3 + [f"Not{name}"])): patterns}

    condition = draw(st.sampled_from(CONDITIONS))
    conditional = {} if condition is None else {"Condition": condition}
    return {
        "Effect": "Allow",
        **element("Action", ACTIONS),
        **element("Resource", RESOURCES),
        **conditional,
    }


@given(st.lists(statement(), min_size=1, max_size=4))
def test_a_complement_is_exact_or_there_is_none(statements: list[Json]) -> None:
    try:
        found = denied(*statements)
    except NotExact:
        return
    assert_exact(statements, found)


def test_of_any_two_statements_about_resources_there_is_one() -> None:
    for one, other in itertools.product(ACTIONS, repeat=2):
        statements = [allow(one, A), allow(other, B, Condition=IN_REGION)]
        assert denied(*statements)


# What has none.

AT_ONCE = [allow(f"s3:*{letter}*", f"{S3}{letter}") for letter in "abcdefgh"]


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (
            [
                allow("s3:*", Condition={"StringEquals": {"aws:RequestedRegion": "a"}}),
                allow("s3:Get*", Condition={"StringEquals": {"aws:RequestedRegion": "b"}}),
            ],
            "both conditions test aws:RequestedRegion",
        ),
        (
            [allow("s3:*", A), allow("s3:Get*", "arn:aws:s3:::${aws:userid}/*")],
            "in its resources matches is not sure",
        ),
        (
            [allow("s3:*", A), allow("s3:Get*", Condition={"StringEquals": {"aws:TagKeys": "a"}})],
            "aws:TagKeys",
        ),
        (AT_ONCE, "too many of the statements at once"),
        (
            [allow("s3:${aws:userid}", A), allow("s3:Get*", B)],
            "in its actions matches is not sure",
        ),
        (
            [
                but(allow("s3:*", "arn:aws:s3:::*a"), "Resource"),
                allow("s3:Get*", "arn:aws:s3:::a*"),
            ],
            "lies within it only in part",
        ),
        (
            [but(allow("iam:*"), "Action"), allow("iam:GetRole", Condition=IN_REGION)],
            "no list of actions says which ones",
        ),
    ],
)
def test_statements_that_share_actions_and_have_no_complement(
    statements: list[Json], problem: str
) -> None:
    with pytest.raises(NotExact, match=problem):
        denied(*statements)


def test_what_takes_too_many_steps_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    statements = [allow("s3:*a*", A), allow("s3:*b*", B)]
    assert denied(*statements)
    monkeypatch.setattr(shared_actions, "MAX_STEPS", 5)
    with pytest.raises(NotExact, match="too many of the statements at once"):
        denied(*statements)


# What ten statements leave out has nothing in common, and is a thousand resources.
EXCEPTING = [
    but(allow(f"s3:*{letter}*", [f"{S3}{letter}/{number}" for number in range(100)]), "Resource")
    for letter in "abcdefghij"
]


def test_what_takes_too_long_to_put_together_is_refused() -> None:
    with pytest.raises(NotExact, match="too many of the statements at once"):
        denied(*EXCEPTING)


def test_nothing_is_put_together_where_one_statement_leaves_out_nothing() -> None:
    assert denied(*EXCEPTING, allow("*")) == []
