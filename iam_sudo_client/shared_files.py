"""The two files that AWS tools share, looked at before any of them reads one.

botocore says of a file that it cannot parse no more than its path, and of one that it may not read
nothing at all. So both are read here first, by the same rules (`configparser`, the encoding of the
locale): what is wrong is said with the line and the reason. No line is ever quoted, since it may be
the secret.

Also here: where these files are, and which keys of a profile say who somebody is.
Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
"""

from __future__ import annotations

import locale
import os
import re
import shlex
from collections.abc import Mapping
from configparser import DuplicateOptionError, DuplicateSectionError, Error, RawConfigParser
from contextlib import suppress
from io import StringIO
from pathlib import Path

from iam_sudo_client.errors import SharedFileUnusable

Sections = dict[str, dict[str, str]]

CONFIG_VARIABLE = "AWS_CONFIG_FILE"
CREDENTIALS_VARIABLE = "AWS_SHARED_CREDENTIALS_FILE"
_HOMES = {CONFIG_VARIABLE: "~/.aws/config", CREDENTIALS_VARIABLE: "~/.aws/credentials"}

# Words of a profile's keys that say who it is, so that those of tomorrow do as well: role_arn,
# source_profile, credential_process, sso_session, login_session, web_identity_token_file, …
_IDENTITY = re.compile(
    r"(?:.*_)?(?:role|credential|sso|login|web_identity|source_profile|mfa|access_key|secret|token"
    r"|external_id|duration_seconds)(?:_.*)?"
)


def shared_file(variable: str, environ: Mapping[str, str]) -> Path:
    """The file that botocore would read: of its variable, else in ~/.aws.

    Variables in the value are expanded, then a leading `~`, as `botocore.configloader` does.
    """
    expanded = re.sub(
        r"\$(\w+|\{[^}]*\})",
        lambda name: environ.get(name[1].strip("{}"), name[0]),
        environ.get(variable, _HOMES[variable]),
        flags=re.ASCII,
    )
    if "HOME" in environ and (expanded == "~" or expanded.startswith("~/")):
        return Path(environ["HOME"] + expanded[1:])
    # As botocore has it; `Path.expanduser` fails where nobody has a home, in containers mostly.
    return Path(os.path.expanduser(expanded))  # noqa: PTH111


def check_shared_files(environ: Mapping[str, str]) -> None:
    """Look at both files, if they are there.

    Raises:
        SharedFileUnusable: one of them cannot be read, or is none that AWS tools accept.
    """
    for variable in _HOMES:
        path = shared_file(variable, environ)
        if os.path.isfile(path):  # noqa: PTH113 - as botocore asks: it says no to a path with a NUL
            read_shared_file(path, variable=variable)


def read_shared_file(path: Path, *, variable: str) -> Sections:
    """The sections of a file, with the keys of each.

    Raises:
        SharedFileUnusable: it cannot be read, or is none that AWS tools accept.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SharedFileUnusable(path, reason=reason, variable=variable) from None
    encoding = locale.getpreferredencoding(False)  # as `open` does, also in UTF-8 mode
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"line {line} has a byte that is not {encoding.upper()}"
    else:
        sections, reason = parsed(text)
        if not reason:
            return sections
    raise SharedFileUnusable(path, reason=reason, variable=variable)


def parsed(text: str, *, default_section: str = "DEFAULT") -> tuple[Sections, str]:
    """The file as botocore reads it, and in words what is wrong with it."""
    if text.startswith("\ufeff"):
        return {}, "it starts with a byte order mark (U+FEFF)"
    parser = RawConfigParser(default_section=default_section)
    try:
        parser.read_file(StringIO(text, newline=None))
    except Error as error:
        # configparser quotes the line, and the line may be the secret: name its number alone.
        lines = [number for number, _ in getattr(error, "errors", [])]
        line = lines[0] if lines else getattr(error, "lineno", "?")
        kind = _KINDS.get(type(error), "is none that AWS tools accept")
        return {}, f"line {line} {kind} ({type(error).__name__})"
    return {name: dict(parser.items(name)) for name in parser.sections()}, ""


_KINDS: Mapping[type[Error], str] = {
    DuplicateSectionError: "begins a section that is there already",
    DuplicateOptionError: "sets a key that the section has already",
}


def says_who(keys: Mapping[str, str]) -> list[str]:
    """The keys of a profile from which a tool would take an identity, in their order."""
    return [key for key in keys if _IDENTITY.fullmatch(key.lower())]


def profiles(config: Sections) -> Sections:
    """The profiles of a config file: `[default]`, and each `[profile NAME]`."""
    found: Sections = {}
    for section, keys in config.items():
        if section == "default":
            found[section] = keys
        elif section.startswith("profile"):
            with suppress(ValueError):  # an open quote: botocore passes over it
                words = shlex.split(section)
                if len(words) == 2:  # noqa: PLR2004 - `profile` and its name
                    found[words[1]] = keys
    return found
