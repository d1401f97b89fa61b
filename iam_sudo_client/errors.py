"""What the command says when it cannot do what was asked, and the exit code that goes with it.

    CommandLineError
    ├── InvalidOption               EXIT_USAGE            an option's value is none that it can have
    ├── Refused                     EXIT_REFUSED          no credentials for this role
    ├── NotConfigured               EXIT_CONFIGURATION    no region, no credentials, no such profile
    ├── ServiceFailed               EXIT_SERVICE          AWS, or the broker, could not or would not
    ├── InvalidProfileName          EXIT_USAGE            --profile names no possible profile
    ├── ProfileHoldsLongLivedKeys   EXIT_CONFIGURATION    --profile names keys nobody can restore
    ├── ProfileIsSomebody           EXIT_CONFIGURATION    --profile would change who somebody is
    ├── CredentialsFileUnusable     EXIT_CONFIGURATION    it cannot be read, locked or replaced
    ├── ConfigFileUnusable          EXIT_CONFIGURATION    the same of the config file
    ├── SharedFileUnusable          EXIT_CONFIGURATION    no AWS tool could read it
    ├── SettingsUnusable            EXIT_CONFIGURATION    a file or a variable of settings is none
    ├── EndpointUnusable            EXIT_CONFIGURATION    nobody can listen there
    ├── CommandNotFound             EXIT_NOT_FOUND        no such command on the child's PATH
    └── CommandNotExecutable        EXIT_NOT_EXECUTABLE   it is there, but cannot be run

A message is one line: what was wrong, the value, the next step. No message and no repr holds a
secret; a line of the credentials file is therefore named by its number, never quoted.

126 and 127 are POSIX's own, kept by `env`, `nice` and `nohup`:
https://pubs.opengroup.org/onlinepubs/9799919799/utilities/env.html
125 is theirs too, for what failed before the command began, whatever it was: as `docker run`,
`timeout` and GNU's `env` have it. `simulate` and `assume` end with it for every error here but
126 and 127; `explain` and `why`, which run nothing, with the error's own code: docs/decisions/0020.
253 to 255 are the AWS CLI's: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_DIFFERENCES = 3
EXIT_NOT_STARTED = 125
EXIT_NOT_EXECUTABLE = 126
EXIT_NOT_FOUND = 127
EXIT_CONFIGURATION = 253
EXIT_SERVICE = 254
EXIT_UNEXPECTED = 255


class CommandLineError(Exception):
    """One line for the person who typed the command, and the exit code for their script."""

    exit_code: ClassVar[int] = EXIT_UNEXPECTED


class InvalidOption(CommandLineError):
    exit_code = EXIT_USAGE


class Refused(CommandLineError):
    exit_code = EXIT_REFUSED


class NotConfigured(CommandLineError):
    exit_code = EXIT_CONFIGURATION


class ServiceFailed(CommandLineError):
    exit_code = EXIT_SERVICE


class InvalidProfileName(CommandLineError):
    exit_code = EXIT_USAGE

    def __init__(self, profile: str, *, reason: str) -> None:
        super().__init__(
            f"{profile!r} cannot be a profile name: {reason}. Choose another --profile."
        )
        self.profile = profile


class ProfileHoldsLongLivedKeys(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, profile: str, *, path: Path) -> None:
        super().__init__(
            f"profile {profile} in {path} holds long-lived keys, which would be lost. "
            "Choose another --profile, or overwrite them with --force."
        )
        self.profile = profile
        self.path = path


class CredentialsFileUnusable(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, path: Path | str, *, reason: str) -> None:
        super().__init__(
            f"the credentials file {path} is left as it was: {reason}. "
            "Repair it, or name another with AWS_SHARED_CREDENTIALS_FILE."
        )
        self.path = path
        self.reason = reason


class ConfigFileUnusable(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, path: Path | str, *, reason: str) -> None:
        super().__init__(
            f"the config file {path} is left as it was: {reason}. "
            "Repair it, or name another with AWS_CONFIG_FILE."
        )
        self.path = path
        self.reason = reason


class SharedFileUnusable(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, path: Path, *, reason: str, variable: str) -> None:
        super().__init__(
            f"the file {path} cannot be read: {reason}. Repair it, or name another with {variable}."
        )
        self.path = path
        self.reason = reason


class SettingsUnusable(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, where: str, *, reason: str) -> None:
        super().__init__(f"the settings of {where} cannot be used: {reason}. Correct it.")
        self.where = where
        self.reason = reason


class EndpointUnusable(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, where: str, *, reason: str) -> None:
        super().__init__(
            f"nothing can listen at {where}: {reason}. Choose another --port, or leave it out."
        )
        self.reason = reason


class ProfileIsSomebody(CommandLineError):
    exit_code = EXIT_CONFIGURATION

    def __init__(self, profile: str, *, reason: str, instead: str) -> None:
        super().__init__(
            f"--profile {profile!r} would change who somebody is: {reason}. "
            f"Choose another name, --profile {instead} for one; --force writes it all the same."
        )
        self.profile = profile
        self.reason = reason


class CommandNotFound(CommandLineError):
    exit_code = EXIT_NOT_FOUND

    def __init__(self, command: str, *, instead: str = "") -> None:
        shown, otherwise = _instead_of(command)
        instead = instead or otherwise
        super().__init__(f"{shown!r}: command not found. {instead}")
        self.command = command


# Of a variable's name: its value is not to be shown.
_SECRET = re.compile(r"pass|pwd|secret|token|key|cred|auth", re.IGNORECASE)


def _instead_of(command: str) -> tuple[str, str]:
    """A command that is none, as it can be shown, and what was meant: it is run without a shell."""
    if variable := re.match(r"([A-Za-z_]\w*)=", command):
        shown = f"{variable[0]}…" if _SECRET.search(variable[1]) else command
        return shown, f"To set a variable, put env before it: env {shown} CMD."
    if re.search(r"\s|[|&;<>]", command):
        return command, "Leave out the quotes around the whole of it, or put sh -c before them."
    return command, (
        "Check its spelling and your PATH; "
        "it is run without a shell, so aliases and functions are unknown."
    )


class CommandNotExecutable(CommandLineError):
    exit_code = EXIT_NOT_EXECUTABLE

    def __init__(self, command: str, *, reason: str) -> None:
        super().__init__(
            f"{command!r} cannot be run: {reason}. "
            "Check its permissions, its first line (#!…) and the machine it was built for."
        )
        self.command = command
        self.reason = reason
