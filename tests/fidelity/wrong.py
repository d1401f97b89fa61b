"""Deliberately wrong sessions: each function spoils the statements of a role in one way.

`ROLE` is what they spoil, a policy with something for each of them. They take its statements by
name and change them in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fidelity.boundaries import allow, deny, if_

Statements = dict[str, dict[str, Any]]

ORDERS = "arn:aws:s3:::Orders/*"
TEAM = "arn:aws:s3:::Team/*"
IN_IRELAND = if_("StringEquals", "aws:RequestedRegion", "eu-west-1")
IN_VIRGINIA = if_("StringEquals", "aws:RequestedRegion", "us-east-1")

ROLE: Statements = {
    "read": allow(["s3:GetObject", "s3:GetObjectAcl"], ORDERS, Condition=IN_IRELAND),
    "write": allow("s3:PutObject", ORDERS, Condition=IN_VIRGINIA),
    "tag": allow(
        "s3:PutObjectTagging", ORDERS, Condition=if_("StringEquals", "aws:username", "Alice")
    ),
    "untag": allow(
        "s3:DeleteObjectTagging", ORDERS, Condition=if_("StringEquals", "aws:username", "alice")
    ),
    "team": allow(
        "s3:GetObject", TEAM, Condition=if_("ForAllValues:StringEquals", "aws:TagKeys", "a", "b")
    ),
    "team or nobody": allow(
        "s3:PutObject",
        TEAM,
        Condition=if_("StringEqualsIfExists", "aws:RequestedRegion", "eu-west-1"),
    ),
    "own": allow("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*"),
    "literal": allow("s3:GetObject", "arn:aws:s3:::templates/${$}{aws:username}"),
    "one": allow("s3:GetObject", "arn:aws:s3:::parts/?"),
    "list": {"Effect": "Allow", "Action": "s3:ListBucket", "NotResource": "arn:aws:s3:::Secrets*"},
    "send": allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
    "receive": allow("sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:111122223333:mails"),
    "others": {"Effect": "Allow", "NotAction": ["s3:*", "sqs:*", "kms:*"], "Resource": "*"},
    "keys": {"Effect": "Allow", "NotAction": ["s3:*", "sqs:*", "sns:*"], "Resource": "*"},
    "no acl": deny("s3:GetObjectAcl", ORDERS),
    "no writing in the clear": deny(
        "s3:PutObject", Condition=if_("Bool", "aws:SecureTransport", "false")
    ),
    "no other topics": {
        "Effect": "Deny",
        "Action": "sns:Publish",
        "NotResource": "arn:aws:sns:eu-west-1:111122223333:Orders",
    },
}


def drop_a_condition(said: Statements) -> None:
    del said["read"]["Condition"]


def drop_a_deny(said: Statements) -> None:
    del said["no acl"]


def drop_an_allow(said: Statements) -> None:
    del said["write"]


def drop_a_resource(said: Statements) -> None:
    said["send"] = said["receive"]


def merge_across_conditions(said: Statements) -> None:
    said["read"]["Action"] += [said.pop("write")["Action"]]


def compare_values_of_conditions_without_case(said: Statements) -> None:
    said["tag"]["Action"] = [said["tag"]["Action"], said.pop("untag")["Action"]]


def lose_if_exists(said: Statements) -> None:
    said["team or nobody"]["Condition"] = IN_IRELAND


def add_if_exists(said: Statements) -> None:
    said["read"]["Condition"] = {"StringEqualsIfExists": IN_IRELAND["StringEquals"]}


def take_any_value_for_all_values(said: Statements) -> None:
    tests = said["team"]["Condition"].pop("ForAllValues:StringEquals")
    said["team"]["Condition"]["ForAnyValue:StringEquals"] = tests


def take_a_denial_as_unconditional(said: Statements) -> None:
    del said["no writing in the clear"]["Condition"]


def drop_an_allow_that_a_conditional_denial_covers(said: Statements) -> None:
    del said["team or nobody"]


def drop_a_denial_that_an_allow_covers(said: Statements) -> None:
    del said["no other topics"]


def unite_not_actions(said: Statements) -> None:
    said["others"]["NotAction"] += said.pop("keys")["NotAction"]


def take_not_action_as_action(said: Statements) -> None:
    said["others"]["Action"] = said["others"].pop("NotAction")


def take_not_resource_as_resource(said: Statements) -> None:
    said["list"]["Resource"] = said["list"].pop("NotResource")


def take_not_resource_of_a_denial_as_resource(said: Statements) -> None:
    said["no other topics"]["Resource"] = said["no other topics"].pop("NotResource")


def shrink_actions_to_a_wildcard(said: Statements) -> None:
    said["read"]["Action"] = "s3:Get*"


def widen_a_resource(said: Statements) -> None:
    said["read"]["Resource"] = "arn:aws:s3:::Orders*"


def widen_a_resource_by_a_level(said: Statements) -> None:
    said["write"]["Resource"] = "arn:aws:s3:::*/*"


def take_a_question_mark_for_a_star(said: Statements) -> None:
    said["one"]["Resource"] = "arn:aws:s3:::parts/*"


def take_a_star_for_a_level(said: Statements) -> None:
    said["read"]["Resource"] = ["arn:aws:s3:::Orders/any"]


def lower_the_case_of_a_resource(said: Statements) -> None:
    said["write"]["Resource"] = ORDERS.lower()


def unite_resources_of_different_actions(said: Statements) -> None:
    both = [said["send"]["Resource"], said["receive"]["Resource"]]
    said["send"]["Resource"] = said["receive"]["Resource"] = both


def unite_actions_of_different_resources(said: Statements) -> None:
    both = [said["send"]["Action"], said["receive"]["Action"]]
    said["send"]["Action"] = said["receive"]["Action"] = both


def lose_the_escape_of_a_dollar(said: Statements) -> None:
    said["literal"]["Resource"] = said["literal"]["Resource"].replace("${$}", "$")


def escape_the_dollar_of_a_variable(said: Statements) -> None:
    said["own"]["Resource"] = said["own"]["Resource"].replace("$", "${$}")


def take_a_variable_for_a_star(said: Statements) -> None:
    said["own"]["Resource"] = "arn:aws:s3:::home/*/*"


def merge_whatever_the_effect(said: Statements) -> None:
    said["read"]["Action"] += [said.pop("no acl")["Action"]]


def turn_a_denial_into_an_allow(said: Statements) -> None:
    said["no acl"]["Effect"] = "Allow"


WRONG: list[Callable[[Statements], None]] = [
    drop_a_condition,
    drop_a_deny,
    drop_an_allow,
    drop_a_resource,
    merge_across_conditions,
    compare_values_of_conditions_without_case,
    lose_if_exists,
    add_if_exists,
    take_any_value_for_all_values,
    take_a_denial_as_unconditional,
    drop_an_allow_that_a_conditional_denial_covers,
    drop_a_denial_that_an_allow_covers,
    unite_not_actions,
    take_not_action_as_action,
    take_not_resource_as_resource,
    take_not_resource_of_a_denial_as_resource,
    shrink_actions_to_a_wildcard,
    widen_a_resource,
    widen_a_resource_by_a_level,
    take_a_question_mark_for_a_star,
    take_a_star_for_a_level,
    lower_the_case_of_a_resource,
    unite_resources_of_different_actions,
    unite_actions_of_different_resources,
    lose_the_escape_of_a_dollar,
    escape_the_dollar_of_a_variable,
    take_a_variable_for_a_star,
    merge_whatever_the_effect,
    turn_a_denial_into_an_allow,
]
