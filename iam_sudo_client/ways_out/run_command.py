r"""Become a command: the process that was ours is the command's from then on, and nothing stays.

So its end is what our caller sees: a shell stops its loop, and its `&&` chain, only when the child
itself *died* of Ctrl-C; `kill`, `wait`, Ctrl-Z and a closing terminal reach the command and nobody
else. It has no shell; our standard streams and open files are its own. It starts with the signal
state that we were started with: default dispositions, none blocked, and ignored what our caller
told us to ignore (`nohup iam-sudo …` must still outlive the terminal).

Windows cannot replace a process. There we wait, Ctrl-C is the command's alone, and its exit code is
ours; when we are killed it goes on.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from iam_sudo_client.errors import CommandNotExecutable, CommandNotFound


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Become the command; only on Windows this returns, with its exit code.

    To be called when nothing is left to do, in the main thread, as Python sets signals there.
    Raises CommandNotFound and CommandNotExecutable.
    """
    program = _find(command[0], environment.get("PATH", os.defpath))
    try:
        if sys.platform == "win32":
            return _wait_for(program, command, environment)
        _become(program, command, environment)
    except OSError as error:
        # The file is there: what is missing is the interpreter that its first line names.
        missing = isinstance(error, FileNotFoundError) and not Path(program).exists()
        if missing:
            raise CommandNotFound(command[0]) from None
        reason = error.strerror or str(error)
        raise CommandNotExecutable(command[0], reason=reason) from error


def _become(program: str, command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    # What Python handles gets its default back by itself, and what is ignored stays ignored; but
    # these two Python itself ignores.
    ignored_by_python = (signal.SIGPIPE, signal.SIGXFSZ)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ignored_by_python}
    mask = signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execve(program, list(command), dict(environment))  # noqa: S606 - no shell is the point
    finally:  # it failed
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_for(program: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    with subprocess.Popen([program, *command[1:]], env=dict(environment)) as child:
        # From here on; what is ignored before, the command would ignore too.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return child.wait()


def _find(name: str, path: str) -> str:
    if "/" in name or os.sep in name:
        return name
    if found := shutil.which(name, path=path):
        return found
    if unexecutable := shutil.which(name, mode=os.F_OK, path=path):
        raise CommandNotExecutable(name, reason=f"{unexecutable} is not executable")
    raise CommandNotFound(name)
