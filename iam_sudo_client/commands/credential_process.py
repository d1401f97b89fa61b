"""`iam-sudo credential-process`: the credentials as SDKs take them from a program."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from iam_sudo_client.commands.options import session_options
from iam_sudo_client.commands.roles import TakesRole
from iam_sudo_client.commands.ways import (
    cache_setting,
    credentials_by,
    opened,
    until,
    way_of_session,
)
from iam_sudo_client.errors import NotConfigured
from iam_sudo_client.report import show

# Set while we look for the caller's credentials, in case their profile asks us again. It has no
# part in what an entry of the cache is kept for, see `keys`.
_ASKING = "IAM_SUDO_ASKING"


class _Everywhere(TakesRole):
    """A profile means the same in every folder."""

    reads_project = False


@click.command(cls=_Everywhere)
@session_options
@click.pass_context
def credential_process(context: click.Context, /, **options: Any) -> None:
    """Print credentials as SDKs take them from a program.

    For a profile's credential_process; iam-sudo configure writes one. What was given out before is
    printed again until a quarter of an hour before its end.
    """
    from iam_sudo_client.cache import answer, entries, keys
    from iam_sudo_client.ways_out.process_profile import process_text

    if _ASKING in os.environ:
        raise NotConfigured(
            "the profile that you are asks iam-sudo for its credentials, which would ask itself; "
            "give --caller-profile, or write the profile anew by iam-sudo configure"
        )
    kept_for = keys.fingerprint(os.environ)
    way = way_of_session(context, options)
    os.environ[_ASKING] = "1"
    try:
        caller = opened(options)
        role = way.asked.look_up(caller)
        no_cache = options["no_cache"]
        found = credentials_by(
            way, role, caller, context, no_cache=no_cache, seconds=answer.SECONDS
        )
    finally:
        del os.environ[_ASKING]
    text = process_text(found)
    where = cache_setting(context)
    # A policy that the settings name is a file too, which `answer` does not look at; and what was
    # typed is known of our own process alone.
    typed = sys.argv[1:2] == [answer.COMMAND] and options["policy"] is None
    if typed and not no_cache and where != "off":
        entries.write(
            answer.name(sys.argv[2:]),
            text,
            os.environ,
            until=until(found),
            in_keyring=where == "keyring",
            kept_for=kept_for,
        )
    show([text])
