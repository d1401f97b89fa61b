"""Becoming the command: real processes, real signals, a real terminal, real shells.

`tests/client/test_terminal.py` has the whole command at a terminal.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from iam_sudo_client.errors import CommandNotExecutable, CommandNotFound
from iam_sudo_client.ways_out.run_command import run
from tests.client.terminal import PATIENCE, Terminal

# Runs its arguments as the command, as iam-sudo would.
WRAPPER = """
import os, sys
from iam_sudo_client.ways_out.run_command import run
sys.exit(run(sys.argv[1:], os.environ))
"""
# Says what reached it, until SIGUSR2 ends it: every signal before that one has been seen by then.
LISTENER = """
import os, signal, sys
def hear(number, _frame):
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
    if number == signal.SIGUSR2:
        os._exit(7)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
               signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, hear)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""


def environ() -> dict[str, str]:
    return dict(os.environ)


def ended(*command: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a command that took our place, and what it printed."""
    script = WRAPPER.replace("os.environ", repr(environment)) if environment else WRAPPER
    finished = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=False
    )
    return finished.returncode, finished.stdout


@pytest.fixture
def wrapped() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the wrapper without a controlling terminal, and leave nothing behind."""
    started: list[subprocess.Popen[str]] = []
    watchdogs: list[threading.Timer] = []

    def start(*command: str, before: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", before + WRAPPER, *command],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        watchdogs.append(threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL)))
        watchdogs[-1].start()  # a test that waits in vain fails instead
        return process

    yield start
    for process, watchdog in zip(started, watchdogs, strict=True):
        watchdog.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_command_sees_exactly_the_environment_it_is_given() -> None:
    given = {"PATH": "/nowhere", "AWS_ACCESS_KEY_ID": "ASIANEW"}
    code, printed = ended("/usr/bin/env", environment=given)
    assert code == 0
    assert sorted(printed.split()) == ["AWS_ACCESS_KEY_ID=ASIANEW", "PATH=/nowhere"]


def test_nothing_of_ours_stays_beside_the_command(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    process = wrapped("sh", "-c", "echo $$; exec sleep 600")
    assert int(line(process)) == process.pid
    process.kill()  # and so nobody is left an orphan
    assert process.wait(PATIENCE) == -signal.SIGKILL


# --- how it ends


@pytest.mark.parametrize("code", [0, 1, 3, 125, 126, 127, 255])
def test_the_exit_code_of_the_command_is_ours(code: int) -> None:
    assert ended("sh", "-c", f"exit {code}")[0] == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGINT])
def test_who_waits_for_us_sees_that_a_signal_ended_the_command(number: signal.Signals) -> None:
    assert ended("sh", "-c", f"kill -{number.value} $$")[0] == -number


def test_a_command_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "folder-command").mkdir()
    absent = ["no-such-command", "", str(tmp_path / "absent"), "folder-command"]
    for name in absent:
        with pytest.raises(CommandNotFound) as error:
            run([name], {"PATH": str(tmp_path)})
        assert error.value.exit_code == 127
        assert repr(name) in str(error.value)


