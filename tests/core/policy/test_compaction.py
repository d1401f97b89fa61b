"""Compaction by the tables of `tests/cases`, by its properties, and what its check refuses.

That a compacted policy means the same is judged by others, in `tests/fidelity`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy import compaction, documents
from iam_sudo_core.policy.compaction import NotEquivalent, compact, equivalent
from iam_sudo_core.policy.statements import parse, write

CASES = Path(__file__).parents[2] / "cases"
COMPACTIONS = json.loads((CASES / "compactions.json").read_text())
NO_COMPACTIONS = json.loads((CASES / "no_compactions.json").read_text())

Json = dict[str, Any]


def compacted(statements: list[Json]) -> list[documents.Statement]:
    return write(compact(parse(statements)))


@pytest.mark.parametrize("case", COMPACTIONS, ids=lambda case: case["case"])
def test_what_is_compacted(case: Json) -> None:
    assert compacted(case["before"]) == case["after"]


@pytest.mark.parametrize("case", NO_COMPACTIONS, ids=lambda case: case["case"])
def test_what_is_not_compacted(case: Json) -> None:
    assert compacted(case["statements"]) == case["statements"]


ACTIONS = ["s3:GetObject", "s3:Get*", "S3:GETOBJECT", "s3:*", "sqs:Send?essage", "sqs:*", "*"]
RESOURCES = ["*", "arn:a", "arn:a*", "arn:A", "arn:a/${aws:userid}", "arn:*:b", "arn:?"]
CONDITIONS: list[Json] = [
    {},
    {"StringEquals": {"a:k": ["x", "y"]}},
    {"StringEquals": {"a:k": ["y", "x"]}},
    {"StringEquals": {"a:k": "x"}, "Bool": {"a:b": "true"}},
]


@st.composite
def statement(draw: st.DrawFn) -> Json:
    def element(name: str, values: list[str]) -> Json:
        patterns = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        return {draw(st.sampled_from([name, f"Not{name}"])): patterns}

    condition = draw(st.one_of(st.none(), st.sampled_from(CONDITIONS)))
    conditional = {} if condition is None else {"Condition": condition}
    return {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        **element("Action", ACTIONS),
        **element("Resource", RESOURCES),
        **conditional,
    }


@given(st.lists(statement(), max_size=6))
def test_it_never_grows_and_a_second_time_changes_nothing(statements: list[Json]) -> None:
    once = compacted(statements)
    assert compacted([dict(each) for each in once]) == once
    before, after = (documents.serialize({"Statement": each}) for each in (statements, once))
    assert len(after) <= len(before)


@given(st.lists(statement(), min_size=1, max_size=4), st.data())
def test_the_check_takes_no_statement_for_said_that_is_not(
    statements: list[Json], data: st.DataObject
) -> None:
    parsed = parse(statements)
    assert equivalent(parsed, parsed)
    left = data.draw(st.sampled_from(parsed))
    others = [each for each in parsed if each != left]
    alone = not any(each.covers(left) for each in others) and len(left.action.patterns) == 1
    if alone and len(left.resource.patterns) == 1:
        assert not equivalent(parsed, others)


def test_what_would_take_too_long_stays_as_it_is() -> None:
    patterns = [f"s3:*{number}*" for number in range(600)]
    action = {"Effect": "Allow", "Action": ["s3:GetObject", *patterns, "*"], "Resource": "*"}
    assert compacted([action]) == [action]
    assert compacted([action | {"Action": ["s3:GetObject", *patterns[:9], "*"]}]) == [
        action | {"Action": "*"}
    ]


def test_what_has_too_many_parts_to_look_up_stays_as_it_is() -> None:
    actions = [f"s3:Do{number}" for number in range(200)]
    statements: list[Json] = [
        {"Effect": "Allow", "Action": actions, "Resource": f"arn:{number}"} for number in range(400)
    ]
    assert compacted(statements) == statements
    assert len(compacted(statements[:40])) == 1


def test_statements_that_can_be_united_only_one_after_the_other_are_left_at_some_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds = []
    drop = compaction._drop_covered_patterns

    def counted(statements: list[Any]) -> list[Any]:
        rounds.append(len(statements))
        return drop(statements)

    monkeypatch.setattr(compaction, "_drop_covered_patterns", counted)
    actions, resources = ["s3:Do0"], ["arn:0"]
    chain: list[Json] = [{"Effect": "Allow", "Action": "s3:Do0", "Resource": "arn:0"}]
    for step in range(1, 40):
        more = {"Action": f"s3:Do{step}", "Resource": [*resources]}
        if step % 2:
            actions.append(f"s3:Do{step}")
        else:
            more = {"Action": [*actions], "Resource": f"arn:{step}"}
            resources.append(f"arn:{step}")
        chain.append({"Effect": "Allow", **more})
    assert len(compacted(chain)) > 1
    assert len(rounds) == 8
    assert len(compacted(chain[:12])) == 1


def test_a_compaction_that_fails_its_check_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_unite_actions", lambda statements: statements[:1])
    with pytest.raises(NotEquivalent):
        compacted(NO_COMPACTIONS[0]["statements"])
