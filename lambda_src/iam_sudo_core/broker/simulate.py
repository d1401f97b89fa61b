"""Simulate a role: find it, check that it may be simulated, plan its session, assume it.

One piece of code for the broker and for `--local`. It reads top to bottom: everything that may
refuse, then what grants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from ..account import aws
from ..account.second_look import assume_unchanged
from ..arns import RoleArn
from ..credentials import Credentials
from ..errors import AwsCallFailed, PackedPolicyTooLarge, SessionPolicyMalformed
from ..session import tags as session_tags
from ..session.caller import check_caller
from ..session.plan import (
    SessionPlan,
    plan_sessions,
    policy_sizes,
    session_name,
    wants_documents,
)
from ..session.role import RoleSnapshot
from .request import Request
from .target import Note, Selection, find_target


def simulate(
    request: Request,
    *,
    selection: Selection,
    base_role: str | RoleArn,
    iam: aws.Client,
    sts: aws.Client,
    note: Note,
) -> Credentials:
    """The credentials of a session that may do what the role may do, and never more.

    `base_role`, a name in the role's account or an ARN, is used when the request names none.

    Raises:
        Refusal: no credentials for this request; the class says which rule refused.
        RoleChanged: the role is not what it was when its reading began.
        AwsCallFailed: AWS refused or failed a call.
    """
    target = find_target(request, selection=selection, base_role=base_role, iam=iam, note=note)
    base = target.base_role
    snapshot = target.snapshot
    if wants_documents(snapshot):
        snapshot = aws.read_documents(iam, snapshot)
    plans = plan_sessions(snapshot, base_role=base)
    first = next(plans)
    snapshot = as_itself(snapshot, base, iam)
    note(session_name=session_name(snapshot.name))
    try:
        plans = chain([first], plans)
        session = _assume(snapshot, plans, base_role=base, iam=iam, sts=sts, note=note)
    except AwsCallFailed as error:
        if not (first.tags and _is_about_tags(error)):
            raise
        note(tags_denied=error.detail)
        snapshot = as_itself(snapshot, base, iam, are_passed=False)
        plans = plan_sessions(replace(snapshot, tags={}), base_role=base)
        session = _assume(snapshot, plans, base_role=base, iam=iam, sts=sts, note=note)
    note(packed_policy_size=session.packed_policy_size)
    return session.credentials


def as_itself(
    snapshot: RoleSnapshot, base_role: RoleArn, iam: aws.Client, *, are_passed: bool = True
) -> RoleSnapshot:
    """The role, whose policies a session meets as the role itself does.

    `are_passed` is whether the role's tags go with the session.

    Where they test who is calling, a session of the base role may get round what holds the role
    back. A role without managed policies, of whose others none tests a principal tag, costs no
    call; another one, two round trips.

    Raises:
        PolicyNotUnderstood: what a policy tests cannot be told.
        PrincipalTagDiffers: one tests a tag that a session has otherwise.
        CallerIdentityTested: one holds something back from this caller.
    """
    base_tags: session_tags.Tags | None = {}
    if not snapshot.is_read or session_tags.tested(snapshot.all_documents()):
        snapshot, base_tags = aws.read_documents_and_tags(iam, snapshot, base_role)
    check_caller(snapshot, base_role, base_tags, are_passed=are_passed)
    return snapshot


def _assume(
    snapshot: RoleSnapshot,
    plans: Iterable[SessionPlan],
    *,
    base_role: RoleArn,
    iam: aws.Client,
    sts: aws.Client,
    note: Note,
) -> aws.AssumedRole:
    """Assume the base role by the first plan that STS can pack."""
    for plan in plans:
        note(
            policy_characters=len(plan.policy or ""),
            policy_arns=len(plan.policy_arns),
            session_tags=len(plan.tags),
            fitted=", ".join(plan.how) or "as it is",
        )
        try:
            return assume_unchanged(iam, sts, snapshot=snapshot, base_role=base_role, plan=plan)
        except AwsCallFailed as error:
            if error.code == "MalformedPolicyDocument":
                policy, statement = snapshot.quoted_in(error.detail)
                raise SessionPolicyMalformed(
                    role=snapshot.name, detail=error.detail, policy=policy, statement=statement
                ) from None
            if error.code != "PackedPolicyTooLarge":
                raise
            refusal = PackedPolicyTooLarge(
                role=snapshot.name,
                detail=error.detail,
                sizes=policy_sizes(snapshot, plan.policy_arns),
                tags=len(plan.tags),
            )
    raise refusal


def _is_about_tags(error: AwsCallFailed) -> bool:
    return error.code == "AccessDenied" and "sts:TagSession" in error.detail
