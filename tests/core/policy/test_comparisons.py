"""What a hostile role makes the broker do: counted comparisons, and no more than the limit."""

import sys
from contextlib import suppress
from datetime import date
from types import FrameType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.hostile_roles import (
    BASE_ROLE,
    INLINE,
    MANAGED,
    NAME,
    ROLES,
    Everything,
    Iam,
    allow,
)
from iam_sudo_core import errors
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.broker.request import Request
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.policy import cutting, intersection, overlaps, patterns
from iam_sudo_core.policy.comparisons import MAX_COMPARISONS, comparisons, to_cover
from iam_sudo_core.policy.denials import complement
from iam_sudo_core.policy.documents import serialize
from iam_sudo_core.policy.elements import Element, Pattern
from iam_sudo_core.policy.intersection import NotExact, product
from iam_sudo_core.policy.statements import parse
from iam_sudo_core.session import carriers


def element(*keys: str, negated: bool = False) -> Element:
    return Element(tuple(Pattern(key, key) for key in keys), negated)


def lines(function: Any, *arguments: str) -> int:
    """How many lines of `patterns` a comparison takes."""
    counted = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal counted
        counted += event == "line" and frame.f_code.co_filename == patterns.__file__
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        function.__wrapped__(*arguments)
    finally:
        sys.settrace(before)
    return counted


PATTERNS = st.builds(
    lambda start, some, times, end: start + "".join(some) * times + end,
    st.sampled_from(["", "a:", "arn:aws:s3:::"]),
    st.lists(st.sampled_from(["a", "a", "b", ":", ":a", "*", "?", "*a", "${x}"]), max_size=4),
    st.integers(0, 40),
    st.sampled_from(["", "*", "a", "b", "*b", "?"]),
)


@given(PATTERNS, PATTERNS)
@example("arn:aws:s3:::" + "*" * 80 + "a", "arn:aws:s3:::" + "?" * 80)
@example("*" + "a" * 80 + "b", "a" * 120)
@example("*" + ":a" * 40 + "b", ":a" * 60 + "c")
@example("${x}" + "a" * 80 + "b", "a" * 120)
def test_no_comparison_takes_longer_than_was_counted(one: str, other: str) -> None:
    counted = comparisons([element(one)], [element(other)])
    most = 12 * (40 * counted + 4 * (len(one) + len(other)) + 60)
    assert lines(patterns.covers, one, other) <= most
    assert lines(patterns.disjoint, one, other) <= most


def made() -> int:
    """How many comparisons were made, those whose answer was remembered as well."""
    infos = [patterns.covers.cache_info(), patterns.disjoint.cache_info()]
    return sum(info.hits + info.misses for info in infos)


class Sts:
    """Takes whatever it is passed, and has no room."""

    def assume_role(self, **_: Any) -> Any:
        raise ClientError(
            {"Error": {"Code": "PackedPolicyTooLarge", "Message": "105%"}}, "AssumeRole"
        )


KNOWN: dict[str, Any] = {
    "selection": Everything(),
    "base_role": BASE_ROLE,
    "note": lambda **_: None,
    "day": date(2026, 11, 25),
}


@pytest.mark.parametrize("name", ROLES)
def test_a_hostile_role_is_answered_within_the_limits(name: str) -> None:
    role = ROLES[name]
    managed = [*role.managed, *([role.boundary] if role.boundary and not role.is_of_aws else [])]
    assert all(len(serialize(each)) <= MANAGED for each in managed)
    assert sum(len(serialize(each)) for each in role.inline) <= INLINE
    patterns.covers.cache_clear()
    patterns.disjoint.cache_clear()
    with pytest.raises(errors.SessionRefused):
        simulate(Request(NAME), iam=Iam(role), sts=Sts(), **KNOWN)
    simulated = made()
    assert simulated <= MAX_COMPARISONS
    with suppress(errors.SessionRefused):
        explain(Request(NAME), iam=Iam(role), **KNOWN)
    assert made() - simulated <= MAX_COMPARISONS


