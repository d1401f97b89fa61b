"""Rules of the broker in the construct: what deploys is what the core reads."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk

from iam_sudo_cdk import (
    InvalidChoice,
    InvalidConfiguration,
    RoleSelection,
    SessionPolicyStrategy,
    SudoRule,
)
from iam_sudo_core import RoleSelectionPolicy
from tests.cdk.templates import base_role, broker_role, only, synth

pytestmark = pytest.mark.slow

ANN = "arn:aws:iam::111122223333:user/ann"
RULE = SudoRule(callers=[ANN], role_names=["orders-*"])


@pytest.fixture(scope="module")
def template():
    deny = SudoRule(effect="deny", callers=["*"], role_names=["*-admin"])
    return synth(rules=[RULE, deny])


def policy(template):
    _, function = only(template, "AWS::Lambda::Function")
    return json.loads(function["Environment"]["Variables"]["IAM_SUDO_POLICY"])


def test_rules_reach_the_broker_as_it_reads_them(template):
    found = policy(template)
    assert sorted(found) == ["allowed-base-roles", "rules"]
    assert found["rules"] == [
        {
            "effect": "allow",
            "callers": [ANN],
            "role-names": ["orders-*"],
            "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        },
        {
            "effect": "deny",
            "callers": ["*"],
            "role-names": ["*-admin"],
            "principals": [{"*": "*"}],
        },
    ]
    assert len(RoleSelectionPolicy.parse(json.dumps(found)).rules) == 2


def test_the_broker_alone_says_who_somebody_is(template):
    def setting(statements):
        return [s for s in statements if "sts:SetSourceIdentity" in s["Action"]]

    broker, role = broker_role(template)
    (statement,) = setting(base_role(template)["AssumeRolePolicyDocument"]["Statement"])
    assert statement["Principal"] == {"AWS": f"<{broker}.Arn>"}
    (own,) = setting(role["Policies"][0]["PolicyDocument"]["Statement"])
    assert own["Action"] == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def test_the_whole_account_does_not(template):
    local = synth(rules=[RULE], allow_local_simulation=True)
    broker, _ = broker_role(local)
    statements = base_role(local)["AssumeRolePolicyDocument"]["Statement"]
    found = [s["Principal"] for s in statements if "sts:SetSourceIdentity" in s["Action"]]
    assert found == [{"AWS": f"<{broker}.Arn>"}]


def test_without_rules_nothing_is_added():
    assert "SetSourceIdentity" not in json.dumps(synth().to_json())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"effect": "Allow"}, "allow or deny"),
        ({"callers": "*"}, "has to be a list"),
        ({"callers": ["ann"]}, "fits no caller"),
        ({"callers": [f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}:user/ann"]}, "known at synth"),
        ({"role_names": []}, "at least one"),
        ({"principals": ["ecs-tasks.amazonaws.com"]}, "SudoRule"),
        ({"principals": []}, "at least one"),
        ({"role_tags": {"team": 1}}, "has to be a list"),
        ({"role_paths": ["team"]}, "fits no path"),
        ({"max_duration_seconds": 60}, "900"),
        ({"require_reason": "no"}, "true or false"),
        ({"effect": "deny", "require_reason": True}, "no meaning"),
    ],
)
def test_a_rule_that_the_broker_would_refuse_is_refused(changes, problem):
    with pytest.raises(InvalidConfiguration, match=problem) as caught:
        SudoRule(**{"callers": [ANN], "role_names": ["*"], **changes})
    assert str(caught.value).startswith("SudoRule: ")


@pytest.mark.parametrize("rules", [RULE, "*", ["*"], [{"effect": "allow"}]])
def test_rules_are_a_list_of_sudo_rules(rules):
    with pytest.raises(InvalidChoice, match="^rules: "):
        SessionPolicyStrategy(rules=rules)


def test_rules_and_a_selection_for_everybody_exclude_each_other():
    with pytest.raises(InvalidChoice, match="nothing beside rules"):
        SessionPolicyStrategy(rules=[RULE], selection=RoleSelection(role_names=["a-*"]))


def test_rules_that_lambda_has_no_room_for_are_an_error_at_synth():
    many = [SudoRule(callers=[ANN], role_names=[f"team-{n}-*"]) for n in range(40)]
    with pytest.raises((InvalidConfiguration, RuntimeError), match="Lambda accepts 4,096"):
        synth(rules=many)
