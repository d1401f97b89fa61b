"""The two constructions for a permissions boundary, and what neither of them takes on."""

import json
from typing import Any

import pytest

from iam_sudo_core import (
    Role,
    RoleSnapshot,
    errors,
    plan_sessions,
)
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy import denials, intersection
from iam_sudo_core.policy.elements import Pattern
from iam_sudo_core.policy.intersection import NotExact
from iam_sudo_core.policy.overlaps import Overlap
from iam_sudo_core.policy.statements import ALWAYS, parse, write
from tests.aws_account import allow

Json = dict[str, Any]

BASE = RoleArn("aws", "111122223333", "IAMSudoUser")
ARN = "arn:aws:iam::111122223333:policy/boundary"
BUCKET = "arn:aws:s3:::b/*"
ROLES = "arn:aws:iam::*:role/*"


def deny(action: Any = None, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Deny", **({"Action": action} if action else {}), "Resource": resource} | more


def complement(*statements: Json) -> list[Any]:
    return write(denials.complement(parse(statements)))


def product(role: list[Json], *bounds: Json) -> list[Any]:
    return write(intersection.product(parse(role), parse(bounds)))


def without_resource(statement: Json, **more: Any) -> Json:
    return {key: value for key, value in statement.items() if key != "Resource"} | more


def test_what_allows_everything_denies_nothing() -> None:
    assert complement(allow("*")) == []


def test_what_allows_nothing_denies_everything() -> None:
    assert complement() == [deny("*")]
    assert complement(deny("s3:*")) == [deny("*"), deny("s3:*")]


def test_other_actions_are_denied() -> None:
    [denial] = complement(allow("s3:*"), allow("sqs:*"))
    assert denial == {"Effect": "Deny", "NotAction": ["s3:*", "sqs:*"], "Resource": "*"}


def test_what_notaction_names_is_denied() -> None:
    not_iam = {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}
    assert complement(not_iam) == [deny(["iam:*", "sts:*"])]


def test_other_resources_are_denied() -> None:
    _, denial = complement(allow("s3:*", BUCKET))
    assert denial == without_resource(deny("s3:*"), NotResource=BUCKET)
    everywhere_else = without_resource(allow("s3:*"), NotResource=BUCKET)
    _, denial = complement(everywhere_else)
    assert denial == deny("s3:*", BUCKET)


def test_the_boundarys_own_denials_stay() -> None:
    assert complement(allow("*"), deny("iam:*")) == [deny("iam:*")]


@pytest.mark.parametrize(
    ("condition", "opposites"),
    [
        (
            {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}},
            [{"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}}],
        ),
        (
            {"StringNotLike": {"aws:PrincipalTag/env": "prod*"}},
            [{"StringLike": {"aws:PrincipalTag/env": "prod*"}}],
        ),
        (
            {"Bool": {"aws:SecureTransport": "true"}, "Null": {"aws:SourceVpc": "false"}},
            [
                {"BoolIfExists": {"aws:SecureTransport": "false"}},
                {"Null": {"aws:SourceVpc": "true"}},
            ],
        ),
        (
            {"ArnLike": {"aws:PrincipalArn": ROLES}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            [
                {"ArnNotLike": {"aws:PrincipalArn": ROLES}},
                {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            ],
        ),
        (
            {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
            [{"NumericGreaterThanEqualsIfExists": {"aws:MultiFactorAuthAge": "3600"}}],
        ),
        (
            {
                "NumericLessThanEqualsIfExists": {"aws:MultiFactorAuthAge": 3600},
                "Null": {"aws:MultiFactorAuthAge": "false"},
            },
            [
                {"NumericGreaterThan": {"aws:MultiFactorAuthAge": 3600}},
                {"Null": {"aws:MultiFactorAuthAge": "true"}},
            ],
        ),
        (
            {
                "DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01T00:00:00+01:00"},
                "DateLessThanEquals": {"aws:CurrentTime": "2026-12-31T23:59:59Z"},
            },
            [
                {"DateLessThanIfExists": {"aws:CurrentTime": "2026-01-01T00:00:00+01:00"}},
                {"DateGreaterThanIfExists": {"aws:CurrentTime": "2026-12-31T23:59:59Z"}},
            ],
        ),
        (
            {
                "DateGreaterThan": {"aws:TokenIssueTime": "1767225600"},
                "NumericNotEquals": {"aws:EpochTime": ["1767225600", "1767225601"]},
                "DateEquals": {"aws:EpochTime": "2026-01-01T00:00:00Z"},
            },
            [
                {"DateLessThanEqualsIfExists": {"aws:TokenIssueTime": "1767225600"}},
                {"NumericEquals": {"aws:EpochTime": ["1767225600", "1767225601"]}},
                {"DateNotEquals": {"aws:EpochTime": "2026-01-01T00:00:00Z"}},
            ],
        ),
    ],
)
def test_each_test_of_a_condition_is_denied_by_its_opposite(
    condition: Json, opposites: list[Json]
) -> None:
    _, *denials = complement(allow("s3:*", Condition=condition))
    assert denials == [deny("s3:*", Condition=opposite) for opposite in opposites]


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (
            [
                {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
                allow("iam:GetRole", BUCKET),
            ],
            "no list of actions says which ones",
        ),
        ([allow("s3:*", "arn:aws:s3:::${aws:userid}/*")], "in its resources matches is not sure"),
    ],
)
def test_statements_without_an_exact_complement(statements: list[Json], problem: str) -> None:
    with pytest.raises(NotExact, match=problem):
        complement(*statements)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": "env"}},
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "env"}},
        {"StringEquals": {"aws:TagKeys": "env"}},
        {"StringEquals": {"dynamodb:LeadingKeys": "ann"}},
        {"StringEquals": {"aws:RequestedRegion": []}},
        {"StringEquals": {"aws:PrincipalTag/env": "${aws:userid}"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": ["3600", "7200"]}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": []}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "an hour"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": True}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "9" * 16}},
        {"NumericEqualsIfExists": {"aws:MultiFactorAuthAge": "0"}},
        {"NumericNotEqualsIfExists": {"aws:MultiFactorAuthAge": "0"}},
        {"numericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
        {"NumericBelow": {"aws:MultiFactorAuthAge": "3600"}},
        {"ForAllValues:NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
        {"ForAnyValue:DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z"}},
        {"NumericLessThan": {"s3:max-keys": "10"}},
        {"NumericLessThan": {"aws:PrincipalTag/level": "10"}},
        {"NumericLessThan": {"aws:CurrentTime": "1798675200"}},
        {"DateLessThan": {"aws:MultiFactorAuthAge": "2026-12-31T00:00:00Z"}},
        {"DateLessThan": {"aws:PrincipalTag/until": "2026-12-31T00:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-12-31"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-13-31T00:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-12-31T24:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z\n"}},
        {"DateLessThan": {"aws:CurrentTime": "2026"}},
        {"DateGreaterThan": {"aws:CurrentTime": ["2026-12-31T00:00:00Z", "2027-12-31T00:00:00Z"]}},
        {"DateLessThan": {"aws:CurrentTime": "${aws:PrincipalTag/until}"}},
        {"Bool": {"aws:SecureTransport": ["true", "false"]}},
        {"Bool": {"s3:x": "true"}},
        {"Null": {"aws:SourceVpc": ["true", "false"]}},
        {"BinaryEquals": {"aws:userid": "QQ=="}},
        {"ArnLike": {"aws:ResourceTag/owner": ROLES}},
        {"ArnNotEquals": {"aws:PrincipalTag/owner": ROLES}},
        {"ArnLike": {"aws:PrincipalArn": "*"}},
        {"ArnLike": {"aws:PrincipalArn": []}},
        {"IpAddress": {"aws:ResourceTag/network": "203.0.113.0/24"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113"}},
        {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "here"]}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/255.0.0.0"}},
        {"IpAddress": {"aws:SourceIp": "fe80::1%eth0"}},
        {"ArnLike": {"aws:PrincipalArn": "arn::::::x"}},
    ],
)
def test_conditions_without_an_exact_opposite(condition: Json) -> None:
    with pytest.raises(NotExact):
        complement(allow("s3:*", Condition=condition))


@pytest.mark.parametrize(
    ("role", "bound", "expected"),
    [
        (allow("s3:GetObject", BUCKET), allow("s3:*"), allow("s3:GetObject", BUCKET)),
        (allow("s3:*"), allow("s3:GetObject", BUCKET), allow("s3:GetObject", BUCKET)),
        (allow(["s3:*", "sqs:*"]), allow(["s3:Get*", "S3:Put*"]), allow(["s3:Get*", "S3:Put*"])),
        (
            allow(["s3:GetObject", "iam:PassRole"]),
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            allow("s3:GetObject"),
        ),
        (
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Effect": "Allow", "NotAction": "sts:*", "Resource": "*"},
            {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
        ),
        (
            allow("s3:*", Condition={"StringEquals": {"a:k": "x"}}),
            allow("s3:*", Condition={"StringEquals": {"a:l": "y"}, "Bool": {"a:b": "true"}}),
            allow(
                "s3:*",
                Condition={"StringEquals": {"a:k": "x", "a:l": "y"}, "Bool": {"a:b": "true"}},
            ),
        ),
        (
            allow("s3:*", "arn:aws:s3:::${aws:userid}/*"),
            allow("s3:Get*"),
            allow("s3:Get*", "arn:aws:s3:::${aws:userid}/*"),
        ),
        (allow("s3:Get*"), allow("S3:*Object"), allow("s3:Get*Object")),
        (
            allow(["s3:Get*", "s3:Put*", "sqs:*"]),
            allow("s3:*Object"),
            allow(["s3:Get*Object", "s3:Put*Object"]),
        ),
        (
            allow("s3:*", "arn:aws:s3:::orders-*"),
            allow("s3:*", "arn:aws:s3:::*-data/*"),
            allow("s3:*", ["arn:aws:s3:::orders-data/*", "arn:aws:s3:::orders-*-data/*"]),
        ),
        (
            allow("s3:*", ["arn:aws:s3:::home/${aws:userid}/*", "arn:aws:sqs:*:*:*"]),
            allow("s3:*", "arn:aws:s3:::home/*"),
            allow("s3:*", "arn:aws:s3:::home/${aws:userid}/*"),
        ),
    ],
)
def test_the_product_of_two_statements(role: Json, bound: Json, expected: Json) -> None:
    assert product([role], bound) == [expected]


def test_the_product_of_what_is_disjoint_is_nothing() -> None:
    assert product([allow("s3:*")], allow("sqs:*")) == []
    assert product([allow("s3:*", BUCKET)], allow("s3:*", "arn:aws:s3:::c/*")) == []


def test_the_denials_of_both_stay() -> None:
    role = [allow("s3:*"), deny("s3:PutObject")]
    assert product(role, allow("*"), deny("s3:DeleteObject")) == [
        *role,
        deny("s3:DeleteObject"),
    ]


@pytest.mark.parametrize(
    ("role", "bound", "problem"),
    [
        (allow("*Object"), allow("s3:Get*"), "overlap in part, and how depends on whether a wild"),
        (allow("s3:*", "arn:a*c"), allow("s3:*", "arn:a:*c"), "overlap in part"),
        (
            allow("s3:*"),
            {"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"},
            "only in part",
        ),
        (
            allow("s3:*", ["arn:a", "arn:${aws:userid}"]),
            allow("s3:*", "arn:a"),
            "overlap in part",
        ),
        (
            allow("s3:*", ["arn:a:b", "arn:z:${aws:userid}"]),
            allow("s3:*", "arn:a:b"),
            "resource would be lost",
        ),
        (
            allow("s3:*", Condition={"StringEquals": {"a:k": "x"}}),
            allow("s3:*", Condition={"StringEquals": {"A:K": "y"}}),
            "both conditions test",
        ),
        (
            allow("s3:*", Condition={"StringEquals": {"a:k": ["x", "y"]}}),
            allow("s3:*", Condition={"StringEquals": {"a:k": ["y", "z"]}}),
            "both conditions test",
        ),
        (
            allow("s3:*", Condition={"StringEquals": {"a:k": "x"}}),
            allow("s3:*", Condition={"stringEquals": {"a:k": "y"}}),
            "both conditions test",
        ),
        (
            allow("s3:*", "${aws:PrincipalTag/bucket}"),
            allow("s3:*", "arn:aws:s3:::b"),
            "overlap in part",
        ),
    ],
)
def test_statements_without_an_exact_product(role: Json, bound: Json, problem: str) -> None:
    with pytest.raises(NotExact, match=problem):
        product([role], bound)


def test_a_product_of_too_many_statements_is_not_begun() -> None:
    many = [allow(f"s3:Get{number}") for number in range(50)]
    with pytest.raises(NotExact, match="would meet 50 statements"):
        product(many, *many)


def test_a_product_of_too_many_overlaps_is_not_made() -> None:
    ours = [f"s3:*{number}a*" for number in range(40)]
    theirs = [f"s3:*{number}b*" for number in range(40)]
    with pytest.raises(NotExact, match="overlap in part, as many others do"):
        product([allow(ours)], allow(theirs))


@pytest.mark.parametrize("wider", ["s3:*", "s3:Get*", "s3:*Object"])
def test_an_overlap_that_fails_its_check_is_not_used(
    monkeypatch: pytest.MonkeyPatch, wider: str
) -> None:
    found = Overlap((Pattern.action(wider),))
    monkeypatch.setattr(intersection, "overlap", lambda *_: found)
    with pytest.raises(NotExact, match="lie within both"):
        product([allow("s3:Get*")], allow("s3:*Object"))


@pytest.mark.parametrize(
    ("role", "bound"),
    [
        (allow("s3:GetObject"), {"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}),
        ({"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}, allow("s3:Get*")),
    ],
)
def test_a_product_with_what_is_excepted_is_checked_too(
    monkeypatch: pytest.MonkeyPatch, role: Json, bound: Json
) -> None:
    monkeypatch.setattr(intersection, "common_part", lambda one, *_: one)
    with pytest.raises(NotExact, match="lie within both"):
        product([role], bound)


def test_a_product_that_loses_a_condition_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intersection, "joined", lambda *_: ALWAYS)
    with pytest.raises(NotExact, match="lie within both"):
        product([allow("s3:Get*")], allow("s3:*Object", Condition={"Null": {"a:k": "true"}}))


def test_a_product_that_fails_its_check_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intersection, "common_part", lambda one, *_: one)
    with pytest.raises(NotExact, match="lie within both"):
        product([allow("s3:*")], allow("s3:Get*"))


def snapshot(*statements: Json, bounds: list[Json], managed: list[Json] | None = None) -> Any:
    own = "arn:aws:iam::111122223333:policy/own"
    documents = {ARN: {"Version": "2012-10-17", "Statement": bounds}}
    if managed:
        documents[own] = {"Version": "2012-10-17", "Statement": managed}
    return RoleSnapshot(
        Role("task", RoleArn("aws", "111122223333", "task"), {}),
        {"inline": {"Version": "2012-10-17", "Statement": list(statements)}},
        (own,) if managed else (),
        permissions_boundary=ARN,
        documents=documents,
    )


def plans(role: RoleSnapshot) -> list[Any]:
    return list(plan_sessions(role, base_role=BASE))


def test_with_the_complement_managed_policies_travel_as_arns() -> None:
    first, *_ = plans(snapshot(allow("s3:*"), bounds=[allow("s3:Get*")], managed=[allow("sqs:*")]))
    assert first.policy_arns == ("arn:aws:iam::111122223333:policy/own",)
    assert first.how == ("boundary as its complement",)


# What has it has no complement.
NO_OPPOSITE = {"StringEquals": {"aws:TagKeys": "env"}}
NO_COMPLEMENT = allow("sts:TagSession", BUCKET, Condition=NO_OPPOSITE)


def test_where_there_is_no_complement_the_product_stands_in() -> None:
    bounds = [allow("s3:Get*"), allow("s3:*", BUCKET), NO_COMPLEMENT]
    first, *_ = plans(snapshot(allow("s3:GetObject"), bounds=bounds, managed=[allow("sqs:*")]))
    assert first.policy_arns == ()
    assert first.how == ("boundary as a product",)
    assert json.loads(first.policy)["Statement"] == [
        allow("s3:GetObject"),
        allow("s3:GetObject", BUCKET),
    ]


def test_a_product_that_allows_nothing_denies_everything() -> None:
    bounds = [allow("s3:Get*"), allow("s3:*", BUCKET), NO_COMPLEMENT]
    first, *_ = plans(snapshot(allow("sqs:*"), bounds=bounds))
    assert first.policy == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    )


def test_a_refusal_names_the_boundarys_statement() -> None:
    bound = allow("*Object", Condition=NO_OPPOSITE)
    with pytest.raises(errors.PermissionsBoundaryNotExact) as raised:
        plans(snapshot(allow("s3:Get*"), NO_COMPLEMENT, bounds=[bound]))
    assert "policy/boundary cannot be carried over exactly" in str(raised.value)
    assert "s3:Get* and *Object overlap in part, and how depends on" in str(raised.value)
    assert 'in {"Effect":"Allow","Action":"*Object"' in str(raised.value)


def test_a_boundary_that_overlaps_is_a_product() -> None:
    bounds = [allow("s3:*Object"), allow("s3:*", "arn:aws:s3:::*/a/*"), NO_COMPLEMENT]
    first, *_ = plans(snapshot(allow("s3:Get*", "arn:aws:s3:::b*"), bounds=bounds))
    assert json.loads(first.policy)["Statement"] == [
        allow("s3:Get*Object", "arn:aws:s3:::b*"),
        allow("s3:Get*", "arn:aws:s3:::b*/a/*"),
    ]


def test_a_managed_policy_that_is_not_understood_is_no_obstacle_to_the_complement() -> None:
    odd = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Odd": 1}
    role = snapshot(allow("sqs:*"), bounds=[allow("s3:*")], managed=[odd])
    assert {plan.how[0] for plan in plans(role)} == {"boundary as its complement"}
    with pytest.raises(errors.PolicyNotUnderstood, match="policy/own.*'Odd'"):
        plans(snapshot(allow("sqs:*"), bounds=[NO_COMPLEMENT], managed=[odd]))


def test_a_boundary_that_is_carried_over_by_no_construction_is_passed_as_it_is() -> None:
    logs = "arn:aws:logs:eu-west-1:111122223333"
    bound = allow("logs:*", f"{logs}:*:prod*", Condition=NO_OPPOSITE)
    [first, *_] = plans(snapshot(allow("logs:*", f"{logs}:log-group:prod1"), bounds=[bound]))
    assert first.policy_arns == (ARN,)
    assert first.how == ("boundary as it is, the role as its complement",)
    assert json.loads(first.policy)["Statement"] == [
        deny(NotAction="logs:*"),
        without_resource(deny("logs:*"), NotResource=f"{logs}:log-group:prod1"),
    ]


def test_what_is_passed_as_it_is_keeps_what_managed_policies_of_the_role_allow() -> None:
    bound = allow("*0", Condition=NO_OPPOSITE)
    role = snapshot(allow("s3:Get0"), bounds=[bound], managed=[allow("sqs:*")])
    [first, *_] = plans(role)
    assert first.policy_arns == (ARN,)
    assert json.loads(first.policy)["Statement"] == [deny(NotAction=["s3:Get0", "sqs:*"])]


def test_a_boundary_that_was_not_read_refuses_the_role() -> None:
    role = RoleSnapshot(
        Role("task", RoleArn("aws", "111122223333", "task"), {}), permissions_boundary=ARN
    )
    with pytest.raises(errors.PolicyNotUnderstood, match="policy/boundary"):
        plans(role)


JOBS = "arn:aws:sqs:eu-west-1:111122223333:jobs"


def test_fields_that_an_arn_of_the_boundary_lacks_are_anything() -> None:
    but_sqs = without_resource(allow("*"), NotResource="arn:aws:sqs")
    complement_, product_ = (
        json.loads(plan.policy)["Statement"]
        for plan in plans(snapshot(allow("sqs:SendMessage", JOBS), bounds=[but_sqs]))
    )
    assert deny("*", "arn:aws:sqs:*:*:*") in complement_
    assert product_ == [deny("*")]
    two = [but_sqs, allow("sqs:ListQueues", Condition=NO_OPPOSITE)]
    for plan in plans(snapshot(allow("sqs:SendMessage", JOBS), NO_COMPLEMENT, bounds=two)):
        assert json.loads(plan.policy)["Statement"] == [NO_COMPLEMENT]


@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_a_boundary_with_a_wildcard_in_a_resource_type_is_carried_over_by_no_guess(
    element: str,
) -> None:
    logs = "arn:aws:logs:eu-west-1:111122223333"
    bound = without_resource(allow("logs:*"), **{element: f"{logs}:*:prod*"})
    with pytest.raises(errors.PermissionsBoundaryNotExact, match="prod"):
        plans(snapshot(allow("logs:*", f"{logs}:log-group:prod1"), NO_COMPLEMENT, bounds=[bound]))
    # All of it is carried over: the statement stays as it is.
    [plan, *_] = plans(snapshot(allow("logs:*"), bounds=[bound]))
    assert json.loads(plan.policy)["Statement"] == [bound]
