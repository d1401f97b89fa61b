"""The session may do what the role may do: judged by an evaluator that is none of ours.

A slice of `make fidelity`, which judges every role of the corpora.
"""

import random

import pytest
from hypothesis import HealthCheck, given, settings

from iam_sudo_core.session.plan import plan_whole
from iam_sudo_core.session.role import WholeRole
from tests.fidelity.boundaries import (
    ARN,
    BOUNDARIES,
    EVERYTHING,
    allow,
    bounded,
    deny,
    document,
)
from tests.fidelity.corpora import Case, aws_managed_cases, managed, public_cases, role
from tests.fidelity.generated import TAGS, generated_cases, roles
from tests.fidelity.judge import DAY

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


@pytest.mark.parametrize(
    "statements",
    [
        [EVERYTHING],
        [EVERYTHING, deny("s3:List*", "arn:aws:s3:::Orders")],
        [allow(["s3:*", "sqs:*"], "*")],
        [allow("s3:*", "arn:aws:s3:::Orders/*"), allow("ec2:*", "*")],
    ],
)
def test_a_boundary_that_is_passed_as_its_arn_is_one(make_judge, statements):
    case = Case(
        "",
        "",
        role(
            inline_policies={"p": document(*statements)},
            permissions_boundary=ARN,
            documents={ARN: managed("ReadOnlyAccess")},
        ),
    )
    plans = plan_whole(WholeRole(case.snapshot, case.base_role, {}), day=DAY)
    assert any(ARN in plan.policy_arns for plan in plans)
    _, decided = judged(make_judge(150), [case])
    assert decided > 100
