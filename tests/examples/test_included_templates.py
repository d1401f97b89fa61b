"""The README's words on examples/included-templates."""

from __future__ import annotations

import json

import pytest

from tests.examples.cdk_cli import (
    EXAMPLES,
    Assembly,
    statements,
    synth,
    tags,
    trusts_developers,
)

pytestmark = pytest.mark.slow

DEVELOPERS = (
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
    "AWSReservedSSO_Developer_????????????????"
)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synth("included-templates", tmp_path_factory.mktemp("cdk.out"))


@pytest.mark.parametrize("stack", ["orders", "payments"])
def test_the_task_roles_are_open_to_the_developers(assembly: Assembly, stack: str) -> None:
    role = assembly.roles(stack)["TaskRole"]
    own, added = statements(role)
    assert "ecs-tasks.amazonaws.com" in own["Principal"]["Service"]
    assert added["Condition"] == {"ArnLike": {"aws:PrincipalArn": [DEVELOPERS]}}
    assert tags(role)["iam-sudo:developers"] == "allowed"


def test_what_the_templates_had_is_still_there(assembly: Assembly) -> None:
    template = json.loads((EXAMPLES / "included-templates/templates/payments.json").read_text())
    synthesized = assembly.template("payments")
    role = synthesized["Resources"]["TaskRole"]["Properties"]
    del role["Tags"]
    role["AssumeRolePolicyDocument"]["Statement"].pop()
    for id, resource in template["Resources"].items():
        assert synthesized["Resources"][id] == resource
    assert synthesized["Outputs"] == template["Outputs"]


def test_a_condition_and_a_tag_that_were_there_stay(assembly: Assembly) -> None:
    role = assembly.roles("orders")["TaskRole"]
    assert "aws:SourceAccount" in statements(role)[0]["Condition"]["StringEquals"]
    assert tags(role) == {"team": "orders", "iam-sudo:developers": "allowed"}


def test_a_role_that_is_no_task_role_stays_as_it_is(assembly: Assembly) -> None:
    role = assembly.roles("orders")["ReportRole"]
    assert not trusts_developers(role)
    assert tags(role) == {}


@pytest.mark.parametrize("stack", ["orders", "payments", "developer-access"])
def test_every_stack_refuses_other_accounts(assembly: Assembly, stack: str) -> None:
    rules = assembly.template(stack)["Rules"]
    assert any("DevelopmentAccountsOnly" in name for name in rules)


def test_there_is_a_policy_to_attach_to_the_permission_set(assembly: Assembly) -> None:
    resources = assembly.template("developer-access")["Resources"].values()
    [policy] = (r["Properties"] for r in resources if r["Type"] == "AWS::IAM::ManagedPolicy")
    assert policy["ManagedPolicyName"] == "iam-sudo-developers"


def test_nobody_is_warned(assembly: Assembly) -> None:
    assert "iam-sudo:" not in assembly.said
