"""`serve`, `simulate --refresh` and `assume --refresh`: CMD beside an endpoint that renews."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.client.command_line import GIVEN, Run, Service, one_error
from tests.client.commands.test_role_of import DEFINITION

URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
FETCH = f"""
import json, os, sys, urllib.request
def ask(uri=os.environ.get({URI!r}), token=os.environ.get({TOKEN!r})):
    request = urllib.request.Request(uri, headers={{"Authorization": token}})
    return json.load(urllib.request.urlopen(request))
"""
WHO = f"{FETCH}\nprint(json.dumps(ask()))"
ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
KEYS = "aws_access_key_id = AKIAFILE\naws_secret_access_key = s\n"
CHAIN = """
import botocore.session
found = botocore.session.Session().get_credentials()
print(found.method, found.get_frozen_credentials().access_key)
"""


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", script, *arguments]


def lasting(seconds: float) -> dict[str, str]:
    return {**GIVEN, "Expiration": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()}


@pytest.fixture(autouse=True)
def an_hour(service: Service) -> None:
    service.body = lasting(3600)


def assumed(seconds: float) -> bytes:
    given = lasting(seconds)
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in given.items())
    return (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"{fields}</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


REFRESHING = [
    ("simulate", "--refresh", "--role-name", "orders-task"),
    ("serve", "--role-name", "orders-task"),
    ("assume", "--refresh", "--role-name", "arn:aws:iam::111122223333:role/orders-task"),
]


@pytest.mark.parametrize("arguments", REFRESHING, ids=lambda arguments: arguments[0])
def test_the_command_gets_an_endpoint_and_no_other_source(
    run: Run, service: Service, arguments: tuple[str, ...]
) -> None:
    if arguments[0] == "assume":
        service.body = assumed(3600)
    finished = run(
        *arguments, *python(ENVIRONMENT),
        environ={"AWS_SESSION_TOKEN": "old", "IAM_SUDO_X_TOKEN": "old", "IAM_SUDO_X_URI": "old"},
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    shown = json.loads(finished.stdout)
    ours = {name: text for name, text in shown.items() if "AWS" in name or "IAM_SUDO" in name}
    uri, token = ours.pop(URI), ours.pop(TOKEN)
    assert ours.pop("IAM_SUDO_ORDERS_TASK_URI") == uri
    assert ours.pop("IAM_SUDO_ORDERS_TASK_TOKEN") == token
    assert uri.startswith("http://127.0.0.1:")
    assert uri.endswith("/role/orders-task")
    assert ours == {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": service.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "IAM_SUDO_ROLE": "orders-task",
    }
    assert shown["BOTO_CONFIG"] == os.devnull
    assert "old" not in shown.values()


def test_the_endpoint_gives_the_credentials(run: Run) -> None:
    finished = run(*REFRESHING[0], *python(WHO))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout)["AccessKeyId"] == "ASIAGIVEN"


@pytest.mark.parametrize(
    "files",
    [
        {".aws/credentials": f"[default]\n{KEYS}"},
        {".aws/config": f"[default]\n{KEYS}"},
        {".aws/config": "[default]\ncredential_process = echo\n"},
        {".aws/config": "[default]\nrole_arn = x\ncredential_source = Ec2InstanceMetadata\n"},
        {".boto": f"[Credentials]\n{KEYS}"},
    ],
    ids=["credentials", "config", "process", "role", "boto"],
)  # fmt: skip
def test_files_of_the_user_do_not_make_the_command_the_user(
    run: Run, tmp_path: Path, files: dict[str, str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    finished = run(*REFRESHING[0], *python(CHAIN))
    assert finished.stdout == "container-role ASIAGIVEN\n"


def test_what_the_default_profile_sets_besides_is_handed_on(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nuse_fips_endpoint = false\noutput = text\n"
    )
    shown = json.loads(run(*REFRESHING[0], *python(ENVIRONMENT)).stdout)
    assert shown["AWS_DEFAULT_OUTPUT"] == "text"


def test_several_roles_have_an_endpoint_and_a_token_each(run: Run, service: Service) -> None:
    script = f"""{FETCH}
environ = os.environ
for role in "A_TASK", "B_TASK":
    ask(environ[f"IAM_SUDO_{{role}}_URI"], environ[f"IAM_SUDO_{{role}}_TOKEN"])
try:
    ask(environ["IAM_SUDO_B_TASK_URI"], environ["IAM_SUDO_A_TASK_TOKEN"])
