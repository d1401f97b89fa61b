r"""Run a command in an environment of its own.

The command is a child without a shell: our standard streams and open files are its own, its exit
code is ours, 128 + n says that signal n ended it. It starts with the signal state that we were
started with: default dispositions, none blocked, and ignored what our caller told us to ignore
(`nohup iam-sudo …` must still outlive the terminal).

Signals reach the child once. Those sent to us are passed on. Ctrl-C and Ctrl-\ are not, as the
terminal gives them to its whole foreground process group, which the child shares; the price is that
`kill -INT` of our process alone is not passed on while we are in the foreground.
"""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from iam_sudo_client.errors import CommandNotExecutable, CommandNotFound

FORWARDED_SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_TYPED_AT_TERMINAL = {signal.SIGINT, signal.SIGQUIT}
_KILLED_BY_SIGNAL = 128


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end and return its exit code, or 128 + n when signal n ended it.

    To be called in the main thread, as Python receives signals there. Raises CommandNotFound and
    CommandNotExecutable.
    """
    program = _find(command[0], environment.get("PATH", os.defpath))
    with _received_signals() as received:
        try:
            child = os.posix_spawn(
                program,
                list(command),
                environment,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),  # Python itself ignores these two
            )
        except OSError as error:
            # The file is there: what is missing is the interpreter that its first line names.
            missing = isinstance(error, FileNotFoundError) and not Path(program).exists()
            if missing:
                raise CommandNotFound(command[0]) from None
            reason = error.strerror or str(error)
            raise CommandNotExecutable(command[0], reason=reason) from error
        while True:
            number = os.read(received, 1)[0]
            if number != signal.SIGCHLD:
                _pass_on(number, child)
                continue
            ended, status = os.waitpid(child, os.WNOHANG)  # 0 when it was only stopped or continued
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else _KILLED_BY_SIGNAL - code


def _find(name: str, path: str) -> str:
    if "/" in name:
        return name
    if found := shutil.which(name, path=path):
        return found
    if unexecutable := shutil.which(name, mode=os.F_OK, path=path):
        raise CommandNotExecutable(name, reason=f"{unexecutable} is not executable")
    raise CommandNotFound(name)


@contextmanager
def _received_signals() -> Iterator[int]:
    """Collect what arrives from now on as bytes, the signals' numbers, in a pipe's reading end.

    A handler in C writes them at the moment of arrival. So one that comes before the child is there
    waits for it, and none can slip in between a check and the wait, as with handlers in Python.
    """
    watched = [
        number
        for number in FORWARDED_SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN  # the child shall ignore it as well
    ]
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    wakeup_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    handlers_before = {
        number: signal.signal(number, lambda *_: None) for number in [*watched, signal.SIGCHLD]
    }
    mask_before = signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers_before)
    try:
        yield reading
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask_before)
        for number, handler in handlers_before.items():
            if handler is not None:  # None: not set from Python, and so not ours to restore
                signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup_before)
        os.close(reading)
        os.close(writing)


def _pass_on(number: int, child: int) -> None:
    if number in _TYPED_AT_TERMINAL and _is_in_foreground():
        return
    with suppress(PermissionError):  # a setuid child, `sudo`, takes signals from root alone
        os.kill(child, number)


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False  # no controlling terminal: nobody typed
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
