"""One decision: an event becomes credentials, an explanation or a refusal, and two audit lines.

The lines are printed, which is how a function writes to its log: one when the request arrives, in
case the function is killed, and one with the decision, before anybody learns of it.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

from ..account.calls import Client, clients
from ..credentials import Credentials
from ..errors import BrokerFailure, IamSudoError
from .audit import AuditLine
from .explanation import Explanation, explain
from .request import Request
from .settings import Settings
from .simulate import simulate
from .target import Note

__all__ = ["clients", "decide"]


def decide(
    event: object, *, request_id: str, settings: Settings, iam: Client, sts: Client
) -> dict[str, Any]:
    """The reply to an event: an STS credentials object, or an explanation if it asks for one.

    Raises:
        IamSudoError: a refusal, or a failure; its class is the `errorType` of the reply.
    """
    audit = AuditLine(request_id=request_id, event=event)
    try:
        print(audit.asked(), flush=True)
        request = Request.parse(event)
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
    print(
        audit.granted(answer) if isinstance(answer, Credentials) else audit.explained(), flush=True
    )
    return {**answer.to_reply(), **request.confirmation()}


def _answer(
    request: Request, settings: Settings, *, iam: Client, sts: Client, note: Note
) -> Credentials | Explanation:
    known: dict[str, Any] = {
        "selection": settings.selection,
        "base_role": settings.base_role,
        "iam": iam,
        "note": note,
    }
    return explain(request, **known) if request.explain else simulate(request, sts=sts, **known)
