"""The blog's account: the application and its demo roles deployed, and one developer in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.emulator import ACCOUNT, PROJECT, Emulator

DEVELOPER = "mvanholsteijn"
_TRIES = "try-any-role"
_TRY_ANY_ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
}
_LOOK_AT_ECS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecs:Describe*", "ecs:List*"], "Resource": "*"}],
}


@dataclass(frozen=True)
class Developer:
    """An IAM user with view-only access, who may try to assume any role and may ask the broker."""

    arn: str
    access_key: dict[str, str] = field(repr=False)


def add_developer(emulator: Emulator) -> Developer:
    """Create the user, before the deployment that grants it something."""
    iam = emulator.client("iam")
    arn = iam.create_user(UserName=DEVELOPER)["User"]["Arn"]
    iam.attach_user_policy(
        UserName=DEVELOPER, PolicyArn="arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    )
    # AWS's ViewOnlyAccess has it, and the emulator's has not.
    iam.put_user_policy(
        UserName=DEVELOPER, PolicyName="look-at-ecs", PolicyDocument=json.dumps(_LOOK_AT_ECS)
    )
    # So that it is the roles who refuse: nothing but their trust policies is in the way.
    iam.put_user_policy(
        UserName=DEVELOPER, PolicyName=_TRIES, PolicyDocument=json.dumps(_TRY_ANY_ROLE)
    )
    return Developer(arn, iam.create_access_key(UserName=DEVELOPER)["AccessKey"])


def leave_only_grants(emulator: Emulator) -> None:
    """Take from the developer what no deployment granted: the policy that tries any role."""
    emulator.client("iam").delete_user_policy(UserName=DEVELOPER, PolicyName=_TRIES)


def context(**choices: str) -> list[str]:
    """The options of `cdk` for the application with its demo stack."""
    chosen = {"development_accounts": ACCOUNT, "demo": "true", **choices}
    return [argument for key, value in chosen.items() for argument in ("-c", f"{key}={value}")]


def deploy(
    emulator: Emulator, progress: Callable[[str], None] | None = None, **choices: str
) -> None:
    """Deploy both stacks with the real CDK; `choices` are keys of the context."""
    emulator.cdk("deploy", "--all", *context(**choices), app_dir=PROJECT, progress=progress)


def deploy_example(
    emulator: Emulator,
    folder: str,
    progress: Callable[[str], None] | None = None,
    **choices: str,
) -> None:
    """Deploy one of the examples with the real CDK, in the emulated account."""
    chosen = {"development_account": ACCOUNT, **choices}
    context = [argument for key, value in chosen.items() for argument in ("-c", f"{key}={value}")]
    emulator.cdk("deploy", *context, app_dir=PROJECT / folder, progress=progress)
