"""`iam-sudo export`: credentials as text, for a shell, a file or a program."""

from __future__ import annotations

import os
from typing import Any

import click

from iam_sudo_client.commands.options import session_options
from iam_sudo_client.commands.roles import TakesRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import credentials_by, opened, way_of_session
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import show


@click.command(cls=TakesRole)
@click.option(
    "--format",
    "how",
    type=TEXT,
    default="env",
    show_default=True,
    metavar="FORMAT",
    help="env, json, powershell, fish, cmd or docker.",
)
@session_options
@click.pass_context
def export(context: click.Context, /, *, how: str, **options: Any) -> None:
    """Print credentials for a shell, a file or a program.

    By env for eval "$(iam-sudo export …)", by docker for --env-file. They last an hour, and nothing
    renews them.
    """
    from iam_sudo_client.ways_out.formats import FORMATS, formatted

    if how not in FORMATS:
        raise InvalidOption(f"--format {how!r} is none; choose one of {', '.join(FORMATS)}")
    way = way_of_session(context, options)
    caller = opened(options)
    role = way.asked.look_up(caller)
    found = credentials_by(way, role, caller, context, no_cache=options["no_cache"])
    text = formatted(how, found, os.environ, region=caller.region, role=role.name)
    show(text.split("\n"))
