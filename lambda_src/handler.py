"""The broker Lambda: an event becomes a decision of the core, and two lines in the audit trail.

Settings and clients are made once, in the init phase; without settings the function does not
start. The reply is an STS credentials object, or an explanation when the request asks for one; a
refusal is a function error whose `errorType` is the class of the core's error and whose
`errorMessage` is one line.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Protocol

from iam_sudo_core import IamSudoError, Request, Settings
from iam_sudo_core.account import aws
from iam_sudo_core.broker.audit import AuditLine
from iam_sudo_core.broker.explanation import Explanation, explain
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import BrokerFailure

_SETTINGS = Settings.parse(os.environ)
_IAM, _STS = aws.clients()


class Context(Protocol):
    """The Lambda context object, as far as we use it."""

    aws_request_id: str


def handler(event: object, context: Context) -> dict[str, Any]:
    """Decide about one request, and write the decision to the log before anybody learns of it.

    That it was asked for stands there before anything is read, in case the function is killed.
    """
    audit = AuditLine(request_id=context.aws_request_id, event=event)
    print(audit.asked(), flush=True)
    try:
        answer = _decide(event, context, audit)
    except IamSudoError as error:
        print(audit.refused(error), flush=True)
        raise
    print(
        audit.granted(answer) if isinstance(answer, Credentials) else audit.explained(), flush=True
    )
    return answer.to_reply()


def _decide(event: object, context: Context, audit: AuditLine) -> Credentials | Explanation:
    known: dict[str, Any] = {
        "selection": _SETTINGS.selection,
        "base_role": _SETTINGS.base_role,
        "iam": _IAM,
        "note": audit.note,
    }
    try:
        request = Request.parse(event)
        if request.explain:
            return explain(request, **known)
        return simulate(request, sts=_STS, **known)
    except IamSudoError:
        raise
    except Exception as error:
        # The caller learns nothing of a defect but where to look, and the log where it was: what an
        # error of somebody else's says may hold a secret.
        traceback.print_tb(error.__traceback__, file=sys.stdout)
        print(type(error).__name__)
        raise BrokerFailure(request_id=context.aws_request_id) from None
