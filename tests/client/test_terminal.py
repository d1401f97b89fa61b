"""The whole command at a terminal, under the shells that people have.

What is typed is written so that the terminal's echo of it is not what is waited for.
"""

import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.command_line import Service
from tests.client.terminal import PATIENCE, Terminal

IAM_SUDO = f"{sys.executable} -m iam_sudo_client simulate --role-name orders-task"
# Shells without anybody's own settings, the last word before a script.
SHELLS = {"bash": "bash --norc -c", "zsh": "zsh -f -c", "fish": "fish --no-config -c"}
LOOPS = {
    "bash": "for i in 1 2 3; do {}; done",
    "zsh": "for i in 1 2 3; do {}; done",
    "fish": "for i in 1 2 3; {}; end",
}
# Says that it has begun, and stays.
SLEEPS = "sh -c 'echo be''gun; exec sleep 600'"
CTRL_C, CTRL_Z = b"\x03", b"\x1a"

Start = Callable[..., Terminal]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed here")
    return name


@pytest.fixture
def at_terminal(environment: dict[str, str]) -> Iterator[Start]:
    started: list[Terminal] = []

    def start(*command: str, **environ: str) -> Terminal:
        started.append(Terminal(*command, environ=environment | {"TERM": "dumb"} | environ))
        return started[-1]

    yield start
    for terminal in started:
        terminal.end()


@pytest.fixture
def script(shell: str, at_terminal: Start) -> Callable[[str], Terminal]:
    """Run a script of the shell."""
    return lambda text: at_terminal(*SHELLS[shell].split(), text)


@pytest.fixture
def interactive(shell: str, at_terminal: Start) -> Terminal:
    """The shell, waiting for what is typed."""
    terminal = at_terminal(*SHELLS[shell].split()[:-1], "-i")
    terminal.type(b"echo shell-is-$(expr 40 + 2)\n" if shell != "fish" else b"echo shell-is-4''2\n")
    terminal.wait_for("shell-is-42")
    return terminal


def test_ctrl_c_ends_the_loop_and_not_one_round_of_it(
    shell: str, script: Callable[[str], Terminal]
) -> None:
    terminal = script(LOOPS[shell].format(f"{IAM_SUDO} {SLEEPS}"))
    terminal.wait_for("begun")
    terminal.type(CTRL_C)
    assert terminal.exit_code() != 0
    assert terminal.shown.count("begun") == 1


def test_ctrl_c_before_the_command_is_there_ends_the_loop_too(
    shell: str, script: Callable[[str], Terminal], service: Service
) -> None:
    service.seconds = 600
    terminal = script(LOOPS[shell].format(f"{IAM_SUDO} {SLEEPS}"))
    deadline = time.monotonic() + PATIENCE
    while not service.asked and time.monotonic() < deadline:
        time.sleep(0.02)
    terminal.type(CTRL_C)
    assert terminal.exit_code() != 0
    assert len(service.asked) == 1
    assert "Traceback" not in terminal.shown


def test_ctrl_c_does_not_run_what_follows_in_a_chain(script: Callable[[str], Terminal]) -> None:
    terminal = script(f"{IAM_SUDO} {SLEEPS} && echo o''ne || echo t''wo")
    terminal.wait_for("begun")
    terminal.type(CTRL_C)
    assert terminal.exit_code() != 0
    assert "one" not in terminal.shown
    assert "two" not in terminal.shown


def test_ctrl_z_stops_the_command_and_fg_goes_on(interactive: Terminal) -> None:
    program = "import sys; print('be' 'gun', flush=True); print('read ' + input(), flush=True)"
    command = f"{IAM_SUDO} {sys.executable} -c {shlex.quote(program)}\n"
    interactive.type(command.encode())
    interactive.wait_for("begun")
    interactive.type(CTRL_Z)
    time.sleep(0.5)  # what is typed too early is the program's
    interactive.type(b"echo prompt-is-ba''ck\n")
    interactive.wait_for("prompt-is-back")
    interactive.type(b"fg\n")
    time.sleep(0.5)  # the shell hands the terminal over
    interactive.type(b"a line\n")
    interactive.wait_for("read a line")


