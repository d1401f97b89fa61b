"""The judge can fail: wrong sessions are caught, by the requests that it draws by itself."""

import copy
import random

import pytest

from tests.fidelity import wrong, wrong_boundaries
from tests.fidelity.boundaries import ARN, EVERYTHING, document
from tests.fidelity.corpora import Case, role
from tests.fidelity.judge import Verdict

pytestmark = pytest.mark.slow

SEED = 20261124
REQUESTS = 600
PLAIN = Case("", "", role(inline_policies={"policy": document(*wrong.ROLE.values())}))
BOUNDED = Case(
    "",
    "",
    role(
        inline_policies={"policy": document(EVERYTHING)},
        permissions_boundary=ARN,
        documents={ARN: wrong_boundaries.BOUNDARY},
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


@pytest.mark.parametrize(("case", "right"), [(PLAIN, wrong.ROLE), (BOUNDED, wrong_boundaries.CUT)])
def test_what_the_wrong_sessions_spoil_is_right(judged, case, right):
    verdict = judged(case, right)
    assert not verdict.differences
    assert verdict.decided > REQUESTS * 0.8


@pytest.mark.parametrize("spoil", wrong.WRONG)
def test_a_wrong_compaction_is_caught(judged, spoil):
    said = copy.deepcopy(wrong.ROLE)
    spoil(said)
    assert judged(PLAIN, said).differences


@pytest.mark.parametrize("spoil", wrong_boundaries.WRONG)
def test_a_wrong_boundary_is_caught(judged, spoil):
    said = copy.deepcopy(wrong_boundaries.CUT)
    spoil(said)
    assert judged(BOUNDED, said).differences
