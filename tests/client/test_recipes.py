"""What docs/recipes.md shows, run as far as it can be without Docker, editors and Terraform."""

import json
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.client.command_line import GIVEN, Run, Service
from tests.docs.pages import blocks, page

RECIPES = page("docs/recipes.md")
WHO = "import boto3; print(boto3.Session().get_credentials().access_key)"


@pytest.fixture(autouse=True)
def an_hour(service: Service) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    service.body = {**GIVEN, "Expiration": ends.isoformat()}


def test_a_task_locally(run: Run) -> None:
    finished = run("simulate", "--refresh", "--role-name", "orders-task", sys.executable, "-c", WHO)
    assert finished.stdout == "ASIAGIVEN\n"


def test_docker_compose_gets_every_variable_that_the_file_has(run: Run) -> None:
    (block,) = blocks("yaml", of=RECIPES)
    compose = yaml.safe_load(block.text)
    assert set(compose["services"]) == {"orders", "payments"}
    wanted = set(re.findall(r"\$\{(\w+)\}", block.text))
    finished = run(
        "serve", "--role-name", "orders-task", "--role-name", "payments-task",
        sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))",
    )  # fmt: skip
    given = json.loads(finished.stdout)
    assert wanted <= given.keys()
    tokens = {given[name] for name in wanted if name.endswith("_TOKEN")}
    assert len(tokens) == 2


def test_an_editor_with_the_variables_of_its_configuration(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    token = tmp_path / ".iam-sudo-token"
    server = subprocess.Popen(
        [sys.executable, "-m", "iam_sudo_client", "serve", "--role-name", "orders-task",
         "--port", port, "--token-file", str(token)],
        env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert server.stderr
    assert b"serving orders-task" in server.stderr.readline()
    (block,) = blocks("json", of=RECIPES)
    variables = {
        name: text.replace("${userHome}", str(tmp_path)).replace(":9911", f":{port}")
        for name, text in json.loads(block.text)["env"].items()
    }
    # Whoever has a [default] profile, as most have.
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", WHO],
        env={"PATH": environment["PATH"], "HOME": str(tmp_path), **variables},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=60)
    assert shown == "ASIAGIVEN\n"


def test_pytest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import boto3\n"
        "def test_it():\n"
        "    assert boto3.Session().get_credentials().access_key == 'ASIAGIVEN'\n"
    )
    finished = run(
        "simulate", "--refresh", "--role-name", "orders-task",
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py",
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "1 passed" in finished.stdout
