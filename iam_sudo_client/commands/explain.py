"""`iam-sudo explain`: an explanation of a session as lines for a person; with `--json` as it is.

A line may hold whatever is in a policy or a name, new lines too: `report.show` makes it printable.

Long, because what an explanation has is read together with the lines that show it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.asked import asked_function, default_base_role, role_request
from iam_sudo_client.commands.options import (
    reason_option,
    region_option,
    report_options,
    simulated_role_options,
)
from iam_sudo_client.commands.roles import AskedRole, TakesRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.errors import EXIT_DIFFERENCES, InvalidOption, ServiceFailed
from iam_sudo_client.report import note, show

if TYPE_CHECKING:
    from iam_sudo_core.broker import Request

_HOUR = 3_600
# What no policy of the role tells, and every session has.
_ALWAYS = (
    "Resource policies that name the role do not apply to the session, and those that name the "
    "base role do."
)


@click.command(cls=TakesRole)
@simulated_role_options
@reason_option
@click.option(
    "--as",
    "as_caller",
    type=TEXT,
    metavar="ARN",
    help="For this caller, by the broker's rules, read with your own permissions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--diff", is_flag=True, help="Show the session policy beside the role's policies.")
@region_option
@report_options
@click.pass_context
def explain(
    context: click.Context,
    /,
    *,
    role_name: str | None,
    role_of: str | None,
    principal: str | None,
    base_role: str | None,
    policy: str | None,
    reason: str | None,
    remote: bool,
    local: bool,
    function_name: str | None,
    as_caller: str | None,
    as_json: bool,
    diff: bool,
    region: str | None,
    caller_profile: str | None,
    verbose: bool,
    debug: bool,
) -> int:
    """Say what the session of a role would be.

    And what differs from the role; nothing is assumed. The exit code is 0 when the session is
    faithful to the role's policies, and 3 when there are differences.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    asked = AskedRole.parse(role_name, role_of)
    function = asked_function(remote=remote, local=local, function_name=function_name)
    request = role_request(
        role_name,
        principal=principal,
        base_role=base_role,
        policy=policy,
        explain=True,
        reason=reason,
        function=function,
    )
    if as_caller and (function is None or reason):
        raise InvalidOption(
            f"--as reads the rules of a broker and asks none; leave out "
            f"{'--reason' if reason else '--local'}"
        )
    return show_explanation(
        request,
        function,
        region=region,
        caller_profile=caller_profile,
        asked=asked,
        as_caller=as_caller,
        as_json=as_json,
        diff=diff,
    )


def show_explanation(
    request: Request,
    function_name: str | None,
    *,
    as_json: bool = False,
    diff: bool = False,
    **asked: Any,
) -> int:
    """Print an explanation, asked for as by `explained`, and return the exit code."""
    import json

    found = explained(request, function_name, **asked)
    with read_from(function_name):
        lines = json.dumps(found, indent=2).splitlines() if as_json else as_lines(found, diff=diff)
    show(lines)
    return EXIT_DIFFERENCES if found["differences"] else 0