def test_a_loop_at_the_prompt_ends_and_the_prompt_comes_back(
    shell: str, interactive: Terminal
) -> None:
    interactive.type(LOOPS[shell].format(f"{IAM_SUDO} {SLEEPS}").encode() + b"\n")
    interactive.wait_for("begun")
    interactive.type(CTRL_C)
    time.sleep(0.5)  # what is typed too early, the terminal throws away with Ctrl-C
    interactive.type(b"echo prompt-is-ba''ck\n")
    interactive.wait_for("prompt-is-back")
    assert interactive.shown.count("begun") == 1


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def pid_in(file: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while not (file.exists() and file.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(file.read_text())


def test_the_command_goes_with_its_terminal(interactive: Terminal, tmp_path: Path) -> None:
    interactive.type(f"{IAM_SUDO} sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600'\n".encode())
    pid = pid_in(tmp_path / "pid")
    interactive.close()
    assert is_gone(pid)


def test_nohup_keeps_the_command_when_the_terminal_goes(
    interactive: Terminal, tmp_path: Path
) -> None:
    command = f"nohup {IAM_SUDO} sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600' > /dev/null 2>&1"
    interactive.type(f"{command} &\n".encode())
    pid = pid_in(tmp_path / "pid")
    interactive.close()
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)  # it is there


def test_a_program_that_handles_ctrl_c_does(at_terminal: Start) -> None:
    # Blocked and waited for: of Python's `input` it may come too early, and be lost.
    program = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("prompt", flush=True)
signal.sigwait([signal.SIGINT])
print("interrupted", "prompt", sep="\\n", flush=True)
input()
sys.exit(9)
"""
    terminal = at_terminal(*IAM_SUDO.split(), sys.executable, "-c", program)
    terminal.wait_for("prompt")
    terminal.type(CTRL_C)
    terminal.wait_for("interrupted\r\nprompt")
    terminal.type(b"\n")
    assert terminal.exit_code() == 9


def test_ctrl_c_while_we_are_at_work_is_said_by_the_signal_alone(
    at_terminal: Start, service: Service
) -> None:
    service.seconds = 600
    terminal = at_terminal(*IAM_SUDO.split(), "true")
    while not service.asked:
        time.sleep(0.02)
    terminal.type(CTRL_C)
    assert terminal.exit_code() == -signal.SIGINT


def test_without_a_command_the_users_shell_opens_and_its_prompt_is_untouched(
    shell: str, at_terminal: Start
) -> None:
    path = shutil.which(shell)
    terminal = at_terminal(*IAM_SUDO.split(), SHELL=path or "", PS1="mi''ne> ")
    terminal.wait_for("INFO: a shell with the credentials of orders-task, until 2026-11-22T13:00")
    time.sleep(0.5)
    terminal.type(b"echo role-$IAM_SUDO_ROLE key-$AWS_ACCESS_KEY_ID\n")
    terminal.wait_for("role-orders-task key-ASIAGIVEN")
    terminal.type(b"exit 7\n")
    assert terminal.exit_code() == 7


def test_a_shell_that_is_not_there_is_not_found(at_terminal: Start) -> None:
    terminal = at_terminal(*IAM_SUDO.split(), SHELL="/no/such/shell")
    terminal.wait_for("command not found")
    assert terminal.exit_code() == 127


def test_without_a_shell_of_their_own_people_get_that_of_posix(at_terminal: Start) -> None:
    terminal = at_terminal(*IAM_SUDO.split(), SHELL="")
    terminal.wait_for("INFO: a shell")
    time.sleep(0.5)
    terminal.type(b"exit 5\n")
    assert terminal.exit_code() == 5


def test_a_shell_whose_output_would_be_obeyed_is_not_opened(at_terminal: Start) -> None:
    terminal = at_terminal("sh", "-c", f'eval "$({" ".join(IAM_SUDO.split())})"; echo ended-$?')
    terminal.wait_for("a shell is opened at a terminal alone")
    terminal.wait_for("ended-")
    terminal.exit_code()
