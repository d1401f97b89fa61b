"""`iam-sudo serve`: an endpoint that gives, and renews, the credentials of one role or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from iam_sudo_client.commands.asked import asked_function, role_request
from iam_sudo_client.commands.options import (
    CMD_SETTINGS,
    cmd_options,
    policy_option,
    reason_option,
    roles_options,
    way_options,
)
from iam_sudo_client.commands.roles import AskedRole, RunsCmd
from iam_sudo_client.commands.values import TEXT, Port
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import log

_DEFAULT_HOST = "127.0.0.1"


@click.command(cls=RunsCmd, context_settings=CMD_SETTINGS)
@roles_options
@way_options
@policy_option
@reason_option
@click.option("--port", type=Port(), metavar="N", help="Listen at this port; else any.")
@click.option(
    "--host",
    type=TEXT,
    metavar="ADDRESS",
    default=_DEFAULT_HOST,
    show_default=True,
    help="Listen at this address: of this machine, or where containers look, 169.254.170.2.",
)
@click.option(
    "--token-file",
    type=TEXT,
    metavar="FILE",
    help="Keep the token in this file, a new one each time, for programs started elsewhere.",
)
@cmd_options
@click.pass_context
def serve(
    context: click.Context,
    /,
    *,
    role_name: Sequence[str],
    role_of: Sequence[str],
    principal: str | None,
    base_role: str | None,
    remote: bool,
    local: bool,
    function_name: str | None,
    policy: str | None,
    reason: str | None,
    port: int | None,
    host: str,
    token_file: str | None,
    region: str | None,
    caller_profile: str | None,
    verbose: bool,
    debug: bool,
    cmd: Sequence[str],
) -> int:
    """Run CMD with credentials that renew themselves.

    They are simulated roles, as `iam-sudo simulate` has them, at an endpoint on this machine. CMD
    is the first role, of --role-name before --role-of; for each it gets IAM_SUDO_<NAME>_URI and
    _TOKEN. Without CMD the endpoint runs until it is interrupted, for programs that read
    the token from --token-file.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    from iam_sudo_client.commands.serving import run_beside
    from iam_sudo_client.commands.ways import simulated
    from iam_sudo_client.endpoint.addresses import address

    at = address(host)
    if not cmd and not token_file:
        raise InvalidOption(
            "without CMD nobody would know the token: give CMD, or --token-file FILE for programs "
            "that have AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=FILE"
        )
    function = asked_function(remote=remote, local=local, function_name=function_name)
    ways = []
    for asked in [
        *(AskedRole.parse(name, None) for name in role_name),
        *(AskedRole.parse(None, workload) for workload in role_of),
    ]:
        request = role_request(
            asked.name,
            principal=principal,
            base_role=base_role,
            policy=policy,
            explain=False,
            reason=reason,
            function=function,
        )
        ways.append(simulated(asked, request, function))
    token = None
    if token_file:
        from iam_sudo_client.endpoint.tokens import new_token

        token = new_token(Path(token_file).expanduser())
    if at.of_containers:
        log.warning(
            "listening at %s: containers that reach it get the credentials, with the token", host
        )
    return run_beside(
        ways,
        cmd,
        region=region,
        caller_profile=caller_profile,
        address=at,
        port=port or 0,
        token=token,
    )
