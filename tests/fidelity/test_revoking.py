"""What docs/security.md says about ending sessions, as the evaluator decides about them."""

import json

import pytest

from tests.docs.pages import blocks
from tests.fidelity.evaluator import Evaluator, Request, Side
from tests.fidelity.reach import EVERYTHING

pytestmark = pytest.mark.slow

BEFORE, AFTER = "2026-01-31T12:00:29Z", "2026-01-31T12:00:30Z"
ANN = {"aws:SourceIdentity": "ann@example.com"}
ROLE = {"aws:userid": ["*:iam-sudo-orders-task", "*:iam-sudo-orders-task,*"]}


def policy(of=None):
    [block] = [each for each in blocks("json") if each.page == "docs/security.md"]
    document = json.loads(block.text)
    [statement] = document["Statement"]
    if of is not None:
        # As the page says: in the place of the last condition.
        statement["Condition"].popitem()
        statement["Condition"]["StringLike"] = of
    return document


@pytest.mark.parametrize(
    ("of", "context", "may"),
    [
        (None, {"aws:TokenIssueTime": BEFORE, **ANN}, False),
        (None, {"aws:TokenIssueTime": AFTER, **ANN}, True),
        (None, {"aws:TokenIssueTime": BEFORE, "aws:SourceIdentity": "Ann@Example.com"}, False),
        (None, {"aws:TokenIssueTime": BEFORE, "aws:SourceIdentity": "bob@example.com"}, True),
        (ROLE, {"aws:TokenIssueTime": BEFORE, "aws:userid": "AROA1:iam-sudo-orders-task"}, False),
        (ROLE, {"aws:TokenIssueTime": BEFORE, "aws:userid": "AROA1:iam-sudo-orders-task,a"}, False),
        (ROLE, {"aws:TokenIssueTime": BEFORE, "aws:userid": "AROA1:iam-sudo-orders-task-2"}, True),
        (ROLE, {"aws:TokenIssueTime": AFTER, "aws:userid": "AROA1:iam-sudo-orders-task"}, True),
    ],
)
def test_sessions_that_began_before_are_ended_and_no_others(of, context, may):
    request = Request("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:queue", context)
    with Evaluator() as evaluator:
        assert evaluator.decide([request], [Side([EVERYTHING, policy(of)])]) == [[may]]
