"""`iam-sudo revoke`: sessions of the base role that were given out end now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.asked import default_base_role
from iam_sudo_client.commands.options import region_option, report_options, role_of_option
from iam_sudo_client.commands.roles import AskedRole, MayTakeRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import opened
from iam_sudo_client.errors import EXIT_REFUSED, InvalidOption, NotConfigured
from iam_sudo_client.report import log, printable, show

if TYPE_CHECKING:
    from iam_sudo_client.oversight.revocation import Revocation, Sessions


class _OfWhicheverRole(MayTakeRole):
    # Whom it hits, and where, nobody says but who types it.
    reads_project = False
    takes_default_role = False


@click.command(cls=_OfWhicheverRole)
@click.option(
    "--role-name", type=TEXT, metavar="NAME|ARN", help="Sessions of this simulated role alone."
)
@role_of_option
@click.option(
    "--caller",
    "of_caller",
    type=TEXT,
    metavar="ARN",
    help="Sessions of this caller alone, as sts get-caller-identity prints them.",
)
@click.option(
    "--source-identity", type=TEXT, metavar="NAME", help="The same, by what CloudTrail has of them."
)
@click.option("--base-role", type=TEXT, metavar="NAME|ARN", help="The role that sessions are of.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@region_option
@report_options
@click.pass_context
def revoke(
    context: click.Context,
    /,
    *,
    role_name: str | None,
    role_of: str | None,
    of_caller: str | None,
    source_identity: str | None,
    base_role: str | None,
    yes: bool,
    **options: Any,
) -> int:
    """End sessions that were given out.

    An inline policy of the base role denies everything to those that began before now, or in the
    half minute until it holds; of all, of a role, of a person, or of both. Who may still ask gets
    new ones: take that away first. Without --base-role it is IAM_SUDO_BASE_ROLE, else IAMSudoUser.
    """
    context.obj.listen(verbose=options["verbose"], debug=options["debug"])
    if of_caller and source_identity:
        raise InvalidOption(
            "--caller and --source-identity are two ways to name one person; leave one of them out"
        )
    asked = AskedRole.parse(role_name, role_of)
    from iam_sudo_client.oversight.revocation import Sessions, as_iam_has_it, planned, write

    def named(role: str | None) -> Sessions:
        return Sessions.parse(role, caller=of_caller, source_identity=source_identity)

    named(role_name)  # before anybody is asked
    caller = opened(options)
    sessions = named(asked.look_up(caller).text if role_name or role_of else None)
    known = as_iam_has_it(caller, sessions)
    if known is None:
        log.warning(
            "there is no role %s in this account, or no more; what ends are sessions of a role of "
            "exactly this name.",
            sessions.role,
        )
    sessions = known or sessions
    base = base_role or default_base_role()
    plan = planned(caller, base, sessions)
    if not plan.is_a_broker_s:
        log.warning(
            "%s has no tag iam-sudo:broker, as a broker's base role has: whatever else has "
            "sessions of it loses them as well.",
            plan.base_role,
        )
    show(_lines(plan, sessions))
    if plan.in_force:
        log.info("they are ended already; nothing was changed.")
        return 0
    if not yes and not _agreed(plan, sessions):
        log.info("nothing was changed.")
        return EXIT_REFUSED
    plan = planned(caller, base, sessions)  # as of the yes
    write(caller, plan)
    log.info(
        "written. It takes hold everywhere within minutes; until then, sessions may go on. New "
        "ones last if they begin after %s.",
        _time(plan),
    )
    log.info(
        "caches of developers have what was ended until its hour is over, or iam-sudo logout. "
        "Sessions of other roles that were assumed in them are not ended."
    )
    if source_identity or of_caller:
        log.info("a session has a source identity where the broker has rules, and none elsewhere.")
    log.info(
        "the policy is no part of the broker's stack: drift detection may name it, and the stack "
        "cannot be deleted until it is removed. After a day it ends nothing any more: aws iam "
        "delete-role-policy --role-name %s --policy-name %s",
        plan.base_role.name,
        plan.policy_name,
    )
    return 0


def _lines(plan: Revocation, sessions: Sessions) -> list[str]:
    return [
        f"Role       {plan.base_role}",
        f"Ends       {sessions} that began before {_time(plan)}",
        f"Policy     {plan.policy_name}",
        *json.dumps(plan.document, indent=2).splitlines(),
    ]


def _time(plan: Revocation) -> str:
    [statement] = plan.document["Statement"]
    return str(statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"])


def _agreed(plan: Revocation, sessions: Sessions) -> bool:
    from iam_sudo_client.ways_in.terminal import agreed_on_terminal

    agreed = agreed_on_terminal(printable(f"End {sessions}, on {plan.base_role}, as of your yes?"))
    if agreed is None:
        raise NotConfigured(
            "it needs your yes, and there is no terminal to ask on; run it in a terminal, or give "
            "--yes"
        )
    return agreed