except urllib.error.HTTPError as error:
    print(error.code)
print(environ[{URI!r}] == environ["IAM_SUDO_A_TASK_URI"], environ["IAM_SUDO_ROLE"])
"""
    finished = run("serve", "--role-name", "a-task", "--role-name", "b-task", *python(script))
    assert (finished.stdout, finished.stderr) == ("403\nTrue a-task\n", "")
    assert [asked["role_name"] for asked in service.asked] == ["a-task", "b-task"]


def test_credentials_of_seconds_are_renewed_and_no_request_fails(
    run: Run, service: Service
) -> None:
    # As long as a busy machine may need to renew them, twice.
    service.body = lasting(20)
    script = f"""{FETCH}
import time
first = key = ask()["AccessKeyId"]
while key == first:
    time.sleep(0.05)
    key = ask()["AccessKeyId"]
print(first, key)
"""
    asked = service.asked

    class Counting(list[Any]):
        def append(self, item: Any) -> None:
            super().append(item)
            service.body = {**lasting(20), "AccessKeyId": f"ASIA{len(self)}"}

    service.asked = Counting(asked)
    finished = run(*REFRESHING[0], *python(script))
    assert (finished.stdout, finished.stderr) == ("ASIA1 ASIA2\n", "")


def test_what_cannot_be_renewed_is_given_to_its_end_and_then_it_is_said_why(
    run: Run, service: Service
) -> None:
    service.body = lasting(15)
    script = f"""{FETCH}
import time
print(ask()["AccessKeyId"], flush=True)
try:
    while True:
        ask()
        time.sleep(0.1)
except urllib.error.HTTPError as error:
    print(error.code, json.load(error)["Message"])
"""
    finished = run(*REFRESHING[0], *python(script))
    # The service goes on giving what has ended.
    good, error = finished.stdout.splitlines()
    assert good == "ASIAGIVEN"
    assert error.startswith("424 the credentials of orders-task ended ")
    assert "check the clock of this machine" in error
    warnings = [line for line in finished.stderr.splitlines() if line.startswith("WARNING")]
    assert warnings
    assert "given-" not in finished.stderr


# The process beside CMD.


def test_the_exit_code_is_the_commands_and_it_dies_of_its_own_signal(run: Run) -> None:
    assert run(*REFRESHING[0], "sh", "-c", "exit 7").returncode == 7
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        ended = run(*REFRESHING[0], "sh", "-c", f"kill -{int(number)} $$").returncode
        assert ended == -number


@pytest.mark.parametrize(("command", "code"), [("no-such-command", 127), ("/etc", 126)])
def test_a_command_that_cannot_run_leaves_nothing(
    run: Run, tmp_path: Path, command: str, code: int
) -> None:
    assert command in one_error(run(*REFRESHING[0], command), code)
    assert gone(tmp_path)


def test_standard_streams_are_the_commands(run: Run) -> None:
    finished = run(*REFRESHING[0], "cat", stdin=b"hello\n")
    assert (finished.stdout, finished.stderr) == ("hello\n", "")


def processes(home: Path) -> list[int]:
    """Those whose HOME is the test's: of ours there are no others."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"HOME={home}".encode() in environ and state != "Z":
            found.append(int(folder.name))
    return found


