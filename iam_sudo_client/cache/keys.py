"""What an entry of the cache is kept for: everything that decides about credentials, as a hash.

The *name* is of the question and of the variables: those by whose beginning an AWS tool knows them,
so that a variable of tomorrow counts too, and where the user's files are. The *fingerprint* is of
the files: the two of AWS's tools, boto's, the user's settings, whatever file a variable names, and
the logins of SSO and `aws login`. A change of any of them is another caller, until somebody has
asked.

Not attempted: who answers behind a `credential_process`, a container's endpoint or a metadata
service is known to those alone. Whoever becomes somebody else there says `iam-sudo logout`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping

try:  # as the standard library's own `random` does: `hashlib` loads OpenSSL
    from _sha2 import sha256  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found,unused-ignore] # Python 3.11
    except ImportError:
        from hashlib import sha256

APPLICATION = "iam-sudo"
# Beginnings of the names of variables that an AWS tool, or this one, decides by.
_DECIDING = ("AWS_", "AMAZON_", "EC2_", "BOTO", "IAM_SUDO_")
_NOT_DECIDING = "IAM_SUDO_ASKING"  # see `commands.credential_process`
_PLACES = ("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME")
_AWS_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
    # boto's, which botocore reads too.
    "~/.boto": "~/.boto",
    "/etc/boto.cfg": "/etc/boto.cfg",
}
_OTHERS_WRITE = 0o022
_LOGINS = ("~/.aws/sso/cache", "~/.aws/login/cache")


def name(question: Iterable[str], environ: Mapping[str, str]) -> str:
    """The name of the entry for a question, asked with these variables."""
    deciding = sorted(
        (variable, text)
        for variable, text in environ.items()
        if (variable.startswith(_DECIDING) and variable != _NOT_DECIDING) or variable in _PLACES
    )
    return _hash(repr((list(question), deciding)).encode("utf-8", "surrogateescape"))


def fingerprint(environ: Mapping[str, str]) -> str:
    """What the files that decide hold now."""
    return _hash(repr(list(_files(environ))).encode("utf-8", "surrogateescape"))


def cache_folder(environ: Mapping[str, str]) -> str:
    """The user's folder for caches, as `platformdirs` has it; on Linux without waiting for it."""
    if sys.platform == "linux":
        base = environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
        return os.path.join(base, APPLICATION)
    from platformdirs import user_cache_dir  # noqa: PLC0415 - see above

    return user_cache_dir(APPLICATION, appauthor=False)


def is_private(folder: str) -> bool:
    """Whether a folder is one's own, and nobody else can put something there.

    One that hangs on where one stands is somebody's repository.
    """
    if not os.path.isabs(folder):
        return False
    try:
        link, found = os.lstat(folder), os.stat(folder)
    except (OSError, ValueError):
        return False
    if sys.platform == "win32":
        return True
    ours = {link.st_uid, found.st_uid} == {os.geteuid()}
    return ours and not found.st_mode & _OTHERS_WRITE


def settings_file(environ: Mapping[str, str]) -> str:
    """The user's own settings; who has no home has none.

    A relative path is none (XDG Base Directory Specification): it would be a repository's.
    """
    base = environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME", "").strip()
    for folder in (base, os.path.expanduser("~/.config"), os.devnull):
        if os.path.isabs(folder):
            break
    return os.path.join(folder, APPLICATION, "config.toml")


def _files(environ: Mapping[str, str]) -> Iterator[tuple[str, bytes | None]]:
    named = {
        variable: path
        for variable, path in environ.items()
        if variable.startswith(_DECIDING) and (variable.endswith("_FILE") or variable[:4] == "BOTO")
    }
    for variable, path in sorted({**_AWS_FILES, **named}.items()):
        # As botocore finds them.
        yield variable, _content(os.path.expanduser(os.path.expandvars(path)))
    yield "settings", _content(settings_file(environ))
    for folder in (*_LOGINS, environ.get("AWS_LOGIN_CACHE_DIRECTORY", "")):
        yield folder, repr(sorted(_times(os.path.expanduser(folder)))).encode()


def _content(path: str) -> bytes | None:
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError):  # a name with a NUL
        return None


def _times(folder: str) -> Iterator[tuple[str, int]]:
    try:
        with os.scandir(folder or os.devnull) as found:
            for each in found:
                yield each.name, each.stat().st_mtime_ns
    except (OSError, ValueError):
        return


def _hash(text: bytes) -> str:
    return sha256(text).hexdigest()  # type: ignore[no-any-return,unused-ignore]
