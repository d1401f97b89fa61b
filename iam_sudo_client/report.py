"""What we say on standard error, and how much of it."""

from __future__ import annotations

import logging
import traceback

log = logging.getLogger("iam_sudo")


def note(**facts: object) -> None:
    """Show facts with `--verbose`."""
    for name, fact in facts.items():
        log.debug("%s: %s", name.replace("_", " "), fact)


class Report:
    """The report of one run of the command."""

    def __init__(self) -> None:
        self._debug = False
        if not log.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
            log.addHandler(handler)
            log.propagate = False
        log.setLevel(logging.INFO)

    def listen(self, *, verbose: bool, debug: bool) -> None:
        """Take up the options; they may stand before the command's name and after it."""
        self._debug |= debug
        if verbose or debug:
            log.setLevel(logging.DEBUG)

    def failed(self, message: str, code: int) -> int:
        """Report the error that is being handled, and return its exit code."""
        log.error("%s", message)
        if self._debug:
            traceback.print_exc()
        return code
