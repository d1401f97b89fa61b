"""Entries of the cache: one file each, private, and never used when it is nearly over.

An entry has what it is kept for (see `keys`), until when, and the credentials, or a word that they
are in the system's keyring. Whatever is odd about one, it is none: another owner, a mode that lets
others in, a link, a line that is missing. Entries are replaced whole.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from iam_sudo_client.cache import keys

# Never used within this of the end.
LEAST_SECONDS = 300
# How long one process waits for another's answer: a broker's, and somebody who types an MFA code.
_LOCK_SECONDS = 90
_FORMAT = "iam-sudo 1"
_IN_KEYRING = "keyring"
_PRIVATE = 0o077
_ENTRY, _LOCK = ".entry", ".lock"


def read(name: str, environ: Mapping[str, str], *, seconds: int = LEAST_SECONDS) -> str | None:
    """The text that is kept under a name and lasts at least so long, or None."""
    text = _read(_path(name, environ))
    kind, _, rest = (text or "").partition("\n")
    kept_for, _, rest = rest.partition("\n")
    until, _, found = rest.partition("\n")
    if kind != _FORMAT or kept_for != keys.fingerprint(environ) or not until.isdecimal():
        return None
    if int(until) - time.time() < max(seconds, LEAST_SECONDS):
        return None
    return _from_keyring(name) if found == _IN_KEYRING else found


def write(
    name: str, text: str, environ: Mapping[str, str], *, until: int, in_keyring: bool = False
) -> None:
    """Keep a text of one line. What cannot be kept is not: the next one asks again."""
    if until - time.time() < LEAST_SECONDS:
        return
    if in_keyring:
        if not _to_keyring(name, text):
            return
        text = _IN_KEYRING
    content = f"{_FORMAT}\n{keys.fingerprint(environ)}\n{until}\n{text}"
    path = _path(name, environ)
    draft = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(content)
            os.replace(draft, path)
        finally:
            with suppress(OSError):
                os.unlink(draft)


def kept(
    name: str,
    get: Callable[[], tuple[str, int]],
    environ: Mapping[str, str],
    *,
    seconds: int = LEAST_SECONDS,
    in_keyring: bool = False,
) -> str:
    """The text that is kept, else that which `get` brings, with its end: many ask, one gets it."""
    if (found := read(name, environ, seconds=seconds)) is not None:
        return found
    with _one_at_a_time(name, environ):
        if (found := read(name, environ, seconds=seconds)) is not None:
            return found
        text, until = get()
        write(name, text, environ, until=until, in_keyring=in_keyring)
        return text


def empty(environ: Mapping[str, str]) -> int:
    """Remove every entry, and whatever else of ours is there; how many entries there were."""
    folder, count = keys.cache_folder(environ), 0
    with suppress(FileNotFoundError):
        for name in os.listdir(folder):
            stem, suffix = os.path.splitext(name)
            if suffix == _ENTRY:
                count += 1
                if _IN_KEYRING in (_read(os.path.join(folder, name)) or ""):
                    _forget_in_keyring(stem)
            os.unlink(os.path.join(folder, name))
    return count


def _path(name: str, environ: Mapping[str, str]) -> str:
    return os.path.join(keys.cache_folder(environ), name + _ENTRY)


def _read(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, encoding="ascii", newline="\n") as file:
            if sys.platform != "win32":
                of = os.fstat(descriptor)
                if of.st_uid != os.geteuid() or of.st_mode & _PRIVATE:
                    return None
            return file.read()
    except (OSError, ValueError):
        return None


@contextmanager
def _one_at_a_time(name: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Wait until no other process gets the same; who cannot wait any longer goes on."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - see the room's docstring

    path = os.path.join(keys.cache_folder(environ), name + _LOCK)
    lock = FileLock(path, timeout=_LOCK_SECONDS, mode=0o600)
    with suppress(OSError, Timeout):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _to_keyring(name: str, text: str) -> bool:
    try:
        import keyring  # noqa: PLC0415 - an extra

        keyring.set_password(keys.APPLICATION, name, text)
    except Exception:  # whatever a keyring is, and whatever it raises: not kept
        return False
    return True


def _from_keyring(name: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - an extra

        found: str | None = keyring.get_password(keys.APPLICATION, name)
    except Exception:  # as above
        return None
    return found


def _forget_in_keyring(name: str) -> None:
    with suppress(Exception):
        import keyring  # noqa: PLC0415 - an extra

        keyring.delete_password(keys.APPLICATION, name)
