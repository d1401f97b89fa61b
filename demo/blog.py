"""The blog's account: the application and its demo roles deployed, and one developer in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from demo.emulator import PROJECT, Emulator

DEVELOPER = "mvanholsteijn"
STACKS = ("iam-sudo", "iam-sudo-demo")


@dataclass(frozen=True)
class Developer:
    """An IAM user with view-only access who may ask the broker."""

    arn: str
    access_key: dict[str, str] = field(repr=False)


def add_developer(emulator: Emulator) -> Developer:
    """Create the user, before the deployment that grants it something."""
    iam = emulator.client("iam")
    arn = iam.create_user(UserName=DEVELOPER)["User"]["Arn"]
    iam.attach_user_policy(
        UserName=DEVELOPER, PolicyArn="arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    )
    return Developer(arn, iam.create_access_key(UserName=DEVELOPER)["AccessKey"])


def context(developer: Developer, **choices: str) -> list[str]:
    """The options of `cdk` for the application with its demo stack."""
    account = developer.arn.split(":")[4]
    chosen = {
        "development_accounts": account,
        "developers": developer.arn,
        "demo": "true",
        **choices,
    }
    return [argument for key, value in chosen.items() for argument in ("-c", f"{key}={value}")]


def deploy(
    emulator: Emulator, developer: Developer, progress: Callable[[str], None] | None = None
) -> None:
    """Deploy both stacks with the real CDK."""
    arguments: list[Any] = ["--all", *context(developer)]
    emulator.cdk("deploy", *arguments, app_dir=PROJECT, progress=progress)
