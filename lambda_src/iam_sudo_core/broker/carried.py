"""A session that managed policies carry: have them there, then assume until STS sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ..account.assuming import AssumedRole, assume_unchanged
from ..account.calls import Client
from ..account.carrying import is_denied, may_be_unseen, provide
from ..account.patience import Patience
from ..errors import AwsCallFailed, CarriersNotSeen, SessionRefused
from ..policy.documents import Statement
from ..session.plan import SessionPlan, plan_whole
from ..session.role import WholeRole
from ..session.terms import SessionTerms
from .target import Note


def have_carriers(
    whole: WholeRole,
    plan: SessionPlan,
    *,
    refusal: SessionRefused | None,
    narrowing: Sequence[Statement] | None,
    day: date,
    patience: Patience,
    iam: Client,
    note: Note,
) -> None:
    """Have the carriers of a plan there; who may not is refused as without them.

    `refusal` is why no plan before this one was taken, if there was one.

    Raises:
        SessionRefused: the broker may not make managed policies.
        CarrierChanged, TooManyCarriers, CarriersNotSeen, AwsCallFailed: as `provide`.
    """
    role = whole.snapshot.name
    note(carriers=tuple(carrier.name for carrier in plan.carriers))
    try:
        provided = provide(iam, plan.carriers, role=role, day=day, patience=patience)
    except AwsCallFailed as error:
        if not is_denied(error):
            raise
        if refusal is None:
            try:
                next(plan_whole(whole, with_tags=bool(plan.tags), narrowing=narrowing))
            except SessionRefused as too_large:
                refusal = too_large
        if refusal is None:
            raise
        raise refusal.beside(f"managed policies could carry it, but {error}") from None
    note(carriers_made=provided.made, carriers_removed=provided.removed)


def assume_carried(
    whole: WholeRole,
    plan: SessionPlan,
    *,
    terms: SessionTerms,
    patience: Patience,
    iam: Client,
    sts: Client,
) -> AssumedRole:
    """Assume the base role by a plan with carriers, again until STS sees them.

    Raises:
        CarriersNotSeen: it does not, as long as `patience` lasts.
        AwsCallFailed, RoleChanged: as `assume_unchanged`.
    """
    while True:
        try:
            return assume_unchanged(whole, plan, terms=terms, iam=iam, sts=sts)
        except AwsCallFailed as error:
            if not may_be_unseen(error):
                raise
            if not patience.goes_on():
                raise CarriersNotSeen(role=whole.snapshot.name, detail=str(error)) from None
