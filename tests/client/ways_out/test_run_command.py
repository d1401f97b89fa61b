"""Running the command: real processes, real signals, a real terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from iam_sudo_client.errors import CommandNotExecutable, CommandNotFound
from iam_sudo_client.ways_out.run_command import FORWARDED_SIGNALS, run

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
PATIENCE = 240.0


def environ() -> dict[str, str]:
    return dict(os.environ)


@pytest.fixture
def wrapped() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the wrapper without a controlling terminal, and leave nothing behind."""
    started: list[subprocess.Popen[str]] = []
    watchdogs: list[threading.Timer] = []

    def start(*command: str, wrapper: str = WRAPPER, before: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", before + wrapper, *command],
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


# --- the environment


def test_the_command_sees_exactly_the_environment_it_is_given(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run(["/usr/bin/env"], {"PATH": "/nowhere", "AWS_ACCESS_KEY_ID": "ASIANEW"}) == 0
    assert sorted(capfd.readouterr().out.split()) == ["AWS_ACCESS_KEY_ID=ASIANEW", "PATH=/nowhere"]


# --- how it ends


@pytest.mark.parametrize("code", [0, 1, 3, 126, 127, 255])
def test_the_exit_code_of_the_command_is_ours(code: int) -> None:
    assert run(["sh", "-c", f"exit {code}"], environ()) == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_command_that_a_signal_ended_shows_as_128_and_its_number(number: signal.Signals) -> None:
    assert run(["sh", "-c", f"kill -{number.value} $$"], environ()) == 128 + number


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
    assert run(["only-here"], {"PATH": str(tmp_path)}) == 5
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


# --- signals


@pytest.mark.parametrize("number", FORWARDED_SIGNALS[:-1])
def test_a_signal_sent_to_us_reaches_the_command_and_we_wait_for_its_end(
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


def test_a_terminated_command_ends_us_with_143(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    process = wrapped("sh", "-c", "echo ready; exec sleep 600")
    assert line(process) == "ready"
    process.terminate()
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", FORWARDED_SIGNALS)
def test_a_signal_around_the_start_of_the_command_is_neither_lost_nor_ours_to_die_of(
    wrapped: Callable[..., subprocess.Popen[str]], moment: str, number: signal.Signals
) -> None:
    interposed = f"""
import os
spawn = os.posix_spawn
def spawn_and_signal(*arguments, **options):
    if {moment == "before"}: os.kill(os.getpid(), {number.value})
    child = spawn(*arguments, **options)
    if {moment == "after"}: os.kill(os.getpid(), {number.value})
    print(child, flush=True)
    return child
os.posix_spawn = spawn_and_signal
"""
    process = wrapped("sleep", "600", before=interposed)
    child = int(line(process))
    assert process.wait(PATIENCE) == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_many_signals_at_once_end_in_one_exit_code(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    process = wrapped(sys.executable, "-c", LISTENER)
    assert line(process) == "ready"
    for _ in range(200):
        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGUSR2)
    assert process.wait(PATIENCE) == 7


def test_a_command_that_stops_and_continues_has_not_ended(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    process = wrapped("sh", "-c", "echo $$; kill -STOP $$; echo on; exit 4")
    child = int(line(process))
    assert process.stdout is not None
    while not select.select([process.stdout], [], [], 0.1)[0]:
        os.kill(child, signal.SIGCONT)  # again, as the first may have come before the stop
    assert line(process) == "on"
    assert process.wait(PATIENCE) == 4


def state_of_child(wrapped: Callable[..., subprocess.Popen[str]], before: str) -> list[int]:
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
        assert state_of_child(wrapped, before) == [0, 0]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_what_nohup_made_us_ignore_the_command_ignores_too(
    wrapped: Callable[..., subprocess.Popen[str]],
) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    assert state_of_child(wrapped, ignoring) == [0, 1 << signal.SIGHUP - 1]


def test_our_own_signal_handling_is_back_when_the_command_has_ended() -> None:
    watched = [*FORWARDED_SIGNALS, signal.SIGCHLD]
    before = [signal.getsignal(number) for number in watched]
    open_before = len(list(Path("/dev/fd").iterdir()))
    run(["true"], environ())
    with pytest.raises(CommandNotExecutable):
        run(["/"], environ())
    assert [signal.getsignal(number) for number in watched] == before
    assert len(list(Path("/dev/fd").iterdir())) == open_before
    assert signal.set_wakeup_fd(-1) == -1


# A signal that reached the command twice at the same moment would count once: react late.
REACT_LATE = """
import os, time
def read_late(*arguments, read=os.read):
    found = read(*arguments)
    time.sleep(0.2)
    return found
os.read = read_late
"""


class Terminal:
    """A process that leads the foreground of a terminal of its own, and what it shows."""

    def __init__(self, *command: str) -> None:
        self.shown = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            arguments = [sys.executable, "-c", REACT_LATE + WRAPPER, *command]
            os.execv(sys.executable, arguments)  # noqa: S606 - no shell is the point

    def type(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            if select.select([self.descriptor], [], [], 0.1)[0]:
                self.shown += os.read(self.descriptor, 4096).decode()
            elif time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                pytest.fail(f"{text} never came, but {self.shown!r}")

    def exit_code(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(ended[1])


@pytest.mark.parametrize(("keys", "name"), [(b"\x03", "SIGINT"), (b"\x1c", "SIGQUIT")])
def test_a_key_typed_at_the_terminal_reaches_the_command_once(keys: bytes, name: str) -> None:
    terminal = Terminal(sys.executable, "-c", LISTENER)
    terminal.wait_for("ready")
    terminal.type(keys)
    terminal.wait_for(name)
    os.kill(terminal.pid, signal.SIGTERM)  # passed on after whatever came before it
    terminal.wait_for("SIGTERM")
    os.kill(terminal.pid, signal.SIGUSR2)
    terminal.wait_for("SIGUSR2")
    assert terminal.exit_code() == 7
    assert terminal.shown.count(name) == 1


def test_an_interrupt_that_nobody_typed_reaches_the_command_of_a_background_job() -> None:
    shell = """
import subprocess, sys
job = subprocess.Popen(sys.argv[1:], process_group=0)
print("job", job.pid, "started", flush=True)
sys.exit(job.wait())
"""
    job = [sys.executable, "-c", WRAPPER, sys.executable, "-c", LISTENER]
    terminal = Terminal(sys.executable, "-c", shell, *job)
    terminal.wait_for("started")
    terminal.wait_for("ready")
    leader = re.search(r"job (\d+) started", terminal.shown)
    assert leader is not None
    os.kill(int(leader[1]), signal.SIGINT)
    terminal.wait_for("SIGINT")
    os.kill(int(leader[1]), signal.SIGUSR2)
    assert terminal.exit_code() == 7


def test_ctrl_c_ends_a_command_with_130() -> None:
    terminal = Terminal("sh", "-c", "echo ready; exec sleep 600")
    terminal.wait_for("ready")
    terminal.type(b"\x03")
    assert terminal.exit_code() == 128 + signal.SIGINT


def test_ctrl_c_belongs_to_an_interactive_program_that_handles_it() -> None:
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
    terminal = Terminal(sys.executable, "-c", program)
    terminal.wait_for("prompt")
    terminal.type(b"\x03")
    terminal.wait_for("interrupted\r\nprompt")
    terminal.type(b"\n")
    assert terminal.exit_code() == 9
