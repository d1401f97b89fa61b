"""`--role-of` and `--environment`: the workload instead of the role, and what it gets."""

import json
import sys
from typing import Any

import pytest

from tests.client.command_line import EXPLANATION, GIVEN, Run, Service, one_error
from tests.client.commands.test_simulate import CONFIRMED, POLICY
from tests.client.commands.test_why import LOOKED_UP, denied

ROLES = "arn:aws:iam::111122223333:role"
DEFINITION: dict[str, Any] = {
    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/orders:7",
    "taskRoleArn": f"{ROLES}/tasks/orders-task",
    "executionRoleArn": f"{ROLES}/orders-execution",
    "containerDefinitions": [
        {
            "name": "web",
            "environment": [
                {"name": "STAGE", "value": "dev"},
                {"name": "COLOUR", "value": "of-the-task"},
            ],
            "secrets": [{"name": "PASSWORD", "valueFrom": "/orders/password"}],
        }
    ],
}
OF = ("--role-of", "task-definition:orders")
SHOW = (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")


@pytest.fixture(autouse=True)
def ecs(service: Service) -> Service:
    service.operations = {
        "DescribeTaskDefinition": {"taskDefinition": json.loads(json.dumps(DEFINITION))},
        "GetParameters": {"Parameters": [{"Name": "/orders/password", "Value": "S3CR3T"}]},
    }
    return service


def environment_of(finished: Any) -> dict[str, str]:
    assert finished.returncode == 0, finished.stderr
    found: dict[str, str] = json.loads(finished.stdout)
    return found


def sets(service: Service, **variables: str) -> None:
    [container] = service.operations["DescribeTaskDefinition"]["taskDefinition"][
        "containerDefinitions"
    ]
    container["environment"] += [{"name": n, "value": v} for n, v in variables.items()]


def test_the_broker_is_asked_for_the_workload_s_role_by_its_arn(run: Run, service: Service) -> None:
    found = environment_of(run("simulate", *OF, *SHOW))
    assert service.asked[-1] == {"role_name": f"{ROLES}/tasks/orders-task"}
    assert (found["AWS_ACCESS_KEY_ID"], found["IAM_SUDO_ROLE"]) == ("ASIAGIVEN", "orders-task")
    assert "STAGE" not in found


def test_cmd_gets_what_the_workload_gets(run: Run, service: Service) -> None:
    environ: dict[str, str | None] = {"COLOUR": "of-the-shell", "OTHER": "of-the-shell"}
    found = environment_of(run("simulate", *OF, "--environment", "--", *SHOW, environ=environ))
    assert (
        found.items()
        >= {
            "STAGE": "dev",
            "COLOUR": "of-the-task",
            "PASSWORD": "S3CR3T",
            "OTHER": "of-the-shell",
            "AWS_ACCESS_KEY_ID": "ASIAGIVEN",
        }.items()
    )
    roles = [asked["role_name"] for asked in service.asked if "role_name" in asked]
    assert roles == [f"{ROLES}/tasks/orders-task", f"{ROLES}/orders-execution"]


def test_a_variable_of_the_shell_wins_where_it_is_kept(run: Run, service: Service) -> None:
    environ: dict[str, str | None] = {"COLOUR": "of-the-shell", "PASSWORD": "mine"}
    kept = ("--environment", "web", "--keep", "COLOUR", "--keep", "PASSWORD")
    found = environment_of(run("simulate", *OF, *kept, *SHOW, environ=environ))
    assert (found["COLOUR"], found["PASSWORD"]) == ("of-the-shell", "mine")
    # It need not be readable, then.
    assert {"role_name": f"{ROLES}/orders-execution"} not in service.asked


def test_secrets_may_be_read_as_oneself(run: Run, service: Service) -> None:
    typed = (*OF, "--environment", "--secrets-as", "caller", *SHOW)
    assert environment_of(run("simulate", *typed))["PASSWORD"] == "S3CR3T"
    assert {"role_name": f"{ROLES}/orders-execution"} not in service.asked
    assert "Credential=AKIAOLD/" in service.authorizations[-1]


def test_secrets_are_read_with_the_execution_role_s_credentials(run: Run, service: Service) -> None:
    environment_of(run("simulate", *OF, "--environment", "--", *SHOW))
    assert "Credential=ASIAGIVEN/" in service.authorizations[-1]
    assert service.asked[-1]["Names"] == ["/orders/password"]


def test_what_narrows_the_session_of_cmd_narrows_no_other(run: Run, service: Service) -> None:
    service.body = GIVEN | CONFIRMED
    typed = ("--policy", json.dumps(POLICY), "--base-role", "other")
    environment_of(run("simulate", *OF, *typed, "--environment", "--", *SHOW))
    task, execution = (asked for asked in service.asked if "role_name" in asked)
    assert task["policy"] == POLICY
    assert execution == {"role_name": f"{ROLES}/orders-execution", "base_role": "other"}


@pytest.mark.parametrize("level", ["--verbose", "--debug"])
def test_no_value_of_a_workload_is_told(run: Run, service: Service, level: str) -> None:
    finished = run(level, "simulate", *OF, "--environment", "--", "true")
    assert finished.returncode == 0
    assert "COLOUR, PASSWORD, STAGE" in finished.stderr
    for value in ("S3CR3T", "of-the-task", "given-secret", "given-token"):
        assert value not in finished.stderr + finished.stdout


def test_a_workload_s_variable_that_names_somebody_is_left_out_and_told(
    run: Run, service: Service
) -> None:
    names = {
        "AWS_PROFILE": "admin",
        "AWS_ACCESS_KEY_ID": "AKIAOTHER",
        "AWS_BEARER_TOKEN_BEDROCK": "S3CR3T-2",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
        "LD_PRELOAD": "/opt/x.so",
        "BASH_ENV": "$(touch ran)",
        "BASH_FUNC_true%%": "() { touch ran; }",
        "IAM_SUDO_ROLE": "admin",
    }
    sets(service, **names)
    finished = run("simulate", *OF, "--environment", "--", *SHOW)
    found = environment_of(finished)
    assert (found["AWS_ACCESS_KEY_ID"], found["IAM_SUDO_ROLE"]) == ("ASIAGIVEN", "orders-task")
    assert not {"AWS_ACCESS_KEY_ID", "IAM_SUDO_ROLE"} ^ (names.keys() & found.keys())
    [line] = finished.stderr.splitlines()
    assert line.startswith("WARNING: of the workload's variables these are left out")
    for name, value in names.items():
        assert name in line
        assert value not in line or name == "IAM_SUDO_ROLE"


def test_the_workload_s_region_is_cmd_s_unless_it_is_given(run: Run, service: Service) -> None:
    sets(service, AWS_REGION="us-east-1")
    typed = (*OF, "--environment", "--", *SHOW)
    assert environment_of(run("simulate", *typed))["AWS_REGION"] == "us-east-1"
    given = environment_of(run("simulate", "--region", "eu-central-1", *typed))
    assert given["AWS_REGION"] == "eu-central-1"


def test_a_path_of_the_workload_that_has_no_cmd_says_how_to_keep_ones_own(
    run: Run, service: Service
) -> None:
    sets(service, PATH="/app/bin")
    finished = run("simulate", *OF, "--environment", "--", "true")
    said = one_error(finished, 127)
    assert said == "'true': command not found. PATH is the workload's: give --keep PATH for yours."
    kept = run("simulate", *OF, "--environment", "--keep", "PATH", "--", "true")
    assert kept.returncode == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--role-name", "x", "--role-of", "ecs:a/b"), "two ways to name one role"),
        (("--role-of", "orders"), '--role-of "orders" has no type; give ecs:CLUSTER/SERVICE, '),
        (("--role-of", "ecs:orders"), "is not of the form ecs:CLUSTER/SERVICE"),
        (("--role-name", "x", "--environment"), "--environment needs the workload and not its"),
        ((*OF, "--keep", "HOME"), "--keep is of no use without --environment"),
        ((*OF, "--secrets-as", "caller"), "--secrets-as is of no use without --environment"),
        ((*OF, "--environment", "--keep", "NO_SUCH"), "your shell has no such variable"),
        ((*OF, "--environment", "--secrets-as", "me"), "'me' is none of execution-role, caller"),
        ((*OF, "--environment", "python"), 'no container "python"; it has web. CMD comes after --'),
    ],
)
@pytest.mark.parametrize("command", ["simulate", "assume"])
def test_what_does_not_go_together_is_found_before_credentials(
    run: Run, service: Service, command: str, typed: tuple[str, ...], said: str
) -> None:
    finished = run(command, *typed, "--", "true")
    assert finished.returncode == 125
    assert said in finished.stderr.splitlines()[-1]
    assert not any("role_name" in asked for asked in service.asked)


