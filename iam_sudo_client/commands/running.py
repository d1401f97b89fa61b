"""What the commands that take `credentials_options` do alike: get credentials, save them, run CMD.

They differ in where the credentials come from, which is what they pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import click

from iam_sudo_client.commands.options import THE_ONLY_CONTAINER
from iam_sudo_client.errors import CommandNotFound, InvalidOption
from iam_sudo_client.report import log, note

if TYPE_CHECKING:
    from iam_sudo_client.commands.roles import AskedRole
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_client.workloads.roles import Found
    from iam_sudo_core.credentials import Credentials

_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


class Strategy(Protocol):
    """A way to credentials of a role, an ARN or as it was named; `narrowed` by the options."""

    def __call__(self, caller: CallerSession, role: str, /, *, narrowed: bool) -> Credentials: ...


def run_with(
    context: click.Context,
    get_credentials: Strategy,
    *,
    asked: AskedRole,
    environment: str | None,
    secrets_as: str | None,
    keep: Sequence[str],
    profile: str | None,
    force: bool,
    region: str | None,
    verbose: bool,
    debug: bool,
    cmd: Sequence[str],
) -> int:
    """Save the credentials as a profile, run CMD with them, or both; return the exit code.

    With neither, a shell is opened. `get_credentials` is called with the caller's own session, once
    nothing but AWS can refuse.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    opens_shell = not profile and not cmd
    _check_environment(asked, environment, secrets_as, keep, runs=bool(cmd) or opens_shell)
    if opens_shell:
        cmd = [_shell(context)]
    from iam_sudo_client.ways_in.session import open_session
    from iam_sudo_client.ways_out.writable_profile import check_profile
    from iam_sudo_core.arns import RoleArn

    if profile:
        check_profile(profile, os.environ, force=force)
    caller = open_session(region, os.environ)
    found = asked.look_up(caller)
    role = str(found.role if found else asked.name)
    arn = RoleArn.named(role)
    name = arn.name if arn else role
    variables: dict[str, str] = {}
    if found and environment:
        container = None if environment == THE_ONLY_CONTAINER else environment
        # Before credentials that would be for nothing if it is none.
        _check_container(found, container)
    credentials = get_credentials(caller, role, narrowed=True)
    note(access_key_id=credentials.access_key_id, expiration=credentials.expiration)
    if found and environment:
        variables = _variables(
            caller, found, container, secrets_as=secrets_as, keep=keep, strategy=get_credentials
        )
    if profile:
        from iam_sudo_client.ways_out.credentials_file import save_credentials

        save_credentials(profile, credentials, os.environ, region=caller.region, force=force)
        log.info("credentials saved under AWS profile %s.", profile)
    if not cmd:
        return 0
    return _run(
        cmd, caller, credentials, role=name, variables=variables, given_region=region,
        says_until=opens_shell,
    )  # fmt: skip


def _run(
    cmd: Sequence[str],
    caller: CallerSession,
    credentials: Credentials,
    *,
    role: str,
    variables: Mapping[str, str],
    given_region: str | None,
    says_until: bool,
) -> int:
    from iam_sudo_client.ways_in.settings import handed_on
    from iam_sudo_client.ways_out.command_environment import command_environment, taken_over
    from iam_sudo_client.ways_out.run_command import run

    settings, lost = handed_on(caller)
    theirs, left_out = taken_over(variables)
    environment = command_environment(
        {**settings, **os.environ, **theirs}, credentials, region=caller.region, role=role
    )
    if not given_region:
        environment |= {each: theirs[each] for each in _REGIONS if each in theirs}
    if lost:
        note(no_variable_for=f"{', '.join(lost)} of profile {caller.profile}")
    gone = sorted(os.environ.keys() - environment.keys())
    note(taken_out=", ".join(gone) or "nothing", running=" ".join(cmd), region=caller.region)
    if variables:
        note(variables_of_the_workload=", ".join(sorted(theirs)))
    if left_out:
        log.warning(
            "of the workload's variables these are left out, since CMD is to be %s alone, and "
            "nothing else is to run here: %s.", role, ", ".join(left_out),
        )  # fmt: skip
    if says_until:
        log.info("a shell with the credentials of %s, until %s.", role, credentials.expiration)
    try:
        return run(cmd, environment)
    except CommandNotFound as error:
        if "PATH" not in theirs:
            raise
        raise CommandNotFound(
            error.command, instead="PATH is the workload's: give --keep PATH for yours."
        ) from None


def _check_environment(
    asked: AskedRole,
    environment: str | None,
    secrets_as: str | None,
    keep: Sequence[str],
    *,
    runs: bool,
) -> None:
    if environment is None:
        for option, given in (("--secrets-as", secrets_as), ("--keep", keep)):
            if given:
                raise InvalidOption(f"{option} is of no use without --environment; give both")
        return
    if asked.workload is None:
        raise InvalidOption(
            "--environment needs the workload and not its role alone: name it by --role-of "
            "ecs:…, task-definition:… or lambda:…"
        )
    if not runs:
        raise InvalidOption("--environment is what CMD gets, and there is no CMD; give one")
    for name in keep:
        if name not in os.environ:
            raise InvalidOption(
                f"--keep {name}: your shell has no such variable; export it, or leave --keep out"
            )


def _check_container(found: Found, container: str | None) -> None:
    from iam_sudo_client.workloads.environment import stated

    stated(found, container)


def _variables(
    caller: CallerSession,
    found: Found,
    container: str | None,
    *,
    secrets_as: str | None,
    keep: Sequence[str],
    strategy: Strategy,
) -> dict[str, str]:
    from iam_sudo_client.workloads.environment import read

    return read(
        caller,
        found,
        container,
        as_caller=secrets_as == "caller",
        keep=set(keep),
        assumed=lambda role: strategy(caller, str(role), narrowed=False),
    )


def _shell(context: click.Context) -> str:
    """The user's shell, at a terminal; elsewhere an empty variable would run nothing, and well."""
    # And where the output is taken, as by eval "$(iam-sudo …)", a shell would hang, and be obeyed.
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise click.UsageError(
            "specify --profile, a command or both; a shell is opened at a terminal alone", context
        )
    variable, otherwise = ("COMSPEC", "cmd") if sys.platform == "win32" else ("SHELL", "/bin/sh")
    return os.environ.get(variable) or otherwise
