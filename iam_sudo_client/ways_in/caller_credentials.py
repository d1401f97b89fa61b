"""The caller's credentials, by botocore's own chain of providers, and what is wrong with them.

What is found is checked before it is used: of a character that no header
takes, HTTP libraries print the header.
Source: AWS SDKs and Tools Reference Guide, "Understand the credential provider chain".
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore import credentials as botocore_credentials
from botocore import exceptions

from iam_sudo_client.errors import NotConfigured
from iam_sudo_client.shared_files import says_who
from iam_sudo_client.ways_in.providers import about, source
from iam_sudo_client.ways_in.terminal import ask_on_terminal, terminal_alone
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

# RFC 9110, "Field Values", without the blanks: no credential has one.
_VISIBLE = re.compile(r"[!-~]*")


@dataclass(frozen=True)
class Keys:
    """What signs a request; botocore's signers take it."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    method: str = "env"


@terminal_alone()
def load(caller: CallerSession) -> Keys:
    """The credentials of the first provider that has some.

    Raises:
        NotConfigured: none has, or what one has cannot be used.
        ServiceFailed: AWS, asked for them, does not answer.
    """
    for name in ("botocore.credentials", "botocore.tokens"):  # we say what goes wrong
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        providers = botocore_credentials.create_credential_resolver(
            caller, region_name=caller.region
        ).providers
    except exceptions.InvalidIMDSEndpointError as error:
        raise NotConfigured(
            f"AWS_EC2_METADATA_SERVICE_ENDPOINT is {quoted(error.kwargs.get('endpoint'))}, which "
            "is no URL; correct or unset it"
        ) from None
    except exceptions.InvalidIMDSEndpointModeError as error:
        raise NotConfigured(
            f"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is {quoted(error.kwargs.get('mode'))}; "
            "set it to ipv4 or ipv6, or unset it"
        ) from None
    for provider in providers:
        if provider.METHOD == "assume-role":
            provider._prompter = ask_on_terminal  # botocore's, without a terminal, reads our input
        with about(provider.METHOD, caller):
            found = provider.load()
            frozen = found.get_frozen_credentials() if found else None
        if found and frozen and frozen.access_key and frozen.secret_key:
            method = str(found.method or provider.METHOD)
            keys = Keys(frozen.access_key, frozen.secret_key, frozen.token or None, method)
            _check(keys, caller)
            return keys
    raise NotConfigured(f"no usable AWS credentials{_of_profile(caller)}: {_looked_for(caller)}")


def odd_character(value: str) -> str:
    """What is wrong with the first character of a value that no header takes; empty if all are."""
    end = _VISIBLE.match(value)
    if end is None or end.end() == len(value):
        return ""
    number = ord(value[end.end()])
    name = {9: "a tab", 10: "a line feed", 13: "a carriage return", 32: "a blank"}.get(number)
    return f"U+{number:04X}" + (f", {name}" if name else "")


def _check(keys: Keys, caller: CallerSession) -> None:
    variables = {
        "aws_access_key_id": "AWS_ACCESS_KEY_ID",
        "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "aws_session_token": (
            "AWS_SECURITY_TOKEN" if os.environ.get("AWS_SECURITY_TOKEN") else "AWS_SESSION_TOKEN"
        ),
    }
    values = (keys.access_key, keys.secret_key, keys.token or "")
    for (key, variable), value in zip(variables.items(), values, strict=True):
        if odd := odd_character(value):
            what = f"the variable {variable}" if keys.method == "env" else key
            where = "" if keys.method == "env" else f" of {source(keys.method, caller)}"
            why = "; a file with Windows line ends leaves one" if "\r" in value else ""
            raise NotConfigured(
                f"{what}{where} has a character that no credential has ({odd}): set it again "
                f"without it{why}"
            )


def _of_profile(caller: CallerSession) -> str:
    return f" in profile {caller.profile}" if caller.profile else ""


def _looked_for(caller: CallerSession) -> str:
    if who := says_who(caller.get_scoped_config()):
        return f"what its profile has of them ({', '.join(who)}) is not all; complete it"
    if caller.profile:
        return "it has neither keys nor a login; choose another AWS_PROFILE, or complete it"
    known = [name for name in caller.full_config["profiles"] if name != "default"]
    if known:
        return f"set AWS_PROFILE to one of your profiles ({_some(known)}), or AWS_ACCESS_KEY_ID, …"
    return "set AWS_PROFILE or AWS_ACCESS_KEY_ID, …, or configure a profile in ~/.aws/config"


def _some(names: list[str]) -> str:
    most = 5
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
