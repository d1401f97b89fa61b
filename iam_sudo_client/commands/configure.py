"""`iam-sudo configure`: a profile of the config file that asks us whenever it is used."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from iam_sudo_client.commands.asked import policy_document
from iam_sudo_client.commands.options import (
    session_options,
)
from iam_sudo_client.commands.roles import TakesRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import opened, way_of_session
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import log

# Of our options, those that are no part of the profile's command.
_OURS = {"profile", "force", "verbose", "debug"}


@click.command(cls=TakesRole)
@click.option(
    "--profile", required=True, type=TEXT, metavar="PROFILE", help="The AWS profile to write."
)
@click.option("--force", is_flag=True, help="Write a profile too that is somebody.")
@session_options
@click.pass_context
def configure(context: click.Context, /, *, profile: str, force: bool, **options: Any) -> None:
    """Write an AWS profile that renews itself.

    Any SDK then renews them, for days. It asks as --caller-profile, else as the profile that you
    are now.
    """
    from iam_sudo_client.ways_out.process_profile import save_process_profile
    from iam_sudo_client.ways_out.writable_profile import check_process_profile

    way = way_of_session(context, options)
    check_process_profile(profile, os.environ, force=force)
    caller = opened(options)
    role = way.asked.look_up(caller)
    options["region"] = caller.region
    has_default = "default" in caller.full_config["profiles"]
    if not caller.profile and has_default and not os.environ.get("AWS_ACCESS_KEY_ID"):
        options["caller_profile"] = "default"
    else:
        options["caller_profile"] = caller.profile
    if options["caller_profile"] == profile:
        raise InvalidOption(
            f"profile {profile} would ask itself; give --caller-profile PROFILE, by whose "
            "credentials it is to ask"
        )
    if options["policy"] is not None:  # a file of this moment
        import json

        document = policy_document(options["policy"])
        options["policy"] = json.dumps(document, separators=(",", ":"))
    command = [*_program(), "credential-process", *_typed(context, options)]
    path = save_process_profile(profile, command, os.environ, region=caller.region)
    log.info("profile %s of %s gets the credentials of %s by itself.", profile, path, role.name)
    if options["caller_profile"] is None:
        log.info(
            "it asks by AWS_ACCESS_KEY_ID, … of whoever uses it; --caller-profile names a profile."
        )


def _program() -> list[str]:
    """This command, however the working directory and PATH will be."""
    ours = Path(sys.argv[0]).name
    found = shutil.which(sys.argv[0]) if ours.startswith("iam-sudo") else None
    if found:
        return [str(Path(found).absolute())]
    # Without -P, Python imports from wherever the profile is used: a repository's files.
    return [sys.executable, "-P", "-m", "iam_sudo_client"]


def _typed(context: click.Context, options: dict[str, Any]) -> list[str]:
    """The options as they would be typed, with what the settings say of them."""
    words: list[str] = []
    for param in context.command.params:
        value = options.get(param.name or "")
        if param.name in _OURS or value is None or value is False:
            continue
        words += [param.opts[0]] if value is True else [param.opts[0], str(value)]
    return words
