"""What does not fit into a session is carried by managed policies: all of it, within limits."""

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core import Role, RoleSnapshot, SessionPlan, errors, plan_sessions
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy import compact, parse
from iam_sudo_core.policy.compaction import NotEquivalent, equivalent
from iam_sudo_core.policy.documents import statements as statements_of
from iam_sudo_core.session import carriers
from iam_sudo_core.session.carriers import Carrier, is_old, pack

BASE = RoleArn("aws", "111122223333", "IAMSudoUser")
DAY = date(2026, 11, 25)
PATH = "arn:aws:iam::111122223333:policy/iam-sudo/"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def many(
    number: int, *, characters: int = 100, effect: str = "Allow", service: str = "s3"
) -> dict[str, Any]:
    """A document of so many statements that have nothing in common, each with so long an ARN."""
    return document(
        *(
            allow(f"{service}:Get{n:03}", f"arn:aws:s3:::bucket-{n:03}/{'x' * characters}")
            | {"Effect": effect}
            for n in range(number)
        )
    )


def snapshot(*documents: object, account: str = "111122223333", **changes: Any) -> RoleSnapshot:
    arn = RoleArn("aws", account, "orders-task")
    inline = {f"policy-{number}": each for number, each in enumerate(documents)}
    return RoleSnapshot(Role(arn.name, arn, {}), inline, **changes)


def plans(role: RoleSnapshot, **options: Any) -> list[SessionPlan]:
    return list(plan_sessions(role, base_role=BASE, **{"day": DAY, **options}))


def carried(plan: SessionPlan, role: RoleSnapshot) -> list[Any]:
    """All statements of a session: of its document, its carriers and the role's own policies."""
    texts = [each.text for each in plan.carriers] + ([plan.policy] if plan.policy else [])
    own = [arn for arn in plan.policy_arns if not arn.startswith(PATH)]
    documents = [*map(json.loads, texts), *(role.documents[arn] for arn in own)]
    return [each for one in documents for each in statements_of(one)]


def everything(role: RoleSnapshot) -> list[Any]:
    return [each for policy in role.policies for each in role.statements(policy)]


def check(plan: SessionPlan, role: RoleSnapshot) -> None:
    """The limits of IAM and STS, and that nothing is lost or added."""
    assert len(plan.policy_arns) <= 10
    assert plan.characters <= 2_048
    assert all(len(each.text) <= 6_144 for each in plan.carriers)
    assert [each.arn for each in plan.carriers] == list(plan.policy_arns[: len(plan.carriers)])
    assert equivalent(parse(carried(plan, role)), parse(everything(role)))


def test_what_fits_is_planned_as_before_and_first() -> None:
    small = snapshot(document(allow("s3:GetObject")))
    assert plans(small)[0] == plans(small, day=None)[0]
    assert not plans(small)[0].carriers


def test_what_does_not_fit_is_carried_whole() -> None:
    large = snapshot(many(60), many(20, effect="Deny", characters=20))
    plan, *_ = plans(large)
    check(plan, large)
    assert plan.policy is None
    assert len(plan.carriers) == 3
    assert plan.how == ("compacted", "carried by 3 managed policies")
    with pytest.raises(errors.SessionPolicyTooLarge):
        plans(large, day=None)


def test_it_is_as_few_as_it_takes() -> None:
    for number, expected in ((34, 1), (35, 2), (68, 2), (69, 3)):
        [plan] = plans(snapshot(many(number)))
        assert len(plan.carriers) == expected, number
        assert sum(len(each.text) for each in plan.carriers) > 6_000 * (expected - 1)


def test_a_statement_that_is_larger_than_a_carrier_is_cut() -> None:
    wide = snapshot(document(allow([f"s3:Get{n:03}" for n in range(900)], "arn:aws:s3:::a/*")))
    [plan] = plans(wide)
    check(plan, wide)
    assert len(plan.carriers) == 2


def test_what_cannot_be_cut_is_refused() -> None:
    away = [f"arn:aws:s3:::bucket-{n}/*" for n in range(300)]
    uncut = {"Effect": "Deny", "Action": "s3:*", "NotResource": away}
    with pytest.raises(errors.SessionPolicyTooLarge, match="nor do 10 managed policies of 6,144"):
        plans(snapshot(document(uncut)))


def test_more_than_ten_carriers_hold_is_refused() -> None:
    policies = {f"arn:aws:iam::aws:policy/P{n}": many(32, characters=99 + n) for n in range(12)}
    role = snapshot(managed_policy_arns=tuple(policies), documents=policies)
    with pytest.raises(errors.SessionPolicyTooLarge, match="nor do 10 managed policies"):
        plans(role)


