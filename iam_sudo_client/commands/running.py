"""What the commands that take `credentials_options` do alike: get credentials, save them, run CMD.

They differ in where the credentials come from, which is what they pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from iam_sudo_client.report import log, note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.credentials import Credentials


def run_with(
    context: click.Context,
    get_credentials: Callable[[CallerSession], Credentials],
    *,
    role: str,
    profile: str | None,
    force: bool,
    region: str | None,
    verbose: bool,
    debug: bool,
    cmd: Sequence[str],
) -> int:
    """Save the credentials as a profile, run CMD with them, or both; return the exit code.

    With neither, a shell is opened. `role` is the role's name. `get_credentials` is called with the
    caller's own session, once nothing but AWS can refuse.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    opens_shell = not profile and not cmd
    if opens_shell:
        cmd = [_shell(context)]
    from iam_sudo_client.ways_in.session import open_session
    from iam_sudo_client.ways_in.settings import handed_on
    from iam_sudo_client.ways_out.command_environment import command_environment
    from iam_sudo_client.ways_out.run_command import run
    from iam_sudo_client.ways_out.writable_profile import check_profile

    if profile:
        check_profile(profile, os.environ, force=force)
    caller = open_session(region, os.environ)
    region = caller.region
    credentials = get_credentials(caller)
    note(access_key_id=credentials.access_key_id, expiration=credentials.expiration)
    if profile:
        from iam_sudo_client.ways_out.credentials_file import save_credentials

        save_credentials(profile, credentials, os.environ, region=region, force=force)
        log.info("credentials saved under AWS profile %s.", profile)
    if not cmd:
        return 0
    settings, lost = handed_on(caller)
    environment = command_environment(
        {**settings, **os.environ}, credentials, region=region, role=role
    )
    if lost:
        note(no_variable_for=f"{', '.join(lost)} of profile {caller.profile}")
    gone = sorted(os.environ.keys() - environment.keys())
    note(taken_out=", ".join(gone) or "nothing", running=" ".join(cmd), region=region)
    if opens_shell:
        log.info("a shell with the credentials of %s, until %s.", role, credentials.expiration)
    return run(cmd, environment)


def _shell(context: click.Context) -> str:
    """The user's shell, at a terminal; elsewhere an empty variable would run nothing, and well."""
    if not sys.stdin or not sys.stdin.isatty():
        raise click.UsageError(
            "specify --profile, a command or both; a shell is opened at a terminal alone", context
        )
    variable, otherwise = ("COMSPEC", "cmd") if sys.platform == "win32" else ("SHELL", "/bin/sh")
    return os.environ.get(variable) or otherwise
