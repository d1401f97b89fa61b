"""A sign of life on a terminal, while nobody answers: from the second second on, and gone after.

And a pause, for what AWS does not show everywhere yet.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from iam_sudo_client.report import log, printable

_QUIET_SECONDS = 1.0
_STEP_SECONDS = 0.25
# After as long as the broker has waited itself.
_SECONDS_UNTIL_SEEN = 5
_ERASE_LINE = "\r\x1b[K"


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Show on standard error, if it is a terminal, what is waited for and for how long.

    A terminal that calls itself dumb cannot erase a line, and gets none.
    """
    # None: it is closed.
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    done = threading.Event()
    spinner = threading.Thread(target=_turn, args=[printable(what), done], daemon=True)
    spinner.start()
    try:
        yield
    finally:
        done.set()
        spinner.join()


def _turn(what: str, done: threading.Event) -> None:
    began = time.monotonic()
    if done.wait(_QUIET_SECONDS):
        return
    for sign in itertools.cycle("|/-\\"):
        seconds = time.monotonic() - began
        sys.stderr.write(f"{_ERASE_LINE}{sign} waiting for {what}: {seconds:.0f} s")
        sys.stderr.flush()
        if done.wait(_STEP_SECONDS):
            break
    sys.stderr.write(_ERASE_LINE)
    sys.stderr.flush()


def pause_until_seen(why: str) -> None:
    """Wait some seconds, with a word of why."""
    log.warning("%s (in %d s, once)", why, _SECONDS_UNTIL_SEEN)
    time.sleep(_SECONDS_UNTIL_SEEN)
