"""The session plan at its limits; what reaches STS is in test_broker.py."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core import (
    Role,
    RoleSnapshot,
    SessionPlan,
    errors,
    plan_sessions,
)
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy import matches
from iam_sudo_core.session import session_name, session_name_patterns


def plan_session(role: RoleSnapshot, *, base_role: RoleArn) -> SessionPlan:
    return next(plan_sessions(role, base_role=base_role))


BASE = RoleArn("aws", "111122223333", "IAMSudoUser")
MANAGED = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def snapshot(*documents: object, **changes: Any) -> RoleSnapshot:
    arn = RoleArn("aws", "111122223333", "orders-task")
    inline = {f"policy-{number}": document for number, document in enumerate(documents)}
    return RoleSnapshot(Role(arn.name, arn, {}), inline, **changes)


def allow(resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def document_of(characters: int) -> dict[str, Any]:
    empty = len(plan_session(snapshot(allow("")), base_role=BASE).policy or "")
    return allow("x" * (characters - empty))


def test_a_plan_without_session_policies_cannot_be_made() -> None:
    for nothing in (None, ""):
        with pytest.raises(ValueError, match="without session policies"):
            SessionPlan(nothing, ())


@pytest.mark.parametrize("documents", [(), ({"Statement": []},)])
def test_a_role_that_may_do_nothing_gets_a_deny_all(documents: tuple[object, ...]) -> None:
    plan = plan_session(snapshot(*documents), base_role=BASE)
    assert json.loads(plan.policy or "")["Statement"] == [
        {"Effect": "Deny", "Action": "*", "Resource": "*"}
    ]


def test_each_plan_is_smaller_than_the_one_before() -> None:
    assert len(list(plan_sessions(snapshot(allow("x")), base_role=BASE))) == 1
    twice = snapshot(allow("x"), allow("x"), managed_policy_arns=(MANAGED,))
    first, second = plan_sessions(twice, base_role=BASE)
    assert second.characters < first.characters
    assert (first.how, second.how) == ((), ("compacted",))


def test_policy_and_arns_together_may_reach_the_limit_and_not_pass_it() -> None:
    at_limit = snapshot(document_of(2_048 - len(MANAGED)), managed_policy_arns=(MANAGED,))
    assert plan_session(at_limit, base_role=BASE).characters == 2_048
    beyond = snapshot(document_of(2_049 - len(MANAGED)), managed_policy_arns=(MANAGED,))
    with pytest.raises(errors.SessionPolicyTooLarge, match="2,049 characters.* 2,048"):
        plan_session(beyond, base_role=BASE)


def test_the_refusal_lists_each_policy_with_its_size_and_a_way_out() -> None:
    documents = (document_of(300), document_of(1_900))
    role = snapshot(*documents, managed_policy_arns=(MANAGED,))
    first, second = role.inline_policies
    with pytest.raises(errors.SessionPolicyTooLarge) as raised:
        plan_session(role, base_role=BASE)
    sizes = f"({second} 1,900, {first} 300, {MANAGED} {len(MANAGED)})"
    assert sizes in str(raised.value)
    assert str(raised.value).count(f"; make {second} a managed policy of the role (") == 1


def test_the_arns_alone_may_pass_the_limit() -> None:
    arns = tuple(f"arn:aws:iam::111122223333:policy/{'p' * 200}/{number}" for number in range(10))
    with pytest.raises(errors.SessionPolicyTooLarge, match="; merge some of the managed"):
        plan_session(snapshot(managed_policy_arns=arns), base_role=BASE)


def test_ten_managed_policies_fit_and_eleven_do_not_unless_one_can_move_inline() -> None:
    arns = tuple(f"arn:aws:iam::aws:policy/P{number}" for number in range(11))
    assert plan_session(snapshot(managed_policy_arns=arns[:10]), base_role=BASE).policy is None
    eleven = snapshot(managed_policy_arns=arns)
    with pytest.raises(errors.TooManyManagedPolicies, match="11 managed policies"):
        plan_session(eleven, base_role=BASE)
    read = snapshot(managed_policy_arns=arns, documents={arns[3]: allow("x")})
    plan = plan_session(read, base_role=BASE)
    assert plan.policy_arns == (*arns[:3], *arns[4:])
    assert json.loads(plan.policy or "") == allow("x")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::444455556666:policy/Theirs",
        "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws-marketplace:policy/X",
    ],
)
def test_a_managed_policy_of_elsewhere_is_refused(arn: str) -> None:
    with pytest.raises(errors.ManagedPolicyElsewhere):
        plan_session(snapshot(managed_policy_arns=(arn,)), base_role=BASE)


@pytest.mark.parametrize("character", ["\u0100", "→", "\U0001f512"])
def test_a_character_that_sts_does_not_accept_is_refused(character: str) -> None:
    with pytest.raises(errors.CharacterNotAccepted, match=f"U\\+{ord(character):04X}"):
        plan_session(snapshot(allow(f"a{character}")), base_role=BASE)


# What begins like an ARN gets the fields that it lacks.
@given(st.text(st.characters(max_codepoint=255), max_size=20).filter(lambda x: x[:4] != "arn:"))
def test_all_other_characters_arrive(text: str) -> None:
    policy = plan_session(snapshot(allow(text)), base_role=BASE).policy or ""
    assert json.loads(policy) == allow(text)
    assert all("\x20" <= character <= "\xff" for character in policy)


def test_one_policy_that_is_not_understood_refuses_the_role() -> None:
    with pytest.raises(errors.PolicyNotUnderstood, match='"policy-1".*Principal'):
        plan_session(
            snapshot(allow("*"), {"Statement": {"Effect": "Deny", "Principal": "*"}}),
            base_role=BASE,
        )


@pytest.mark.parametrize(
    ("role_name", "expected"),
    [
        ("orders-task", "iam-sudo-orders-task"),
        ("a" * 55, "iam-sudo-" + "a" * 55),
        ("a" * 56, f"iam-sudo-{'a' * 46}-b35439a4"),
        ("a" * 64, f"iam-sudo-{'a' * 46}-ffe054fe"),
        ("a+b=c,d.e@f-g_h", "iam-sudo-a+b=c,d.e@f-g_h"),
        ("rôle/x y", "iam-sudo-r-le-x-y"),
    ],
)
def test_the_session_name_is_cut_and_cleaned(role_name: str, expected: str) -> None:
    assert session_name(role_name) == expected


def test_a_session_is_named_after_its_caller_as_well() -> None:
    assert session_name("orders", caller="ann@example.com") == "iam-sudo-orders,ann@example.com"


@given(st.lists(st.text("ab,-", min_size=1, max_size=64), min_size=2, max_size=2, unique=True))
def test_roles_and_callers_are_told_apart_in_a_session_s_name(names: list[str]) -> None:
    one, other = names
    found = {
        session_name(role, caller=caller)
        for role, caller in ((one, one), (one, other), (other, one), (f"{one},{other}"[:64], one))
    }
    assert len(found) == len({(one, one), (one, other), (other, one), (f"{one},{other}"[:64], one)})
    for name in found:
        assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)
        assert name.startswith("iam-sudo-")


def test_callers_and_roles_that_begin_alike_or_have_commas_are_told_apart() -> None:
    for pairs in (
        [("a,b", "cc"), ("a", "b,cc"), ("a-b", "cc"), ("a", "b-cc")],
        [("r" * 50, f"{'b' * 60}{end}") for end in ("1", "2")],
        [(f"{'r' * 60}{end}", "ann") for end in ("1", "2")],
    ):
        assert len({session_name(role, caller=caller) for role, caller in pairs}) == len(pairs)


NAMES = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=64)


ENDS = st.text("aX9-", max_size=9)


@given(NAMES, ENDS, ENDS)
def test_roles_of_different_names_have_sessions_of_different_names(
    start: str, one: str, other: str
) -> None:
    # Names that CloudFormation makes up are long, begin alike and differ at their ends.
    names = {start + one, start + other, start.ljust(55, "x") + one, start.ljust(55, "x") + other}
    names = {name[:64] for name in names}
    assert len({session_name(name) for name in names}) == len(names)


@given(NAMES)
def test_a_session_is_named_after_its_role_as_sts_accepts_it(name: str) -> None:
    session = session_name(name)
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", session, re.ASCII)
    assert session.startswith(f"iam-sudo-{name[:46]}")
    if len(name) <= 55:
        assert session == f"iam-sudo-{name}"


def test_names_that_differ_at_their_end_alone_are_told_apart() -> None:
    names = [f"{'Payments-TaskRole-' * 3}x-{number:08}"[:64] for number in range(2_000)]
    assert len({session_name(name) for name in names}) == len(set(names)) == 2_000


NAMES = st.text("aZ9_+=,.@-", min_size=1, max_size=64)


@given(NAMES, st.none() | NAMES.filter(lambda name: len(name) > 1))
def test_every_session_of_a_role_is_known_by_its_name(role: str, caller: str | None) -> None:
    name = session_name(role, caller=caller)
    assert any(matches(pattern, name) for pattern in session_name_patterns(role))


def test_a_short_name_fits_no_other_role() -> None:
    patterns = session_name_patterns("orders")
    for name in (session_name("orders-2"), session_name("orders-2", caller="ann")):
        assert not any(matches(pattern, name) for pattern in patterns)


def test_the_longest_name_leaves_room_in_the_base_role() -> None:
    assert len(json.dumps(session_name_patterns("x" * 64))) < 4_000
