"""Credentials as text for a shell, a file or a program.

A shell is also told to forget every variable from which a tool would take somebody else, by the
rule of `command_environment`. Values are quoted for the shell, so that none of them is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping

from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.ways_out.command_environment import names_somebody
from iam_sudo_client.ways_out.process_profile import process_text
from iam_sudo_core.credentials import Credentials

# Names that every shell takes as they are; another one cannot be told to go.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def formatted(
    how: str, credentials: Credentials, environ: Mapping[str, str], *, region: str, role: str
) -> str:
    """The credentials in one of FORMATS, with their region and the role's name."""
    if how == "json":
        return process_text(credentials)
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "IAM_SUDO_ROLE": role,
        "IAM_SUDO_EXPIRATION": credentials.expiration,
    }
    gone = [
        name
        for name, text in sorted(environ.items())
        if name not in variables and names_somebody(name, text) and _PLAIN.fullmatch(name)
    ]
    return "\n".join(_SHELLS[how](variables, gone))


def _env(variables: Mapping[str, str], gone: list[str]) -> Iterator[str]:
    yield from (f"unset {name}" for name in gone)
    yield from (f"export {name}={shlex.quote(text)}" for name, text in variables.items())


def _fish(variables: Mapping[str, str], gone: list[str]) -> Iterator[str]:
    yield from (f"set -e {name}" for name in gone)
    for name, text in variables.items():
        quoted = text.replace("\\", "\\\\").replace("'", "\\'")
        yield f"set -gx {name} '{quoted}'"


def _powershell(variables: Mapping[str, str], gone: list[str]) -> Iterator[str]:
    yield from (f"Remove-Item Env:{name}" for name in gone)
    for name, text in variables.items():
        quoted = text.replace("'", "''")
        yield f"$Env:{name} = '{quoted}'"


def _cmd(variables: Mapping[str, str], gone: list[str]) -> Iterator[str]:
    # Source: cmd.exe, "set /?": with quotes around both, what is special stays a character. What
    # still is not, no credential of AWS and no name has; so it is another function's.
    for name, text in variables.items():
        if odd := set(text) & {'"', "%"}:
            raise InvalidOption(
                f"{name} has a {min(odd)}, which cmd would obey; choose --format json"
            )
    yield from (f'set "{name}="' for name in gone)
    for name, text in variables.items():
        yield f'set "{name}={text}"'


def _docker(variables: Mapping[str, str], _gone: list[str]) -> Iterator[str]:
    # Docker takes a line as it is, quotes too; a container has none of our variables.
    yield from (f"{name}={text}" for name, text in variables.items())


_SHELLS: Mapping[str, Callable[[Mapping[str, str], list[str]], Iterator[str]]] = {
    "env": _env,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
    "docker": _docker,
}
FORMATS = ("json", *_SHELLS)
