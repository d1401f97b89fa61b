"""What a role costs: round trips between Python and Node, which take the time of a synthesis."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from iam_sudo_cdk import RoleSelection
from tests.cdk.opened import app, is_open, roles, tag_trust, task_role
from tests.cdk.round_trips import counted
from tests.cdk.templates import IS_OLD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(IS_OLD, reason="older CDKs cannot look for resources by type"),
]


def round_trips(number):
    """How many the synthesis of so many roles in two stacks takes."""
    both = app()
    stacks = [cdk.Stack(both, id_) for id_ in ("one", "two")]
    for count in range(number):
        task_role(stacks[count % 2], f"Role{count}")
    tag_trust(stacks[0], scope="app")
    with counted() as calls:
        both.synth()
    assert all(map(is_open, roles(stacks[1]).values()))
    return len(calls)


def by_use(number):
    """Likewise, with a task definition for each role, which is selected by that use."""
    both = app()
    stacks = [cdk.Stack(both, id_) for id_ in ("one", "two")]
    for count in range(number):
        where = stacks[count % 2]
        role_arn = task_role(where, f"Role{count}").role_arn
        ecs.CfnTaskDefinition(where, f"Task{count}", task_role_arn=role_arn)
    tag_trust(stacks[0], scope="app", selection=RoleSelection(used_by=["ecs-task"]))
    with counted() as calls:
        both.synth()
    assert all(map(is_open, roles(stacks[1]).values()))
    return len(calls)


def test_selected_by_use_a_role_costs_three_round_trips_more_however_many_there_are():
    few, more, many = (by_use(number) for number in (10, 20, 60))
    # The visit of what uses it, its properties, and what the reference in them stands for.
    assert (more - few, many - more) == (9 * 10, 9 * 40)


def test_each_role_costs_the_same_six_round_trips_however_many_there_are():
    few, more, many = (round_trips(number) for number in (10, 20, 60))
    # The visit of its resource; its path, properties, and what they resolve to; statement; tag.
    assert (more - few, many - more) == (6 * 10, 6 * 40)