@pytest.mark.parametrize("name", ROLES)
def test_carriers_of_a_hostile_role_are_written_a_bounded_number_of_times(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def counted(document: Any) -> str:
        written.append(len(text := serialize(document)))
        return text

    monkeypatch.setattr(cutting, "serialize", counted)
    monkeypatch.setattr(carriers, "serialize", counted)
    with pytest.raises(errors.SessionRefused):
        simulate(Request(NAME), iam=Iam(ROLES[name]), sts=Sts(), **KNOWN)
    # Some hundred million characters of JSON are a second.
    assert sum(written) < 100_000_000


@pytest.mark.parametrize("name", [name for name in ROLES if "overlap" in name])
def test_the_overlaps_of_a_hostile_role_take_so_many_steps_and_no_more(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def counted(*arguments: str) -> overlaps.Overlap:
        found = overlaps.overlap(*arguments)
        steps.append(found.steps)
        return found

    monkeypatch.setattr(intersection, "overlap", counted)
    with pytest.raises(errors.PermissionsBoundaryNotExact, match="overlap in part"):
        simulate(Request(NAME), iam=Iam(ROLES[name]), sts=Sts(), **KNOWN)
    assert 0 < sum(steps) <= intersection.MAX_STEPS + 1.01 * overlaps.MAX_STEPS


def test_the_refusal_of_a_boundary_that_takes_too_long_says_so() -> None:
    role = ROLES["ten policies of 460 actions, a boundary of 450"]
    with pytest.raises(errors.PermissionsBoundaryNotExact) as caught:
        simulate(Request(NAME), iam=Iam(role), sts=Sts(), **KNOWN)
    assert "with the role's policies may take 2,0" in str(caught.value)
    assert "comparisons of patterns, and 250,000 are made at most" in str(caught.value)


def test_a_complement_that_takes_too_long_is_not_begun() -> None:
    actions = [[f"s3:*{'a' * 70}{n}-{m}*b" for m in range(35)] for n in range(2)]
    bounds = parse([allow(actions[0], "arn:a"), allow(actions[1], "arn:b")])
    before = made()
    with pytest.raises(NotExact, match="the boundary with itself may take .* comparisons"):
        complement(bounds)
    assert made() == before


def test_a_product_that_makes_too_much_text_is_not_begun() -> None:
    def all_but(service: str) -> dict[str, Any]:
        actions = [f"{service}:Do{number}" for number in range(300)]
        return {"Effect": "Allow", "NotAction": actions, "Resource": "*"}

    granted, bounds = (parse(all_but(service) for _ in range(30)) for service in ("s3", "sqs"))
    with pytest.raises(NotExact, match="the role's policies may take 5..,... comparisons"):
        product(granted, bounds)


def test_what_takes_too_long_to_compare_with_the_base_role_is_named_as_such() -> None:
    role = ROLES["ten policies of functions that the base role may deny"]
    explained = explain(Request(NAME), iam=Iam(role), **KNOWN)
    assert len(explained.differences) == len(role.managed)
    too_many = "has too many actions and resources to be compared with it"
    assert too_many in {each.detail for each in explained.differences}


ELEMENTS = st.builds(
    lambda keys, negated: element(*keys, negated=negated),
    st.lists(
        st.sampled_from(["*", "a:b", "a:*", "a:?c", "b:*", "*:b", "x", "*x*", "${x}", "b:c"]),
        min_size=1,
        max_size=6,
        unique=True,
    ),
    st.booleans(),
)


EXACT = element(*(f"a:{number}" for number in range(20)))


@given(ELEMENTS, ELEMENTS)
@example(EXACT.keeping(EXACT.patterns[10:]), Element(EXACT.patterns[:10], negated=True))
@example(Element(EXACT.patterns[:10], negated=True), EXACT.keeping(EXACT.patterns[10:]))
@example(element("*:a", "*:b", "*:c"), EXACT)
def test_no_more_comparisons_are_made_than_were_counted(one: Element, other: Element) -> None:
    before = made()
    one.apart(other)
    assert made() - before <= comparisons([one], [other])
    before = made()
    one.covers(other)
    assert made() - before <= to_cover([one, other])
