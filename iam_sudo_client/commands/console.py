"""`iam-sudo console`: the role in a browser."""

from __future__ import annotations

import re
from typing import Any

import click

from iam_sudo_client.commands.options import session_options
from iam_sudo_client.commands.roles import TakesRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import credentials_by, opened, way_of_session
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import log, show

_SERVICE = re.compile(r"[a-z0-9][a-z0-9/-]*")


@click.command(cls=TakesRole)
@click.option("--service", type=TEXT, metavar="SERVICE", help="Begin there: s3, for one.")
@click.option("--open", "opens", is_flag=True, help="Open it in your browser; print nothing.")
@session_options
@click.pass_context
def console(context: click.Context, /, *, service: str | None, opens: bool, **options: Any) -> None:
    """Print a URL of the AWS console, signed in as the role.

    Whoever has the URL within a quarter of an hour is the role in the console, until the session's
    end: keep it to yourself.
    """
    if service is not None and not _SERVICE.fullmatch(service):
        raise InvalidOption(f"--service {service!r} is no service of the console, such as s3")
    way = way_of_session(context, options)
    caller = opened(options)
    role = way.asked.look_up(caller)
    found = credentials_by(way, role, caller, context, no_cache=options["no_cache"])
    from iam_sudo_client.ways_in.signin import console_url

    url = console_url(caller, found, service=service)
    if not opens:
        show([url])
        return
    import webbrowser

    if not webbrowser.open(url):
        raise InvalidOption("there is no browser to open; leave out --open to have the URL printed")
    log.info("opened in your browser, as %s until %s.", role.name, found.expiration)