def eventually(true: Callable[[], Any]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def gone(home: Path) -> bool:
    return eventually(lambda: not processes(home))


def started(environment: dict[str, str], home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "iam_sudo_client", *arguments],
        env=environment, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_killed_while_the_command_runs_nothing_is_left(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    script = "import time; print('here', flush=True); time.sleep(60)"
    process = started(environment, tmp_path, *REFRESHING[0], *python(script))
    assert process.stdout
    assert process.stdout.readline() == b"here\n"
    assert len(processes(tmp_path)) == 2
    process.send_signal(number)
    process.wait(60)
    assert gone(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks into /proc")
def test_killed_at_any_moment_nothing_is_left(environment: dict[str, str], tmp_path: Path) -> None:
    for step in range(16):
        process = started(environment, tmp_path, *REFRESHING[0], "sleep", "60")
        time.sleep(0.05 * step)
        process.kill()
        process.wait(60)
        assert gone(tmp_path), step


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks into /proc")
def test_the_end_of_the_command_is_the_end_of_the_endpoint(run: Run, tmp_path: Path) -> None:
    assert run(*REFRESHING[0], "true").returncode == 0
    assert gone(tmp_path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no pidfd")
def test_without_a_descriptor_of_the_process_the_endpoint_looks_for_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    script = "import os; del os.pidfd_open; from iam_sudo_client.__main__ import main; main()"
    finished = subprocess.run(
        [*python(script), *REFRESHING[0], *python(WHO)],
        env=environment, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL,
        check=True, timeout=60,
    )  # fmt: skip
    assert b"ASIAGIVEN" in finished.stdout
    assert gone(tmp_path)


def test_a_command_that_waits_for_all_its_children_does_not_wait_for_us(run: Run) -> None:
    script = """
import os
try:
    os.wait()
except ChildProcessError:
    print("no children")
"""
    assert run(*REFRESHING[0], *python(script)).stdout == "no children\n"


# Without CMD, and what is refused.


def test_without_a_command_it_serves_who_has_the_token_of_the_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    process = started(
        environment, tmp_path, "serve", "--role-name", "orders-task", "--token-file", "token"
    )
    assert process.stderr
    line = process.stderr.readline().decode()
    assert line.startswith(f"INFO: serving orders-task: {URI}=http://127.0.0.1:")
    token = (tmp_path / "token").read_text()
    shown = subprocess.run(
        python(CHAIN),
        env={
            "PATH": environment["PATH"],
            "HOME": str(tmp_path),
            URI: line.strip().partition("=")[2],
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
        },
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown == "container-role ASIAGIVEN\n"
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert token not in line + rest.decode()
    assert rest == b"\n"  # click's, so that a prompt begins a line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["serve", "--role-name", "a"], "without CMD nobody would know the token"),
        (["serve", "--role-name", "a", "--host", "0.0.0.0", "true"], "is no address at which"),  # noqa: S104
        (["serve", "--role-name", "a-b", "--role-name", "a_b", "true"], "one variable"),
        (["serve", "--role-name", "a", "--role-name", "a", "true"], "is there twice"),
        (["simulate", "--role-name", "a", "--refresh", "--profile", "p", "true"], "--profile"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_before_anybody_is_asked(
    run: Run, service: Service, arguments: list[str], line: str
) -> None:
    assert line in one_error(run(*arguments), 125)
    assert service.asked == []


def test_a_refusal_is_one_line_and_the_command_is_not_started(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    assert "may not be simulated" in one_error(run(*REFRESHING[0], "echo", "hi"), 125)


def test_verbose_shows_no_secret(run: Run) -> None:
    finished = run(*REFRESHING[0], "--verbose", *python(ENVIRONMENT))
    shown = json.loads(finished.stdout)
    assert "serving: orders-task" in finished.stderr
    for secret in (shown[TOKEN], "given-secret", "given-token"):
        assert secret not in finished.stderr


def test_cmd_beside_an_endpoint_gets_what_the_workload_gets(run: Run, service: Service) -> None:
    service.operations = {
        "DescribeTaskDefinition": {"taskDefinition": DEFINITION},
        "GetParameters": {"Parameters": [{"Name": "/orders/password", "Value": "S3CR3T"}]},
    }
    finished = run(
        "simulate", "--refresh", "--role-of", "task-definition:orders", "--environment", "--",
        *python(ENVIRONMENT),
    )  # fmt: skip
    found = json.loads(finished.stdout)
    assert (found["STAGE"], found["PASSWORD"]) == ("dev", "S3CR3T")
    assert found["IAM_SUDO_ROLE"] == "orders-task"
    assert found[URI].endswith("/role/orders-task")
    assert "AWS_ACCESS_KEY_ID" not in found


def test_roles_of_names_and_of_workloads_are_served_together(run: Run, service: Service) -> None:
    service.operations = {"DescribeTaskDefinition": {"taskDefinition": DEFINITION}}
    finished = run(
        "serve", "--role-of", "task-definition:orders", "--role-name", "payments-task",
        *python(ENVIRONMENT),
    )  # fmt: skip
    found = json.loads(finished.stdout)
    assert found["IAM_SUDO_ROLE"] == "payments-task"
    assert found["IAM_SUDO_ORDERS_TASK_URI"].endswith("/role/orders-task")


def test_a_workload_s_role_that_is_named_as_well_is_there_twice(run: Run, service: Service) -> None:
    service.operations = {"DescribeTaskDefinition": {"taskDefinition": DEFINITION}}
    finished = run(
        "serve", "--role-of", "task-definition:orders", "--role-name", "orders-task", "true"
    )
    assert "the role orders-task is there twice" in one_error(finished, code=125)
