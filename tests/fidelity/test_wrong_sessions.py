"""The judge can fail: wrong sessions are caught, by the requests that it draws by itself."""

import copy
import random

import pytest

from iam_sudo_core.errors import CallerIdentityTested
from tests.fidelity import (
    wrong,
    wrong_boundaries,
    wrong_callers,
    wrong_carriers,
    wrong_overlaps,
)
from tests.fidelity.boundaries import ARN, EVERYTHING, allow, deny, document
from tests.fidelity.corpora import Case, role
from tests.fidelity.judge import Verdict

pytestmark = pytest.mark.slow

SEED = 20261124
REQUESTS = 900
PLAIN = Case("", "", role(inline_policies={"policy": document(*wrong.ROLE.values())}))
CARRIED = Case("", "", role(inline_policies={"policy": document(*wrong_carriers.ROLE.values())}))
BOUNDED = Case(
    "",
    "",
    role(
        inline_policies={"policy": document(EVERYTHING)},
        permissions_boundary=ARN,
        documents={ARN: wrong_boundaries.BOUNDARY},
    ),
)
OVERLAPPING = Case(
    "",
    "",
    role(
        inline_policies={"policy": wrong_overlaps.ROLE},
        permissions_boundary=ARN,
        documents={ARN: wrong_overlaps.BOUNDARY},
    ),
)


@pytest.fixture
def judged(make_judge):
    """What the judge finds in a session of these statements."""

    def judged_session(case, statements):
        verdict = Verdict(case)
        rng = random.Random(SEED)
        session = document(*statements.values())
        make_judge(REQUESTS).sessions(verdict, [session], tags={}, rng=rng)
        return verdict

    return judged_session


@pytest.mark.parametrize(
    ("case", "right"),
    [
        (PLAIN, wrong.ROLE),
        (BOUNDED, wrong_boundaries.CUT),
        (OVERLAPPING, wrong_overlaps.MEET),
        (CARRIED, wrong_carriers.parts()),
    ],
)
def test_what_the_wrong_sessions_spoil_is_right(judged, case, right):
    verdict = judged(case, right)
    assert not verdict.differences
    assert verdict.decided > REQUESTS * 0.8


@pytest.mark.parametrize("spoil", wrong.WRONG)
def test_a_wrong_compaction_is_caught(judged, spoil):
    said = copy.deepcopy(wrong.ROLE)
    spoil(said)
    assert judged(PLAIN, said).differences


@pytest.mark.parametrize("spoil", wrong_carriers.WRONG)
def test_a_wrong_carrier_is_caught(judged, spoil):
    said = wrong_carriers.parts()
    assert len(said) > 5
    spoil(said)
    assert judged(CARRIED, said).differences


@pytest.mark.parametrize("spoil", wrong_boundaries.WRONG)
def test_a_wrong_boundary_is_caught(judged, spoil):
    said = copy.deepcopy(wrong_boundaries.CUT)
    spoil(said)
    assert judged(BOUNDED, said).differences


@pytest.mark.parametrize("spoil", wrong_overlaps.WRONG)
def test_a_wrong_overlap_is_caught(judged, spoil):
    said = copy.deepcopy(wrong_overlaps.MEET)
    spoil(said)
    assert judged(OVERLAPPING, said).differences


def test_what_is_planned_for_patterns_that_overlap_is_what_is_spoilt(make_judge):
    verdict = make_judge(REQUESTS).plans(OVERLAPPING, seed=SEED)
    assert verdict.refusal is None
    assert not verdict.differences


@pytest.mark.parametrize("held_back", wrong_callers.HELD_BACK)
def test_a_session_that_gets_round_what_holds_its_role_back_is_refused_and_would_be_caught(
    judged, make_judge, held_back
):
    said = {"role": wrong_callers.ROLE, held_back: wrong_callers.HELD_BACK[held_back]}
    case = Case("", "", role(inline_policies={"policy": document(*said.values())}))
    assert make_judge(1).plans(case, seed=SEED).refusal == CallerIdentityTested.__name__
    assert any(difference.is_wider for difference in judged(case, said).differences)


def test_a_boundary_whose_arns_lack_fields_and_are_taken_literally_is_caught(judged):
    jobs = "arn:aws:sqs:eu-west-1:111122223333:jobs"
    boundary = document(
        {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs"}, allow("sqs:ListQueues")
    )
    snapshot = role(
        inline_policies={"policy": document(allow("sqs:SendMessage", jobs))},
        permissions_boundary=ARN,
        documents={ARN: boundary},
    )
    verdict = judged(Case("", "", snapshot), {"literally": allow("sqs:SendMessage", jobs)})
    assert any(difference.is_wider for difference in verdict.differences)


def test_a_denial_that_a_wildcard_in_a_resource_type_swallows_is_caught(judged):
    logs = "arn:aws:logs:eu-west-1:111122223333"
    said = {
        "all": EVERYTHING,
        "perhaps": deny("logs:*", f"{logs}:*:prod*"),
        "surely": deny("logs:DeleteLogGroup", f"{logs}:log-group:prod1"),
    }
    case = Case("", "", role(inline_policies={"policy": document(*said.values())}))
    assert not judged(case, said).differences
    del said["surely"]
    assert any(difference.is_wider for difference in judged(case, said).differences)


def test_a_denial_that_a_wildcard_in_a_resource_type_stands_for_is_missed_in_no_reading(judged):
    tables = "arn:aws:dynamodb:eu-west-1:111122223333"
    said = {"all": EVERYTHING, "perhaps": deny("dynamodb:*", f"{tables}:*/Orders")}
    case = Case("", "", role(inline_policies={"policy": document(*said.values())}))
    assert not judged(case, said).differences
    del said["perhaps"]
    assert any(difference.is_wider for difference in judged(case, said).differences)
