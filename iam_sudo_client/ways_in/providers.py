"""What went wrong in one of botocore's providers of credentials: which one, what of it, what to do.

A provider reads a variable or a file, runs a helper, asks an endpoint; whatever it raises, errors
of botocore or Python's own, is about that. So nothing of it is a defect of ours, and its text is
not repeated, as it may hold a secret.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING

from botocore import exceptions

from iam_sudo_client.errors import CommandLineError, NotConfigured
from iam_sudo_client.ways_in.failures import log_in, translated
from iam_sudo_core.errors import one_line, quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_LOGIN_EXTRA = 'pip install "iam-sudo-cdk[login]"'


@contextmanager
def about(method: str, caller: CallerSession) -> Iterator[None]:
    """Say of whatever a provider raises which provider it was, and what to do."""
    try:
        yield
    except CommandLineError:
        raise
    except Exception as error:  # whatever a variable, a file, a helper or an endpoint makes of it
        of = source(method, caller)
        if isinstance(error, (exceptions.ClientError, *_NETWORK)):
            with translated(caller, source=of):
                raise
        said = _SAYS.get(method, _plain)(error, caller)
        raise NotConfigured(f"no usable AWS credentials from {of}: {said}") from error


_NETWORK = (exceptions.HTTPClientError, exceptions.ConnectionError)


def _plain(error: Exception, caller: CallerSession) -> str:
    if isinstance(error, exceptions.PartialCredentialsError):
        return f"{error.kwargs.get('cred_var')} is missing; complete the profile"
    if isinstance(error, exceptions.InvalidConfigError):
        return f"{one_line(str(error)).rstrip('.')}; correct the profile"
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


def _assume_role(error: Exception, caller: CallerSession) -> str:
    if isinstance(error, exceptions.CredentialRetrievalError):
        return "the source that it names has no credentials; correct credential_source"
    if isinstance(error, (exceptions.ParamValidationError, ValueError)):
        return _A_VALUE
    return _plain(error, caller)


_A_VALUE = "a value in it is none of its key; correct the profile"


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
        return f"{one_line(str(error)).rstrip('.')}; correct the profile"
    if isinstance(error, exceptions.SSOTokenLoadError) or not isinstance(
        error, exceptions.BotoCoreError
    ):
        return f"there is no usable token in ~/.aws/sso/cache; {log_in(caller)}"
    if isinstance(error, (exceptions.SSOError, exceptions.TokenRetrievalError)):
        return f"its session has expired; {log_in(caller)}"
    return _A_VALUE


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


def _old_file(_error: Exception, _caller: CallerSession) -> str:
    return "it is none of credentials, or is not there; correct or unset the variable"


_SAYS: Mapping[str, Callable[[Exception, CallerSession], str]] = {
    "env": _env,
    "custom-process": _process,
    "assume-role": _assume_role,
    "assume-role-with-web-identity": _web_identity,
    "sso": _sso,
    "login": _login,
    "container-role": _container,
    "boto-config": _old_file,
    "ec2-credentials-file": _old_file,
}


def source(method: str, caller: CallerSession) -> str:
    """Where a provider has credentials from, as the user knows it."""
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
