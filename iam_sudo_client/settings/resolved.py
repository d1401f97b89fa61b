"""The settings that count, each with where it is from: the environment, the project, the user.

A variable `IAM_SUDO_…` for each setting beats the project's file, which beats the user's; an option
beats them all, see `commands.settled`. A variable that is empty is none. What a project's file says
of things that need a question counts once the user has said yes to that very content of that very
file; the answer is kept beside the user's own settings.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from iam_sudo_client.cache.keys import settings_file
from iam_sudo_client.errors import SettingsUnusable
from iam_sudo_client.settings.files import (
    ASKS,
    CACHES,
    ROLE,
    SETTINGS,
    SettingsFile,
    project_file,
    user_file,
)

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
# Names that are older than this: `IAM_SUDO_BASE_ROLE` is of --local alone, see `options`, and
# `IAM_SUDO_POLICY` is the broker's role-selection policy.
_NOT_BY_VARIABLE = {"base-role", "policy"}


@dataclass(frozen=True)
class Setting:
    """A value, where it is from in words, and the project's file if that needs a question."""

    value: str | bool
    source: str
    asks: SettingsFile | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Settings:
    """Defaults by the name of their option, and the short names of roles."""

    defaults: Mapping[str, Setting]
    roles: Mapping[str, Mapping[str, Setting]]


def variable(name: str) -> str:
    """The variable of a setting."""
    return f"IAM_SUDO_{name.upper().replace('-', '_')}"


def resolved(environ: Mapping[str, str], *, project: bool = True) -> Settings:
    """All settings; `project` is whether that of the folder counts.

    Raises:
        SettingsUnusable: a file, or a variable, is none.
    """
    files = [each for each in (project_file() if project else None, user_file(environ)) if each]
    defaults: dict[str, Setting] = {}
    roles: dict[str, Mapping[str, Setting]] = {}
    for file in reversed(files):
        _beat(defaults, _settings(file, file.defaults))
        roles |= {name: _settings(file, values) for name, values in file.roles.items()}
    _beat(defaults, _variables(environ))
    return Settings(defaults, roles)


def _beat(settings: dict[str, Setting], by: Mapping[str, Setting]) -> None:
    """Put settings over others. A role is one, by whichever of the two ways it is named."""
    if by.keys() & ROLE:
        for name in ROLE:
            settings.pop(name, None)
    settings.update(by)


def is_allowed(file: SettingsFile, environ: Mapping[str, str]) -> bool:
    """Whether the user has said yes to this content of this file."""
    try:
        return _mark(file) in _allowed(environ).read_text("ascii").split()
    except (OSError, UnicodeError):
        return False


def allow(file: SettingsFile, environ: Mapping[str, str]) -> None:
    """Keep that the user has said yes."""
    path = _allowed(environ)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as kept:
            kept.write(f"{_mark(file)}\n")
    except OSError as error:
        raise SettingsUnusable(str(path), reason=error.strerror or str(error)) from None


def _mark(file: SettingsFile) -> str:
    return hashlib.sha256(
        os.fsencode(os.path.realpath(file.path)) + b"\0" + file.content
    ).hexdigest()


def _allowed(environ: Mapping[str, str]) -> Path:
    return Path(settings_file(environ)).with_name("allowed-projects")


def _settings(file: SettingsFile, values: Mapping[str, str | bool]) -> dict[str, Setting]:
    return {
        name: Setting(value, file.path, file if file.is_project and name in ASKS else None)
        for name, value in values.items()
    }


def _variables(environ: Mapping[str, str]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for name in SETTINGS.keys() - _NOT_BY_VARIABLE:
        text = environ.get(variable(name), "").strip()
        if text:
            found[name] = Setting(_value(name, text), variable(name))
    return found


def _value(name: str, text: str) -> str | bool:
    if name == "cache" and text not in CACHES:
        raise _wrong(name, text, CACHES)
    if SETTINGS[name] is not bool:
        return text
    if text.lower() not in _TRUE | _FALSE:
        raise _wrong(name, text, ("true", "false"))
    return text.lower() in _TRUE


def _wrong(name: str, text: str, known: Iterable[str]) -> SettingsUnusable:
    return SettingsUnusable(
        variable(name), reason=f"it is {text!r}, and has to be one of {', '.join(known)}"
    )
