"""`iam-sudo assume`: CMD as the role itself, which trusts the caller."""

from __future__ import annotations

from typing import Any

import click

from iam_sudo_client.commands.options import (
    CMD_SETTINGS,
    credentials_options,
    environment_options,
    policy_option,
    role_of_option,
)
from iam_sudo_client.commands.roles import AskedRole, RunsCmd
from iam_sudo_client.commands.running import run_with
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import assumed


@click.command(cls=RunsCmd, context_settings=CMD_SETTINGS)
@click.option("--role-name", type=TEXT, metavar="NAME|ARN", help="The role to assume.")
@role_of_option
@policy_option
@environment_options
@credentials_options
@click.pass_context
def assume(
    context: click.Context,
    /,
    *,
    role_name: str | None,
    role_of: str | None,
    policy: str | None,
    **shared: Any,
) -> int:
    """Run CMD as the role itself, which has to trust you.

    Without CMD it is a shell, at a terminal.
    """
    return run_with(context, assumed(AskedRole.parse(role_name, role_of), policy), **shared)
