"""The answer that leaves before the command line is there: when it is given, and when not."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iam_sudo_client.cache import answer, entries

ORDERS = ["--role-name", "orders-task"]


def keep(arguments: list[str]) -> None:
    entries.write(
        answer.name(arguments), "kept", os.environ, until=int(datetime.now(UTC).timestamp()) + 3_000
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "iam-sudo"


def test_what_is_kept_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    keep(ORDERS)
    assert answer.answer(ORDERS)
    assert capsys.readouterr().out == "kept\n"


@pytest.mark.parametrize(
    "more", [["--policy", "p.json"], ["--policy=p.json"], ["--no-cache"], ["--help"], ["--debug"]]
)
def test_what_may_be_another_answer_is_for_the_command(more: list[str]) -> None:
    keep([*ORDERS, *more])
    assert not answer.answer([*ORDERS, *more])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files away")
def test_an_entry_of_another_user_is_none(folder: Path) -> None:
    keep(ORDERS)
    [entry] = folder.iterdir()
    os.chown(entry, 12345, 12345)
    assert not answer.answer(ORDERS)
