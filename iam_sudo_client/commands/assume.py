"""`iam-sudo assume`: CMD as the role itself, which trusts the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.options import (
    CMD_SETTINGS,
    TEXT,
    RunsCmd,
    credentials_options,
    policy_document,
    policy_option,
)
from iam_sudo_client.commands.running import run_with
from iam_sudo_client.report import note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.credentials import Credentials


@click.command(cls=RunsCmd, context_settings=CMD_SETTINGS)
@click.option(
    "--role-name", required=True, type=TEXT, metavar="NAME|ARN", help="The role to assume."
)
@policy_option
@credentials_options
@click.pass_context
def assume(context: click.Context, /, *, role_name: str, policy: str | None, **shared: Any) -> int:
    """Run CMD as the role itself, which has to trust you.

    Without CMD it is a shell, at a terminal.
    """
    from iam_sudo_core.arns import RoleArn

    arn = RoleArn.named(role_name)
    document = None if policy is None else policy_document(policy)

    def assumed(caller: CallerSession) -> Credentials:
        from iam_sudo_client.ways_in.assume import assume_role

        note(assuming=role_name)
        return assume_role(caller, role_name, policy=document, note=note)

    return run_with(context, assumed, role=arn.name if arn else role_name, **shared)
