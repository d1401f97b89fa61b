"""`iam-sudo list`: the roles that the caller may have, and by which way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from iam_sudo_client.commands.asked import asked_function
from iam_sudo_client.commands.options import (
    broker_options,
    region_option,
    report_options,
)
from iam_sudo_client.commands.settled import Settled
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import opened
from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.report import log, note, show

_YES, _PERHAPS, _NO = "yes", "perhaps", "-"


@click.command(cls=Settled)
@click.argument("pattern", required=False, type=TEXT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@broker_options
@region_option
@report_options
@click.pass_context
def list(context: click.Context, /, *, pattern: str | None, as_json: bool, **options: Any) -> None:
    """List the roles that you may simulate or assume.

    PATTERN is a part of a name, or has * and ?. Which roles may be simulated the broker says; which
    trust you is read by your own permission to list roles, where you have it, and "perhaps" is one
    whose trust has conditions, or leaves it to your own policies.
    """
    context.obj.listen(verbose=options["verbose"], debug=options["debug"])
    function = asked_function(
        remote=options["remote"], local=options["local"], function_name=options["function_name"]
    )
    caller = opened(options)
    from iam_sudo_client.ways_in.roles import listed_by_broker, trusting

    if function:
        found = listed_by_broker(caller, pattern, function_name=function)
    else:
        from iam_sudo_client.ways_in.local import listed_here

        found = listed_here(caller, pattern)
    roles: dict[str, dict[str, Any]] = {
        each["arn"]: {
            "name": each["name"],
            "arn": each["arn"],
            "simulate": _YES,
            "assume": _NO,
            "rule": each["rule"],
        }
        for each in found["roles"]
    }
    unseen = ""
    try:
        for arn, surely in trusting(caller).items():
            _add(roles, arn, surely, pattern)
    except ServiceFailed as error:
        unseen = str(error)
        note(trust_not_seen=unseen)
    _keep_names(roles.values())
    listed = sorted(roles.values(), key=lambda each: each["name"])
    if as_json:
        import json

        answer = {
            "roles": listed,
            "others": found["others"],
            "caller": found.get("caller"),
            "trust_not_seen": unseen or None,
        }
        show(json.dumps(answer, indent=2).splitlines())
        return
    show(_table(listed) if sys.stdout.isatty() else _lines(listed))
    if whose := found.get("caller"):
        log.info("the broker has rules, and these roles are those of %s.", whose)
    for reason, count in found["others"].items():
        log.info("%s may not be simulated: %s.", _roles(count), reason)
    if unseen:
        log.info("which roles trust you cannot be seen: %s.", unseen)


def _add(roles: dict[str, dict[str, Any]], arn: str, surely: bool, pattern: str | None) -> None:
    from iam_sudo_core.arns import RoleArn
    from iam_sudo_core.broker import ListRequest

    role = RoleArn.parse(arn)
    if role is None or not ListRequest(pattern).wants(role.name):
        return
    if arn not in roles:
        roles[arn] = {"name": role.name, "arn": arn, "simulate": _NO, "rule": ""}
    roles[arn]["assume"] = _YES if surely else _PERHAPS


def _table(roles: Any) -> Iterator[str]:
    """For a terminal."""
    width = max((len(each["name"]) for each in roles), default=4)
    head = f"{'ROLE'.ljust(width)}  SIMULATE  ASSUME   BY"
    yield head
    for each in roles:
        columns = f"{each['simulate']:8}  {each['assume']:7}  {each['rule']}"
        yield f"{each['name'].ljust(width)}  {columns}".rstrip()


def _lines(roles: Any) -> Iterator[str]:
    """For a program: a role a line, and by which ways."""
    for each in roles:
        yield " ".join((each["name"], each["simulate"], each["assume"]))


def _roles(count: int) -> str:
    return "1 other role" if count == 1 else f"{count:,} other roles"


def _keep_names(roles: Any) -> None:
    from iam_sudo_client.cache import names

    names.keep([str(each["name"]) for each in roles], os.environ)
