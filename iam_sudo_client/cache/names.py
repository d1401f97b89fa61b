"""Names of roles for the completion of shells: those that `list` has printed last."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from iam_sudo_client.cache import entries, keys

_FILE = "role-names"
# Of a role (IAM API Reference, "CreateRole"). A shell puts what is proposed into the line as it is.
_PLAIN = re.compile(r"[\w+=,.@-]+", re.ASCII)


def keep(names: Iterable[str], environ: Mapping[str, str]) -> None:
    """Keep the names; where that cannot be, none are proposed."""
    folder = keys.cache_folder(environ)
    if not entries.made(folder):
        return
    with suppress(OSError):
        path = os.path.join(folder, _FILE)
        descriptor = os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(filter(is_plain, names)))
        os.replace(f"{path}.{os.getpid()}", path)


def known(environ: Mapping[str, str]) -> list[str]:
    """The names that are kept."""
    folder = keys.cache_folder(environ)
    if not keys.is_private(folder):
        return []
    try:
        with open(os.path.join(folder, _FILE), encoding="utf-8") as file:
            return file.read().split()
    except (OSError, ValueError):
        return []


def is_plain(name: str) -> bool:
    """Whether a name can be a role's, in which no shell sees anything else."""
    return bool(_PLAIN.fullmatch(name))
