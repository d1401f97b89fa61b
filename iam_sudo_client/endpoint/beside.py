"""A process beside CMD, which takes our place: it begins before CMD and ends with it.

CMD is the process that we were (docs/decisions/0021), so its signals, terminal and exit code are
its own, and who kills us has killed CMD. What answers beside it is nobody's child, since a CMD that
waits for all its children would wait for ever; is in no process group of the terminal, since CMD
may want credentials for what it does on Ctrl-C; and watches CMD's process, so that it goes however
that ends, by `kill -9` as well. It keeps nothing in files, so nothing is left.

Windows has no fork: there the endpoint is a part of the process that waits for CMD.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 0.25


def serve_beside(serve: Callable[[], None], *, leave: Callable[[], None]) -> None:
    """Have `serve` run beside what this process becomes.

    `leave` closes in this process what is the other's. To be called while there is one thread.
    """
    if sys.platform == "win32":
        threading.Thread(target=serve, daemon=True).start()
        return
    ours = os.getpid()
    watched = _watch(ours)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        leave()
        if watched is not None:
            os.close(watched)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _serve_until_end(serve, ours, watched)
    finally:  # whatever happened, this is not the process that goes on
        os._exit(0)


def _serve_until_end(serve: Callable[[], None], pid: int, watched: int | None) -> None:
    gc.enable()  # which the command line does without; this process has days
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # a pipe that CMD closes has to end
    # The log has the stream already, and nothing else is to be drawn where CMD prints.
    sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    threading.Thread(target=serve, daemon=True).start()
    if watched is not None:
        select.select([watched], [], [])
        return
    # A process that has ended is there until somebody asks how, and who reads our standard error
    # until its end asks afterwards; so here nobody but the program is told that renewing fails.
    os.dup2(null, 2)
    while _lives(pid):
        time.sleep(_LOOK_SECONDS)


def _watch(pid: int) -> int | None:
    """A descriptor that can be read when the process has ended; None where there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, or an old one
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # CMD is another user by now, as `sudo` is
        pass
    return True
