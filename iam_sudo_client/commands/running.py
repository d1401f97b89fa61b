"""What the commands that take `credentials_options` do alike: get credentials, save them, run CMD.

They differ in the way to the credentials, which is what they pass.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from iam_sudo_client.commands.starting import shell, start
from iam_sudo_client.commands.variables import Variables
from iam_sudo_client.commands.ways import credentials_by
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import log, note

if TYPE_CHECKING:
    from iam_sudo_client.commands.ways import Way


def run_with(
    context: click.Context,
    way: Way,
    *,
    refresh: bool,
    environment: str | None,
    secrets_as: str | None,
    keep: Sequence[str],
    profile: str | None,
    force: bool,
    region: str | None,
    caller_profile: str | None,
    no_cache: bool,
    verbose: bool,
    debug: bool,
    cmd: Sequence[str],
) -> int:
    """Save the credentials as a profile, run CMD with them, or both; return the exit code.

    With neither, a shell is opened; `refresh` gives CMD an endpoint that renews them. AWS is asked
    once nothing but AWS can refuse.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    opens_shell = not profile and not cmd
    variables = Variables(environment, secrets_as, keep)
    variables.check(way.asked, runs=bool(cmd) or opens_shell)
    if opens_shell:
        cmd = [shell(context)]
    if refresh:
        if profile:
            raise InvalidOption(
                "--refresh renews for CMD alone, and what --profile saves lasts an hour; leave one "
                "of them out"
            )
        from iam_sudo_client.commands.serving import run_beside

        return run_beside(
            [way], cmd, region=region, caller_profile=caller_profile, variables=variables
        )
    from iam_sudo_client.ways_in.session import open_session
    from iam_sudo_client.ways_out.command_environment import command_environment
    from iam_sudo_client.ways_out.writable_profile import check_profile

    if profile:
        check_profile(profile, os.environ, force=force)
    caller = open_session(region, os.environ, profile=caller_profile)
    role = way.asked.look_up(caller)
    variables.check_container(role)
    credentials = credentials_by(way, role, caller, context, no_cache=no_cache)
    note(access_key_id=credentials.access_key_id, expiration=credentials.expiration)
    theirs = variables.read(caller, role, way.get)
    if profile:
        from iam_sudo_client.ways_out.credentials_file import save_credentials

        save_credentials(profile, credentials, os.environ, region=caller.region, force=force)
        log.info("credentials saved under AWS profile %s.", profile)
    if not cmd:
        return 0
    if opens_shell:
        log.info("a shell with the credentials of %s, until %s.", role.name, credentials.expiration)
    return start(
        cmd,
        caller,
        lambda environ: command_environment(
            environ, credentials, region=caller.region, role=role.name
        ),
        role=role.name,
        variables=theirs,
        given_region=region,
    )
