"""How long to wait for what AWS does not show yet."""

from __future__ import annotations

from collections.abc import Callable

# Together less than what the function has (30 s), with what else it does.
WAITS = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0)


class Patience:
    """Waits that get longer and come to an end; how to wait is passed in."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        self._wait, self._left = wait, iter(WAITS)

    def goes_on(self) -> bool:
        """Wait, and say so; or say that there is nothing left to wait."""
        seconds = next(self._left, None)
        if seconds is not None:
            self._wait(seconds)
        return seconds is not None
