"""One decision: an event becomes an answer or a refusal, and two audit lines.

The answer is credentials, an explanation, or the list of roles that may be simulated.

The lines are printed, which is how a function writes to its log: one when the request arrives, in
case the function is killed, and one with the decision, before anybody learns of it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from ..account.calls import Client, clients
from ..credentials import Credentials
from ..errors import BrokerFailure, IamSudoError
from .audit import AuditLine
from .explanation import Explanation, explain
from .listing import Listing, ListRequest, list_selected
from .request import Request
from .settings import Settings
from .simulate import simulate
from .target import Note

__all__ = ["clients", "decide"]


def decide(
    event: object, *, request_id: str, settings: Settings, iam: Client, sts: Client
) -> dict[str, Any]:
    """The reply to an event: an STS credentials object, or an explanation or list if it asks.

    Raises:
        IamSudoError: a refusal, or a failure; its class is the `errorType` of the reply.
    """
    audit = AuditLine(request_id=request_id, event=event)
    try:
        print(audit.asked(), flush=True)
        request = _request(event)
        answer = _answer(request, settings, iam=iam, sts=sts, note=audit.note)
    except IamSudoError as error:
        print(audit.refused(error), flush=True)
        raise
    except Exception as error:
        # The caller learns nothing of a defect but where to look, and the log where it was: what an
        # error of somebody else's says may hold a secret.
        traceback.print_tb(error.__traceback__, file=sys.stdout)
        print(type(error).__name__)
        failure = BrokerFailure(request_id=request_id)
        print(audit.refused(failure), flush=True)
        raise failure from None
    if isinstance(answer, Credentials):
        print(audit.granted(answer), flush=True)
    else:
        print(audit.listed() if isinstance(answer, Listing) else audit.explained(), flush=True)
    confirmed = request.confirmation() if isinstance(request, Request) else {}
    return {**answer.to_reply(), **confirmed}


def _request(event: object) -> Request | ListRequest:
    if isinstance(event, Mapping) and "list" in event:
        return ListRequest.parse(event)
    return Request.parse(event)


def _answer(
    request: Request | ListRequest, settings: Settings, *, iam: Client, sts: Client, note: Note
) -> Credentials | Explanation | Listing:
    if isinstance(request, ListRequest):
        note(pattern_asked=request.pattern)
        listing = list_selected(request, selection=settings.selection, iam=iam)
        note(roles_listed=len(listing.roles))
        return listing
    known: dict[str, Any] = {
        "selection": settings.selection,
        "base_role": settings.base_role,
        "iam": iam,
        "note": note,
    }
    return explain(request, **known) if request.explain else simulate(request, sts=sts, **known)