@contextmanager
def read_from(function_name: str | None) -> Iterator[None]:
    """What somebody else's function calls an explanation is no defect of ours."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        if function_name is None:
            raise
        raise ServiceFailed(
            f"the explanation of {function_name} cannot be read ({type(error).__name__}); is this "
            "function the iam-sudo broker, and of this version?"
        ) from error


def explained(
    request: Request,
    function_name: str | None,
    *,
    region: str | None,
    caller_profile: str | None,
    asked: AskedRole,
    as_caller: str | None = None,
) -> Mapping[str, Any]:
    """The broker's explanation, or without a function our own, of the role that was asked for.

    `as_caller` is the ARN of somebody else, for whom it is to be by the function's rules.
    """
    from iam_sudo_client.ways_in.session import open_session

    caller = open_session(region, os.environ, profile=caller_profile)
    request = asked.requested(caller, request)
    if function_name and as_caller:
        from iam_sudo_client.ways_in.as_caller import explain_as

        return explain_as(caller, request, arn=as_caller, function_name=function_name, note=note)
    if function_name:
        from iam_sudo_client.ways_in.broker import explained_by_broker

        return explained_by_broker(caller, request, function_name=function_name)
    from iam_sudo_client.ways_in.local import explain_here

    return explain_here(caller, request, base_role=default_base_role(), note=note)


def as_lines(explanation: Mapping[str, Any], *, diff: bool = False) -> list[str]:
    """The explanation, and with `diff` the session policy beside the policies of the role."""
    lines = [*_found(explanation), "", *_plan(explanation["plan"])]
    if boundary := explanation["permissions_boundary"]:
        lines += ["", f"The permissions boundary {boundary}"]
        lines += list(_statements(explanation["cut_by_boundary"], "  cuts nothing"))
    if "cut_by_policy" in explanation:
        lines += ["", "The policy of --policy"]
        lines += list(_statements(explanation["cut_by_policy"], "  cuts nothing"))
    lines += ["", "Differences from the role"]
    lines += list(_statements(explanation["differences"], "  none that its policies tell"))
    lines += _guardrails(explanation)
    lines += ["", _ALWAYS]
    if diff:
        lines += ["", *_diff(explanation)]
    return lines


def _found(explanation: Mapping[str, Any]) -> Iterator[str]:
    role = explanation["role"]
    yield f"Role       {role['name']} ({role['arn']})"
    yield f"Allowed by {explanation['rule']}"
    yield f"Base role  {explanation['base_role']}"
    terms = "".join(_terms(explanation))
    yield f"Session    {explanation['session_name']}{terms}"
    from iam_sudo_client.ways_in.ended import ended_before

    if before := ended_before(explanation):
        yield f"Ended      those that began before {before:%Y-%m-%dT%H:%M:%SZ}"


def _terms(explanation: Mapping[str, Any]) -> Iterator[str]:
    """What rules ask of it; a broker of an earlier state tells none."""
    if (seconds := explanation.get("duration_seconds", _HOUR)) < _HOUR:
        yield f", for {seconds:,} seconds at most"
    if explanation.get("reason_required"):
        yield ", and asks for a reason (--reason)"


def _plan(plan: Mapping[str, Any]) -> Iterator[str]:
    limits = plan["limits"]
    yield (
        f"Session policies, {', '.join(plan['how']) or 'as they are'}: "
        f"{plan['characters']:,} of {limits['characters']:,} characters, "
        f"{len(plan['policy_arns'])} of {limits['policy_arns']} managed policies"
    )
    yield f"  {plan['policy_characters']:,} characters inline"
    carriers = {each["arn"] for each in plan.get("carriers", ())}
    for arn in plan["policy_arns"]:
        yield f"  {arn}{', made by the broker when it is needed' if arn in carriers else ''}"
    tags = ", ".join(f"{key}={value}" for key, value in plan["tags"].items())
    yield f"Session tags: {tags or 'none'}"
    if plan["tags_not_passed"]:
        yield f"  cannot be passed: {', '.join(plan['tags_not_passed'])}"


def _statements(differences: Iterable[Mapping[str, Any]], nothing: str) -> Iterator[str]:
    import json

    found = False
    for each in differences:
        found = True
        yield f"  {each['kind']} {each['detail']}"
        yield f"    in {each['policy']}: {json.dumps(each['statement'])}"
    if not found:
        yield nothing


def _guardrails(explanation: Mapping[str, Any]) -> Iterator[str]:
    """Said once, whichever statements they touch; a broker of an earlier state tells none."""
    if taken := dict.fromkeys(each["detail"] for each in explanation.get("guardrails", ())):
        yield ""
        yield "Guardrails, which keep every session from the broker's own parts and nothing else"
        yield from (f"  {detail}" for detail in taken)


def _diff(explanation: Mapping[str, Any]) -> Iterator[str]:
    import difflib

    before = [
        line
        for policy, document in explanation["policies"].items()
        for line in (f"# {policy}", *_pretty(document))
    ]
    plan = explanation["plan"]
    after = [] if plan.get("carriers") else _pretty(plan["policy"])
    for carrier in plan.get("carriers", ()):
        after += [f"# {carrier['arn']}", *_pretty(carrier["document"])]
    yield from difflib.unified_diff(
        before, after, "policies of the role", "session policy", lineterm="", n=1_000
    )


def _pretty(document: object) -> list[str]:
    import json

    return json.dumps(document, indent=2).splitlines()
