"""Credentials that are good whenever somebody asks, and what is said when there are none."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from iam_sudo_client.endpoint import renewal
from iam_sudo_client.endpoint.renewal import NotRenewed, Renewed
from iam_sudo_client.errors import NotConfigured, ServiceFailed
from iam_sudo_core.credentials import Credentials


def lasting(seconds: float, *, key: str = "ASIA1") -> Credentials:
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    return Credentials(key, "s3cr3t", "t0ken", ends.isoformat())


class Source:
    """What is asked for credentials: numbered ones, after a while, or a failure."""

    def __init__(self, seconds: float = 3600) -> None:
        self.lasts, self.asked, self.takes = seconds, 0, 0.0
        self.fails: Exception | None = None

    def __call__(self) -> Credentials:
        self.asked += 1
        time.sleep(self.takes)
        if self.fails:
            raise self.fails
        return lasting(self.lasts, key=f"ASIA{self.asked}")


def eventually(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Have the time of day be so many seconds later than it was."""
    now, ahead = time.time, [0.0]
    monkeypatch.setattr(renewal.time, "time", lambda: now() + ahead[0])

    def later(seconds: float) -> None:
        ahead[0] += seconds

    return later


def kept(renewed: Renewed) -> Renewed:
    threading.Thread(target=renewed.keep, daemon=True).start()
    return renewed


def test_nothing_is_asked_while_half_of_their_life_is_to_come() -> None:
    source = Source()
    renewed = Renewed("orders", source, given=lasting(3600, key="FIRST"))
    renewed.renew()
    assert (renewed.current().access_key_id, source.asked) == ("FIRST", 0)


def test_they_are_renewed_when_half_of_their_life_is_over_though_nobody_asks() -> None:
    source = Source()
    renewed = kept(Renewed("orders", source, given=lasting(1.0)))
    assert eventually(lambda: source.asked == 1)
    assert eventually(lambda: renewed.current().access_key_id == "ASIA1")


def test_while_they_are_renewed_those_that_are_good_are_given(
    later: Callable[[float], None],
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def slow() -> Credentials:
        asked.set()
        assert answered.wait(60)
        return lasting(3600, key="NEW")

    renewed = Renewed("orders", slow, given=lasting(3600, key="GOOD"))
    later(2400)
    renewing = threading.Thread(target=renewed.renew)
    renewing.start()
    assert asked.wait(60)
    assert renewed.current().access_key_id == "GOOD"
    answered.set()
    renewing.join()
    assert renewed.current().access_key_id == "NEW"


def test_when_they_cannot_be_renewed_they_are_given_to_their_end_and_then_it_is_said_why(
    later: Callable[[float], None],
) -> None:
    source = Source()
    source.fails = NotConfigured("the SSO session is over; aws sso login")
    renewed = Renewed("orders", source, given=lasting(3600, key="GOOD"))
    later(2400)
    renewed.renew()
    assert (source.asked, renewed.current().access_key_id) == (1, "GOOD")
    later(1300)
    with pytest.raises(NotRenewed, match=r"orders ended .* UTC .*: the SSO session is over"):
        renewed.current()


def test_that_they_cannot_be_renewed_is_said_once_and_when_they_are_again(
    later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "_PAUSES_SECONDS", (0.0,))
    said: list[str] = []
    for name in ("info", "warning"):
        monkeypatch.setattr(renewal.log, name, lambda text, *names: said.append(text % names))
    source = Source()
    source.fails = NotConfigured("no")
    renewed = Renewed("said-once", source, given=lasting(3600))
    later(2400)
    for _ in range(3):
        renewed.renew()
    source.fails = None
    renewed.renew()
    assert source.asked == 4
    # Those of other tests are renewed as well, for ever.
    first, last = (each for each in said if "said-once" in each)
    assert first.startswith("the credentials of said-once cannot be renewed, those that are there")
    assert last == "the credentials of said-once are renewed again."


def test_fifty_who_ask_at_once_cause_one_attempt() -> None:
    source = Source()
    source.takes = 0.3
    renewed = Renewed("orders", source, given=lasting(0.1))
    time.sleep(0.15)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(renewed.current().access_key_id))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, source.asked) == (["ASIA1"] * 50, 1)


def test_after_a_failure_those_who_ask_do_not_each_try_again() -> None:
    source = Source()
    source.fails = NotConfigured("no")
    renewed = Renewed("orders", source, given=lasting(0.05))
    time.sleep(0.1)
    for _ in range(20):
        with pytest.raises(NotRenewed):
            renewed.current()
    assert source.asked == 1


def test_a_defect_is_named_and_its_text_is_not() -> None:
    source = Source()
    source.fails = RuntimeError("S3CR3T")
    renewed = Renewed("orders", source, given=lasting(0.05))
    time.sleep(0.1)
    with pytest.raises(NotRenewed) as error:
        renewed.current()
    assert "unexpected RuntimeError" in str(error.value)
    assert "S3CR3T" not in str(error.value)


@pytest.mark.parametrize("expiration", ["tomorrow", "2099-01-01T00:00:00", ""])
def test_an_end_that_is_no_time_is_refused(expiration: str) -> None:
    with pytest.raises(ServiceFailed, match="is no time"):
        Renewed("orders", Source(), given=Credentials("a", "s", "t", expiration))


def test_what_had_ended_when_it_came_is_refused() -> None:
    with pytest.raises(ServiceFailed, match="check the clock"):
        Renewed("orders", Source(), given=lasting(-5))


def test_a_machine_that_slept_is_noticed(
    later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "_LOOK_SECONDS", 0.05)
    source = Source()
    kept(Renewed("orders", source, given=lasting(3600)))
    later(2400)
    assert eventually(lambda: source.asked == 1)
