"""The main job on the emulator: real CDK, real Lambda function, real command."""

import json
from pathlib import Path

import pytest

from demo.emulator import ACCOUNT
from tests.emulator.conftest import SSO_ROLE, Deployment, Finished, allow, document

pytestmark = pytest.mark.slow

ROLE = "iam-sudo-demo-my-task"
IDENTITY = ("aws", "sts", "get-caller-identity")
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/IAMSudoUser/iam-sudo-{ROLE}"


def error(finished: Finished) -> str:
    assert (finished.returncode, finished.stdout) == (125, ""), finished.stderr
    [line] = finished.stderr.splitlines()
    return line


def test_the_session_is_one_of_the_base_role(deployment: Deployment) -> None:
    finished = deployment.run("iam-sudo", "simulate", "--role-name", ROLE, *IDENTITY)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout)["Arn"] == SESSION


def test_the_ancestors_client_gets_credentials_too(deployment: Deployment, ancestor: Path) -> None:
    finished = deployment.run(str(ancestor), "simulate", "--remote", "--role-name", ROLE, *IDENTITY)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["Arn"] == SESSION


def test_the_ancestors_client_shows_our_refusal(deployment: Deployment, ancestor: Path) -> None:
    finished = deployment.run(
        str(ancestor), "simulate", "--remote", "--role-name", "other-team-task", *IDENTITY
    )
    assert finished.returncode == 1
    assert "ERROR: other-team-task: may not be simulated" in finished.stderr


def test_a_permission_set_may_ask_the_broker(deployment: Deployment) -> None:
    sts = deployment.emulator.client("sts", deployment.developer.access_key)
    session = sts.assume_role(RoleArn=SSO_ROLE, RoleSessionName="ann")["Credentials"]
    finished = deployment.run(
        "iam-sudo", "simulate", "--role-name", ROLE, *IDENTITY, credentials=session
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["Arn"] == SESSION


def test_somebody_else_may_not_ask_the_broker(deployment: Deployment) -> None:
    somebody = deployment.user("somebody", allow("iam:*", "sts:*"))
    finished = deployment.run(
        "iam-sudo", "simulate", "--role-name", ROLE, *IDENTITY, credentials=somebody
    )
    assert "ask its owner for grant_sudo" in error(finished)


def test_credentials_that_aws_does_not_know(deployment: Deployment) -> None:
    nobody = {"AccessKeyId": "AKIANOBODY0000000000", "SecretAccessKey": "x" * 40}
    finished = deployment.run(
        "iam-sudo", "simulate", "--role-name", ROLE, *IDENTITY, credentials=nobody
    )
    assert "AWS does not know your credentials" in error(finished)


def test_a_function_that_is_not_there(deployment: Deployment) -> None:
    allowed = deployment.user("invoker", allow("lambda:InvokeFunction"))
    finished = deployment.run(
        "iam-sudo", "simulate", "--role-name", ROLE, "--function-name", "nowhere", *IDENTITY,
        credentials=allowed,
    )  # fmt: skip
    assert 'no function "nowhere" in eu-west-1' in error(finished)


def test_what_the_role_may_do_works_and_nothing_else(deployment: Deployment) -> None:
    deployment.role(
        "iam-sudo-demo-buckets",
        allow("s3:ListAllMyBuckets"),
        {"Effect": "Deny", "Action": "sns:ListTopics", "Resource": "*"},
        allow("sns:*"),
    )
    session = deployment.simulated("iam-sudo-demo-buckets")
    for command in (("s3api", "list-buckets"), ("sns", "create-topic", "--name", "t")):
        finished = deployment.run("aws", *command, credentials=session)
        assert finished.returncode == 0, finished.stderr
    for command in (
        ("sns", "list-topics"),
        ("ssm", "describe-parameters"),
        ("s3api", "create-bucket", "--bucket", "b"),
    ):
        finished = deployment.run("aws", *command, credentials=session)
        assert finished.returncode != 0
        assert any(code in finished.stderr for code in ("AccessDenied", "AuthorizationError"))


def test_a_policy_narrows_the_session_further(deployment: Deployment) -> None:
    deployment.role("iam-sudo-demo-narrowed", allow("s3:*", "sns:*"))
    policy = document(allow("s3:ListAllMyBuckets"))
    for way in ([], ["--explain"]):
        finished = deployment.run(
            "iam-sudo", "simulate", "--role-name", "iam-sudo-demo-narrowed", "--policy", policy,
            *way, "aws", "s3api", "list-buckets",
        )  # fmt: skip
        assert finished.stderr == ""
    assert "  policy does not allow all of: s3:*, sns:*" in finished.stdout
    denied = deployment.run(
        "iam-sudo", "simulate", "--role-name", "iam-sudo-demo-narrowed", "--policy", policy,
        "aws", "sns", "list-topics",
    )  # fmt: skip
    assert denied.returncode not in (0, 125)
    assert "AuthorizationError" in denied.stderr


def test_a_role_may_be_named_by_its_arn(deployment: Deployment) -> None:
    for arn in (
        f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/me",
    ):
        finished = deployment.run("iam-sudo", "simulate", "--role-name", arn, *IDENTITY)
        assert json.loads(finished.stdout)["Arn"] == SESSION
    elsewhere = deployment.run(
        "iam-sudo", "simulate", "--role-name", f"arn:aws:iam::444455556666:role/{ROLE}", *IDENTITY
    )
    assert "choose an AWS_PROFILE of account 444455556666" in error(elsewhere)


def test_what_the_emulator_says_of_a_denial_is_traced_to_its_side(deployment: Deployment) -> None:
    deployment.role("iam-sudo-demo-denied", allow("s3:*"))
    command = "iam-sudo simulate --role-name iam-sudo-demo-denied aws dynamodb list-tables"
    finished = deployment.run("sh", "-c", f"{command} 2>&1 | iam-sudo why")
    assert finished.stdout.startswith("Denied by  the role iam-sudo-demo-denied\n"), finished


def test_managed_and_inline_policies_together(deployment: Deployment) -> None:
    deployment.role("iam-sudo-demo-both", allow("s3:ListAllMyBuckets"))
    iam = deployment.emulator.client("iam")
    text = document(allow("ssm:DescribeParameters"))
    policy = iam.create_policy(PolicyName="describe", PolicyDocument=text)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="iam-sudo-demo-both", PolicyArn=policy)
    session = deployment.simulated("iam-sudo-demo-both")
    for command in (("s3api", "list-buckets"), ("ssm", "describe-parameters")):
        finished = deployment.run("aws", *command, credentials=session)
        assert finished.returncode == 0, finished.stderr
    finished = deployment.run("aws", "ec2", "describe-vpcs", credentials=session)
    assert "UnauthorizedOperation" in finished.stderr


