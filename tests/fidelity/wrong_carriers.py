"""Deliberately wrong carriers: each function spoils the parts that statements are cut into.

`ROLE` is a policy whose statements are cut as one that is too long would be, with little room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iam_sudo_core.policy.cutting import cut
from iam_sudo_core.policy.statements import parse, write
from tests.fidelity.boundaries import allow, deny

Statements = dict[str, dict[str, Any]]

BUCKETS = [f"arn:aws:s3:::{name}/*" for name in ("Orders", "Mails", "Jobs")]
ROLE: Statements = {
    "everything": allow("*"),
    "no reading": deny(["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging"], BUCKETS),
    "nothing else": {
        "Effect": "Deny",
        "NotAction": [
            "s3:Get*", "s3:Put*", "sqs:SendMessage", "sqs:ReceiveMessage", "ec2:Describe*",
            "ec2:RunInstances", "sns:Publish", "sns:Subscribe",
        ],
        "Resource": "*",
    },
}  # fmt: skip
_ROOM = 135


def parts() -> Statements:
    """The statements in parts: `nothing else 0`, `nothing else 1`, …"""
    return {
        f"{name} {number}": dict(part)
        for name, statement in ROLE.items()
        for number, part in enumerate(
            write(cut(parse([statement])[0], room=_ROOM, most=1_000) or ())
        )
    }


def lose_a_part_of_a_denial(said: Statements) -> None:
    del said["no reading 0"]


def lose_what_decides_about_a_beginning(said: Statements) -> None:
    del said["nothing else 0"]


def lose_what_is_allowed(said: Statements) -> None:
    del said["everything 0"]


def allow_a_part_of_a_denial(said: Statements) -> None:
    said["no reading 1"]["Effect"] = "Allow"


def take_the_list_of_all_but_apart(said: Statements) -> None:
    """All but A and all but B are everything."""
    for name in [each for each in said if each.startswith("nothing else")]:
        said[name]["NotAction"] = [
            each for each in said[name]["NotAction"] if each in ROLE["nothing else"]["NotAction"]
        ]


def leave_beginnings_to_nobody(said: Statements) -> None:
    """Every part leaves Amazon S3 to another one."""
    for name in [each for each in said if each.startswith("nothing else")]:
        said[name]["NotAction"] = [*said[name]["NotAction"], "s3:*"]


def name_an_action_in_no_part(said: Statements) -> None:
    for name in [each for each in said if each.startswith("nothing else")]:
        kept = [each for each in said[name]["NotAction"] if each != "s3:Get*"]
        said[name]["NotAction"] = kept


WRONG: list[Callable[[Statements], None]] = [
    lose_a_part_of_a_denial,
    lose_what_decides_about_a_beginning,
    lose_what_is_allowed,
    allow_a_part_of_a_denial,
    take_the_list_of_all_but_apart,
    leave_beginnings_to_nobody,
    name_an_action_in_no_part,
]
