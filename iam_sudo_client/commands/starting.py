"""How CMD is started: with the caller's settings, the workload's variables and its new identity."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from iam_sudo_client.errors import CommandNotFound
from iam_sudo_client.report import log, note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


def start(
    cmd: Sequence[str],
    caller: CallerSession,
    identified: Callable[[Mapping[str, str]], dict[str, str]],
    *,
    role: str,
    variables: Mapping[str, str],
    given_region: str | None,
    files_are_shut: bool = False,
) -> int:
    """Run CMD in our place, or wait for it; return its exit code.

    `identified` makes of an environment that of somebody with the role. `given_region` is an
    option's, which beats the workload's own. `files_are_shut` is whether CMD cannot read AWS's.

    Raises:
        CommandNotFound, CommandNotExecutable: as they say.
    """
    from iam_sudo_client.ways_in.settings import handed_on
    from iam_sudo_client.ways_out.command_environment import taken_over
    from iam_sudo_client.ways_out.run_command import run

    settings, lost = handed_on(caller, files_are_shut=files_are_shut)
    theirs, left_out = taken_over(variables)
    environment = identified({**settings, **os.environ, **theirs})
    if not given_region:
        environment |= {each: theirs[each] for each in _REGIONS if each in theirs}
    if lost:
        note(no_variable_for=f"{', '.join(lost)} of profile {caller.profile or 'default'}")
    gone = sorted(os.environ.keys() - environment.keys())
    note(taken_out=", ".join(gone) or "nothing", running=" ".join(cmd), region=caller.region)
    if variables:
        note(variables_of_the_workload=", ".join(sorted(theirs)))
    if left_out:
        log.warning(
            "of the workload's variables these are left out, since CMD is to be %s alone, and "
            "nothing else is to run here: %s.", role, ", ".join(left_out),
        )  # fmt: skip
    try:
        return run(cmd, environment)
    except CommandNotFound as error:
        if "PATH" not in theirs:
            raise
        raise CommandNotFound(
            error.command, instead="PATH is the workload's: give --keep PATH for yours."
        ) from None


def shell(context: click.Context) -> str:
    """The user's shell, at a terminal; elsewhere an empty variable would run nothing, and well."""
    # And where the output is taken, as by eval "$(iam-sudo …)", a shell would hang, and be obeyed.
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise click.UsageError(
            "specify --profile, a command or both; a shell is opened at a terminal alone", context
        )
    variable, otherwise = ("COMSPEC", "cmd") if sys.platform == "win32" else ("SHELL", "/bin/sh")
    return os.environ.get(variable) or otherwise