def test_the_command_is_looked_up_on_its_own_path_and_not_on_ours(tmp_path: Path) -> None:
    program = tmp_path / "only-here"
    program.write_text("#!/bin/sh\nexit 5\n")
    program.chmod(0o755)
    assert ended("only-here", environment={"PATH": str(tmp_path)})[0] == 5
    with pytest.raises(CommandNotFound):
        run(["sh"], {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("content", "permissions", "said"),
    [
        ("#!/bin/sh\n", 0o644, "not executable"),
        ("no first line\n", 0o755, "Exec format error"),
        ("#!/no/such/interpreter\n", 0o755, "No such file"),
    ],
)
def test_a_file_that_cannot_be_run_is_not_executable(
    tmp_path: Path, content: str, permissions: int, said: str
) -> None:
    program = tmp_path / "program"
    program.write_text(content)
    program.chmod(permissions)
    with pytest.raises(CommandNotExecutable, match=said) as error:
        run(["program"], {"PATH": str(tmp_path)})
    assert error.value.exit_code == 126
    with pytest.raises(CommandNotExecutable):
        run([str(program)], environ())


def test_a_folder_is_not_executable(tmp_path: Path) -> None:
    with pytest.raises(CommandNotExecutable, match="Permission denied"):
        run([str(tmp_path)], environ())


def test_arguments_that_no_process_takes_are_told(tmp_path: Path) -> None:
    with pytest.raises(CommandNotExecutable, match="Argument list too long"):
        run(["true", *["x" * 100_000] * 100], environ())


def test_when_it_fails_our_own_signals_are_as_they_were() -> None:
    watched = (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ)
    before = [signal.getsignal(number) for number in watched]
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        with pytest.raises(CommandNotExecutable):
            run(["/"], environ())
        assert [signal.getsignal(number) for number in watched] == before
        assert signal.SIGUSR1 in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def test_standard_streams_and_open_files_are_the_commands_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from a file\n")
    script = """
import os, sys
print(input()); print("problem", file=sys.stderr); print(os.read(int(sys.argv[1]), 99).decode())
"""
    with (tmp_path / "file").open() as stream:  # as from `9<file` in a shell
        number = stream.fileno()
        done = subprocess.run(
            [sys.executable, "-c", WRAPPER, sys.executable, "-c", script, str(number)],
            input="typed\n",
            capture_output=True,
            text=True,
            pass_fds=[number],
            check=False,
        )
    assert (done.stdout, done.stderr) == ("typed\nfrom a file\n\n", "problem\n")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads Linux's /proc")
def test_no_file_of_ours_is_left_open_for_the_command(tmp_path: Path) -> None:
    code, printed = ended("sh", "-c", "exec ls /proc/self/fd")
    assert code == 0
    assert len(printed.split()) <= 4  # the standard streams, and the one by which `ls` looks


# --- signals


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1],
)
def test_a_signal_sent_to_us_reaches_the_command(
    wrapped: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = wrapped(sys.executable, "-c", LISTENER)
    assert line(process) == "ready"
    process.send_signal(number)
    assert line(process) == number.name
    assert process.poll() is None
    process.send_signal(signal.SIGUSR2)
    assert line(process) == "SIGUSR2"
    assert process.wait(PATIENCE) == 7


def state_of_command(wrapped: Callable[..., subprocess.Popen[str]], before: str) -> list[int]:
    """Return the masks of blocked and of ignored signals, 1 to 31 (glibc keeps 32 and 33)."""
    process = wrapped("grep", "-E", "SigBlk|SigIgn", "/proc/self/status", before=before)
    assert process.stdout is not None
    masks = re.findall(r"\w+:\s*([0-9a-f]+)", process.stdout.read())
    assert process.wait(PATIENCE) == 0
    return [int(mask, 16) & (1 << 31) - 1 for mask in masks]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_the_command_starts_with_no_signal_blocked_and_none_ignored(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    blocking = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {10, 14, 15, 17})\n"
    for before in ("", blocking):
        assert state_of_command(wrapped, before) == [0, 0]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_what_nohup_made_us_ignore_the_command_ignores_too(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    assert state_of_command(wrapped, ignoring) == [0, 1 << signal.SIGHUP - 1]


@pytest.mark.parametrize(("keys", "name"), [(b"\x03", "SIGINT"), (b"\x1c", "SIGQUIT")])
def test_a_key_typed_at_the_terminal_reaches_the_command_once(keys: bytes, name: str) -> None:
    terminal = Terminal(sys.executable, "-c", WRAPPER, sys.executable, "-c", LISTENER)
    terminal.wait_for("ready")
    terminal.type(keys)
    terminal.wait_for(name)
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.wait_for("SIGTERM")
    os.kill(terminal.pid, signal.SIGUSR2)
    terminal.wait_for("SIGUSR2")
    assert terminal.exit_code() == 7
    assert terminal.shown.count(name) == 1


# --- where a process cannot be replaced


def test_on_windows_we_wait_and_end_as_the_command_does() -> None:
    script = (
        "import os, sys\n"
        "from iam_sudo_client.ways_out import run_command\n"
        "sys.exit(run_command._wait_for(sys.argv[1], sys.argv[1:], {'A': 'b'}))\n"
    )
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            "/bin/sh",
            "-c",
            "sleep 0.3; kill -INT $PPID; echo $A; exit 9",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (9, "b\n")
