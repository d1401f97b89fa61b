"""The caller's own AWS session, and what AWS says translated into one line with a next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions
from botocore.parsers import ResponseParserError
from botocore.session import Session

from iam_sudo_client.errors import CommandLineError, NotConfigured, ServiceFailed
from iam_sudo_core.errors import one_line

_LOG_IN = "log in again (aws sso login, aws login) or choose another AWS_PROFILE"

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_INVALID = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
}

_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)


def open_session(region: str | None, environ: Mapping[str, str]) -> Session:
    """The session of the caller's environment and files, in a region.

    The region is the option's, else `AWS_REGION` (which botocore alone would not read), else what
    botocore finds: `AWS_DEFAULT_REGION`, the profile's.

    Raises:
        NotConfigured: there is no region, or no such profile.
    """
    session = Session()
    with translated():
        named = region or environ.get("AWS_REGION") or session.get_config_variable("region")
    if not named:
        raise NotConfigured("no region: give --region, or set AWS_REGION or the profile's region")
    session.set_config_variable("region", named)
    return session


@contextmanager
def translated() -> Iterator[None]:
    """Raise every error of botocore as a CommandLineError.

    Raises:
        NotConfigured: the caller has no usable credentials or configuration.
        ServiceFailed: AWS answered with an error, or could not be reached.
    """
    try:
        yield
    except exceptions.ClientError as error:
        reason = error.response.get("Error", {})
        raise service_failed(
            error.operation_name, reason.get("Code", "Unknown"), reason.get("Message", "")
        ) from error
    except exceptions.ProfileNotFound as error:
        raise NotConfigured(f"{_line(error)}; check AWS_PROFILE") from error
    except _NO_CREDENTIALS as error:
        raise NotConfigured(f"no usable AWS credentials: {_line(error)}; {_LOG_IN}") from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise ServiceFailed(
            f"AWS cannot be reached: {_line(error)}; check the network, proxy and region"
        ) from error
    except ResponseParserError:
        # Its message holds all of the reply, secrets included.
        raise ServiceFailed("AWS gave a reply that cannot be read; try again") from None
    except exceptions.BotoCoreError as error:
        raise NotConfigured(f"{_line(error)}; check the AWS configuration") from error


def service_failed(operation: str, code: str, message: str) -> CommandLineError:
    """The error for what an AWS service answered, with the next step where we know one."""
    said = f"{operation} failed: {code}: {one_line(message)}"
    if code in _EXPIRED:
        return ServiceFailed(f"your AWS credentials have expired ({operation}); {_LOG_IN}")
    if code in _INVALID:
        return ServiceFailed(f"{said}; AWS does not know your credentials: {_LOG_IN}")
    if code in _DENIED:
        return ServiceFailed(f"{said}; your own permissions do not allow it")
    if code in _THROTTLED:
        return ServiceFailed(f"{said}; AWS is throttling: wait a little and try again")
    return ServiceFailed(said)


def _line(error: Any) -> str:
    return one_line(str(error)).rstrip(".")
