"""`iam-sudo logout`: the cache is emptied."""

from __future__ import annotations

import os

import click

from iam_sudo_client.commands.options import report_options
from iam_sudo_client.errors import NotConfigured
from iam_sudo_client.report import log


@click.command()  # not by the settings: a slip in them shall keep nobody from it
@report_options
@click.pass_context
def logout(context: click.Context, /, *, verbose: bool, debug: bool) -> None:
    """Empty the cache of credentials.

    Sessions that were given out stay what they are until their end.
    """
    from iam_sudo_client.cache import entries, keys

    context.obj.listen(verbose=verbose, debug=debug)
    try:
        count = entries.empty(os.environ)
    except OSError as error:
        raise NotConfigured(
            f"the cache {keys.cache_folder(os.environ)} cannot be emptied: "
            f"{error.strerror or error}; remove it by hand"
        ) from None
    log.info("%s.", "1 entry removed" if count == 1 else f"{count} entries removed")
