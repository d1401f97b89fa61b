"""The file of an endpoint's token."""

import os
from pathlib import Path

import pytest

from iam_sudo_client.endpoint.tokens import new_token
from iam_sudo_client.errors import InvalidOption

GOOD = "a" * 43


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def test_a_file_that_is_not_there_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "token"
    before = os.umask(0)
    try:
        token = new_token(path)
    finally:
        os.umask(before)
    assert path.read_text() == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(token) >= 43


def test_each_time_it_is_a_new_one_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    first, file = new_token(path), path.stat().st_ino
    second = new_token(path)
    assert first != second
    assert (path.read_text(), path.stat().st_ino) == (second, file)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "token", GOOD)
    new_token(path)
    before = path.read_text()
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(InvalidOption, match="not yours alone"):
            new_token(path)
        assert path.read_text() == before


@pytest.mark.parametrize(
    "text",
    ["short", "a" * 42, f"{GOOD}\n", f"{GOOD} x", "\u00e9" * 43, "a" * 5000, f"{GOOD[:42]}."],
)
def test_what_holds_something_else_is_left_alone_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = private(tmp_path / "token", text)
    with pytest.raises(InvalidOption, match="holds something else") as error:
        new_token(path)
    assert path.read_text() == text
    assert text not in str(error.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(private(tmp_path / "token", GOOD))
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (
        tmp_path,
        tmp_path / "no" / "folder",
        tmp_path / "link",
        tmp_path / "pipe",
        Path(os.devnull),
    ):
        with pytest.raises(InvalidOption, match="--token-file"):
            new_token(path)
    assert (tmp_path / "token").read_text() == GOOD
