"""A token that outlives the endpoint, in a file of the user's that is theirs alone.

SDKs read the file themselves (`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`), byte for byte, so it holds
the token and nothing else. A file that others can read, or in which a token can be guessed, is
refused rather than repaired: somebody may have read it.
Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from pathlib import Path

from iam_sudo_client.errors import InvalidOption
from iam_sudo_core.errors import quoted

# What goes into a header as it is; of random letters, 32 are 160 bits at least.
_TOKEN = re.compile(rb"[\w.~+/=-]{32,4096}")
_ANYBODY_ELSE = stat.S_IRWXG | stat.S_IRWXO


def token_of(path: Path) -> str:
    """The token in a file, which is made, with a new one, if it is not there.

    Raises:
        InvalidOption: the file cannot be read or made, is not private, or holds no such token.
    """
    where = f"--token-file {quoted(str(path))}"
    try:
        try:
            found = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path, where)
        with os.fdopen(found, "w", encoding="ascii") as file:
            token = secrets.token_urlsafe(32)
            file.write(token)
            return token
    except OSError as error:
        raise InvalidOption(f"{where} cannot be used: {error.strerror or error}") from None


def _read(path: Path, where: str) -> str:
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise InvalidOption(f"{where} is no regular file; name another")
        if sys.platform != "win32" and (
            state.st_mode & _ANYBODY_ELSE or state.st_uid != os.geteuid()
        ):
            raise InvalidOption(
                f"{where} is not yours alone: others may have read it; remove it, and a new one is "
                "made"
            )
        token = file.read(4097)
    if not _TOKEN.fullmatch(token):
        raise InvalidOption(
            f"{where} holds no token: 32 letters, digits and -._~+/= at least, and no line end; "
            "remove it, and a new one is made"
        )
    return token.decode("ascii")
