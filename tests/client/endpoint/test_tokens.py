"""The file of a token that outlives the endpoint."""

import os
from pathlib import Path

import pytest

from iam_sudo_client.endpoint.tokens import token_of
from iam_sudo_client.errors import InvalidOption

GOOD = "a" * 32


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def test_a_file_that_is_not_there_is_made_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "token"
    before = os.umask(0)
    try:
        token = token_of(path)
    finally:
        os.umask(before)
    assert path.read_text() == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(token) >= 43
    assert token_of(path) == token


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "token", GOOD)
    assert token_of(path) == GOOD
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(InvalidOption, match="not yours alone"):
            token_of(path)


@pytest.mark.parametrize(
    "text",
    ["", "short", "a" * 31, f"{GOOD}\n", f"{GOOD} x", "\u00e9" * 32, "a" * 5000],
)
def test_what_is_no_token_is_refused_and_not_quoted(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InvalidOption, match="holds no token") as error:
        token_of(private(tmp_path / "token", text))
    assert GOOD not in str(error.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "folder", Path(os.devnull)):
        with pytest.raises(InvalidOption, match="--token-file"):
            token_of(path)
