"""`app.py` as the CDK's CLI runs it: context and environment in, an assembly or one line out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

from tests.cdk.templates import IS_OLD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(IS_OLD, reason="the application pins the CDK that it needs"),
]

ROOT = Path(__file__).parents[2]


def run(outdir, *, account=None, **context):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_"))}
    environ = {
        **kept,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(
            {**json.loads((ROOT / "cdk.json").read_text())["context"], **context}
        ),
    }
    if account:
        environ.update(CDK_DEFAULT_ACCOUNT=account, CDK_DEFAULT_REGION="eu-west-1")
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def stacks(outdir):
    return {path.name.removesuffix(".template.json") for path in outdir.glob("*.template.json")}


def test_the_accounts_and_a_pattern_are_enough(tmp_path):
    done = run(tmp_path, development_accounts="111122223333", role_names="orders-*")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stacks(tmp_path) == {"iam-sudo"}
    text = (tmp_path / "iam-sudo.template.json").read_text()
    assert "orders-*" in text
    assert "arn:aws:" not in text


def test_with_the_demo_there_are_the_roles_of_the_blog(tmp_path):
    done = run(tmp_path, development_accounts="111122223333", stack_name="sudo", demo="true")
    assert done.returncode == 0, done.stderr
    assert stacks(tmp_path) == {"sudo", "sudo-demo"}
    demo = json.loads((tmp_path / "sudo-demo.template.json").read_text())
    roles = {
        role["Properties"]["RoleName"]: (
            role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"],
            [
                statement["Action"]
                for policy in role["Properties"].get("Policies", [])
                for statement in policy["PolicyDocument"]["Statement"]
            ],
        )
        for role in demo["Resources"].values()
    }
    assert roles == {
        "iam-sudo-demo-my-task": ("ecs-tasks.amazonaws.com", ["ssm:DescribeParameters"]),
        "iam-sudo-demo-no-policies": ("ecs-tasks.amazonaws.com", []),
        "iam-sudo-demo-trusting-lambda": ("lambda.amazonaws.com", ["ssm:DescribeParameters"]),
        "other-team-task": ("ecs-tasks.amazonaws.com", ["s3:ListAllMyBuckets"]),
    }


def test_without_credentials_the_template_is_environment_agnostic(tmp_path):
    run(tmp_path, development_accounts="111122223333")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (
        manifest["artifacts"]["iam-sudo"]["environment"] == "aws://unknown-account/unknown-region"
    )


def test_with_credentials_of_a_development_account_the_stack_is_bound_to_it(tmp_path):
    run(tmp_path, account="111122223333", development_accounts="111122223333")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["artifacts"]["iam-sudo"]["environment"] == "aws://111122223333/eu-west-1"


@pytest.mark.parametrize(
    ("account", "context", "line"),
    [
        (
            None,
            {},
            "iam-sudo: development_accounts: it is missing; allowed: a list of 12-digit account "
            "ids, at least one",
        ),
        (
            None,
            {"development_accounts": "111122223333", "strategy": "sudo"},
            'iam-sudo: strategy: "sudo" is not allowed; allowed: session-policy',
        ),
        (
            "999999999999",
            {"development_accounts": "111122223333"},
            "iam-sudo: development_accounts: the stack is for account 999999999999, which is not "
            "one of 111122223333; the broker is for development accounts only",
        ),
        (
            None,
            {"development_accounts": "111122223333", "role_names": "x" * 5000},
            "iam-sudo: role_names and principals: the broker's environment needs",
        ),
    ],
)
def test_what_is_wrong_is_one_line_on_stderr_without_a_traceback(tmp_path, account, context, line):
    done = run(tmp_path, account=account, **context)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
    assert stacks(tmp_path) == set()


def test_what_a_terminal_would_obey_is_shown_by_its_number(tmp_path):
    hostile = "\u202e\x1b[2J\x9b2J\x7f\u2066\n"
    accounts = {"development_accounts": "111122223333"}
    wrong_value = run(tmp_path, strategy=f"a{hostile}", **accounts)
    wrong_key = run(tmp_path, **{"role_name\u202e": "b"}, **accounts)
    for line in (wrong_value.stderr, wrong_key.stderr):
        assert line.startswith("iam-sudo: ")
        assert line.removesuffix("\n").isprintable()
        assert r"\u202e" in line


def test_without_the_cdk_the_import_says_what_to_install():
    without = (
        "import sys; sys.modules.update({'aws_cdk': None, 'constructs': None})\n"
        "try:\n    import iam_sudo_cdk\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", without], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ('iam_sudo_cdk needs the AWS CDK: pip install "iam-sudo-cdk[cdk]"\n')


def test_the_product_does_not_need_cdk_nag():
    imports = "import sys, iam_sudo_cdk; print('cdk_nag' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", imports], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
