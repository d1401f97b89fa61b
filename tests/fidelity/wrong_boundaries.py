"""Deliberately wrong ways to cut a role by its permissions boundary, beside one that is right.

`CUT` are the Deny statements that a session of a role without limits takes for `BOUNDARY`.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fidelity.boundaries import EVERYTHING, allow, deny, document, if_
from tests.fidelity.wrong import IN_IRELAND, ORDERS, Statements

BOUNDARY = document(
    allow("s3:*", ORDERS),
    allow("sqs:*", Condition=IN_IRELAND | if_("Bool", "aws:SecureTransport", "true")),
    deny("s3:DeleteObject"),
)
CUT: Statements = {
    "all": EVERYTHING,
    "other actions": {"Effect": "Deny", "NotAction": ["s3:*", "sqs:*"], "Resource": "*"},
    "other resources": {"Effect": "Deny", "Action": "s3:*", "NotResource": ORDERS},
    "other regions": deny(
        "sqs:*", Condition=if_("StringNotEquals", "aws:RequestedRegion", "eu-west-1")
    ),
    "in the clear": deny("sqs:*", Condition=if_("BoolIfExists", "aws:SecureTransport", "false")),
    "denied": deny("s3:DeleteObject"),
}


def ignore_the_boundary(said: Statements) -> None:
    for name in set(said) - {"all"}:
        del said[name]


def forget_other_actions(said: Statements) -> None:
    del said["other actions"]


def forget_other_resources(said: Statements) -> None:
    del said["other resources"]


def forget_a_condition(said: Statements) -> None:
    del said["other regions"]


def forget_what_it_denies(said: Statements) -> None:
    del said["denied"]


def deny_where_the_condition_holds(said: Statements) -> None:
    said["other regions"]["Condition"] = IN_IRELAND


def deny_without_the_condition(said: Statements) -> None:
    del said["other regions"]["Condition"]


def deny_only_where_no_test_holds(said: Statements) -> None:
    said["other regions"]["Condition"] |= said.pop("in the clear")["Condition"]


def negate_for_present_keys_only(said: Statements) -> None:
    said["in the clear"]["Condition"] = if_("Bool", "aws:SecureTransport", "false")


def deny_the_actions_themselves(said: Statements) -> None:
    said["other actions"]["Action"] = said["other actions"].pop("NotAction")


def deny_its_resources(said: Statements) -> None:
    said["other resources"]["Resource"] = said["other resources"].pop("NotResource")


WRONG: list[Callable[[Statements], None]] = [
    ignore_the_boundary,
    forget_other_actions,
    forget_other_resources,
    forget_a_condition,
    forget_what_it_denies,
    deny_where_the_condition_holds,
    deny_without_the_condition,
    deny_only_where_no_test_holds,
    negate_for_present_keys_only,
    deny_the_actions_themselves,
    deny_its_resources,
]
