"""`iam-sudo simulate`: CMD with what a role may do, by the broker or by one's own permissions."""

from __future__ import annotations

from typing import Any

import click

from iam_sudo_client.commands.asked import asked_function, role_request
from iam_sudo_client.commands.explain import show_explanation
from iam_sudo_client.commands.options import (
    CMD_SETTINGS,
    credentials_options,
    environment_options,
    reason_option,
    simulated_role_options,
)
from iam_sudo_client.commands.roles import AskedRole, RunsCmd
from iam_sudo_client.commands.running import run_with
from iam_sudo_client.commands.ways import simulated


@click.command(cls=RunsCmd, context_settings=CMD_SETTINGS)
@simulated_role_options
@reason_option
@click.option("--explain", is_flag=True, help="Say what the session would be, and do no more.")
@environment_options
@credentials_options
@click.pass_context
def simulate(
    context: click.Context,
    /,
    *,
    role_name: str | None,
    role_of: str | None,
    principal: str | None,
    base_role: str | None,
    policy: str | None,
    reason: str | None,
    remote: bool,
    local: bool,
    function_name: str | None,
    explain: bool,
    **shared: Any,
) -> int:
    """Run CMD with what the role may do, and no more.

    Without CMD it is a shell, at a terminal. The session is that of a base role, cut down to the
    policies of the role. Without --base-role, --local takes IAM_SUDO_BASE_ROLE, else IAMSudoUser.
    """
    context.obj.tells_kinds = explain
    asked = AskedRole.parse(role_name, role_of)
    function = asked_function(remote=remote, local=local, function_name=function_name)
    request = role_request(
        role_name,
        principal=principal,
        base_role=base_role,
        policy=policy,
        explain=explain,
        reason=reason,
        function=function,
    )
    if explain:
        context.obj.listen(verbose=shared["verbose"], debug=shared["debug"])
        return show_explanation(
            request,
            function,
            region=shared["region"],
            caller_profile=shared["caller_profile"],
            asked=asked,
        )
    return run_with(context, simulated(asked, request, function), **shared)
