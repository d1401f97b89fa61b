"""What `iam-sudo revoke` writes, as the evaluator decides about sessions before and after."""

from datetime import UTC, datetime

import pytest

from iam_sudo_client.oversight.revocation import Sessions
from iam_sudo_core.session import session_name
from tests.fidelity.evaluator import Evaluator, Request, Side
from tests.fidelity.reach import EVERYTHING

pytestmark = pytest.mark.slow

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BEFORE, AFTER = "2026-01-31T11:59:59Z", "2026-01-31T12:00:00Z"
ROLE, ANN, BOB = "orders-task", "ann@example.com", "bob@example.com"
LONG = "OrdersStack-ProductionService" * 2


@pytest.mark.parametrize(
    ("sessions", "role", "who", "is_ended"),
    [
        (Sessions(), ROLE, None, True),
        (Sessions(), ROLE, ANN, True),
        (Sessions(source_identity=ANN), ROLE, ANN, True),
        (Sessions(source_identity=ANN), ROLE, "Ann@Example.com", True),
        (Sessions(source_identity=ANN), ROLE, BOB, False),
        (Sessions(source_identity=ANN), ROLE, None, False),
        (Sessions(ROLE), ROLE, None, True),
        (Sessions(ROLE), ROLE, ANN, True),
        (Sessions(ROLE), f"{ROLE}-2", ANN, False),
        (Sessions(LONG), LONG, None, True),
        (Sessions(LONG), LONG, ANN, True),
        (Sessions(ROLE, ANN), ROLE, ANN, True),
        (Sessions(ROLE, ANN), ROLE, BOB, False),
        (Sessions(ROLE, ANN), "other", ANN, False),
    ],
)
def test_sessions_that_were_meant_are_ended_and_later_ones_are_not(
    sessions: Sessions, role: str, who: str | None, is_ended: bool
) -> None:
    keys = {"aws:userid": f"AROAEXAMPLE:{session_name(role, caller=who)}"}
    if who:
        keys["aws:SourceIdentity"] = who
    requests = [
        Request(
            "sqs:SendMessage",
            "arn:aws:sqs:eu-west-1:111122223333:queue",
            {"aws:TokenIssueTime": time, **keys},
        )
        for time in (BEFORE, AFTER)
    ]
    with Evaluator() as evaluator:
        decided = evaluator.decide(requests, [Side([EVERYTHING, sessions.document(NOON)])])
    assert decided == [[not is_ended], [True]]
