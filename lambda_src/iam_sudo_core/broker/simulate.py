"""Simulate a role: find it, check that it may be simulated, plan its session, assume it.

One piece of code for the broker and for `--local`. It reads top to bottom: everything that may
refuse, then what grants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ..account.assuming import AssumedRole, assume_unchanged
from ..account.calls import Client, pause
from ..account.patience import Patience
from ..account.reading import read_whole
from ..arns import RoleArn
from ..credentials import Credentials
from ..errors import (
    AwsCallFailed,
    PackedPolicyTooLarge,
    SessionPolicyMalformed,
    SessionRefused,
)
from ..policy.documents import Statement
from ..session.plan import SessionPlan, plan_whole, policy_sizes
from ..session.role import WholeRole
from ..session.terms import SessionTerms
from .request import Request
from .rules import CallerRules
from .target import Note, Selection, find_target


def simulate(
    request: Request,
    *,
    selection: Selection | CallerRules,
    base_role: str | RoleArn,
    iam: Client,
    sts: Client,
    note: Note,
    day: date | None = None,
    wait: Callable[[float], None] = pause,
) -> Credentials:
    """The credentials of a session that may do what the role may do, and never more.

    `base_role`, a name in the role's account or an ARN, is used when the request names none. What
    does not fit into a session is carried by managed policies of `day`, which is today in UTC, or
    refused without one. Until they are seen everywhere, `wait` is given the seconds to wait.

    Raises:
        Refusal: no credentials for this request; the class says which rule refused.
        RoleChanged: the role is not what it was when its reading began.
        CarriersNotSeen: managed policies were made that AWS does not show yet.
        AwsCallFailed: AWS refused or failed a call.
    """
    target = find_target(request, selection=selection, base_role=base_role, iam=iam, note=note)
    terms = target.terms
    whole = replace(
        read_whole(iam, target.snapshot, base_role=target.base_role),
        source_identity=terms.source_identity,
    )
    narrowing = request.narrowing()
    day = day if request.may_be_carried() else None
    plans = plan_whole(whole, narrowing=narrowing, day=day)
    note(
        session_name=terms.session_name(target.snapshot.name),
        source_identity=terms.source_identity,
        duration_seconds=terms.duration_seconds,
    )
    known: dict[str, Any] = {
        "terms": terms,
        "narrowing": narrowing,
        "iam": iam,
        "sts": sts,
        "note": note,
        "day": day,
        "patience": Patience(wait),
    }
    try:
        session = _assume(whole, plans, **known)
    except AwsCallFailed as error:
        if not (whole.snapshot.tags and _is_about_tags(error)):
            raise
        note(tags_denied=error.detail)
        plans = plan_whole(whole, with_tags=False, narrowing=narrowing, day=day)
        session = _assume(whole, plans, **known)
    note(packed_policy_size=session.packed_policy_size)
    return session.credentials


def _assume(
    whole: WholeRole,
    plans: Iterable[SessionPlan],
    *,
    terms: SessionTerms,
    narrowing: Sequence[Statement] | None,
    iam: Client,
    sts: Client,
    note: Note,
    day: date | None,
    patience: Patience,
) -> AssumedRole:
    """Assume the base role by the first plan that STS can pack."""
    snapshot = whole.snapshot
    refusal: SessionRefused | None = None
    for plan in plans:
        note(
            policy_characters=len(plan.policy or ""),
            policy_arns=len(plan.policy_arns),
            session_tags=len(plan.tags),
            fitted=", ".join(plan.how) or "as it is",
        )
        try:
            if not (plan.carriers and day):
                return assume_unchanged(whole, plan, terms=terms, iam=iam, sts=sts)
            # A cold start compiles what it imports, and few roles need this.
            from .carried import assume_carried, have_carriers  # noqa: PLC0415

            have_carriers(
                whole,
                plan,
                refusal=refusal,
                narrowing=narrowing,
                day=day,
                patience=patience,
                iam=iam,
                note=note,
            )
            return assume_carried(whole, plan, terms=terms, patience=patience, iam=iam, sts=sts)
        except AwsCallFailed as error:
            if error.code == "MalformedPolicyDocument":
                policy, statement = snapshot.quoted_in(error.detail)
                raise SessionPolicyMalformed(
                    role=snapshot.name, detail=error.detail, policy=policy, statement=statement
                ) from None
            if error.code != "PackedPolicyTooLarge":
                raise
            in_tags = sum(len(key) + len(value) for key, value in plan.tags.items())
            refusal = PackedPolicyTooLarge(
                role=snapshot.name,
                detail=error.detail,
                sizes=policy_sizes(snapshot, plan.policy_arns, narrowing),
                tags=len(plan.tags),
                in_tags=in_tags,
                most=in_tags > plan.characters,
            )
    if refusal is None:
        raise ValueError("there is one plan at least, or a refusal")
    raise refusal


def _is_about_tags(error: AwsCallFailed) -> bool:
    return error.code == "AccessDenied" and "sts:TagSession" in error.detail