def test_parts_of_all_statements_count_together() -> None:
    """A part is more than half of a carrier, so thirty of them have no room in ten."""

    def cut_into(parts: int, *, service: str) -> Any:
        return allow([f"{service}:{'Get' * 1_200}{number:02}" for number in range(parts)])

    assert len(pack(parse([cut_into(15, service="s3")])) or ()) == 15
    both = [cut_into(15, service="s3"), cut_into(16, service="sqs")]
    assert pack(parse(both)) is None


def test_managed_policies_stay_arns_while_there_is_room() -> None:
    arns = tuple(f"arn:aws:iam::aws:policy/P{number}" for number in range(25))
    documents = {arn: document(allow(f"sqs:Get{arn}")) for arn in arns}
    role = snapshot(many(50), managed_policy_arns=arns, documents=documents)
    plan = plans(role)[0]
    check(plan, role)
    assert len(plan.carriers) == 2
    assert len(plan.policy_arns) == 10
    assert plan.policy_arns[2:] == arns[17:]


def test_the_smallest_managed_policies_are_carried_first() -> None:
    arns = tuple(f"arn:aws:iam::aws:policy/P{number:02}" for number in range(12))
    documents = {arn: many(32 if n < 9 else 10, service=f"s{n:02}") for n, arn in enumerate(arns)}
    role = snapshot(managed_policy_arns=arns, documents=documents)
    plan = plans(role)[0]
    check(plan, role)
    assert plan.policy_arns[-9:] == arns[:9]


def test_a_policy_that_nobody_has_read_stays_an_arn() -> None:
    unread = "arn:aws:iam::aws:policy/Unread"
    role = snapshot(many(50), managed_policy_arns=(unread,))
    for plan in plans(role):
        assert plan.policy_arns[-1] == unread


def test_long_arns_that_take_all_characters_are_carried() -> None:
    arns = tuple(f"arn:aws:iam::111122223333:policy/{'p' * 230}/{n}" for n in range(9))
    role = snapshot(managed_policy_arns=arns, documents={arn: many(16) for arn in arns})
    plan = plans(role)[0]
    check(plan, role)
    assert len(plan.carriers) == 1
    assert len(plan.policy_arns) == 8


def test_the_last_plan_has_the_fewest_characters() -> None:
    arns = tuple(f"arn:aws:iam::aws:policy/P{number}" for number in range(9))
    documents = {arn: many(10, characters=300) for arn in arns}
    role = snapshot(many(20), managed_policy_arns=arns, documents=documents)
    found = plans(role)
    sizes = [plan.characters for plan in found]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
    assert not found[-1].policy_arns[len(found[-1].carriers) :]
    for plan in found:
        check(plan, role)


def test_small_plans_end_in_a_carrier_too_for_what_sts_cannot_pack() -> None:
    role = snapshot(document(*(allow("s3:Get*", f"arn:aws:s3:::b{n}") for n in range(30))))
    *first, last = plans(role)
    assert first
    assert not any(plan.carriers for plan in first)
    assert last.characters < 80
    check(last, role)


def test_denials_are_in_every_carrier_where_that_takes_none_more() -> None:
    denial = allow("s3:DeleteObject") | {"Effect": "Deny"}
    [plan] = plans(snapshot(many(35), document(denial)))
    assert len(plan.carriers) == 2
    assert all(denial in json.loads(each.text)["Statement"] for each in plan.carriers)


def test_a_role_that_may_do_nothing_is_carried_as_a_deny_all() -> None:
    empty = "arn:aws:iam::aws:policy/Empty"
    says_nothing = {"managed_policy_arns": (empty,), "documents": {empty: document()}}
    for role in (snapshot(), snapshot(document()), snapshot(**says_nothing)):
        for plan in plans(role):
            said = [each for each in carried(plan, role) if each]
            assert said == [{"Effect": "Deny", "Action": "*", "Resource": "*"}] or (
                plan.policy_arns == (empty,)
            )
        assert plans(role)[-1].carriers or plans(role)[-1].policy_arns == (empty,)


def test_no_session_of_a_base_role_of_another_account_has_carriers() -> None:
    with pytest.raises(errors.SessionPolicyTooLarge):
        plans(snapshot(many(50), account="444455556666"))


def test_a_character_that_sts_does_not_accept_is_refused_as_such() -> None:
    with pytest.raises(errors.CharacterNotAccepted):
        plans(snapshot(many(50), document(allow("s3:*", "arn:aws:s3:::→"))))


