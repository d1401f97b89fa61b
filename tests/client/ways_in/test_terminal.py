"""Questions on the way to credentials: on the terminal alone, never on standard streams."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.command_line import Run, Service, one_error
from tests.client.terminal import Terminal

MFA = """
[profile dev]
role_arn = arn:aws:iam::111122223333:role/developer
source_profile = me
mfa_serial = arn:aws:iam::111122223333:mfa/ann

[profile me]
aws_access_key_id = AKIAOLD
aws_secret_access_key = old-secret
"""
# A helper that reads all it can, and says on its own standard error what that was.
HELPER = """
import json, sys
print("helper read", repr(sys.stdin.readline()), file=sys.stderr)
print(json.dumps({"Version": 1, "AccessKeyId": "AKIAHELPER", "SecretAccessKey": "s"}))
"""
CMD = ["simulate", "--role-name", "orders-task", "cat"]


@pytest.fixture
def config(environment: dict[str, str], tmp_path: Path) -> Callable[[str], None]:
    """Write the config file, whose profile `dev` is the caller."""

    def config(text: str) -> None:
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "config").write_text(text)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.pop(name)
        environment["AWS_PROFILE"] = "dev"

    return config


def test_without_a_terminal_an_mfa_code_is_asked_of_nobody(
    run: Run, service: Service, config: Callable[[str], None]
) -> None:
    config(MFA)
    said = one_error(run(*CMD, stdin=b"123456\n"), 253)
    assert "there is no terminal to ask for it on" in said
    assert "aws configure export-credentials" in said
    assert service.asked == []


@pytest.fixture
def terminal(environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(script: str) -> Terminal:
        started.append(Terminal("sh", "-c", script, environ=environment))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_an_mfa_code_comes_from_the_terminal_and_the_input_is_the_commands(
    terminal: Callable[..., Terminal], config: Callable[[str], None], tmp_path: Path
) -> None:
    config(MFA)
    command = f"{sys.executable} -m iam_sudo_client {' '.join(CMD)}"
    shell = terminal(f"printf 'da''ta\\n' | {command} > {tmp_path}/printed; echo en''ded")
    shell.wait_for("Enter MFA code for arn:aws:iam::111122223333:mfa/ann: ")
    shell.type(b"\n")
    shell.wait_for("no MFA code was typed")
    shell.wait_for("ended")
    assert (tmp_path / "printed").read_text() == ""


def test_a_code_that_is_typed_is_sent_and_not_shown(
    terminal: Callable[..., Terminal], config: Callable[[str], None], service: Service
) -> None:
    config(MFA)
    script = (
        "from iam_sudo_client.ways_in.terminal import ask_on_terminal, terminal_alone\n"
        "import sys\n"
        "with terminal_alone(): code = ask_on_terminal('Code: ')\n"
        "print('got', code[::-1], sys.stdin.read())\n"
    )
    shell = terminal(f'printf da""ta | {sys.executable} -c "{script}" | cat')
    shell.wait_for("Code: ")
    shell.type(b"123456\n")
    shell.wait_for("got 654321 data")
    assert "123456" not in shell.shown


def test_a_helper_gets_nothing_of_the_commands_input(
    run: Run, config: Callable[[str], None], tmp_path: Path
) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    config(f"[profile dev]\ncredential_process = {sys.executable} {tmp_path}/helper.py\n")
    finished = run(*CMD, stdin=b"data\n")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "data\n"


def test_closed_streams_stay_closed() -> None:
    script = (
        "import os\n"
        "from iam_sudo_client.ways_in.terminal import terminal_alone\n"
        "with terminal_alone(): os.fstat(0)\n"
        "try: os.fstat(0)\n"
        "except OSError: os.write(2, b'closed')\n"
    )
    finished = subprocess.run(
        ["sh", "-c", f'{sys.executable} -c "{script}" <&-'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == "closed"


def test_what_is_printed_on_the_way_is_not_the_commands_output() -> None:
    script = (
        "import os\n"
        "from iam_sudo_client.ways_in.terminal import terminal_alone\n"
        "with terminal_alone(): os.write(1, b'plugin')\n"
        "os.write(1, b'command')\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert (finished.stdout, finished.stderr) == ("command", "plugin")
