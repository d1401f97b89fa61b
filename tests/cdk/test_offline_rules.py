"""`python -m iam_sudo_cdk rules`: the broker's decision, asked of a policy or a template."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk

from iam_sudo_cdk import RoleSelection, SudoRule
from iam_sudo_cdk.__main__ import main
from tests.cdk.templates import ACCOUNT, REGION, iam_sudo

pytestmark = pytest.mark.slow

SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role"
ANN, BOB = f"{SESSION}/Developer/ann@example.com", f"{SESSION}/Developer/bob@example.com"
RULES = [
    SudoRule(callers=[f"{SESSION}/Developer/*"], role_names=["orders-*"]),
    SudoRule(
        callers=[ANN],
        role_names=["payments-*"],
        role_tags={"team": "payments"},
        role_paths=["/team/*"],
        max_duration_seconds=900,
        require_reason=True,
    ),
    SudoRule(effect="deny", callers=["*"], role_names=["*-admin"]),
]
POLICY = json.dumps(
    {
        "allowed-base-roles": [f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"],
        "rules": [rule.entry() for rule in RULES],
    }
)


@pytest.fixture
def rules(capsys):
    """Run the command; its exit code, and the lines that it prints."""

    def run(*arguments, policy=POLICY):
        code = main(["rules", policy, *arguments])
        printed = capsys.readouterr()
        assert not (printed.out and printed.err)
        return code, [*printed.out.splitlines(), *printed.err.splitlines()]

    return run


def test_a_caller_and_a_role_are_decided_by_the_rule_that_the_broker_would_name(rules):
    assert rules("--as", BOB, "--role-name", "orders-task") == (
        0,
        [
            f"allowed by rule 1: caller {SESSION}/Developer/*, role name orders-*, principal "
            "Service:ecs-tasks.amazonaws.com; 3,600 seconds"
        ],
    )


@pytest.mark.parametrize("asked", [(), ("--as", ANN), ("--role-name", "orders-task")])
def test_rules_that_are_elsewhere_are_not_taken_for_none(rules, asked):
    policy = {"rules-parameter": "/iam-sudo/x/rules", "allowed-base-roles": ["*"]}
    code, [said] = rules(*asked, policy=json.dumps(policy))
    assert code == 2
    assert 'in parameter "/iam-sudo/x/rules"; give the text of that' in said


def test_a_deny_is_named_and_wins(rules):
    code, lines = rules("--as", ANN, "--role-name", "orders-admin")
    assert code == 1
    assert lines == ["refused by rule 3, denies: *; role names *-admin; principals *:*"]


@pytest.mark.parametrize(
    "asked",
    [
        ["--as", BOB, "--role-name", "payments-task"],
        ["--as", BOB.replace("Developer", "Tester"), "--role-name", "orders-task"],
        ["--as", ANN, "--role-name", "payments-task"],
        ["--as", ANN, "--role-name", "payments-task", "--tag", "team=payments"],
        ["--as", ANN, "--role-name", "orders-task", "--principal", "Service:ec2.amazonaws.com"],
    ],
)
def test_what_no_rule_allows_is_refused(rules, asked):
    assert rules(*asked) == (1, ["refused: no rule allows it"])


@pytest.mark.parametrize(
    "role",
    [
        ["--role-name", "payments-task", "--role-path", "/team/a/"],
        ["--role-name", f"arn:aws:iam::{ACCOUNT}:role/team/a/payments-task"],
    ],
)
def test_tags_and_path_of_a_role_count_and_so_do_the_terms(rules, role):
    code, [line] = rules("--as", ANN, *role, "--tag", "Team=payments")
    assert code == 0
    assert line.startswith("allowed by rule 2: ")
    assert line.endswith("; 900 seconds; a reason is asked for")


def test_without_a_caller_the_rules_that_are_about_a_role_are_listed(rules):
    code, lines = rules("--role-name", "orders-admin")
    assert code == 0
    assert [line.partition(":")[0] for line in lines] == ["rule 1, allows", "rule 3, denies"]


def test_without_a_role_the_rules_that_are_about_a_caller_are_listed(rules):
    assert rules("--as", f"arn:aws:iam::{ACCOUNT}:user/eve") == (
        0,
        ["rule 3, denies: *; role names *-admin; principals *:*"],
    )
    assert len(rules("--as", ANN)[1]) == 3


def test_without_either_all_of_them_are_listed(rules):
    _, lines = rules()
    assert lines[1] == (
        f"rule 2, allows: {ANN}; role names payments-*; principals "
        "Service:ecs-tasks.amazonaws.com; role tags team=payments; role paths /team/*; at most "
        "900 seconds; with a reason"
    )


def test_a_role_that_no_rule_is_about_is_said_so(rules):
    assert rules("--role-name", "other") == (0, ["no rule is about that"])


# Where the policy comes from.


def test_a_file_with_the_policy_is_read(rules, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(POLICY)
    assert rules("--as", BOB, "--role-name", "orders-task", policy=str(file))[0] == 0


@pytest.fixture
def template(tmp_path):
    """A template as `cdk synth` writes it, with what is said of the broker."""

    def written(account=None, **strategy):
        app = cdk.App(outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
        env = cdk.Environment(account=account, region=REGION) if account else None
        scope = cdk.Stack(app, "the-stack", env=env)
        iam_sudo(scope, **strategy)
        return app.synth().get_stack_by_name("the-stack").template_full_path

    return written


@pytest.mark.parametrize("account", [None, ACCOUNT])
@pytest.mark.parametrize("made", [{}, {"base_role": "team/Base"}, {"role_path": "/team/"}])
def test_the_policy_of_a_synthesized_template_is_found(rules, template, account, made):
    file = template(account, rules=RULES, **made)
    assert rules("--as", BOB, "--role-name", "orders-task", policy=file)[0] == 0
    assert rules("--as", BOB, "--role-name", "payments-task", policy=file)[0] == 1
    assert len(rules(policy=file)[1]) == 3


@pytest.mark.parametrize("made", [{}, {"role_path": "/team/"}])
def test_a_selection_for_everybody_is_decided_as_well(rules, template, made):
    file = template(selection=RoleSelection(role_names=["orders-*"]), **made)
    assert rules("--as", BOB, "--role-name", "orders-task", policy=file) == (
        0,
        [
            "allowed to everybody who may invoke: role name orders-*, principal "
            "Service:ecs-tasks.amazonaws.com"
        ],
    )
    assert rules("--as", BOB, "--role-name", "other", policy=file)[0] == 1
    code, [line] = rules(policy=file)
    assert (code, line) == (
        0,
        "everybody who may invoke: roles orders-*; principals Service:ecs-tasks.amazonaws.com",
    )


def test_of_several_policies_in_a_template_one_has_to_be_named(rules):
    resources = {
        name: {"Properties": {"Value": POLICY.replace("orders-*", f"{name}-*")}}
        for name in ("One", "Two")
    }
    policy = json.dumps({"Resources": resources})
    code, [line] = rules(policy=policy)
    assert code == 2
    assert line == (
        "ERROR: the template has several role-selection policies; say --resource, one of One, Two"
    )
    asked = ["--as", BOB, "--role-name", "Two-task"]
    assert rules(*asked, "--resource", "Two", policy=policy)[0] == 0
    assert rules(*asked, "--resource", "One", policy=policy)[0] == 1
    assert rules(*asked, "--resource", "Three", policy=policy)[0] == 2


@pytest.mark.parametrize("text", [POLICY, json.dumps({"rules": json.loads(POLICY)["rules"]})])
def test_rules_that_stand_apart_from_the_function_are_found(rules, text):
    apart = json.dumps({"allowed-base-roles": ["*"], "rules-parameter": "/iam-sudo/iam-sudo"})
    assert len(rules(policy=text)[1]) == 3
    policy = {
        "Resources": {
            "Function": {"Properties": {"Environment": {"Variables": {"P": apart}}}},
            "Parameter": {"Properties": {"Value": text}},
        }
    }
    assert len(rules(policy=json.dumps(policy))[1]) == 3


# What is wrong is one line, and exit code 2.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as", "ann"], "prints it"),
        (["--as", ""], "prints it"),
        (["--as", f"arn:aws:iam::{ACCOUNT}:role/Developer"], "assumed-role/ROLE/SESSION"),
        (["--role-name", ""], "no role's name"),
        (["--role-name", "a/b"], "no role's name"),
        (["--role-name", "a", "--role-path", "team"], "no path"),
        (["--role-name", f"arn:aws:iam::{ACCOUNT}:role/a", "--role-path", "/x/"], "for names"),
        (["--role-name", "a", "--tag", "team"], "is not KEY=VALUE"),
        (["--role-name", "a", "--tag", "a=1", "--tag", "A=2"], "in whatever case"),
        (["--role-name", "a", "--principal", "ecs"], "TYPE:ID"),
        (["--tag", "a=1"], "say --role-name"),
        (["--role-path", "/"], "say --role-name"),
        (["--resource", "One"], "for templates"),
    ],
)
def test_a_question_that_cannot_be_asked_is_wrong_usage(rules, arguments, said):
    code, [line] = rules(*arguments)
    assert code == 2
    assert line.startswith("ERROR: ")
    assert said in line


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("nothing.json", "cannot be read: No such file"),
        ("\0", "cannot be read"),
        ("", "cannot be read"),
        ("{", "no JSON"),
        ('{"a":' * 100_000, "no JSON"),
        ("{}", "missing"),
        ('{"Resources": {}}', "no role-selection policy"),
        ('{"Resources": []}', "Resources"),
        (json.dumps({"rules": [], "allowed-base-roles": ["*"]}), "at least one rule"),
        (POLICY.replace('"allow"', '"Allow"'), "allow or deny"),
        (POLICY.replace('"rules"', '"rule"'), "rule"),
        (POLICY.replace('{"allowed', '{"rules": [], "allowed'), "rules"),
        (POLICY.replace('"allow"', '"\\u001b"'), "\\u001b"),
    ],
)
def test_a_policy_that_no_broker_would_take_is_wrong_usage(rules, policy, said):
    code, [line] = rules(policy=policy)
    assert code == 2
    assert line.startswith("ERROR: ")
    assert said in line


@pytest.mark.parametrize("text", ['[{"effect": "allow"}]', "[]", "5", "null", '"rules"', "NaN"])
def test_a_file_that_is_no_object_is_wrong_usage(rules, tmp_path, text):
    file = tmp_path / "rules.json"
    file.write_text(text)
    code, [line] = rules(policy=str(file))
    assert code == 2
    assert "no object" in line


def test_a_policy_that_was_given_is_not_called_by_the_name_of_a_variable(rules):
    _, [line] = rules(policy=POLICY.replace('"allow"', '"Allow"'))
    assert line.startswith("ERROR: the broker would not start: rule 1: ")


def test_a_policy_cannot_make_the_terminal_obey(rules):
    _, [line, *_] = rules(policy=POLICY.replace("orders-*", "\\u202eorders-*"))
    assert "\\u202eorders-*" in line


def test_an_option_is_not_guessed_by_its_beginning(rules):
    with pytest.raises(SystemExit) as ended:
        rules("--role", "orders-task")
    assert ended.value.code == 2
