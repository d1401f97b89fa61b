"""The terms of a session besides what it may do: in whose name it is, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from .naming import session_name
from .plan import DURATION_SECONDS


@dataclass(frozen=True)
class SessionTerms:
    """Who has asked for a session, if that was proved, and how long it lasts.

    `source_identity` stays with the session and with what is made of it: IAM User Guide, "Monitor
    and control actions taken with assumed roles".
    """

    source_identity: str | None = None
    duration_seconds: int = DURATION_SECONDS

    def session_name(self, role_name: str) -> str:
        return session_name(role_name, caller=self.source_identity)
