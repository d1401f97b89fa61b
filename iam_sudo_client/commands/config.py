"""`iam-sudo config`: the settings that count, and where each is from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.options import report_options
from iam_sudo_client.commands.settled import Settled, settings_of
from iam_sudo_client.report import show

if TYPE_CHECKING:
    from iam_sudo_client.settings.resolved import Setting


@click.command(cls=Settled)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@report_options
@click.pass_context
def config(context: click.Context, /, *, as_json: bool, verbose: bool, debug: bool) -> None:
    """Show the settings, and where each is from.

    Options beat variables (IAM_SUDO_REGION, …), these the project's .iam-sudo.toml, that the user's
    ~/.config/iam-sudo/config.toml.
    """
    import json

    context.obj.listen(verbose=verbose, debug=debug)
    settings = settings_of(context)
    if as_json:
        answer = {
            "defaults": _as_json(settings.defaults),
            "roles": {name: _as_json(each) for name, each in sorted(settings.roles.items())},
        }
        show(json.dumps(answer, indent=2, ensure_ascii=False).splitlines())
        return
    lines = [*_lines("", settings.defaults)]
    for name, each in sorted(settings.roles.items()):
        lines += _lines(f"roles.{name}.", each)
    if lines:
        show(lines)


def _lines(prefix: str, settings: Mapping[str, Setting]) -> Iterator[str]:
    import json

    for name, each in sorted(settings.items()):
        yield f"{prefix}{name} = {json.dumps(each.value, ensure_ascii=False)}  # {_source(each)}"


def _as_json(settings: Mapping[str, Setting]) -> dict[str, Any]:
    return {
        name: {"value": each.value, "source": _source(each)}
        for name, each in sorted(settings.items())
    }


def _source(setting: Setting) -> str:
    from iam_sudo_client.settings.resolved import is_allowed

    asks = setting.asks and not is_allowed(setting.asks, os.environ)
    return f"{setting.source}{', after your yes' if asks else ''}"
