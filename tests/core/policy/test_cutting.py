"""Statements that are too long, in parts: the same by a model of our own, and what is never cut."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy import Statement, cutting, matches, parse
from iam_sudo_core.policy.compaction import NotEquivalent
from iam_sudo_core.policy.cutting import length, say_the_same
from iam_sudo_core.policy.documents import serialize

ACTIONS = [
    "s3:GetObject", "S3:PutObject", "s3:Get*", "s3:*", "s3vectors:Get*", "sqs:SendMessage",
    "sqs:*Message", "*:Tag*", "?qs:Purge", "ec2:Run*", "ec2:RunInstances", "a4b:Do", "ecr:Get",
]  # fmt: skip
RESOURCES = [
    "*", "arn:aws:s3:::a/*", "arn:aws:s3:::b", "arn:aws:s3:::c/${aws:username}",
    "arn:aws:sqs:*:111122223333:*", "arn:aws:dynamodb:*:*:*/a", "arn:aws:s3:::d*",
]  # fmt: skip
# What requests are about: on the patterns and beside them, in services that no pattern names.
ASKED = [
    "s3:GetObject", "S3:getobject", "s3:DeleteObject", "s3vectors:GetX", "s3vectors:Put",
    "sqs:SendMessage", "sqs:Purge", "SQS:TagQueue", "ec2:RunInstances", "ec2:Stop", "ecr:Get",
    "ecr:Put", "a4b:Do", "xray:Get", "9x:Get", "-:x",
]  # fmt: skip
ABOUT = ["arn:aws:s3:::a/1", "arn:aws:s3:::b", "arn:aws:s3:::d1", "arn:aws:sqs:x:111122223333:q"]


def cut(whole: Statement, *, room: int, most: int = 1_000) -> list[Statement] | None:
    return cutting.cut(whole, room=room, most=most)


def statement(effect: str = "Allow", **elements: Any) -> Statement:
    given_ = {"Effect": effect, **elements}
    for name in ("Action", "Resource"):
        if not {name, f"Not{name}"} & given_.keys():
            given_[name] = "*"
    return parse([given_])[0]


def says(one: Statement, action: str, resource: str) -> bool:
    in_action = any(matches(each.key, action.lower()) for each in one.action.patterns)
    in_resource = any(matches(each.key, resource) for each in one.resource.patterns)
    return in_action is not one.action.negated and in_resource is not one.resource.negated


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    def element(name: str, values: list[str], negated: bool) -> dict[str, Any]:
        patterns = draw(st.lists(st.sampled_from(values), min_size=1, max_size=9, unique=True))
        return {f"Not{name}" if negated else name: patterns}

    return statement(
        draw(st.sampled_from(["Allow", "Deny"])),
        **element("Action", ACTIONS, draw(st.booleans())),
        **element("Resource", RESOURCES, draw(st.booleans())),
    )


@given(statements(), st.integers(90, 400))
def test_the_parts_say_what_the_whole_says_and_have_room(whole: Statement, room: int) -> None:
    parts = cut(whole, room=room)
    if parts is None:
        return
    assert all(length(part) <= room for part in parts)
    assert {(part.effect, part.condition) for part in parts} == {(whole.effect, whole.condition)}
    # With what may make the whole invalid, every part may be.
    assert all(part.resource.unsure == whole.resource.unsure for part in parts)
    for action, resource in itertools.product(ASKED, ABOUT):
        said = [says(part, action, resource) for part in parts]
        assert any(said) is says(whole, action, resource), (action, resource)


def test_what_has_room_stays_as_it_is() -> None:
    whole = statement(Action=["s3:GetObject", "sqs:SendMessage"])
    assert cut(whole, room=length(whole)) == [whole]
    assert len(cut(whole, room=length(whole) - 1) or []) == 2


def test_the_list_that_makes_fewer_parts_is_cut() -> None:
    resources = [f"arn:aws:s3:::bucket-{number}/*" for number in range(40)]
    whole = statement(Action=["s3:GetObject", "s3:PutObject"], Resource=resources)
    parts = cut(whole, room=700) or []
    assert len(parts) == 2
    assert all(part.action == whole.action for part in parts)


def test_both_lists_are_cut_where_either_is_too_long() -> None:
    whole = statement(
        Action=[f"s3:Get{number}" for number in range(60)],
        Resource=[f"arn:aws:s3:::bucket-{number}/*" for number in range(60)],
    )
    parts = cut(whole, room=500) or []
    assert parts
    pairs = {(a, r) for part in parts for a in part.action.keys for r in part.resource.keys}
    assert len(pairs) == 3_600


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_long_not_resource_is_never_cut(effect: str) -> None:
    resources = [f"arn:aws:s3:::bucket-{number}/*" for number in range(40)]
    assert cut(statement(effect, Action="s3:*", NotResource=resources), room=700) is None


def test_a_list_of_one_pattern_is_never_cut() -> None:
    assert cut(statement(Action=f"s3:{'x' * 700}"), room=700) is None


def test_a_long_not_action_is_said_by_beginnings() -> None:
    names = [f"{service}:Get{number}" for service in ("ec2", "s3", "sqs") for number in range(20)]
    whole = statement("Deny", NotAction=["*:Tag*", *names])
    parts = cut(whole, room=500) or []
    assert len(parts) > 1
    for part in parts:
        assert part.action.negated
        assert "*:tag*" in part.action.keys
        # IAM takes no wildcard in the place of a service, but for what the role has itself.
        assert all(key.partition(":")[0].isalnum() for key in part.action.keys - {"*:tag*"})
    for action in [*names, "s3:Put", "sqs:Get20", "iam:TagRole", "iam:Get1", "s3x:Get1"]:
        denied = any(says(part, action, "*") for part in parts)
        assert denied is says(whole, action, "*"), action


def test_a_not_action_of_which_nothing_is_known_to_begin_alike_is_not_cut() -> None:
    whole = statement("Deny", NotAction=[f"*:Get{number}" for number in range(60)])
    assert cut(whole, room=500) is None


def test_unsure_resources_stay_in_every_part() -> None:
    resources = [f"arn:aws:s3:::bucket-{number}/*" for number in range(40)]
    unsure = "arn:aws:s3:::${aws:username}/*"
    parts = cut(statement("Deny", Resource=[*resources, unsure]), room=700) or []
    assert len(parts) > 1
    assert all(unsure in part.resource.keys for part in parts)


@pytest.mark.parametrize("name", ["Action", "NotAction", "Resource"])
def test_no_more_parts_are_made_than_there_may_be(name: str) -> None:
    texts = [f"s{n % 7}:Get{n}" if name != "Resource" else f"arn:aws:s3:::{n}" for n in range(60)]
    whole = statement("Deny", **{name: texts})
    parts = cut(whole, room=300) or []
    assert len(parts) > 2
    assert cut(whole, room=300, most=len(parts)) == parts
    assert cut(whole, room=300, most=len(parts) - 1) is None


def test_parts_of_parts_count_as_well() -> None:
    actions = [f"s3:Get{'x' * 60}{number}" for number in range(5)]
    resources = [f"arn:aws:s3:::{'b' * 60}{number}" for number in range(5)]
    whole = statement(Action=actions, Resource=resources)
    parts = cut(whole, room=220) or []
    assert len(parts) == 25
    assert cut(whole, room=220, most=25) == parts
    assert cut(whole, room=220, most=24) is None


def test_what_takes_more_parts_than_may_be_is_soon_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[int] = []

    def counted(document: Any) -> str:
        written.append(len(text := serialize(document)))
        return text

    monkeypatch.setattr(cutting, "serialize", counted)
    actions = [f"service{number % 50}:Get{'Name' * 3}{number:04}" for number in range(3_000)]
    resources = [f"arn:aws:s3:::bucket-{number:03}/{'x' * 80}" for number in range(90)]
    for name in ("Action", "NotAction"):
        assert cut(statement(**{name: actions}, Resource=resources), room=6_000, most=30) is None
    # It was 6,000 million characters, which took half a minute.
    assert sum(written) < 100_000_000


WHOLE = {"Effect": "Deny", "Action": ["s3:Get", "s3:Put"], "Resource": ["arn:a", "arn:b"]}
NEGATED = {"Effect": "Deny", "NotAction": ["s3:Get", "ec2:Run"], "Resource": "*"}
ELSEWHERE = {"Effect": "Deny", "Action": "s3:Get", "NotResource": ["arn:a", "arn:b"]}
UNSURE = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:a", "arn:${aws:username}"]}


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        (WHOLE, [{**WHOLE, "Action": "s3:Get"}]),
        (WHOLE, [{**WHOLE, "Action": "s3:Get"}, {**WHOLE, "Action": ["s3:Put", "s3:List"]}]),
        (WHOLE, [{**WHOLE, "Action": "s3:Get"}, {**WHOLE, "Action": "s3:Put", "Effect": "Allow"}]),
        (WHOLE, [{**WHOLE, "Resource": "arn:a"}, {**WHOLE, "Resource": "arn:a"}]),
        (
            WHOLE,
            [
                {**WHOLE, "Action": "s3:Get", "Resource": "arn:a"},
                {**WHOLE, "Action": "s3:Put", "Resource": "arn:b"},
            ],
        ),
        (WHOLE, [{**WHOLE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, WHOLE]),
        # All but one is more than all but two.
        (NEGATED, [{**NEGATED, "NotAction": "s3:Get"}, {**NEGATED, "NotAction": "ec2:Run"}]),
        (
            NEGATED,
            [{**NEGATED, "NotAction": ["s3:Get", "ec2:*"]}, {**NEGATED, "NotAction": ["ec2:*"]}],
        ),
        # IAM takes no wildcard in a service.
        (
            NEGATED,
            [
                {**NEGATED, "NotAction": ["s3:Get", "e*"]},
                {**NEGATED, "NotAction": ["s*", "ec2:Run"]},
            ],
        ),
        # Nobody decides about Amazon S3, or about what begins with s3:g.
        (
            NEGATED,
            [
                {**NEGATED, "NotAction": ["s3:Get", "ec2:*", "s3:*"]},
                {**NEGATED, "NotAction": ["s3:*", "ec2:Run"]},
            ],
        ),
        (
            NEGATED,
            [
                {**NEGATED, "NotAction": ["s3:*", "ec2:Run"]},
                {**NEGATED, "NotAction": ["s3:g*", "s3:Get", "ec2:*"]},
            ],
        ),
        (
            NEGATED,
            [
                {**NEGATED, "NotAction": ["s3:Get", "*2:Run", "ec2:*"]},
                {**NEGATED, "NotAction": ["s3:*", "ec2:Run"]},
            ],
        ),
        (ELSEWHERE, [{**ELSEWHERE, "NotResource": "arn:a"}, {**ELSEWHERE, "NotResource": "arn:b"}]),
        (UNSURE, [{**UNSURE, "Resource": "arn:a"}, {**UNSURE, "Resource": "arn:${aws:username}"}]),
    ],
)
def test_the_check_finds_what_is_not_the_same(whole: Any, parts: Any) -> None:
    assert not say_the_same(parse(parts), parse([whole])[0])


def test_the_check_finds_what_is_the_same() -> None:
    for whole, parts in (
        (WHOLE, [{**WHOLE, "Action": "s3:Get"}, {**WHOLE, "Action": "S3:PUT"}]),
        (WHOLE, [{**WHOLE, "Resource": "arn:b"}, {**WHOLE, "Resource": "arn:a"}]),
        (
            NEGATED,
            [
                {**NEGATED, "NotAction": ["s3:Get", "ec2:*"]},
                {**NEGATED, "NotAction": ["s3:*", "ec2:Run"]},
            ],
        ),
    ):
        assert say_the_same(parse(parts), parse([whole])[0])


def test_parts_that_do_not_pass_the_check_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "say_the_same", lambda *_: False)
    with pytest.raises(NotEquivalent):
        cut(statement(Action=["s3:GetObject", "sqs:SendMessage"]), room=70)
