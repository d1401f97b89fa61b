"""What patterns that overlap have in common: by a table, by all short texts, and within limits."""

import json
import re
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iam_sudo_core.policy import overlaps
from iam_sudo_core.policy.automata import Steps, TooManySteps
from iam_sudo_core.policy.elements import Pattern
from iam_sudo_core.policy.intersection import NotExact, product
from iam_sudo_core.policy.overlaps import ACTIONS, MAX_STEPS, RESOURCES, Overlap, overlap
from iam_sudo_core.policy.statements import parse
from tests.aws_account import allow
from tests.core.policy.languages import READINGS, differences, matched, short

CASES = json.loads((Path(__file__).parents[2] / "cases" / "overlaps.json").read_text("utf-8"))
# Of ARNs, only those that could be asked for are compared; these are none.
TEXTS = tuple(short("ab:", 6))
SHORTER = tuple(short("ab:", 5))


def texts(found: Overlap) -> list[str]:
    return [pattern.text for pattern in found.patterns]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_what_two_patterns_have_in_common(case: dict[str, Any]) -> None:
    for pair in ((case["one"], case["other"]), (case["other"], case["one"])):
        found = overlap(*pair, case["of"])
        assert (found.obstacle is None) is ("both" in case)
        assert case.get("obstacle", "") in (found.obstacle or "")
        assert sorted(map(str.lower, texts(found))) == sorted(map(str.lower, case.get("both", [])))


def test_an_action_is_written_as_the_first_one_writes_it() -> None:
    assert texts(overlap("s3:Get*", "S3:*object", ACTIONS)) == ["s3:Get*object"]


def test_of_all_small_patterns_what_is_found_is_what_both_match_in_every_reading() -> None:
    exact = 0
    for one, other in combinations_with_replacement(short("a:*?", 3), 2):
        found = overlap(one, other, RESOURCES)
        if found.obstacle is None:
            exact += 1
            assert not differences(one, other, texts(found), SHORTER), (one, other)
    assert exact > 2_500  # of 3,655


SMALL = st.text("aab:**?", max_size=7)


@given(SMALL, SMALL)
@example("a*b*", "*ab*")
@example("*a*b*", "*b*a*")
@example("a*:*b", "*:b*")
@example("?*a", "*?a")
@example("*:*a*", "a*:*")
def test_what_is_found_is_what_both_match_in_every_reading(one: str, other: str) -> None:
    found = overlap(one, other, RESOURCES)
    if found.obstacle is None:
        assert not differences(one, other, texts(found), TEXTS)


NAMES = tuple(f"s3:{text}" for text in short("ab", 7))
NO_COLONS = st.text("aab**?", max_size=6)


@given(NO_COLONS, NO_COLONS)
def test_within_a_segment_there_is_nothing_that_is_not_found(one: str, other: str) -> None:
    found = overlap(f"s3:{one}", f"s3:{other}", ACTIONS)
    assert found.obstacle is None
    assert not differences(f"s3:{one}", f"s3:{other}", texts(found), NAMES)


# Of the fields of an ARN; what is put together of them is always one that could be asked for.
FIELDS = [
    ["eu-west-1", "us-east-1", "*", "eu-*", "*-1"],
    ["111122223333", "444455556666", "*", "1111*"],
    [
        "log-group:*",
        "log-group:a*",
        "log-group:*b:*",
        "log-group:*:log-stream:*",
        "*",
        "destination:?",
    ],
]
VALUES = [
    ["eu-west-1", "us-east-1", "eu-1"],
    ["111122223333", "444455556666"],
    [
        *("log-group:a", "log-group:ab", "log-group:ab:x", "log-group:b:log-stream:a"),
        *("destination:a", "destination:ab", "log-group:b:", "log-group::log-stream:a:b"),
    ],
]
ARNS = tuple(
    f"arn:aws:logs:{region}:{account}:{name}"
    for region in VALUES[0]
    for account in VALUES[1]
    for name in VALUES[2]
)