@pytest.mark.parametrize(
    ("role_name", "words"),
    [
        ("other-team-task", "its name matches no allowed pattern"),
        ("iam-sudo-demo-trusting-lambda", "no principal that its trust policy allows"),
        ("no-such-role", "no role that may be simulated"),
    ],
)
def test_refusals_are_one_line_and_exit_code_125(
    deployment: Deployment, role_name: str, words: str
) -> None:
    finished = deployment.run("iam-sudo", "simulate", "--role-name", role_name, *IDENTITY)
    assert words in error(finished)


def test_a_decision_is_a_line_in_the_brokers_log(deployment: Deployment) -> None:
    given = deployment.simulated(ROLE)
    logs = deployment.emulator.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/lambda/iam-sudo")["events"]
    log = "\n".join(event["message"] for event in events)
    assert f'"access_key_id": "{given["AccessKeyId"]}"' in log
    assert given["SecretAccessKey"] not in log
    assert given["SessionToken"] not in log


def test_the_blogs_own_local_command(deployment: Deployment) -> None:
    emulator = deployment.emulator
    base = deployment.role("iam-sudo-demo-power-user", trust={"AWS": [ACCOUNT]})
    emulator.client("iam").attach_role_policy(
        RoleName="iam-sudo-demo-power-user", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess"
    )
    caller = deployment.user("local", allow("iam:Get*", "iam:List*"), allow("sts:*"))
    finished = deployment.run(
        "iam-sudo", "simulate", "--local", "--role-name", ROLE,
        "--base-role", "iam-sudo-demo-power-user", "--profile", "local-demo",
        *IDENTITY, credentials=caller,
    )  # fmt: skip
    assert finished.stderr == "INFO: credentials saved under AWS profile local-demo.\n"
    assert json.loads(finished.stdout)["Arn"].endswith(
        f"assumed-role/iam-sudo-demo-power-user/iam-sudo-{ROLE}"
    )
    saved = deployment.run(
        "aws", "--profile", "local-demo", "s3api", "list-buckets", credentials={}
    )
    assert "AccessDenied" in saved.stderr
    by_variable = deployment.run(
        "iam-sudo", "simulate", "--local", "--role-name", ROLE, *IDENTITY,
        credentials=caller, IAM_SUDO_BASE_ROLE=base,
    )  # fmt: skip
    assert by_variable.returncode == 0, by_variable.stderr


def test_local_with_the_brokers_base_role_is_refused(deployment: Deployment) -> None:
    caller = deployment.user("local-2", allow("iam:Get*", "iam:List*"), allow("sts:*"))
    finished = deployment.run(
        "iam-sudo", "simulate", "--local", "--role-name", ROLE, *IDENTITY, credentials=caller
    )
    assert 'the base role "IAMSudoUser" does not exist, or you may not' in error(finished)


def test_assume_is_the_role_itself_when_it_trusts_you(deployment: Deployment) -> None:
    deployment.role("trusting", allow("s3:ListAllMyBuckets"), trust={"AWS": ACCOUNT})
    finished = deployment.run("iam-sudo", "assume", "--role-name", "trusting", *IDENTITY)
    assert json.loads(finished.stdout)["Arn"].endswith("assumed-role/trusting/iam-sudo-trusting")
    denied = deployment.run("iam-sudo", "assume", "--role-name", ROLE, *IDENTITY)
    assert f"iam-sudo simulate --role-name {ROLE}" in error(denied)
