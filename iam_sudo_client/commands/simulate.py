"""`iam-sudo simulate`: CMD with what a role may do, by the broker or by one's own permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.explain import show_explanation
from iam_sudo_client.commands.options import (
    CMD_SETTINGS,
    asked_function,
    credentials_options,
    default_base_role,
    environment_options,
    role_request,
    simulated_role_options,
)
from iam_sudo_client.commands.roles import AskedRole, RunsCmd, for_role
from iam_sudo_client.commands.running import run_with
from iam_sudo_client.report import note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.credentials import Credentials


@click.command(cls=RunsCmd, context_settings=CMD_SETTINGS)
@simulated_role_options
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
    request = role_request(
        role_name, principal=principal, base_role=base_role, policy=policy, explain=explain
    )
    function = asked_function(remote=remote, local=local, function_name=function_name)
    if explain:
        context.obj.listen(verbose=shared["verbose"], debug=shared["debug"])
        return show_explanation(request, function, region=shared["region"], asked=asked)

    def simulated(caller: CallerSession, role: str, *, narrowed: bool) -> Credentials:
        # What narrows CMD's session, or says which of several roles is meant, is of that one alone.
        others: dict[str, Any] = {} if narrowed else {"policy": None, "principal": None}
        wanted = for_role(request, role, **others) if role != role_name else request
        if function:
            from iam_sudo_client.ways_in.broker import ask_broker

            note(asking=f"function {function}", role=role)
            return ask_broker(caller, wanted, function_name=function)
        from iam_sudo_client.ways_in.local import simulate_here

        return simulate_here(caller, wanted, base_role=default_base_role(), note=note)

    return run_with(context, simulated, asked=asked, **shared)
