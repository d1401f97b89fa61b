"""The token of an endpoint in a file of the user's that is theirs alone, for programs elsewhere.

SDKs read the file themselves at each request (`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`), byte for
byte, so it holds the token and nothing else. It is a new one each time: while nobody serves,
another user may listen at the port and be told the old one. A file that others can read, or that
holds something else than a token of ours, is refused rather than repaired: somebody may have read
it, or need it.
Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from iam_sudo_client.errors import InvalidOption
from iam_sudo_core.errors import quoted

# As `secrets.token_urlsafe` makes them.
_BYTES = 32
_TOKEN = re.compile(rb"[\w-]{43}", re.ASCII)
_ANYBODY_ELSE = stat.S_IRWXG | stat.S_IRWXO
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def new_token(path: Path) -> str:
    """A new token, and the file that holds it, made if it is not there.

    Raises:
        InvalidOption: the file cannot be made or written, is not private, or holds anything else.
    """
    where = f"--token-file {quoted(str(path))}"
    token = secrets.token_urlsafe(_BYTES)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            _check(file, where)
            file.seek(0)
            file.write(token.encode("ascii"))  # as long as the old one, so it is there in one piece
            file.truncate()
    except OSError as error:
        raise InvalidOption(f"{where} cannot be used: {error.strerror or error}") from None
    return token


def _check(file: BinaryIO, where: str) -> None:
    state = os.fstat(file.fileno())
    if not stat.S_ISREG(state.st_mode):
        raise InvalidOption(f"{where} is no regular file; name another")
    if sys.platform != "win32" and (state.st_mode & _ANYBODY_ELSE or state.st_uid != os.geteuid()):
        raise InvalidOption(
            f"{where} is not yours alone: others may have read it; remove it, and a new one is made"
        )
    content = file.read(_BYTES * 2)
    if content and not _TOKEN.fullmatch(content):
        raise InvalidOption(
            f"{where} holds something else than a token of iam-sudo serve; name another file"
        )
