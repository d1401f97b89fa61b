"""The audit line: one line of JSON for each decision, with never a secret in it.

CloudWatch Logs Insights finds its fields as they are: `filter decision = "refused"`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .credentials import Credentials
from .errors import IamSudoError

# What a caller sent is logged, but nobody may fill the log with it.
_LONGEST_VALUE = 256


class AuditLine:
    """Collects the facts of one decision."""

    def __init__(self, *, request_id: str, event: object) -> None:
        asked: Mapping[Any, Any] = event if isinstance(event, Mapping) else {}
        self._facts: dict[str, object] = {
            "audit": "iam-sudo",
            "request_id": request_id,
            "role_asked": asked.get("role_name"),
            "principal_asked": asked.get("principal"),
            "base_role_asked": asked.get("base_role"),
            "role_found": None,
            "rule": None,
        }

    def note(self, **facts: object) -> None:
        self._facts.update(facts)

    def granted(self, credentials: Credentials) -> str:
        self.note(
            decision="granted",
            access_key_id=credentials.access_key_id,
            expiration=credentials.expiration,
        )
        return self._line()

    def explained(self) -> str:
        self.note(decision="explained")
        return self._line()

    def refused(self, error: IamSudoError) -> str:
        self.note(decision="refused", error=type(error).__name__, reason=str(error))
        return self._line()

    def _line(self) -> str:
        return json.dumps({name: _short(fact) for name, fact in self._facts.items()})


def _short(fact: object) -> object:
    if fact is None or isinstance(fact, bool | int):
        return fact
    text = str(fact)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
