import json
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

from iam_sudo_cdk import (
    InvalidChoice,
    RoleSelection,
    SessionPolicyStrategy,
    SudoAlarms,
    TagTrustStrategy,
)
from iam_sudo_cdk.context import KEYS, Choices

pytestmark = pytest.mark.slow

ACCOUNT = {"development_accounts": "111122223333"}
CDK_JSON = Path(__file__).parents[2] / "cdk.json"


def spelt_out():
    return json.loads(CDK_JSON.read_text())["context"]


def test_the_defaults_that_cdk_json_spells_out_are_those_of_the_code():
    assert Choices.read({**spelt_out(), **ACCOUNT}) == Choices.read(ACCOUNT)


def test_cdk_json_has_every_key_but_the_accounts_that_have_no_default():
    ours = {key for key in spelt_out() if not key.startswith("@")}
    assert ours == set(KEYS) - {"development_accounts"}


def test_every_choice_can_be_made():
    choices = Choices.read(
        {
            "strategy": "both",
            "development_accounts": "111122223333, 444455556666",
            "role_names": "orders-*,shop-?",
            "principals": "Service:ecs-tasks.amazonaws.com,Service:lambda.amazonaws.com",
            "developers": "arn:aws:iam::111122223333:role/a,arn:aws-cn:iam::111122223333:user/b/c",
            "base_role_managed_policies": "ReadOnlyAccess,arn:aws:iam::111122223333:policy/x",
            "base_role_name": "Sudoer",
            "function_name": "sudo",
            "allow_local_simulation": "true",
            "allowed_regions": "eu-west-1,eu-central-1",
            "denied_services": "ec2,rds",
            "permissions_boundary": "team/boundary",
            "role_path": "/team/",
            "alarms": "true",
            "dashboard": "true",
            "log_retention_days": "7",
            "keep_logs": "true",
            "used_by": "ecs-task,lambda",
            "role_paths": "*/TaskRole,*/ExecutionRole",
            "ignore_case": "true",
            "developer_tag": "stage=test=1",
            "trust_whole_account": "true",
            "session_tag_keys": "Project, ticket",
            "source_identity": "true",
            "protect_tag": "true",
            "trust_policy_characters": "4096",
            "stack_name": "sudo-stack",
            "demo": "true",
        }
    )
    strategy, tag_trust = choices.strategy
    assert tag_trust.selection == strategy.selection
    assert tag_trust.selection.paths == ("*/TaskRole", "*/ExecutionRole")
    assert tag_trust.selection.used_by == ("ecs-task", "lambda")
    assert tag_trust.selection.ignore_case
    assert (tag_trust.scope, strategy.scope) == ("app", "stage")
    assert (tag_trust.tag.key, tag_trust.tag.value) == ("stage", "test=1")
    assert tag_trust.trust_whole_account
    assert tag_trust.session_tag_keys == ("Project", "ticket")
    assert tag_trust.source_identity
    assert tag_trust.protect_tag
    assert tag_trust.trust_policy_characters == 4096
    assert choices.development_accounts == ("111122223333", "444455556666")
    assert strategy.allowed_regions == ("eu-west-1", "eu-central-1")
    assert strategy.denied_services == ("ec2", "rds")
    assert (strategy.permissions_boundary, strategy.role_path) == ("team/boundary", "/team/")
    assert (strategy.alarms, strategy.dashboard) == (SudoAlarms(), True)
    assert strategy.selection.role_names == ("orders-*", "shop-?")
    assert strategy.selection.principals == (
        "Service:ecs-tasks.amazonaws.com",
        "Service:lambda.amazonaws.com",
    )
    assert choices.developers == (
        "arn:aws:iam::111122223333:role/a",
        "arn:aws-cn:iam::111122223333:user/b/c",
    )
    assert strategy.base_role_managed_policies == (
        "ReadOnlyAccess",
        "arn:aws:iam::111122223333:policy/x",
    )
    assert (strategy.role_name, strategy.function_name) == ("Sudoer", "sudo")
    assert strategy.allow_local_simulation
    assert strategy.log_retention == logs.RetentionDays.ONE_WEEK
    assert strategy.removal_policy == cdk.RemovalPolicy.RETAIN
    assert (choices.stack_name, choices.demo_stack_name) == ("sudo-stack", "sudo-stack-demo")
    assert choices.demo


