"""One role's credentials, which are good whenever somebody asks.

They are renewed when half of their life is over, and while that goes on, or fails, those are given
that are still good. When none are, whoever asks waits for one attempt and is told why it failed.
Half is early: SDKs begin to ask anew a quarter of an hour before the end (botocore), and should
find new ones then. One attempt at a time, however many wait; after a failure there is a pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from iam_sudo_client.errors import CommandLineError, ServiceFailed
from iam_sudo_client.report import log
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import quoted

_SHARE_OF_LIFE = 0.5
_PAUSES_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
# A machine that slept has another time of day than its timers believe.
_LOOK_SECONDS = 20.0
# Getting credentials turns the standard streams of the whole process round (`ways_in.terminal`).
_ONE_AT_A_TIME = threading.Lock()


class NotRenewed(Exception):
    """There are no credentials that are good, and why; the text is for the program's owner."""


@dataclass(frozen=True)
class _Lease:
    credentials: Credentials
    begins: float
    ends: float

    @property
    def renew_at(self) -> float:
        return self.begins + (self.ends - self.begins) * _SHARE_OF_LIFE


class Renewed:
    """The credentials of one role. `get` asks for new ones, `given` are the first."""

    def __init__(
        self, role: str, get: Callable[[], Credentials], *, given: Credentials | None = None
    ) -> None:
        """Raises ServiceFailed when those that are given are good no more, and what `get` does."""
        self.role = role
        self._get = get
        self._lease = _lease(given or get(), role)
        self._renewing = threading.Lock()
        self._failures = 0
        self._why = ""
        self._try_again = 0.0

    def current(self) -> Credentials:
        """Credentials that are good now.

        Raises:
            NotRenewed: there are none.
        """
        if not self._good():
            self.renew()
        lease = self._lease
        if time.time() >= lease.ends:
            raise NotRenewed(
                f"the credentials of {self.role} ended {_spelt(lease.ends)} and cannot be "
                f"renewed: {self._why}"
            )
        return lease.credentials

    def keep(self) -> None:
        """Renew for ever, each time before it is needed. To be run in a thread of its own."""
        while True:
            time.sleep(min(max(self._seconds_left(), 0.05), _LOOK_SECONDS))
            self.renew()

    def renew(self) -> None:
        """Ask for new credentials, unless it is too early, or was just tried in vain."""
        with self._renewing:
            if self._seconds_left() > 0:
                return
            try:
                with _ONE_AT_A_TIME:
                    lease = _lease(self._get(), self.role)
            except CommandLineError as error:
                self._failed(str(error))
            except Exception as error:  # whatever it is, the next attempt may succeed
                self._failed(f"unexpected {type(error).__name__}")
            else:
                if self._failures:
                    log.info("the credentials of %s are renewed again.", self.role)
                self._lease, self._failures = lease, 0

    def _good(self) -> bool:
        return time.time() < self._lease.ends

    def _seconds_left(self) -> float:
        return max(self._lease.renew_at - time.time(), self._try_again - time.monotonic())

    def _failed(self, why: str) -> None:
        pause = _PAUSES_SECONDS[min(self._failures, len(_PAUSES_SECONDS) - 1)]
        self._try_again = time.monotonic() + pause
        self._failures += 1
        # Once for each cause: it is tried again until it succeeds.
        if self._failures == 1 or why != self._why:
            log.warning(
                "the credentials of %s cannot be renewed, those that are there end %s: %s",
                self.role, _spelt(self._lease.ends), why,
            )  # fmt: skip
        self._why = why


def _lease(credentials: Credentials, role: str) -> _Lease:
    now = time.time()
    try:
        ends = datetime.fromisoformat(credentials.expiration)
    except ValueError:
        ends = datetime.min
    if ends.tzinfo is None:
        raise ServiceFailed(
            f"the credentials of {role} end {quoted(credentials.expiration)}, which is no time; "
            "is this function the iam-sudo broker?"
        )
    if ends.timestamp() <= now:
        raise ServiceFailed(
            f"the credentials of {role} ended {_spelt(ends.timestamp())}, when they had just come; "
            "check the clock of this machine"
        )
    return _Lease(credentials, now, ends.timestamp())


def _spelt(seconds: float) -> str:
    return utc(seconds).replace("T", " ").replace("Z", " UTC")


def utc(seconds: float) -> str:
    """A time in the one spelling that every SDK reads."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
