"""The options that several commands have, and what becomes of them: typed values, or an error."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.errors import InvalidOption

if TYPE_CHECKING:
    from iam_sudo_core.broker import Request

DEFAULT_BASE_ROLE = "IAMSudoUser"
DEFAULT_FUNCTION_NAME = "iam-sudo"

# Of commands that take CMD: what follows it is its own, its options too.
CMD_SETTINGS = {"allow_interspersed_args": False, "ignore_unknown_options": False}

Command = Callable[..., Any]
Option = Callable[[Command], Command]


def _together(*options: Option) -> Option:
    """Several options as one decorator, in the order of `--help`."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


simulated_role_options: Option = _together(
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
report_options: Option = _together(
    click.option("--verbose", is_flag=True, help="Show the steps on standard error."),
    click.option("--debug", is_flag=True, help="Show the steps, and the traceback of an error."),
)
credentials_options: Option = _together(
    click.option(
        "--profile", metavar="PROFILE", help="Save the credentials under this AWS profile."
    ),
    click.option("--force", is_flag=True, help="Let --profile overwrite long-lived keys."),
    click.option("--region", metavar="REGION", help="Use, and hand on, this AWS region."),
    report_options,
    click.argument("cmd", nargs=-1, type=click.UNPROCESSED, metavar="[CMD…]"),
)


def role_request(
    role_name: str, *, principal: str | None, base_role: str | None, explain: bool
) -> Request:
    """The options of `simulated_role_options` as the broker is asked.

    Raises:
        InvalidOption: one of them is none that the broker would take.
    """
    from iam_sudo_core.broker.request import Request
    from iam_sudo_core.errors import InvalidRequest

    options = {
        "role_name": role_name,
        "principal": principal,
        "base_role": base_role,
        "explain": explain,
    }
    try:
        return Request.parse({key: value for key, value in options.items() if value is not None})
    except InvalidRequest as error:
        raise InvalidOption(str(error)) from None


def default_base_role() -> str:
    """The base role of `--local` where no option names one."""
    return os.environ.get("IAM_SUDO_BASE_ROLE") or DEFAULT_BASE_ROLE
