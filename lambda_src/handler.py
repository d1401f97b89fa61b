"""The broker Lambda.

Settings and clients are made once, in the init phase; without settings the function does not start.
For the reply and the log see `iam_sudo_core.broker.decision`.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from iam_sudo_core.broker import Settings
from iam_sudo_core.broker.decision import clients, decide, proofs, published_rules

_SETTINGS = Settings.parse(os.environ)
_IAM, _STS = clients()
_PROOFS = proofs(_SETTINGS, _STS)
_PUBLISHED = published_rules(_SETTINGS)


class Context(Protocol):
    """The Lambda context object, as far as we use it."""

    aws_request_id: str


def handler(event: object, context: Context) -> dict[str, Any]:
    """Decide about one request; a refusal is a function error, named after the core's error."""
    return decide(
        event,
        request_id=context.aws_request_id,
        invoked=getattr(context, "invoked_function_arn", None),
        settings=_SETTINGS,
        iam=_IAM,
        sts=_STS,
        proofs=_PROOFS,
        published=_PUBLISHED,
    )
