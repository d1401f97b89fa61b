"""What an explanation has of sessions that were ended before their time, if any may still be there.

Source: IAM User Guide, "Revoke IAM role temporary security credentials".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# Role chaining allows no more (IAM User Guide, "Roles terms and concepts").
_LONGEST = timedelta(hours=1)


def ended_before(explanation: Mapping[str, Any]) -> datetime | None:
    """When sessions like this one began at the latest that were ended; None where none may last.

    A broker of an earlier state tells none.

    Raises:
        KeyError, TypeError, ValueError: what it tells is no time.
    """
    times = [datetime.fromisoformat(each["before"]) for each in explanation.get("ended", ())]
    still = datetime.now(UTC) - _LONGEST
    return max((time for time in times if time > still), default=None)