def test_json_lists_numbers_and_truth_values_are_read_as_well_as_text():
    as_json = {
        "development_accounts": ["111122223333"],
        "role_names": ["a,b", "c"],  # a comma may be part of a role's name
        "log_retention_days": 7,
        "demo": True,
        "keep_logs": False,
        "developers": None,
    }
    choices = Choices.read(as_json)
    [strategy] = choices.strategy
    assert strategy.selection.role_names == ("a,b", "c")
    assert strategy.log_retention == logs.RetentionDays.ONE_WEEK
    assert (choices.demo, choices.developers) == (True, ())


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("strategy", "tag-everything", "session-policy"),
        ("strategy", True, "session-policy, tag-trust, both"),
        ("developer_tag", "env", "KEY=VALUE"),
        ("developer_tag", "aws:env=dev", "KEY=VALUE"),
        ("developer_tag", "=dev", "KEY=VALUE"),
        ("trust_whole_account", "yes", "true, false"),
        ("developer_tag", "AWS:env=dev", "KEY=VALUE"),
        ("developer_tag", "IAM-Sudo:broker=x", "not iam-sudo:broker"),
        ("session_tag_keys", "*", "no wildcards"),
        ("source_identity", "yes", "true, false"),
        ("protect_tag", "yes", "true, false"),
        ("trust_policy_characters", "5000", "2048 to 4096"),
        ("role_paths", {"a": 1}, "comma-separated"),
        ("role_paths", ["x", " "], "patterns of construct paths"),
        ("used_by", "ecs", "ecs-task, lambda, states"),
        ("ignore_case", "yes", "true, false"),
        ("development_accounts", "prod", "12-digit"),
        ("development_accounts", 111122223333, "comma-separated"),
        ("role_names", "orders/*", "patterns of role names"),
        ("role_names", "", "patterns of role names"),
        ("role_names", {"a": 1}, "comma-separated"),
        ("principals", "ecs-tasks.amazonaws.com", "TYPE:ID"),
        ("developers", "ann", "ARNs of roles"),
        ("developers", "arn:aws:sts::111122223333:assumed-role/dev/ann", "not of a session"),
        ("developers", "arn:aws:iam::111122223333:root", "ARNs of roles"),
        ("base_role_managed_policies", "", "at least one"),
        ("base_role_managed_policies", "arn:aws:s3:::x", "names of AWS managed policies"),
        ("base_role_name", "a/b", "1 to 64"),
        ("function_name", "a.b", "1 to 64"),
        ("allow_local_simulation", "yes", "true, false"),
        ("allow_local_simulation", "True", "true, false"),
        ("log_retention_days", "91", "90, 120"),
        ("log_retention_days", "", "90, 120"),
        ("keep_logs", "1", "true, false"),
        ("stack_name", "1st", "letters, digits"),
        ("stack_name", "x" * 124, "at most 123"),
        ("demo", "maybe", "true, false"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_key_value_and_what_is_allowed(key, value, allowed):
    with pytest.raises(InvalidChoice) as refusal:
        Choices.read({**ACCOUNT, key: value})
    line = str(refusal.value)
    assert line.startswith(f"{key}: ")
    assert allowed in line.partition("allowed: ")[2]
    assert "\n" not in line
    if isinstance(value, str) and value and len(value) < 60:
        assert f'"{value}"' in line


@pytest.mark.parametrize(
    ("strategy", "kinds"),
    [
        ("session-policy", [SessionPolicyStrategy]),
        ("tag-trust", [TagTrustStrategy]),
        ("both", [SessionPolicyStrategy, TagTrustStrategy]),
    ],
)
def test_the_strategy_is_all_that_the_toggle_changes(strategy, kinds):
    choices = Choices.read({**ACCOUNT, "strategy": strategy})
    assert [type(each) for each in choices.strategy] == kinds
    assert all(each.selection == RoleSelection() for each in choices.strategy)


@pytest.mark.parametrize("context", [{}, {"development_accounts": ""}])
def test_the_accounts_are_missing_until_they_are_given(context):
    with pytest.raises(InvalidChoice, match=r"^development_accounts: it is missing; allowed: "):
        Choices.read(context)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("role_name", "role_names"),
        ("role-names", "role_names"),
        ("development_account", "development_accounts"),
        ("principal", "principals"),
        ("Principals", "principals"),
        ("developer", "developers"),
        ("allow_local_simulations", "allow_local_simulation"),
    ],
)
def test_a_misspelt_key_is_not_lost(slip, meant):
    with pytest.raises(InvalidChoice, match=f'^{slip}: .*did you mean "{meant}"'):
        Choices.read({**ACCOUNT, slip: "x"})


