"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from iam_sudo_client.commands.settled import proposed_roles
from iam_sudo_client.commands.values import TEXT, OneOf

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


policy_option: Option = click.option(
    "--policy",
    type=TEXT,
    metavar="FILE|JSON",
    help="Narrow the session down to this policy as well.",
)
reason_option: Option = click.option(
    "--reason", type=TEXT, metavar="TEXT", help="Why, for the broker's audit trail."
)
# Whom is asked: the broker, or AWS itself.
broker_options: Option = _together(
    click.option("--remote", is_flag=True, help="Ask the broker; the default."),
    click.option("--local", is_flag=True, help="Do it with your own permissions."),
    click.option(
        "--function-name",
        type=TEXT,
        show_default=DEFAULT_FUNCTION_NAME,
        metavar="NAME",
        help="The broker's function.",
    ),
)
_WORKLOADS = (
    "ecs:CLUSTER/SERVICE, task-definition:FAMILY[:REVISION], lambda:FUNCTION[:ALIAS], "
    "stack:STACK/LOGICAL_ID, ec2:INSTANCE_ID, state-machine:NAME."
)
role_of_option: Option = click.option(
    "--role-of",
    type=TEXT,
    metavar="TYPE:NAME",
    help=f"The role of a workload instead: {_WORKLOADS}",
)
way_options: Option = _together(
    click.option(
        "--principal",
        type=TEXT,
        metavar="TYPE:ID",
        help="Of the roles that NAME fits, those that this principal may assume.",
    ),
    click.option("--base-role", type=TEXT, metavar="NAME|ARN", help="The role to assume in fact."),
    broker_options,
)
simulated_role_options: Option = _together(
    click.option(
        "--role-name",
        type=TEXT,
        metavar="NAME|ARN",
        shell_complete=proposed_roles,
        help="The role: its name, a part of it, or its ARN.",
    ),
    role_of_option,
    way_options,
    policy_option,
)
# The same of a command that takes several.
roles_options: Option = _together(
    click.option(
        "--role-name",
        multiple=True,
        type=TEXT,
        metavar="NAME|ARN",
        shell_complete=proposed_roles,
        help="The role, served at /role/NAME; may be given several times.",
    ),
    click.option(
        "--role-of",
        multiple=True,
        type=TEXT,
        metavar="TYPE:NAME",
        help=f"The role of a workload, likewise: {_WORKLOADS}",
    ),
)
caller_profile_option: Option = click.option(
    "--caller-profile", type=TEXT, metavar="PROFILE", help="Ask as this AWS profile of yours."
)
no_cache_option: Option = click.option(
    "--no-cache", is_flag=True, help="Neither take nor keep credentials of the cache."
)
region_option: Option = _together(
    click.option("--region", type=TEXT, metavar="REGION", help="Use this AWS region."),
    caller_profile_option,
)
report_options: Option = _together(
    click.option("--verbose", is_flag=True, help="Show the steps on standard error."),
    click.option("--debug", is_flag=True, help="Show the steps, and the traceback of an error."),
)
# No container's name.
THE_ONLY_CONTAINER = "*"
environment_options: Option = _together(
    click.option(
        "--environment",
        type=TEXT,
        is_flag=False,
        flag_value=THE_ONLY_CONTAINER,
        metavar="[CONTAINER]",
        help="Give CMD the variables, secrets and files of variables that the workload gets.",
    ),
    click.option(
        "--secrets-as",
        type=OneOf("execution-role", "caller"),
        metavar="WHO",
        show_default="execution-role",
        help="Who reads secrets and files: the workload's execution-role, or you, caller.",
    ),
    click.option(
        "--keep",
        type=TEXT,
        multiple=True,
        metavar="NAME",
        help="A variable of your shell that wins over the workload's; may be repeated.",
    ),
)
cmd_options: Option = _together(
    click.option(
        "--region", type=TEXT, metavar="REGION", help="Use, and hand on, this AWS region."
    ),
    caller_profile_option,
    report_options,
    click.argument("cmd", nargs=-1, type=click.UNPROCESSED, metavar="[CMD…]"),
)
credentials_options: Option = _together(
    click.option("--refresh", is_flag=True, help="Renew the credentials for as long as CMD runs."),
    click.option(
        "--profile",
        type=TEXT,
        metavar="PROFILE",
        help="Save the credentials under this AWS profile.",
    ),
    click.option("--force", is_flag=True, help="Let --profile overwrite long-lived keys."),
    no_cache_option,
    cmd_options,
)
# A session for a command that runs nothing: simulated, or by an option the role itself.
session_options: Option = _together(
    simulated_role_options,
    reason_option,
    click.option("--assume", is_flag=True, help="The role itself, which has to trust you."),
    region_option,
    no_cache_option,
    report_options,
)
