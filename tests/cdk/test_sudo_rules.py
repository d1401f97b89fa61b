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
from iam_sudo_core.broker.published import published_rules
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
        ({"principals": ["ecs-tasks.amazonaws.com"]}, 'principals: "ecs-.*" is not TYPE:ID'),
        ({"principals": []}, "principals has to be a list with at least one"),
        ({"principals": None}, "principals has to be a list"),
        ({"principals": "Service:*"}, "principals has to be a list"),
        ({"principals": [{"Service": "*"}]}, "principals: .* is not TYPE:ID"),
        ({"callers": {ANN}}, "callers has to be a list"),
        ({"callers": [b"ann"]}, "callers: .* has to be a pattern"),
        ({"role_tags": ["team"]}, "role-tags has to be an object"),
        ({"role_tags": {1: "orders"}}, "role-tags: .* is no key"),
        # What was left of a list that somebody made is not taken for no limit.
        ({"role_tags": {}}, "role-tags has to be an object"),
        ({"role_paths": []}, "role-paths has to be a list with at least one"),
        ({"role_paths": ""}, "role-paths has to be a list with at least one"),
        ({"max_duration_seconds": cdk.Duration.hours(1)}, "max-duration-seconds is .* whole"),
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


REFERENCE = "{{resolve:ssm:team}}"
LATER = [cdk.Fn.import_value("team"), cdk.Fn.split(",", cdk.Fn.import_value("team"))[0], REFERENCE]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(
    "field",
    [
        lambda later: {"callers": [f"arn:aws:iam::*:user/{later}"]},
        lambda later: {"role_names": [later]},
        lambda later: {"principals": [f"Service:{later}"]},
        lambda later: {"role_paths": [f"/{later}/"]},
        lambda later: {"role_tags": {"team": later}},
        lambda later: {"role_tags": {later: "orders"}},
    ],
)
def test_no_part_of_a_rule_is_put_in_by_the_deployment(field, later):
    with pytest.raises(InvalidConfiguration, match="known at synth"):
        SudoRule(**{"callers": [ANN], "role_names": ["*"], **field(later)})


def test_a_list_that_the_deployment_knows_is_no_list_of_patterns():
    names = cdk.Fn.split(",", cdk.Fn.import_value("names"))
    with pytest.raises(InvalidConfiguration, match="known at synth"):
        SudoRule(callers=["*"], role_names=["*"], role_paths=cdk.Token.as_list(names))


@pytest.mark.parametrize("rules", [RULE, "*", ["*"], [{"effect": "allow"}]])
def test_rules_are_a_list_of_sudo_rules(rules):
    with pytest.raises(InvalidChoice, match="^rules: "):
        SessionPolicyStrategy(rules=rules)


def test_rules_and_a_selection_for_everybody_exclude_each_other():
    with pytest.raises(InvalidChoice, match="nothing beside rules"):
        SessionPolicyStrategy(rules=[RULE], selection=RoleSelection(role_names=["a-*"]))


def many(count):
    return [SudoRule(callers=[ANN], role_names=[f"team-{n}-*"]) for n in range(count)]


def parameter(template):
    return only(template, "AWS::SSM::Parameter")[1]


@pytest.fixture(scope="module")
def large():
    return synth(rules=many(25))


def test_rules_that_lambda_has_no_room_for_are_in_a_parameter_as_the_broker_reads_them(large):
    found = policy(large)
    assert found["rules-parameter"] == parameter(large)["Name"] == "/iam-sudo/iam-sudo/rules"
    assert sorted(found) == ["allowed-base-roles", "rules-parameter"]
    assert RoleSelectionPolicy.parse(json.dumps(found)).rules_parameter
    assert [rule.role_names for rule in published_rules(parameter(large)["Value"])] == [
        (f"team-{n}-*",) for n in range(25)
    ]
    assert parameter(large)["Type"] == "String"
    assert parameter(large)["Tags"] == {"iam-sudo:broker": "iam-sudo"}


def test_the_parameter_is_there_before_the_function_and_after_what_keeps_sessions_from_it(large):
    id_, _ = only(large, "AWS::SSM::Parameter")
    [made] = large.find_resources("AWS::SSM::Parameter").values()
    [function] = large.find_resources("AWS::Lambda::Function").values()
    [base] = (
        name
        for name, role in large.find_resources("AWS::IAM::Role").items()
        if "RoleName" in role["Properties"]
    )
    assert id_ in function["DependsOn"]
    assert base in made["DependsOn"]


def test_the_broker_may_read_that_parameter_and_no_other(large):
    _, role = broker_role(large)
    reading = [
        statement
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if "ssm:" in json.dumps(statement) and statement["Effect"] == "Allow"
    ]
    assert reading == [
        {
            "Sid": "ReadRules",
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/iam-sudo/iam-sudo/rules",
        }
    ]


def test_without_that_many_rules_there_is_neither_parameter_nor_permission(template):
    template.resource_count_is("AWS::SSM::Parameter", 0)
    _, role = broker_role(template)
    assert "ssm:GetParameter" not in json.dumps(role)


def test_a_parameter_above_4_kb_is_of_the_advanced_tier_and_one_below_it_may_be_either(large):
    assert len(parameter(large)["Value"]) <= 4096
    # Of an advanced one, AWS makes no standard one again.
    assert parameter(large)["Tier"] == "Intelligent-Tiering"
    larger = parameter(synth(rules=many(35)))
    assert 4096 < len(larger["Value"]) <= 8192
    assert larger["Tier"] == "Advanced"


def test_rules_that_no_parameter_has_room_for_are_an_error_at_synth():
    with pytest.raises((InvalidConfiguration, RuntimeError), match="Systems Manager has 8,192"):
        synth(rules=many(90))


def test_no_rule_names_another_parameter_by_its_braces():
    # Names and tags have no braces, and paths may.
    braces = SudoRule(callers=[ANN], role_names=["*"], role_paths=["/{{ssm:/x}}/"])
    text = parameter(synth(rules=[braces, *many(25)]))["Value"]
    assert "{{" not in text
    assert published_rules(text)[0].paths == ("/{{ssm:/x}}/",)


def test_brokers_of_two_names_have_two_parameters():
    other = synth(rules=many(25), function_name="other")
    assert parameter(other)["Name"] == policy(other)["rules-parameter"] == "/iam-sudo/other/rules"
