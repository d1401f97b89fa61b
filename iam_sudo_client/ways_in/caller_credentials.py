"""The caller's credentials, by botocore's own chain of providers, and what is wrong with them.

A provider reads a variable or a file, runs a helper, asks an endpoint; whatever it raises, errors
of botocore or Python's own, is about that: it is said which one, and its text is not repeated, as
it may hold a secret. What is found is checked before it is used: of a character that no header
takes, HTTP libraries print the header.
Source: AWS SDKs and Tools Reference Guide, "Understand the credential provider chain".
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from botocore import credentials as botocore_credentials
from botocore import exceptions

from iam_sudo_client.errors import CommandLineError, NotConfigured
from iam_sudo_client.ways_in.failures import log_in, translated
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

# RFC 9110, "Field Values", without the blanks: no credential has one.
_VISIBLE = re.compile(r"[!-~]*")
_LOGIN_EXTRA = 'pip install "iam-sudo-cdk[login]"'


@dataclass(frozen=True)
class Keys:
    """What signs a request; botocore's signers take it."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    method: str = "env"


def load(caller: CallerSession) -> Keys:
    """The credentials of the first provider that has some.

    Raises:
        NotConfigured: none has, or what one has cannot be used.
        ServiceFailed: AWS, asked for them, does not answer.
    """
    try:
        providers = botocore_credentials.create_credential_resolver(
            caller, region_name=caller.region
        ).providers
    except exceptions.BotoCoreError as error:
        raise NotConfigured(f"{_line(error)}; check the variables AWS_EC2_METADATA_…") from None
    for provider in providers:
        with _about(provider.METHOD, caller):
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
            where = "" if keys.method == "env" else f" of {_source(keys.method, caller)}"
            raise NotConfigured(
                f"{what}{where} has a character that no credential has ({odd}): set it again "
                "without it; a file with Windows line ends leaves one at the end"
            )


@contextmanager
def _about(method: str, caller: CallerSession) -> Iterator[None]:
    """Say of whatever a provider raises which provider it was, and what to do."""
    try:
        yield
    except CommandLineError:
        raise
    except Exception as error:  # whatever a variable, a file, a helper or an endpoint makes of it
        source = _source(method, caller)
        if isinstance(error, (exceptions.ClientError, *_NETWORK)):
            with translated(caller, source=source):
                raise
        said = _SAYS.get(method, _plain)(error, caller)
        raise NotConfigured(f"no usable AWS credentials from {source}: {said}") from error


_NETWORK = (exceptions.HTTPClientError, exceptions.ConnectionError)


def _plain(error: Exception, caller: CallerSession) -> str:
    if isinstance(error, exceptions.PartialCredentialsError):
        return f"{error.kwargs.get('cred_var')} is missing; set it, or {log_in(caller)}"
    if isinstance(error, exceptions.InvalidConfigError):
        return f"{_line(error)}; correct the profile"
    if _is_expired(error):
        return f"they have expired; {log_in(caller)}"
    return f"what is there cannot be used ({type(error).__name__}); {log_in(caller)}"


def _env(error: Exception, caller: CallerSession) -> str:
    if isinstance(error, exceptions.PartialCredentialsError):
        return f"{error.kwargs.get('cred_var')} is missing; set it, or unset AWS_ACCESS_KEY_ID"
    if "AWS_CREDENTIAL_EXPIRATION" in os.environ:
        if isinstance(error, RuntimeError):
            return (
                "AWS_CREDENTIAL_EXPIRATION says that they have expired; get new ones "
                "(or unset it, if they are new)"
            )
        return "AWS_CREDENTIAL_EXPIRATION is no time, such as 2026-01-31T12:00:00Z; unset it"
    return _plain(error, caller)


def _process(error: Exception, caller: CallerSession) -> str:
    command = str(caller.get_scoped_config().get("credential_process", ""))
    try:
        # The rest of the command may hold a secret.
        helper = quoted(PurePath(shlex.split(command)[0]).name)
    except (ValueError, IndexError):
        return "its command is none: an empty one, or a quote that does not end; correct it"
    if isinstance(error, FileNotFoundError):
        return f"there is no program {helper}; install it, or correct the command"
    if isinstance(error, OSError):
        return f"{helper} cannot be run ({error.strerror}); correct the command"
    prints = "prints no JSON of credentials"
    if isinstance(error, exceptions.CredentialRetrievalError):
        said = str(error.kwargs.get("error_msg"))
        prints = next((what for begin, what in _PRINTS.items() if said.startswith(begin)), "failed")
    elif _is_expired(error):
        prints = "prints credentials that have expired"
    return f"{helper} {prints}; run it by hand to see what it says"


