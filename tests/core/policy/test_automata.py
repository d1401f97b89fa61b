"""Containment by automata, against regular expressions and all short texts; and its limits."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy.automata import (
    READINGS,
    Patterns,
    Steps,
    TooManySteps,
    contained,
    surely_within,
)
from iam_sudo_core.policy.names import NamesOfActions, PossibleArns
from iam_sudo_core.policy.patterns import covers
from tests.core.policy import languages
from tests.core.policy.languages import matched, short

LOGS = "arn:aws:logs:eu-west-1:111122223333"
SMALL = st.text("ab::*?", max_size=7)
TEXTS = (*short("ab:", 5), *("a:::::" + text for text in short("ab:", 3)))


def within(pattern: str, other: str, most: int = 100_000) -> bool:
    return surely_within(pattern, other, steps=Steps(most))


def accepted(automaton: object, text: str) -> bool:
    state = automaton.start
    for character in text:
        state = automaton.after(state, character)
        if not state:
            return False
    return automaton.accepts(state)


@pytest.mark.parametrize("number", range(len(READINGS)), ids=languages.READINGS)
@given(pattern=SMALL | st.text("a:*?", min_size=5, max_size=12))
def test_a_pattern_means_in_each_reading_what_is_written_down(number: int, pattern: str) -> None:
    automaton = Patterns([pattern], READINGS[number])
    expected = matched([pattern], languages.READINGS[number], TEXTS)
    assert {text for text in TEXTS if accepted(automaton, text)} == expected


@given(SMALL, SMALL)
def test_what_is_said_to_lie_within_does_and_what_covers_knows_is_found(
    one: str, other: str
) -> None:
    found = within(one, other)
    assert found or not covers(other, one)
    if found:
        for reading in languages.READINGS:
            assert matched([one], reading, TEXTS) <= matched([other], reading, TEXTS)


def test_of_all_small_patterns_what_lies_within_is_found() -> None:
    for one, other in product(short("a:*?", 3), repeat=2):
        expected = all(
            matched([one], reading, TEXTS) <= matched([other], reading, TEXTS)
            for reading in languages.READINGS
        )
        assert within(one, other) is expected, (one, other)


def test_several_patterns_are_any_of_them() -> None:
    for reading in READINGS:
        both = Patterns(["a*", "*b"], reading)
        assert contained([Patterns(["a?"], reading)], both, steps=Steps(1_000))
        assert not contained([Patterns(["?a"], reading)], both, steps=Steps(1_000))
        assert contained(
            [Patterns(["a*"], reading), Patterns(["*b"], reading)],
            Patterns(["a*b", "ab"], reading),
            steps=Steps(1_000),
        )


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        ("a/${aws:userid}/*", "a/*", True),
        ("a/${aws:userid}/*", "a/${aws:userid}/*", True),
        ("a/${aws:userid}/b", "a/${aws:userid}/*", True),
        ("a/${aws:userid}/b", "a/*/b", False),
        ("a/${aws:userid}", "a/?*", False),
        ("a/${aws:userid}", "a/${aws:username}", False),
        ("a/${*}", "a/*", True),
        ("a/b", "a/${*}", False),
        ("a/xb", "a/${aws:userid, 'x}*'}", False),
        ("a/${aws:userid, 'x}b'}", "a/${aws:userid, 'x}*'}", False),
        (f"{LOGS}:*:prod*", f"{LOGS}:*", False),
        (f"{LOGS}:log-group:prod", f"{LOGS}:*:prod", False),
    ],
)
def test_what_nobody_knows_lies_within_what_goes_to_the_end(
    pattern: str, other: str, expected: bool
) -> None:
    assert within(pattern, other) is expected


def test_too_many_steps_are_not_taken() -> None:
    steps = Steps(1_000)
    with pytest.raises(TooManySteps):
        surely_within("*a" + "?" * 60, "*a" + "?" * 60, steps=steps)
    assert steps.taken <= 1_100


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3:GetObject", True),
        ("s3", False),
        ("s3:a:b", False),
        (":", True),
    ],
)
def test_a_name_of_an_action_has_one_colon(name: str, expected: bool) -> None:
    assert accepted(NamesOfActions(), name) is expected


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        (LOGS, f"{LOGS}:log-group:a", True),
        (LOGS, f"{LOGS}:log-group:a:log-stream:b", True),
        (LOGS, f"{LOGS}:x:log-group:a", False),
        (LOGS, f"{LOGS}::log-group/a", False),
        (LOGS, f"{LOGS}:x:log-groups:a", True),
        (LOGS, f"{LOGS}:x:log-group", True),
        (LOGS, f"{LOGS}:444455556666:log-group:a", False),
        ("arn:aws:kendra:*:*:*", "arn:aws:kendra:eu-west-1:111122223333:x:role/a", True),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:x:role/a", False),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:role/x:policy/a", False),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:role/role/a", True),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:x:444455556666:a", False),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:x:4444555566667:a", True),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:x:44445555666:a", True),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:x:a444455556666:a", True),
        ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:role/444455556666", True),
        ("arn:aws:sqs:*:*:*", "arn:aws:sqs:eu-west-1:111122223333:a", True),
        ("arn:aws:sqs:*:*:*", "arn:aws:sqs:eu-west-1:111122223333:a:b", False),
        ("*", "arn:aws:sqs:eu-west-1:111122223333:a:b", True),
    ],
)
def test_an_account_or_a_type_stands_in_its_place(pattern: str, arn: str, expected: bool) -> None:
    assert accepted(PossibleArns.like(pattern), arn) is expected


@given(st.text("0a/:", max_size=30), st.sampled_from(["iam", "logs", "sqs", "kendra"]))
def test_symbols_that_are_not_named_lead_to_the_same(text: str, service: str) -> None:
    automaton = PossibleArns.like(f"arn:aws:{service}:*:*:*")
    state = automaton.start
    for character in f"arn:aws:{service}::1:{text}":
        named = {":", *automaton.symbols(state)}
        others = {symbol for symbol in "019abcdefghijklmnoprstuvwxyzABCX/-." if symbol not in named}
        assert len({automaton.after(state, symbol) for symbol in (*others, "")}) == 1
        state = automaton.after(state, character)
        if not state:
            return
