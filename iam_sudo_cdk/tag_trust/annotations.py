"""What is said on roles and stacks when an application is synthesized.

Tags and policies may be of templates that others wrote, and the CDK's CLI prints what it is given.
"""

from __future__ import annotations

import aws_cdk as cdk
from constructs import IConstruct

from iam_sudo_core.errors import printable

from .trust_statement import Tag


def warn_beyond_reach(construct: IConstruct) -> None:
    warn(construct, "imported", "it is imported or created elsewhere, and stays as it is")


def warn_whole_account(construct: IConstruct) -> None:
    cdk.Annotations.of(construct).add_warning_v2(
        "iam-sudo:trustWholeAccount",
        "everybody in the account who may sts:AssumeRole on it gets in (trust_whole_account)",
    )


def warn_tag_elsewhere(construct: IConstruct, tag: Tag, what: str) -> None:
    cdk.Annotations.of(construct).add_warning_v2(
        "iam-sudo:tagElsewhere",
        f"the tag {tag}, by which developers may assume roles, is also on {what}: they may assume "
        "whatever carries it and trusts the account; choose another tag",
    )


def warn(construct: IConstruct, id: str, problem: str, *, what: str = "") -> None:
    what = what or ("the roles of this stack" if isinstance(construct, cdk.Stack) else "this role")
    cdk.Annotations.of(construct).add_warning_v2(
        f"iam-sudo:{id}", printable(f"developers get no access to {what}: {problem}")
    )


def add_error(construct: IConstruct, problem: str) -> None:
    cdk.Annotations.of(construct).add_error(printable(f"iam-sudo: {problem}"))