# botocore's words of what a helper printed.
_PRINTS = {
    "Unsupported version": 'prints no "Version": 1',
    "Missing required key": "prints no AccessKeyId and SecretAccessKey",
}


def _web_identity(error: Exception, caller: CallerSession) -> str:
    path = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") or caller.get_scoped_config().get(
        "web_identity_token_file"
    )
    if isinstance(error, OSError):
        return f"the token file {path} cannot be read ({error.strerror}); correct or unset it"
    if isinstance(error, UnicodeDecodeError):
        return f"the token file {path} is no text; correct or unset it"
    if isinstance(error, exceptions.InvalidConfigError):
        return "there is a token file and no role; set AWS_ROLE_ARN, or unset the file"
    return _plain(error, caller)


def _sso(error: Exception, caller: CallerSession) -> str:
    if isinstance(error, exceptions.InvalidConfigError):
        return f"{_line(error)}; correct the profile"
    if isinstance(error, exceptions.SSOTokenLoadError) or not isinstance(
        error, exceptions.BotoCoreError
    ):
        return f"there is no usable token in ~/.aws/sso/cache; {log_in(caller)}"
    return f"its session has expired; {log_in(caller)}"


def _login(error: Exception, caller: CallerSession) -> str:
    if isinstance(error, exceptions.MissingDependencyException):
        return f"it takes a library that is not installed; {_LOGIN_EXTRA}"
    if not isinstance(error, exceptions.BotoCoreError):
        return f"there is no usable session in ~/.aws/login/cache; {log_in(caller)}"
    return f"its session has expired, or was changed; {log_in(caller)}"


def _container(error: Exception, _caller: CallerSession) -> str:
    if isinstance(error, OSError):
        return "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read; correct or unset it"
    if isinstance(error, exceptions.CredentialRetrievalError):
        return "what is there does not answer with credentials; start it, or unset the variable"
    if "Auth token" in str(error):
        return "its authorization token has a line end; correct the variable or the file"
    if isinstance(error, ValueError) and "Unsupported host" in str(error):
        return "its host is none that AWS tools ask without TLS; correct or unset the variable"
    return "what it answers are no credentials; correct or unset the variable"


_SAYS: Mapping[str, Callable[[Exception, CallerSession], str]] = {
    "env": _env,
    "custom-process": _process,
    "assume-role-with-web-identity": _web_identity,
    "sso": _sso,
    "login": _login,
    "container-role": _container,
}


def _source(method: str, caller: CallerSession) -> str:
    profile = caller.profile or "default"
    return {
        "env": "the variables AWS_ACCESS_KEY_ID, …",
        "custom-process": f"credential_process of profile {profile}",
        "assume-role": f"the role_arn of profile {profile}",
        "assume-role-with-web-identity": (
            "AWS_WEB_IDENTITY_TOKEN_FILE"
            if os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
            else f"web_identity_token_file of profile {profile}"
        ),
        "sso": f"the SSO session of profile {profile}",
        "login": f"the aws login session of profile {profile}",
        "shared-credentials-file": f"profile {profile} of the credentials file",
        "config-file": f"profile {profile} of the config file",
        "container-role": next(
            (
                name
                for name in (
                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                )
                if name in os.environ
            ),
            "the container's endpoint",
        ),
        "iam-role": "the metadata service of this machine",
        "boto-config": "the file of BOTO_CONFIG",
        "ec2-credentials-file": "the file of AWS_CREDENTIAL_FILE",
    }.get(method, f"the provider {method} of profile {profile}")


def _is_expired(error: Exception) -> bool:
    # botocore's own words, of what a refresh brought.
    return isinstance(error, RuntimeError) and "expired" in str(error)


def _of_profile(caller: CallerSession) -> str:
    return f" in profile {caller.profile}" if caller.profile else ""


def _looked_for(caller: CallerSession) -> str:
    if caller.profile:
        return "it has neither keys nor a login; choose another AWS_PROFILE, or complete it"
    known = [name for name in caller.full_config["profiles"] if name != "default"]
    if known:
        return f"set AWS_PROFILE to one of your profiles ({_some(known)}), or AWS_ACCESS_KEY_ID, …"
    return "set AWS_PROFILE or AWS_ACCESS_KEY_ID, …, or configure a profile in ~/.aws/config"


def _some(names: list[str]) -> str:
    most = 5
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _line(error: Any) -> str:
    return " ".join(str(error).split()).rstrip(".")