def test_an_environment_without_cmd_is_nothing(run: Run, service: Service) -> None:
    finished = run("simulate", *OF, "--environment", "--profile", "orders")
    assert "--environment is what CMD gets, and there is no CMD" in one_error(finished, 2)


def test_role_of_comes_before_cmd_too(run: Run, service: Service) -> None:
    finished = run("simulate", "true", *OF)
    assert "--role-of stands after CMD" in finished.stderr
    assert "Missing option '--role-name' or '--role-of'" in run("simulate", "true").stderr


def test_explain_takes_a_workload(run: Run, service: Service) -> None:
    service.body = EXPLANATION
    explained = run("explain", *OF)
    assert explained.returncode == 0, explained.stderr
    same = run("simulate", *OF, "--explain")
    assert same.stdout == explained.stdout
    asked = [each for each in service.asked if "role_name" in each]
    assert asked == 2 * [{"role_name": f"{ROLES}/tasks/orders-task", "explain": True}]
    assert "Missing option '--role-name' or '--role-of'" in run("explain").stderr


def test_why_takes_a_workload(run: Run, service: Service) -> None:
    service.body = LOOKED_UP
    text = denied("s3:GetObject", "because no session policy allows the s3:GetObject action")
    finished = run("why", *OF, stdin=text)
    assert finished.returncode == 0, finished.stderr
    assert service.asked[-1] == {"role_name": f"{ROLES}/tasks/orders-task", "explain": True}


def test_assume_assumes_the_workload_s_role(run: Run, service: Service) -> None:
    result = "".join(f"<{name}>{value}</{name}>" for name, value in GIVEN.items())
    service.body = (
        f"<AssumeRoleResponse><AssumeRoleResult><Credentials>{result}</Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    ).encode()
    typed = ("--policy", json.dumps(POLICY), "--environment", "--", *SHOW)
    found = environment_of(run("assume", *OF, *typed))
    assert (found["IAM_SUDO_ROLE"], found["PASSWORD"]) == ("orders-task", "S3CR3T")
    assumed = [asked for asked in service.asked if isinstance(asked, str)]
    assert ["orders-task" in asked for asked in assumed] == [True, False]
    # What narrows CMD's session is not for the one that reads its secrets.
    assert ["&Policy=" in asked for asked in assumed] == [True, False]
    assert "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Forders-execution" in assumed[1]
