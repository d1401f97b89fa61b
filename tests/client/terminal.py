"""A process on a terminal of its own, as at a desk: what is typed, what it shows, how it ends."""

import os
import pty
import select
import signal
import time
from collections.abc import Mapping
from contextlib import suppress

import pytest

PATIENCE = 240.0


class Terminal:
    """A process that leads the foreground of a terminal, and what it shows."""

    def __init__(self, *command: str, environ: Mapping[str, str] | None = None) -> None:
        self.shown = ""
        self._seen = 0
        self._ended = False
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            environment = dict(os.environ) if environ is None else dict(environ)
            os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is the point

    def type(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def wait_for(self, text: str) -> None:
        """Wait until this is shown, after what was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.shown.find(text, self._seen)) < 0:
            if select.select([self.descriptor], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.descriptor, 4096).decode(errors="replace")
                except OSError:
                    pytest.fail(f"{text} never came, but {self.shown!r}")
            elif time.monotonic() > deadline:
                self.end()
                pytest.fail(f"{text} never came, but {self.shown!r}")
        self._seen = found + len(text)

    def close(self) -> None:
        """Close the terminal, as by its window's button."""
        os.close(self.descriptor)

    def exit_code(self) -> int:
        """Wait for the end, and return the exit code; of who died of a signal, minus its number."""
        deadline = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)
        with suppress(OSError):
            os.close(self.descriptor)
        self._ended = True
        return os.waitstatus_to_exitcode(ended[1])

    def end(self) -> None:
        """Leave nothing behind."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            self.exit_code()
