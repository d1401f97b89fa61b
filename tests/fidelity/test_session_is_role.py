"""The session may do what the role may do: judged by an evaluator that is none of ours.

A slice of `make fidelity`, which judges every role of the corpora.
"""

import random

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fidelity.boundaries import BOUNDARIES, bounded
from tests.fidelity.corpora import Case, aws_managed_cases, public_cases
from tests.fidelity.generated import TAGS, generated_cases, roles

pytestmark = pytest.mark.slow

SEED = 20261124


def some(cases, number):
    cases = list(cases)
    return random.Random(SEED).sample(cases, min(number, len(cases)))


def judged(judge, cases):
    """Judge roles, see that sessions do not differ from them, and count."""
    planned = decided = 0
    for case in cases:
        verdict = judge.plans(case, seed=SEED)
        assert not verdict.differences, f"{case.name}: {verdict.differences[0]}"
        planned += verdict.refusal is None
        decided += verdict.decided
    return planned, decided


def test_roles_with_an_aws_managed_policy_inline_and_their_sessions_may_do_the_same(make_judge):
    planned, decided = judged(make_judge(40), some(aws_managed_cases(), 150))
    assert planned > 100
    assert decided > 3_000


def test_roles_of_public_templates_and_their_sessions_may_do_the_same(make_judge):
    if not (cases := some(public_cases(), 150)):
        pytest.skip("../shared/corpora is not here")
    planned, decided = judged(make_judge(40), cases)
    assert planned > 140
    assert decided > 4_000


@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(snapshot=roles())
def test_any_role_and_its_sessions_may_do_the_same(make_judge, snapshot):
    judged(make_judge(40), [Case("generated", "generated", snapshot)])


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_roles_with_a_boundary_and_their_sessions_may_do_the_same(make_judge, boundary):
    cases = [*some(aws_managed_cases(), 4), *generated_cases(4, seed=SEED)]
    judged(make_judge(40), bounded(boundary, cases, tags=TAGS))
