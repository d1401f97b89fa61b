"""`iam-sudo why`: which side a denial comes from, by the text that a program printed."""

from __future__ import annotations

import os
import sys

import click

from iam_sudo_client.commands.asked import asked_function, role_request
from iam_sudo_client.commands.explain import explained, read_from
from iam_sudo_client.commands.options import (
    region_option,
    report_options,
    role_of_option,
    way_options,
)
from iam_sudo_client.commands.roles import AskedRole, MayTakeRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import log, show

# Of an error's text, that is more than anybody pastes.
_MOST_CHARACTERS = 1_000_000


class _ByTheText(MayTakeRole):
    takes_default_role = False  # the text tells


@click.command(cls=_ByTheText)
@click.option(
    "--role-name", type=TEXT, metavar="NAME|ARN", help="The role, where the text does not tell."
)
@role_of_option
@way_options
@region_option
@report_options
@click.pass_context
def why(
    context: click.Context,
    /,
    *,
    role_name: str | None,
    role_of: str | None,
    principal: str | None,
    base_role: str | None,
    remote: bool,
    local: bool,
    function_name: str | None,
    region: str | None,
    caller_profile: str | None,
    verbose: bool,
    debug: bool,
) -> int:
    """Say who denies, by the text of an AccessDenied.

    The text is standard input. It is the role, its boundary, the base role, the guardrails, the end
    of the session by revoke, or something that no policy of the role tells. Where AWS's words are
    not enough, the session is explained as by explain.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    asked = AskedRole.parse(role_name, role_of)
    function = asked_function(remote=remote, local=local, function_name=function_name)
    text = _pasted()
    from iam_sudo_client.ways_in import denial as denials
    from iam_sudo_core.arns import RoleArn

    try:
        denial = denials.Denial.parse(text)
    except ValueError as error:
        raise InvalidOption(
            f"standard input has no denial of AWS: {error}. Give the whole line of the error"
        ) from None
    if asked.workload:
        from iam_sudo_client.ways_in.session import open_session

        caller = open_session(region, os.environ, profile=caller_profile)
        asked = AskedRole(asked.look_up(caller).text, None)
    role_name = asked.name
    arn = RoleArn.named(role_name or "")
    role = arn.name if arn else role_name or denial.role_name()
    if role is None:
        raise InvalidOption(
            f"the session {denial.session} of {denial.base.name} does not tell which role it is; "
            "give --role-name or --role-of"
        )
    side = denials.told_by_aws(denial, role)
    if side is None:
        request = role_request(
            role_name or role, principal=principal, base_role=base_role, policy=None, explain=True
        )
        explanation = explained(
            request, function, region=region, caller_profile=caller_profile, asked=asked
        )
        with read_from(function):
            side = denials.told_by_policies(denial, explanation["role"]["name"], explanation)
    show([f"Denied by  {side.who}", f"Because    {side.why}", f"Next       {side.step}"])
    return 0


def _pasted() -> str:
    if sys.stdin is None:  # it is closed
        return ""
    if sys.stdin.isatty():
        log.info("paste the text of the error, and end it with Ctrl-D.")
    return sys.stdin.buffer.read(_MOST_CHARACTERS).decode(errors="replace")
