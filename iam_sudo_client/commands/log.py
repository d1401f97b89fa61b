"""`iam-sudo log`: what the broker has decided, by its audit trail, for those who may read it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import click

from iam_sudo_client.commands.asked import asked_function
from iam_sudo_client.commands.options import (
    DEFAULT_FUNCTION_NAME,
    region_option,
    report_options,
    role_of_option,
)
from iam_sudo_client.commands.roles import AskedRole, MayTakeRole
from iam_sudo_client.commands.values import TEXT, Ago, Span
from iam_sudo_client.commands.ways import opened
from iam_sudo_client.report import log as messages
from iam_sudo_client.report import show

# Of a line, in this order; what else there is, --json has.
_SHOWN = {
    "caller": "caller",
    "rule": "rule",
    "source_identity": "source-identity",
    "session_name": "session",
    "access_key_id": "key",
    "error": "error",
    "reason": "why",
    "reason_asked": "reason",
}
# Can be nothing but what it is: no blank, no sign that another field begins.
_PLAIN = re.compile(r"[\w+,.@:/*-]+", re.ASCII)
# Of a value: more than a broker writes.
_LONGEST = 512


class _OfWhicheverRole(MayTakeRole):
    takes_default_role = False  # the trail is of all


@click.command(cls=_OfWhicheverRole)
@click.option(
    "--role-name", type=TEXT, metavar="PATTERN", help="Decisions about this role; may have * and ?."
)
@role_of_option
@click.option(
    "--caller",
    "of_caller",
    type=TEXT,
    metavar="PATTERN",
    help="Decisions for this caller: an ARN or the name at its end; may have * and ?.",
)
@click.option(
    "--since", type=Ago(), default="1h", metavar="AGO", show_default=True, help="90s, 30m, 2h, 7d."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
@click.option(
    "--function-name",
    type=TEXT,
    show_default=DEFAULT_FUNCTION_NAME,
    metavar="NAME",
    help="The broker's function.",
)
@region_option
@report_options
@click.pass_context
def log(
    context: click.Context,
    /,
    *,
    role_name: str | None,
    role_of: str | None,
    of_caller: str | None,
    since: Span,
    as_json: bool,
    function_name: str | None,
    **options: Any,
) -> None:
    """Show what the broker has decided.

    A decision is a line, the oldest first, read from the broker's log group by your own
    permissions: logs:FilterLogEvents. Who asked is known where the broker has rules.
    """
    context.obj.listen(verbose=options["verbose"], debug=options["debug"])
    function = asked_function(remote=False, local=False, function_name=function_name)
    asked = AskedRole.parse(role_name, role_of)
    caller = opened(options)
    from datetime import UTC, datetime, timedelta

    from iam_sudo_client.oversight import trail

    role = asked.look_up(caller).text if role_name or role_of else None
    begin = datetime.now(UTC) - timedelta(seconds=since.seconds)
    wanted = trail.Wanted(role, of_caller)
    shown = others = 0
    for facts in trail.decisions(caller, str(function), since=begin):
        if wanted.wants(facts):
            shown += 1
            show([json.dumps(facts) if as_json else _line(facts)])
        else:
            others += 1
    if not shown:
        such = f"such decision of the last {since}; of others it has {others:,}"
        messages.info("the log has no %s.", such if others else f"decision of the last {since}")


def _line(facts: Mapping[str, Any]) -> str:
    role = facts.get("role_found") or facts.get("role_asked")
    fields = {"role": role} | {name: facts.get(key) for key, name in _SHOWN.items()}
    written = (f"{name}={_value(fact)}" for name, fact in fields.items() if fact is not None)
    return " ".join((str(facts["time"]), _value(facts["decision"]), *written))


def _value(fact: object) -> str:
    """As it is, or as JSON, so that no value passes for the next field; never endless."""
    if not isinstance(fact, str):
        text = json.dumps(fact)
    elif len(fact) <= _LONGEST:
        return fact if _PLAIN.fullmatch(fact) else json.dumps(fact)
    else:
        text = json.dumps(fact[:_LONGEST] + "…")
    return text if len(text) <= 6 * _LONGEST else json.dumps(text[:_LONGEST] + "…")
