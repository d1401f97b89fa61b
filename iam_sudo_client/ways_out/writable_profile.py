"""Which profiles `--profile` may write: those that do not say already who somebody is.

In ~/.aws/config, a role_arn or an SSO session would win over what is saved in the credentials file,
and what is saved there would win over a credential_process: either way one of two people is taken
for the other. And whoever is `default`, the caller's own profile, or one that other profiles are
made from, would be the role from then on.
Source: AWS SDKs and Tools Reference Guide, "Understand the credential provider chain".
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from iam_sudo_client.errors import InvalidProfileName, ProfileIsSomebody
from iam_sudo_client.shared_files import (
    CONFIG_VARIABLE,
    CREDENTIALS_VARIABLE,
    Sections,
    profiles,
    read_shared_file,
    says_who,
    shared_file,
)

# What tools are that are told no profile.
_DEFAULT = "default"
_OWN_PROFILE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
PROCESS_KEY, PROCESS_COMMAND = "credential_process", "credential-process"
# What we write, and the older name of the token, which goes.
_OURS = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"}


def check_profile(profile: str, environ: Mapping[str, str], *, force: bool = False) -> None:
    """Look whether a profile may be written, before anybody is asked for credentials.

    Raises InvalidProfileName, and ProfileIsSomebody (not with `force`).
    """
    check_profile_name(profile)
    if not force and (reason := _is_somebody(profile, environ)):
        raise ProfileIsSomebody(profile, reason=reason, instead=f"iam-sudo-{profile}")


def _is_somebody(profile: str, environ: Mapping[str, str]) -> str:
    if profile == _DEFAULT:
        return "it is what every tool takes that is told no profile"
    for variable in _OWN_PROFILE:
        if environ.get(variable) == profile:
            return f"it is your own profile ({variable})"
    config, saved = _read(CONFIG_VARIABLE, environ), _read(CREDENTIALS_VARIABLE, environ)
    config = profiles(config)
    if who := says_who(config.get(profile, {})):
        return f"{shared_file(CONFIG_VARIABLE, environ)} has it with {who[0]}"
    if others := set(says_who(saved.get(profile, {}))) - _OURS:
        return f"{shared_file(CREDENTIALS_VARIABLE, environ)} has it with {min(others)}"
    for name, keys in (*config.items(), *saved.items()):
        if keys.get("source_profile") == profile != name:
            return f"profile {name} is made from it (source_profile)"
    return ""


def check_process_profile(profile: str, environ: Mapping[str, str], *, force: bool = False) -> None:
    """Look whether a profile may become one that asks us, in the config file.

    One that does already may be written again. Raises as `check_profile`.
    """
    check_profile_name(profile)
    if force:
        return
    keys = profiles(_read(CONFIG_VARIABLE, environ)).get(profile, {})
    if says_who(_read(CREDENTIALS_VARIABLE, environ).get(profile, {})):
        reason = f"{shared_file(CREDENTIALS_VARIABLE, environ)} has keys of it, which would win"
    elif says_who(keys) == [PROCESS_KEY] and PROCESS_COMMAND in keys[PROCESS_KEY].split():
        return
    else:
        reason = _is_somebody(profile, environ)
    if reason:
        raise ProfileIsSomebody(profile, reason=reason, instead=f"iam-sudo-{profile}")


def _read(variable: str, environ: Mapping[str, str]) -> Sections:
    path = shared_file(variable, environ)
    there = os.path.isfile(path)  # noqa: PTH113 - says no where the folder may not be read
    return read_shared_file(path, variable=variable) if there else {}


def config_has_region(profile: str, environ: Mapping[str, str]) -> bool:
    """Whether the config file says a region of a profile, which then is not to be written."""
    return "region" in profiles(_read(CONFIG_VARIABLE, environ)).get(profile, {})


def check_profile_name(profile: str) -> None:
    """Raise InvalidProfileName unless a section of that name is one profile."""
    if not profile or profile.strip() != profile:
        raise InvalidProfileName(profile, reason="it is empty, or begins or ends with a space")
    if not profile.isprintable() or "[" in profile or "]" in profile:
        raise InvalidProfileName(profile, reason="it holds a bracket or a control character")
    if profile == "DEFAULT":
        # configparser hands the keys of [DEFAULT] to every profile, and calls it no profile itself.
        raise InvalidProfileName(profile, reason="[DEFAULT] sets keys of all profiles")
