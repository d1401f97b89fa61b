"""Entries of the cache: one file each, private, and never used when it is nearly over.

An entry has what it is kept for (see `keys`), until when, and the credentials, or a word that they
are in the system's keyring. Whatever is odd about one, it is none: another owner, a mode that lets
others in, a link, another entry's name, a line that is missing; and where others may write in the
folder, or it is not the user's, there is no cache. Entries are replaced whole.

What an entry is kept for is looked at before anybody is asked: who becomes somebody else in the
meantime is not given it.
"""

from __future__ import annotations

import errno
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


def read(
    name: str,
    environ: Mapping[str, str],
    *,
    seconds: int = LEAST_SECONDS,
    kept_for: str | None = None,
) -> str | None:
    """The text that is kept under a name and lasts at least so long, or None.

    `kept_for` is the fingerprint that counts, if not that of now.
    """
    text = _read(_path(name, environ))
    kind, _, rest = (text or "").partition("\n")
    found_for, _, rest = rest.partition("\n")
    until, _, found = rest.partition("\n")
    if kind != _FORMAT or not until.isdecimal():
        return None
    if found_for != _for(name, kept_for or keys.fingerprint(environ)):
        return None
    if int(until) - time.time() < max(seconds, LEAST_SECONDS):
        return None
    return _from_keyring(name) if found == _IN_KEYRING else found


def write(
    name: str,
    text: str,
    environ: Mapping[str, str],
    *,
    until: int,
    in_keyring: bool = False,
    kept_for: str | None = None,
) -> None:
    """Keep a text of one line. What cannot be kept is not: the next one asks again.

    `kept_for` is the fingerprint of before anybody was asked, if somebody was.
    """
    if until - time.time() < LEAST_SECONDS:
        return
    folder = keys.cache_folder(environ)
    if not made(folder):
        return
    if in_keyring:
        if not _to_keyring(name, text):
            return
        text = _IN_KEYRING
    found_for = _for(name, kept_for or keys.fingerprint(environ))
    content = f"{_FORMAT}\n{found_for}\n{until}\n{text}"
    path = _path(name, environ)
    draft = f"{path}.{os.getpid()}"
    with suppress(OSError):
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
    kept_for = keys.fingerprint(environ)
    if (found := read(name, environ, seconds=seconds, kept_for=kept_for)) is not None:
        return found
    with _one_at_a_time(name, environ):
        if (found := read(name, environ, seconds=seconds, kept_for=kept_for)) is not None:
            return found
        text, until = get()
        write(name, text, environ, until=until, in_keyring=in_keyring, kept_for=kept_for)
        return text


def empty(environ: Mapping[str, str]) -> int:
    """Remove every entry, and whatever else of ours is there; how many entries there were.

    Raises:
        OSError: something could not be removed, and all else was; or the folder is not the user's.
    """
    folder, count = keys.cache_folder(environ), 0
    if not os.path.lexists(folder):
        return count
    if not keys.is_private(folder):
        raise PermissionError(errno.EPERM, "others may write in it, or it is not yours", folder)
    left: OSError | None = None
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        stem, suffix = os.path.splitext(name)
        try:
            if suffix == _ENTRY and _IN_KEYRING in (_read(path) or ""):
                _forget_in_keyring(stem)
            os.unlink(path)
        except FileNotFoundError:  # another process's draft, or its `logout`
            continue
        except OSError as error:
            left = error
            continue
        count += suffix == _ENTRY
    if left:
        raise left
    return count


def _for(name: str, fingerprint: str) -> str:
    return f"{name} {fingerprint}"


def made(folder: str) -> bool:
    """Whether the folder is there, or could be made, for the user alone."""
    if os.path.isabs(folder):
        with suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
    return keys.is_private(folder)


def _path(name: str, environ: Mapping[str, str]) -> str:
    return os.path.join(keys.cache_folder(environ), name + _ENTRY)


def _read(path: str) -> str | None:
    if not keys.is_private(os.path.dirname(path)):
        return None
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

    folder = keys.cache_folder(environ)
    lock = FileLock(os.path.join(folder, name + _LOCK), timeout=_LOCK_SECONDS, mode=0o600)
    with suppress(OSError, Timeout):
        if made(folder):
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