@given(*(st.tuples(*map(st.sampled_from, FIELDS)) for _ in range(2)))
def test_what_patterns_of_arns_have_in_common_is_found_or_refused(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    ours, theirs = (":".join(("arn:aws:logs", *fields)) for fields in (one, other))
    found = overlap(ours, theirs, RESOURCES)
    if found.obstacle is None:
        assert not differences(ours, theirs, texts(found), ARNS)


LISTS = st.lists(st.text("ab*?:", min_size=1, max_size=5), min_size=1, max_size=3, unique=True)


@given(LISTS, LISTS)
def test_the_product_of_lists_is_what_one_of_either_matches(
    ours: list[str], theirs: list[str]
) -> None:
    try:
        found = product(parse([allow("s3:*", ours)]), parse([allow("s3:*", theirs)]))
    except NotExact:
        return
    resources = [pattern.key for each in found for pattern in each.resource.patterns]
    for reading in READINGS:
        both = matched(ours, reading, TEXTS) & matched(theirs, reading, TEXTS)
        assert matched(resources, reading, TEXTS) == both


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*a" * 20 + "*", "*b" * 20 + "*"),
        ("*a" * 200, "*b" * 200),
        ("?" * 300 + "*", "*" + "?a" * 100),
        ("*a" + "?" * 60, "*b" + "?" * 60),
        ("a" * 600 + "*", "*" + "a" * 600),
        ("*" * 5_000 + "a", "b" + "*" * 5_000),
        ("arn:aws:s3:::" + "*ab" * 50 + "*", "arn:aws:s3:::" + "*ba" * 50 + "*"),
    ],
)
def test_hostile_patterns_are_given_up_soon(one: str, other: str) -> None:
    found = overlap(one, other, RESOURCES)
    assert found.obstacle == "in too many ways"
    assert found.steps <= MAX_STEPS + 200


def test_what_is_gone_through_and_what_is_written_both_count() -> None:
    long = [(character, character) for character in "a" * 400 + "*"]
    steps = Steps(10_000)
    overlaps._common(long, [*long, ("b", "b")], steps)
    assert steps.taken > 3 * len(long)
    with pytest.raises(TooManySteps):
        overlaps._followed(long, long, Steps(100))


def test_no_variable_is_made_of_what_two_patterns_write() -> None:
    for other in ("a?{aws:userid}", "a*{aws:userid}"):
        found = overlap("a$*", other, RESOURCES)
        assert "a${aws:userid}" not in texts(found)


@pytest.mark.parametrize(
    "wrong",
    [
        ["s3:Get*", "s3:*Object"],
        ["s3:*"],
        ["s3:Get*"],
        ["s3:GetObject"],
        ["s3:Get?*Object"],
        [],
    ],
    ids=str,
)
def test_an_overlap_that_was_computed_wrongly_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, wrong: list[str]
) -> None:
    monkeypatch.setattr(overlaps, "_common", lambda *_: wrong)
    found = overlap.__wrapped__("s3:Get*", "s3:*Object", ACTIONS)
    assert found.obstacle is not None
    assert not found.patterns


def test_what_one_of_both_does_not_match_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "_common", lambda *_: ["s3:Get*Object", "s3:Put*"])
    found = overlap.__wrapped__("s3:Get*", "s3:*Object", ACTIONS)
    assert texts(found) == ["s3:Get*Object"]


def test_what_was_found_twice_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    three = ["s3:GetObject", "s3:Get*Object", "s3:GetX*Object"]
    monkeypatch.setattr(overlaps, "_common", lambda *_: three)
    found = overlap.__wrapped__("s3:Get*", "s3:*Object", ACTIONS)
    assert found.patterns == (Pattern.action("s3:Get*Object"),)


def test_no_wildcard_comes_into_the_type_of_a_resource() -> None:
    found = overlap("arn:aws:logs:*:1:*", "arn:aws:logs:eu:*:log-group:*", RESOURCES)
    assert not any(re.search(r"[*?]", text.split(":")[5]) for text in texts(found))
