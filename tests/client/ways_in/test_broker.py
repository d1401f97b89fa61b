"""The command line as a user or a script meets it: output, errors and exit codes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.client.command_line import EXPLANATION, GIVEN, Run, Service, one_error

ASK_BEDROCK = """
import boto3
boto3.client("bedrock-runtime").invoke_model(modelId="m", body=b"{}")
"""
SHOW = [
    sys.executable,
    "-c",
    "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if 'AWS' in k}))",
]


# Success.


def test_the_command_runs_with_the_new_credentials_alone(run: Run, service: Service) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", *SHOW,
        environ={"AWS_PROFILE": None, "AWS_SESSION_TOKEN": None},
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout) == {
        "AWS_ACCESS_KEY_ID": "ASIAGIVEN",
        "AWS_SECRET_ACCESS_KEY": "given-secret",
        "AWS_SESSION_TOKEN": "given-token",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": service.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.mark.parametrize(
    "left_behind",
    [
        {"AWS_BEARER_TOKEN_BEDROCK": "own-api-key"},
        {"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth"},
        {"AWS_BEARER_TOKEN_BEDROCK": "own-api-key", "AWS_AUTH_SCHEME_PREFERENCE": "sigv4"},
    ],
)
def test_the_command_signs_with_the_new_key_and_never_with_the_callers_token(
    run: Run, service: Service, tmp_path: Path, left_behind: dict[str, str | None]
) -> None:
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nsso_session = s\n"
        "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.com\n"
    )
    # The name is what botocore makes of the session's.
    token = {"accessToken": "own-sso-token", "expiresAt": "2099-01-01T00:00:00Z"}
    (cache / f"{hashlib.sha1(b's').hexdigest()}.json").write_text(json.dumps(token))  # noqa: S324
    finished = run(
        "simulate", "--role-name", "orders-task", sys.executable, "-c", ASK_BEDROCK,
        environ=left_behind,
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    _, bedrock = service.authorizations
    assert service.paths[1] == "/model/m/invoke"
    assert bedrock.startswith("AWS4-HMAC-SHA256 Credential=ASIAGIVEN/")


def test_the_request_is_the_ancestors(run: Run, service: Service) -> None:
    run(
        "simulate", "--remote", "--role-name", "orders-task", "--base-role", "Base",
        "--principal", "Service:ecs-tasks.amazonaws.com", "--function-name", "broker", "true",
    )  # fmt: skip
    assert service.asked == [
        {
            "role_name": "orders-task",
            "principal": "Service:ecs-tasks.amazonaws.com",
            "base_role": "Base",
        }
    ]
    assert service.paths == ["/2015-03-31/functions/broker/invocations"]


def test_the_options_of_the_command_are_its_own(run: Run) -> None:
    script = "import sys; print(sys.argv[1:])"
    finished = run(
        "simulate", "--role-name", "orders-task",
        sys.executable, "-c", script, "--profile", "x", "--region=y", "--help", "-v", "--debug",
    )  # fmt: skip
    assert finished.stdout == "['--profile', 'x', '--region=y', '--help', '-v', '--debug']\n"
    assert finished.stderr == ""


def test_two_dashes_may_stand_before_the_command(run: Run) -> None:
    assert run("simulate", "--role-name", "orders-task", "--", "echo", "hello").stdout == "hello\n"


def test_the_exit_code_is_the_commands(run: Run) -> None:
    assert run("simulate", "--role-name", "orders-task", "sh", "-c", "exit 7").returncode == 7
    killed = run("simulate", "--role-name", "orders-task", "sh", "-c", "kill -TERM $$")
    assert killed.returncode == 128 + 15


@pytest.mark.parametrize(("command", "code"), [("no-such-command", 127), ("/etc", 126)])
def test_a_command_that_cannot_run(run: Run, command: str, code: int) -> None:
    assert command in one_error(run("simulate", "--role-name", "orders-task", command), code)


def test_a_profile_is_saved_and_the_command_runs_too(run: Run, tmp_path: Path) -> None:
    finished = run("simulate", "--role-name", "orders-task", "--profile", "orders", "echo", "hi")
    assert finished.stdout == "hi\n"
    assert finished.stderr == "INFO: credentials saved under AWS profile orders.\n"
    saved = tmp_path / ".aws" / "credentials"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert "aws_session_token = given-token" in saved.read_text()


def test_the_profile_is_saved_where_botocore_reads(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    environ: dict[str, str | None] = {"AWS_SHARED_CREDENTIALS_FILE": str(elsewhere)}
    run("simulate", "--role-name", "orders-task", "--profile", "orders", environ=environ)
    assert "ASIAGIVEN" in elsewhere.read_text()


def test_long_lived_keys_are_overwritten_with_force_alone(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / ".aws" / "credentials"
    saved.parent.mkdir()
    saved.write_text("[ann]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n")
    arguments = ("simulate", "--role-name", "orders-task", "--profile", "ann")
    assert "long-lived keys" in one_error(run(*arguments), 253)
    assert "AKIA1" in saved.read_text()
    assert run(*arguments, "--force").returncode == 0
    assert "ASIAGIVEN" in saved.read_text()


def test_the_region_of_a_profile_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile dev]\nregion = ap-south-1\n")
    finished = run(
        "simulate", "--role-name", "orders-task", *SHOW,
        environ={"AWS_PROFILE": "dev", "AWS_REGION": None},
    )  # fmt: skip
    shown = json.loads(finished.stdout)
    assert shown["AWS_REGION"] == shown["AWS_DEFAULT_REGION"] == "ap-south-1"
    assert "AWS_PROFILE" not in shown


def test_the_option_region_wins(run: Run) -> None:
    finished = run("simulate", "--role-name", "orders-task", "--region", "us-west-2", *SHOW)
    assert json.loads(finished.stdout)["AWS_REGION"] == "us-west-2"


@pytest.mark.parametrize("before", [True, False])
def test_verbose_shows_the_steps_and_no_secret(run: Run, before: bool) -> None:
    arguments = ["simulate", "--role-name", "orders-task", "true"]
    arguments.insert(0 if before else 1, "--verbose")
    finished = run(*arguments)
    assert finished.returncode == 0
    assert "DEBUG: access key id: ASIAGIVEN" in finished.stderr
    assert "given-secret" not in finished.stderr
    assert "given-token" not in finished.stderr


# Failure.


def test_a_refusal_of_the_broker_is_its_own_words(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    finished = run("simulate", "--role-name", "orders-task", "echo", "hello")
    assert one_error(finished, 1) == "orders-task: may not be simulated"


def test_a_refusal_on_the_emulator_is_a_refusal_too(run: Run, service: Service) -> None:
    service.refuses("Runtime.HandlerError", "orders-task:\nno")
    finished = run("simulate", "--role-name", "orders-task", "true")
    assert one_error(finished, 1) == "orders-task: no"


@pytest.mark.parametrize("error_type", ["AwsCallFailed", "BrokerFailure", "Sandbox.Timedout"])
def test_a_failing_broker_is_no_refusal(run: Run, service: Service, error_type: str) -> None:
    service.refuses(error_type, "GetRole failed: Throttling: slow down")
    finished = run("simulate", "--role-name", "orders-task", "true")
    assert one_error(finished, 254) == "the broker failed: GetRole failed: Throttling: slow down"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "ResourceNotFoundException", 'no function "iam-sudo" in eu-west-1'),
        (403, "AccessDeniedException", "ask its owner for grant_sudo"),
        (403, "ExpiredTokenException", "have expired"),
        (403, "UnrecognizedClientException", "does not know your credentials"),
        (429, "TooManyRequestsException", "throttling"),
        (500, "ServiceException", "ServiceException"),
    ],
)
def test_what_lambda_answers_is_one_line(
    run: Run, service: Service, status: int, code: str, words: str
) -> None:
    service.fails(status, code)
    finished = run("simulate", "--role-name", "orders-task", "echo", "hello")
    assert words in one_error(finished, 254)


@pytest.mark.parametrize(
    "body",
    [
        {**GIVEN, "SessionToken": None},
        {"statusCode": 200, "body": "SECRET"},
        ["SECRET"],
        b'{"SecretAccessKey": "SECRET',
        b"",
    ],
)
def test_a_reply_that_is_no_credentials_is_refused(run: Run, service: Service, body: Any) -> None:
    service.body = body
    finished = run("simulate", "--debug", "--role-name", "orders-task", "echo", "hello")
    assert finished.returncode == 254
    assert finished.stdout == ""
    assert "is this function the iam-sudo broker?" in finished.stderr
    assert "SECRET" not in finished.stderr
    assert "given-secret" not in finished.stderr


def test_no_region(run: Run) -> None:
    finished = run("simulate", "--role-name", "orders-task", "true", environ={"AWS_REGION": None})
    assert "--region" in one_error(finished, 253)


def test_no_credentials(run: Run) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", "true", environ={"AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None},
    )  # fmt: skip
    assert "no usable AWS credentials" in one_error(finished, 253)


def test_no_such_profile(run: Run) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", "true", environ={"AWS_PROFILE": "nobody"}
    )
    assert "nobody" in one_error(finished, 253)


def test_nobody_listens(run: Run) -> None:
    environ: dict[str, str | None] = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    finished = run("simulate", "--role-name", "orders-task", "true", environ=environ)
    assert "cannot be reached" in one_error(finished, 254)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--role-name", "arn:aws:iam::111122223333:role/x", "true"],
        ["--role-name", "", "true"],
        ["--role-name", "x", "--principal", "ecs-tasks.amazonaws.com", "true"],
        ["--role-name", "x", "--base-role", "a b", "true"],
    ],
)
def test_a_wrong_option_is_found_before_anybody_is_asked(
    run: Run, service: Service, arguments: list[str]
) -> None:
    assert "invalid request" in one_error(run("simulate", *arguments), 2)
    assert service.asked == []


def test_neither_profile_nor_command_is_wrong_usage(run: Run, service: Service) -> None:
    finished = run("simulate", "--role-name", "orders-task")
    assert finished.returncode == 2
    assert "specify --profile, a command or both" in finished.stderr
    assert service.asked == []


def test_debug_shows_the_traceback(run: Run, service: Service) -> None:
    service.fails(403, "AccessDeniedException")
    assert "Traceback" in run("simulate", "--debug", "--role-name", "x", "true").stderr
    assert "Traceback" in run("--debug", "simulate", "--role-name", "x", "true").stderr
    assert "Traceback" not in run("simulate", "--role-name", "x", "true", "--debug").stderr


def test_help_imports_no_boto3(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from iam_sudo_client.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["simulate", "--help"], ["assume", "--help"], ["--version"]):
        finished = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
        )
        assert "'click'" in finished.stderr
        for heavy in ("boto3", "botocore", "aws_cdk", "jsii"):
            assert f"'{heavy}'" not in finished.stderr


# Explanations.

DIFFERENCE = {
    "kind": "base-role",
    "detail": "does not allow all of: iam:PassRole",
    "policy": "one",
    "statement": {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
}


def test_an_explanation_in_words(run: Run, service: Service) -> None:
    service.body = EXPLANATION
    explained = run("explain", "--role-name", "orders-task")
    assert (explained.returncode, explained.stderr) == (0, "")
    assert explained.stdout.splitlines() == [
        "Role       orders-task (arn:aws:iam::111122223333:role/orders-task)",
        "Allowed by role name orders-*, principal Service:ecs-tasks.amazonaws.com",
        "Base role  arn:aws:iam::111122223333:role/IAMSudoUser",
        "Session    iam-sudo-orders-task",
        "",
        "Session policies, compacted: 1,325 of 2,048 characters, 1 of 10 managed policies",
        "  300 characters inline",
        "  arn:aws:iam::aws:policy/X",
        "Session tags: env=dev",
        "  cannot be passed: aws:stack",
        "",
        "Differences from the role",
        "  none that its policies tell",
        "",
        "Resource policies that name the role do not apply to the session, and those that name the "
        "base role do.",
    ]
    assert service.asked == [{"role_name": "orders-task", "explain": True}]


def test_differences_and_what_a_boundary_cuts_are_said_with_their_statements(
    run: Run, service: Service
) -> None:
    boundary = {"permissions_boundary": "arn:aws:iam::111122223333:policy/b"}
    cut = [{**DIFFERENCE, "kind": "permissions-boundary", "policy": "two"}]
    service.body = EXPLANATION | boundary | {"differences": [DIFFERENCE], "cut_by_boundary": cut}
    explained = run("explain", "--role-name", "orders-task")
    assert explained.returncode == 3
    statement = '{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}'
    for line in (
        "The permissions boundary arn:aws:iam::111122223333:policy/b",
        "  permissions-boundary does not allow all of: iam:PassRole",
        f"    in two: {statement}",
        "  base-role does not allow all of: iam:PassRole",
        f"    in one: {statement}",
    ):
        assert line in explained.stdout.splitlines()


def test_an_explanation_as_json(run: Run, service: Service) -> None:
    service.body = EXPLANATION | {"differences": [DIFFERENCE]}
    explained = run("explain", "--role-name", "orders-task", "--json")
    assert explained.returncode == 3
    assert json.loads(explained.stdout) == service.body


def test_the_session_policy_beside_the_originals(run: Run, service: Service) -> None:
    service.body = EXPLANATION
    lines = run("explain", "--role-name", "orders-task", "--diff").stdout.splitlines()
    assert "-# one" in lines
    assert '-      "Sid": "Mine"' in lines
    assert '   "Version": "2012-10-17",' in lines


def test_simulate_can_explain_and_runs_nothing(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = EXPLANATION
    explained = run("simulate", "--role-name", "orders-task", "--explain", "touch", "ran")
    assert explained.returncode == 0
    assert explained.stdout.startswith("Role       orders-task")
    assert not (tmp_path / "ran").exists()
    assert service.asked == [{"role_name": "orders-task", "explain": True}]


def test_a_refusal_is_not_explained(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated: so it is")
    assert "may not be simulated" in one_error(run("explain", "--role-name", "orders-task"), 1)


@pytest.mark.parametrize("body", [[], {}, {"differences": "none"}, dict(GIVEN)])
def test_what_is_no_explanation_is_not_taken_for_one(
    run: Run, service: Service, body: object
) -> None:
    service.body = body
    error = one_error(run("explain", "--role-name", "orders-task"), 254)
    assert "is this function the iam-sudo broker?" in error
    assert "given-secret" not in error


def test_credentials_are_never_explained_by_a_broker_that_ignores_the_question(
    run: Run, service: Service
) -> None:
    service.body = dict(GIVEN)
    for debug in ([], ["--debug"]):
        finished = run("explain", "--role-name", "orders-task", *debug)
        assert "given-" not in finished.stdout + finished.stderr