def test_the_context_of_others_is_left_alone():
    theirs = {
        "@aws-cdk/core:target-partitions": ["aws"],
        "aws:cdk:enable-path-metadata": True,
        "availability-zones:account=1:region=eu-west-1": ["a"],
        "environment": "dev",
        "tags": {"a": "b"},
    }
    assert Choices.read({**theirs, **ACCOUNT}) == Choices.read(ACCOUNT)


ANN = "arn:aws:iam::111122223333:user/ann"
RULES = [
    {
        "callers": [ANN],
        "role-names": ["orders-*"],
        "role-tags": {"team": ["orders", "shop-*"]},
        "role-paths": ["/team/*"],
        "max-duration-seconds": 900,
        "require-reason": True,
    },
    {
        "effect": "deny",
        "callers": ["*"],
        "role-names": ["*-admin"],
        "principals": [{"Service": ["ecs-tasks.amazonaws.com", "ec2.*"], "AWS": "*"}],
    },
]


@pytest.mark.parametrize("rules", [RULES, json.dumps(RULES)])
def test_rules_are_written_as_the_broker_reads_them(rules):
    [strategy] = Choices.read({**ACCOUNT, "rules": rules}).strategy
    allow, deny = strategy.rules
    assert allow.entry() == {
        "effect": "allow", "principals": [{"Service": "ecs-tasks.amazonaws.com"}], **RULES[0]
    }  # fmt: skip
    assert deny.principals == ["Service:ecs-tasks.amazonaws.com", "Service:ec2.*", "AWS:*"]


@pytest.mark.parametrize("rules", [None, "", [], "[]"])
def test_without_rules_there_are_none(rules):
    [strategy] = Choices.read({**ACCOUNT, "rules": rules}).strategy
    assert strategy.rules == ()


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("*", "JSON list"),
        ({"effect": "allow"}, "JSON list"),
        ("[" * 4000, "JSON list"),
        ([7], "rule 1"),
        ([{"callers": [ANN]}], "role-names is missing"),
        ([{**RULES[0], "role_names": ["*"]}], "unknown field"),
        ([{**RULES[0], "callers": ["ann"]}], "fits no caller"),
        ([{**RULES[0], "principals": ["Service:x"]}], "has to be an object"),
        ([{**RULES[0], "principals": None}], "at least one entry"),
    ],
)
def test_a_slip_in_the_rules_is_an_error(rules, problem):
    with pytest.raises(InvalidChoice, match=problem) as caught:
        Choices.read({**ACCOUNT, "rules": rules})
    assert "rules" in str(caught.value)


def test_rules_and_a_selection_exclude_each_other_unless_that_is_for_the_other_strategy():
    both = {**ACCOUNT, "rules": RULES, "role_names": "orders-*"}
    with pytest.raises(InvalidChoice, match="nothing beside rules"):
        Choices.read(both)
    session, tag_trust = Choices.read({**both, "strategy": "both"}).strategy
    assert len(session.rules) == 2
    assert tag_trust.selection.role_names == ("orders-*",)
