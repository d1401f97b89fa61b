"""Compaction and boundaries in a world where every policy can be tried: see model.py."""

import itertools
import json
import random
from collections import Counter

import pytest

from iam_sudo_core.errors import NarrowingNotExact, PermissionsBoundaryNotExact
from iam_sudo_core.policy.compaction import compact
from iam_sudo_core.policy.statements import parse, write
from iam_sudo_core.session.plan import plan_sessions
from tests.fidelity.boundaries import ARN, document
from tests.fidelity.corpora import role
from tests.fidelity.model import WORLD, all_statements, allowed

SEED = 20261124
STATEMENTS = all_statements()
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def narrowed(policy, boundary, narrowing):
    """What each session of such a role allows within another policy; none when it is refused."""
    bounded = {} if boundary is None else {"permissions_boundary": ARN}
    snapshot = role(
        inline_policies={"policy": document(*policy)},
        documents={} if boundary is None else {ARN: document(*boundary)},
        **bounded,
    )
    try:
        plans = list(
            plan_sessions(
                snapshot, base_role=snapshot.role.arn.sibling("base"), narrowing=narrowing
            )
        )
    except (PermissionsBoundaryNotExact, NarrowingNotExact):
        return []
    return [allowed(json.loads(plan.policy)["Statement"]) for plan in plans]


def sessions(policy, boundary):
    """What each session of a role with this boundary allows; none when it is refused."""
    snapshot = role(
        inline_policies={"policy": document(*policy)},
        permissions_boundary=ARN,
        documents={ARN: document(*boundary)},
    )
    try:
        plans = list(plan_sessions(snapshot, base_role=snapshot.role.arn.sibling("base")))
    except PermissionsBoundaryNotExact:
        return []
    return [allowed(json.loads(plan.policy)["Statement"]) for plan in plans]


def test_the_world_is_told_apart_by_its_statements():
    meanings = {allowed([statement]) for statement in STATEMENTS}
    assert len(meanings) > 50
    assert allowed([ALL]) == frozenset(WORLD)


def test_compacting_any_two_statements_changes_nothing():
    for pair in itertools.combinations_with_replacement(STATEMENTS, 2):
        assert allowed(write(compact(parse(pair)))) == allowed(pair), pair


def test_compacting_two_denials_denies_the_same():
    denials = [statement for statement in STATEMENTS if statement["Effect"] == "Deny"]
    for pair in itertools.combinations(denials, 2):
        assert allowed([ALL, *write(compact(parse(pair)))]) == allowed([ALL, *pair]), pair


def test_compacting_several_statements_changes_nothing():
    rng = random.Random(SEED)
    for size in (3, 5, 8):
        for _ in range(300):
            several = rng.sample(STATEMENTS, size)
            assert allowed(write(compact(parse([*several, ALL])))) == allowed([*several, ALL])


def test_a_session_of_a_role_with_any_boundary_is_both():
    rng = random.Random(SEED)
    for bound in STATEMENTS:
        for statement in rng.sample(STATEMENTS, 20):
            found = sessions([statement], [bound])
            assert set(found) == {allowed([statement]) & allowed([bound])}, (statement, bound)


@pytest.mark.parametrize("size", [2, 3])
def test_boundaries_of_several_statements_are_carried_over_exactly_or_not_at_all(size):
    rng = random.Random(SEED)
    seen = Counter()
    for _ in range(800):
        policy, boundary = rng.sample(STATEMENTS, 2), rng.sample(STATEMENTS, size)
        found = sessions([*policy, ALL], boundary)
        seen[bool(found)] += 1
        assert set(found) <= {allowed([*policy, ALL]) & allowed(boundary)}, (policy, boundary)
    assert seen[True] > seen[False] / 2


def test_a_session_that_is_narrowed_by_any_policy_is_both():
    rng = random.Random(SEED)
    for narrowing in STATEMENTS:
        for statement in rng.sample(STATEMENTS, 10):
            found = narrowed([statement], None, [narrowing])
            assert set(found) == {allowed([statement]) & allowed([narrowing])}, narrowing


def test_boundary_and_narrowing_both_hold_or_it_is_refused():
    rng = random.Random(SEED)
    seen = Counter()
    for _ in range(500):
        policy, boundary, narrowing = (rng.sample(STATEMENTS, 2) for _ in range(3))
        found = narrowed([*policy, ALL], boundary, narrowing)
        seen[bool(found)] += 1
        meant = allowed([*policy, ALL]) & allowed(boundary) & allowed(narrowing)
        assert set(found) <= {meant}, (policy, boundary, narrowing)
    assert seen[True] > 200


def test_a_policy_that_says_nothing_leaves_nothing():
    assert set(narrowed([ALL], None, [])) == {frozenset()}
