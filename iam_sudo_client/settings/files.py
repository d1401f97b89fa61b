"""The two files of settings: the user's own, and that of the project one stands in.

    [defaults]                    what an option is where nobody says otherwise
    region = "eu-west-1"

    [roles.orders]                so that --role-name orders is enough
    role-name = "Orders-Dev-TaskRole"
    region = "eu-central-1"

A slip is an error. The project's file comes with a checkout, so it is somebody else's: it names
roles and regions, no command at all, and whatever decides who hands out credentials only after a
question (see `ASKS`, and `resolved`). One that belongs to another user of the machine is refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iam_sudo_client.cache.keys import settings_file
from iam_sudo_client.errors import SettingsUnusable

PROJECT_FILE = ".iam-sudo.toml"
# What a setting is called as an option, and what a file may say: text, or true and false.
SETTINGS: Mapping[str, type] = {
    "role-name": str,
    "role-of": str,
    "region": str,
    "principal": str,
    "base-role": str,
    "policy": str,
    "function-name": str,
    "local": bool,
    "assume": bool,
    "caller-profile": str,
    "cache": str,
}
ROLE = frozenset({"role-name", "role-of"})
# Of these a project may say nothing but its roles and regions without a question.
_FREE = ROLE | {"region", "principal"}
ASKS = SETTINGS.keys() - _FREE
# The user's alone: where secrets are kept.
_OWN = {"cache"}
CACHES = ("files", "keyring", "off")
_TABLES = ("defaults", "roles")
# More than anybody writes.
_MOST_BYTES = 256 * 1024

Values = dict[str, str | bool]


@dataclass(frozen=True)
class SettingsFile:
    """What one file says. `content` is what somebody is asked about, of a project's."""

    path: str
    defaults: Values
    roles: Mapping[str, Values]
    content: bytes = b""
    is_project: bool = False

    def asks(self) -> list[str]:
        """What of a project's needs a question, wherever it stands: a yes is to all of it."""
        tables = {"": self.defaults}
        tables |= {f" of roles.{name}": values for name, values in self.roles.items()}
        return [
            f"{name} = {value!r}{of}"
            for of, values in tables.items()
            for name, value in values.items()
            if name in ASKS
        ]


def user_file(environ: Mapping[str, str]) -> SettingsFile | None:
    """The user's own settings.

    Raises:
        SettingsUnusable: there is a file, and it is none.
    """
    path = Path(settings_file(environ))
    return _read(path, is_project=False) if path.is_file() else None


def project_file() -> SettingsFile | None:
    """The settings of the project: of this folder, or of the nearest one above it that has some.

    Raises:
        SettingsUnusable: there is a file, and it is none, or another user's.
    """
    try:
        here = Path.cwd()
    except OSError:  # the folder is gone
        return None
    for folder in (here, *here.parents):
        path = folder / PROJECT_FILE
        if path.is_file():
            return _read(path, is_project=True)
        if (folder / ".git").exists():
            return None
    return None


def _read(file: Path, *, is_project: bool) -> SettingsFile:
    import tomllib  # noqa: PLC0415 - who has no file does not wait for it

    path = str(file)
    try:
        with file.open("rb") as opened:
            owner = os.fstat(opened.fileno()).st_uid
            content = opened.read(_MOST_BYTES)
    except OSError as error:
        raise SettingsUnusable(path, reason=error.strerror or type(error).__name__) from None
    if sys.platform != "win32" and is_project and owner not in (os.geteuid(), 0):
        raise SettingsUnusable(path, reason="it belongs to another user of this machine")
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except UnicodeError:
        raise SettingsUnusable(path, reason="it is not UTF-8") from None
    except (ValueError, RecursionError) as error:  # of TOML, of its numbers, of its depth
        raise SettingsUnusable(path, reason=f"it is not TOML: {error}") from None
    if unknown := [name for name in found if name not in _TABLES]:
        raise SettingsUnusable(
            path, reason=f"it has {unknown[0]!r}, and may have [defaults] and [roles.NAME]"
        )
    tables = {name: _table(found.get(name, {}), name, path) for name in _TABLES}
    roles = {
        name: _values(
            _table(each, f"roles.{name}", path), f"roles.{name}", path, is_project=is_project
        )
        for name, each in tables["roles"].items()
    }
    defaults = _values(tables["defaults"], "defaults", path, is_project=is_project)
    return SettingsFile(path, defaults, roles, content, is_project)


def _table(value: object, where: str, path: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise SettingsUnusable(path, reason=f"{where} has to be a table, [{where}]")
    return value


def _values(table: Mapping[str, object], where: str, path: str, *, is_project: bool) -> Values:
    found: Values = {}
    for name, value in table.items():
        if name not in SETTINGS:
            raise SettingsUnusable(
                path, reason=f"[{where}] has {name!r}, and may have {', '.join(SETTINGS)}"
            )
        if not isinstance(value, SETTINGS[name]) or not isinstance(value, (str, bool)):
            what = "true or false" if SETTINGS[name] is bool else "a text"
            raise SettingsUnusable(path, reason=f"{name} in [{where}] has to be {what}")
        if isinstance(value, str) and not value.strip():
            raise SettingsUnusable(path, reason=f"{name} in [{where}] is empty")
        if name == "cache" and value not in CACHES:
            raise SettingsUnusable(
                path, reason=f"cache in [{where}] has to be one of {', '.join(CACHES)}"
            )
        if name in _OWN and is_project:
            raise SettingsUnusable(path, reason=f"{name} is the user's own, and no project's")
        found[name] = value
    if found.keys() >= ROLE:
        raise SettingsUnusable(path, reason=f"[{where}] has role-name and role-of; leave one out")
    return found
