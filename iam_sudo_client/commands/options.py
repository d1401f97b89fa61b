"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

DEFAULT_FUNCTION_NAME = "iam-sudo"

Command = Callable[..., Any]


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of `--help`."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


simulated_role_options = _together(
    click.option(
        "--role-name", required=True, metavar="NAME", help="The role, or a part of its name."
    ),
    click.option(
        "--principal",
        metavar="TYPE:ID",
        help="Of the roles that NAME fits, those that this principal may assume.",
    ),
    click.option("--base-role", metavar="NAME|ARN", help="The role to assume in fact."),
    click.option(
        "--remote/--local",
        default=True,
        help="Ask the broker (the default), or do it with your own permissions.",
    ),
    click.option(
        "--function-name",
        default=DEFAULT_FUNCTION_NAME,
        show_default=True,
        metavar="NAME",
        help="The broker's function.",
    ),
)
report_options = _together(
    click.option("--verbose", is_flag=True, help="Show the steps on standard error."),
    click.option("--debug", is_flag=True, help="Show the steps, and the traceback of an error."),
)
credentials_options = _together(
    click.option(
        "--profile", metavar="PROFILE", help="Save the credentials under this AWS profile."
    ),
    click.option("--force", is_flag=True, help="Let --profile overwrite long-lived keys."),
    click.option("--region", metavar="REGION", help="Use, and hand on, this AWS region."),
    report_options,
    click.argument("cmd", nargs=-1, type=click.UNPROCESSED, metavar="[CMD…]"),
)
