"""Deliberately wrong ways to intersect patterns that overlap in part, beside one that is right.

`MEET` are the statements of a session of `ROLE` within `BOUNDARY`.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fidelity.boundaries import allow, document
from tests.fidelity.wrong import Statements

ROLE = document(
    allow(["s3:Get*", "s3:ListBucket"], "arn:aws:s3:::Orders-*"),
    allow("dynamodb:*Item*", "arn:aws:dynamodb:*:111122223333:table/A*"),
    allow("logs:*", "arn:aws:logs:*:*:log-group:*:log-stream:*"),
)
BOUNDARY = document(
    allow(["s3:*Object", "s3:*t"], "arn:aws:s3:::*-data/*"),
    allow("dynamodb:*Get*", "arn:aws:dynamodb:eu-west-1:*:table/*s"),
    allow("logs:*LogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:Orders*"),
)
MEET: Statements = {
    "read": allow(
        ["s3:Get*Object", "s3:Get*t"],
        ["arn:aws:s3:::Orders-*-data/*", "arn:aws:s3:::Orders-data/*"],
    ),
    "tables": allow(
        ["dynamodb:*Get*Item*", "dynamodb:*Item*Get*"],
        "arn:aws:dynamodb:eu-west-1:111122223333:table/A*s",
    ),
    "logs": allow(
        "logs:*LogEvents",
        "arn:aws:logs:eu-west-1:111122223333:log-group:Orders*:log-stream:*",
    ),
}


def keep_one_side_of_actions(said: Statements) -> None:
    said["read"]["Action"] = "s3:Get*"


def keep_the_other_side_of_actions(said: Statements) -> None:
    said["read"]["Action"] = ["s3:*Object", "s3:*t"]


def keep_one_side_of_resources(said: Statements) -> None:
    said["read"]["Resource"] = "arn:aws:s3:::Orders-*"


def keep_the_other_side_of_resources(said: Statements) -> None:
    said["read"]["Resource"] = "arn:aws:s3:::*-data/*"


def unite_both_sides(said: Statements) -> None:
    said["tables"]["Action"] = ["dynamodb:*Item*", "dynamodb:*Get*"]


def forget_that_they_may_meet_in_a_character(said: Statements) -> None:
    said["read"]["Resource"] = "arn:aws:s3:::Orders-*-data/*"


def forget_that_a_star_may_be_something(said: Statements) -> None:
    said["read"]["Resource"] = "arn:aws:s3:::Orders-data/*"


def join_the_ends_without_a_star(said: Statements) -> None:
    said["read"]["Action"] = ["s3:GetObject", "s3:Gett"]


def put_a_star_where_none_is(said: Statements) -> None:
    said["tables"]["Resource"] = "arn:aws:dynamodb:eu-west-1:111122223333:table/*A*s"


def lose_the_end(said: Statements) -> None:
    said["tables"]["Resource"] = "arn:aws:dynamodb:eu-west-1:111122223333:table/A*"


def lose_one_order(said: Statements) -> None:
    said["tables"]["Action"] = "dynamodb:*Item*Get*"


def lose_the_region(said: Statements) -> None:
    said["tables"]["Resource"] = "arn:aws:dynamodb:*:111122223333:table/A*s"


def lose_the_account(said: Statements) -> None:
    said["tables"]["Resource"] = "arn:aws:dynamodb:eu-west-1:*:table/A*s"


def lose_the_middle(said: Statements) -> None:
    said["logs"]["Resource"] = "arn:aws:logs:eu-west-1:111122223333:log-group:Orders*"


def lose_the_star_before_the_middle(said: Statements) -> None:
    said["logs"]["Resource"] = "arn:aws:logs:eu-west-1:111122223333:log-group:Orders:log-stream:*"


def take_what_overlaps_for_disjoint(said: Statements) -> None:
    del said["logs"]


def cross_one_statement_with_the_resources_of_another(said: Statements) -> None:
    said["read"]["Resource"] = said["tables"]["Resource"]


WRONG: list[Callable[[Statements], None]] = [
    keep_one_side_of_actions,
    keep_the_other_side_of_actions,
    keep_one_side_of_resources,
    keep_the_other_side_of_resources,
    unite_both_sides,
    forget_that_they_may_meet_in_a_character,
    forget_that_a_star_may_be_something,
    join_the_ends_without_a_star,
    put_a_star_where_none_is,
    lose_the_end,
    lose_one_order,
    lose_the_region,
    lose_the_account,
    lose_the_middle,
    lose_the_star_before_the_middle,
    take_what_overlaps_for_disjoint,
    cross_one_statement_with_the_resources_of_another,
]
