"""The README's words on examples/fargate-service; tests/emulator/test_toggle.py deploys it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.examples.cdk_cli import Assembly, statements, synth, tags, trusts_developers

pytestmark = pytest.mark.slow

ANN = "arn:aws:iam::111122223333:user/ann"
ECS = {"Service": "ecs-tasks.amazonaws.com"}
With = Callable[[str], Assembly]


@pytest.fixture(scope="module")
def with_strategy(tmp_path_factory: pytest.TempPathFactory) -> With:
    directory: Path = tmp_path_factory.mktemp("fargate-service")

    @cache
    def synthesized(strategy: str) -> Assembly:
        return synth("fargate-service", directory / strategy, "-c", f"strategy={strategy}")

    return synthesized


def types(assembly: Assembly) -> set[str]:
    return {resource["Type"] for resource in assembly.template("orders")["Resources"].values()}


def test_tag_trust_opens_the_task_role_to_ann_alone(with_strategy: With) -> None:
    role = with_strategy("tag-trust").roles("orders")["TaskRole"]
    own, added = statements(role)
    assert own["Principal"] == ECS
    assert trusts_developers(role)
    assert added["Condition"] == {"ArnLike": {"aws:PrincipalArn": [ANN]}}
    assert tags(role) == {"iam-sudo:developers": "allowed"}


def test_tag_trust_lets_ann_assume_by_tag(with_strategy: With) -> None:
    resources = with_strategy("tag-trust").template("orders")["Resources"].values()
    policies = [r["Properties"] for r in resources if r["Type"] == "AWS::IAM::Policy"]
    [of_ann] = [policy for policy in policies if policy.get("Users") == ["ann"]]
    [statement] = of_ann["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    tagged = statement["Condition"]["StringEquals"]
    assert tagged["iam:ResourceTag/iam-sudo:developers"] == "allowed"


def test_tag_trust_leaves_the_execution_role_as_it_is(with_strategy: With) -> None:
    role = with_strategy("tag-trust").roles("orders")["TaskExecutionRole"]
    assert [statement["Principal"] for statement in statements(role)] == [ECS]
    assert tags(role) == {}


def test_tag_trust_has_no_broker(with_strategy: With) -> None:
    assembly = with_strategy("tag-trust")
    assert "AWS::ECS::Service" in types(assembly)
    assert "AWS::Lambda::Function" not in types(assembly)
    assert set(assembly.roles("orders")) == {"TaskRole", "TaskExecutionRole"}


def test_session_policy_leaves_the_task_role_as_it_is(with_strategy: With) -> None:
    assembly = with_strategy("session-policy")
    role = assembly.roles("orders")["TaskRole"]
    assert not trusts_developers(role)
    assert tags(role) == {}
    assert "AWS::Lambda::Function" in types(assembly)


def test_both_is_the_sum_of_the_two(with_strategy: With) -> None:
    one, other, both = (
        with_strategy(strategy).template("orders")["Resources"]
        for strategy in ("tag-trust", "session-policy", "both")
    )
    assert set(both) == set(one) | set(other)
    assert trusts_developers(with_strategy("both").roles("orders")["TaskRole"])


def test_nothing_else_changes_with_the_strategy(with_strategy: With) -> None:
    one, other = (
        with_strategy(strategy).template("orders")["Resources"]
        for strategy in ("tag-trust", "session-policy")
    )
    changed = {id for id in one if one[id] != other.get(id)} - {"CDKMetadata"}
    assert {one[id]["Type"] for id in changed} == {"AWS::IAM::Role", "AWS::IAM::Policy"}
    assert len(changed) == 2