def test_a_carrier_is_named_by_its_text_and_its_day() -> None:
    one = Carrier.of("text", base_role=BASE, day=DAY)
    assert one == Carrier.of("text", base_role=BASE, day=DAY)
    assert re.fullmatch(r"20261125-[a-z2-7]{20}", one.name)
    assert one.arn == PATH + one.name
    others = [Carrier.of("text ", base_role=BASE, day=DAY)]
    others.append(Carrier.of("text", base_role=BASE, day=date(2026, 11, 26)))
    assert len({one.name, *(each.name for each in others)}) == 3
    china = Carrier.of("text", base_role=replace(BASE, partition="aws-cn"), day=DAY)
    assert china.arn == f"arn:aws-cn:iam::111122223333:policy/iam-sudo/{one.name}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20261125-" + "a" * 20, False),
        ("20261124-" + "a" * 20, False),
        ("20261123-" + "a" * 20, True),
        ("20251231-" + "2" * 20, True),
        ("20261126-" + "a" * 20, False),
        ("20261123-" + "a" * 19, False),
        ("20261123-" + "A" * 20, False),
        ("20261123-" + "a" * 21, False),
        ("x20261123-" + "a" * 20, False),
        ("production-boundary", False),
        ("", False),
    ],
)
def test_a_carrier_is_old_when_no_session_of_its_days_is_left(name: str, expected: bool) -> None:
    assert is_old(name, day=DAY) is expected


@given(st.permutations(many(40)["Statement"]))
def test_the_order_of_statements_does_not_matter(statements: list[Any]) -> None:
    assert pack(parse(statements)) == pack(parse(many(40)["Statement"]))


ACTIONS = st.lists(
    st.sampled_from([f"s3:Action{n:02}" for n in range(60)]), min_size=1, unique=True
)
RESOURCES = st.lists(
    st.sampled_from([f"arn:aws:s3:::bucket-{n:02}/{'x' * n * 6}" for n in range(60)]),
    min_size=1,
    unique=True,
)


@st.composite
def large(draw: st.DrawFn) -> list[dict[str, Any]]:
    def one() -> dict[str, Any]:
        negated = draw(st.booleans())
        return {
            "Effect": draw(st.sampled_from(["Allow", "Deny"])),
            "NotAction" if negated else "Action": draw(ACTIONS),
            "Resource": draw(RESOURCES),
        }

    return [one() for _ in range(draw(st.integers(1, 12)))]


@given(large())
def test_documents_have_room_and_say_together_what_was_said(statements: list[Any]) -> None:
    documents = pack(parse(statements))
    assert documents
    assert all(len(text) <= 6_144 for text in documents)
    packed = [each for text in documents for each in json.loads(text)["Statement"]]
    assert equivalent(parse(packed), parse(statements))


@given(large(), large())
def test_a_planned_session_says_what_its_role_says(one: Any, other: Any) -> None:
    arns = tuple(f"arn:aws:iam::aws:policy/P{number}" for number in range(11))
    documents = {arn: document(allow(f"ec2:Run{arn}")) for arn in arns}
    role = snapshot(document(*one), document(*other), managed_policy_arns=arns, documents=documents)
    for plan in plans(role):
        assert len(plan.policy_arns) <= 10
        assert equivalent(parse(carried(plan, role)), compact(parse(everything(role))))


def test_what_is_lost_on_the_way_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    fill = carriers._fill
    monkeypatch.setattr(carriers, "_fill", lambda texts, **more: fill(list(texts)[1:], **more))
    with pytest.raises(NotEquivalent):
        pack(parse(many(40)["Statement"]))


# A boundary that is too large for anything but its ARN.

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
NO_LISTS = {"Effect": "Deny", "Action": "s3:List*", "Resource": "*"}
LARGE_BOUNDARY = document(
    allow([f"{service}:Get{'Name' * 3}{n:04}" for n in range(1_500) for service in ("s3", "sqs")]),
    # Has no complement, since its condition has no opposite.
    allow("s3:Get*", "*", Condition={"StringEquals": {"aws:TagKeys": "env"}}),
)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("*")], []),
        ([allow("*"), NO_LISTS], [NO_LISTS]),
        (
            [allow(["s3:*", "sqs:*"], "*")],
            [{"Effect": "Deny", "NotAction": ["s3:*", "sqs:*"], "Resource": "*"}],
        ),
    ],
)
def test_what_both_allow_is_the_boundary_without_what_the_role_does_not_allow(
    statements: list[Any], expected: list[Any]
) -> None:
    role = snapshot(
        document(*statements),
        permissions_boundary=READ_ONLY,
        documents={READ_ONLY: LARGE_BOUNDARY},
    )
    plan = plans(role)[0]
    assert plan.policy_arns == (READ_ONLY,)
    assert not plan.carriers
    assert (json.loads(plan.policy)["Statement"] if plan.policy else []) == expected


def test_a_boundary_of_another_account_than_the_base_role_is_no_arn() -> None:
    boundary = "arn:aws:iam::444455556666:policy/boundary"
    role = snapshot(
        document(allow("*")),
        account="444455556666",
        permissions_boundary=boundary,
        documents={boundary: LARGE_BOUNDARY},
    )
    with pytest.raises(errors.SessionRefused):
        plans(role)
