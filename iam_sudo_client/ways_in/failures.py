"""What AWS, the network and botocore say, translated: what happened, where, and the next step.

Nothing of an exception's text is repeated but what AWS itself answered, and what names a host, a
file or a setting: a request's text has a signature, and a header's may have a credential.
Sources: IAM User Guide, "Troubleshoot access denied error messages"; AWS Lambda API Reference,
"Invoke"; AWS Signature Version 4, "Troubleshoot Signature Version 4 signing for AWS API requests".
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore import exceptions
from botocore.parsers import ResponseParserError

from iam_sudo_client.errors import NotConfigured, ServiceFailed
from iam_sudo_client.ways_in.network import unreachable
from iam_sudo_core.errors import one_line

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_UNKNOWN_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"}
_WRONG_SIGNATURE = {
    "SignatureDoesNotMatch", "InvalidSignatureException",
    "IncompleteSignature", "IncompleteSignatureException",
}  # fmt: skip
# AWS's words, under the same codes, of a signature for another region than the endpoint's.
_OTHER_REGION = "scoped to"
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}
# What STS and Lambda say of a signature whose time is off, under the codes of a wrong one.
_SKEW = re.compile(r"[Ss]ignature (?:expired|not yet current)|must be within \d+ minutes")
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ForbiddenException"}
_THROTTLED = {
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "RequestLimitExceeded", "RequestThrottled", "SlowDown",
}  # fmt: skip
_POLICY = "correct --policy, or make it shorter"
_REGION = "choose another --region, or have the account enable it"
# What the caller can do about errors that come again with every try.
_CORRECT = {
    "MalformedPolicyDocument": _POLICY,
    "PackedPolicyTooLarge": _POLICY,
    "RegionDisabledException": _REGION,
    "OptInRequired": _REGION,
    "SubscriptionRequiredException": _REGION,
}
# HTTP Semantics (RFC 9110), "Client Error 4xx": the same request would fail again.
_CLIENT_ERRORS = range(400, 500)
# What AWS and gateways quote of a request: the header that signs it, and its parts.
_SIGNED = re.compile(r"AWS4-.{,2000}?Signature=\S*|(?:Credential|Signature)=\S*")
_LONGEST_MESSAGE, _LOOKED_AT = 2_000, 20_000
# By which policies AWS says that it denied, and who can change that.
_DENYING = (
    (
        "explicit deny in an identity-based policy",
        "that is yours, and a grant does not help: ask whoever gave it to you; many ask for MFA",
    ),
    ("explicit deny in a resource-based policy", "no grant helps against that: ask its owner"),
    ("service control policy", "that is your organization's: ask whoever manages it"),
    ("resource control policy", "that is your organization's: ask whoever manages it"),
    ("permissions boundary", "that is yours: ask whoever gave it to you"),
    ("VPC endpoint policy", "that is your network's: ask whoever runs it, or leave it (VPN)"),
    ("session policy", "that is of the session you are in: choose another AWS_PROFILE"),
)
IN_BETWEEN = "is there a proxy or a portal in between (HTTPS_PROXY, NO_PROXY, VPN)?"
# Role session names of ours, in an ARN of AWS's answer.
_OUR_SESSION = re.compile(r":assumed-role/[^/\s]+/iam-sudo-")


@contextmanager
def translated(caller: CallerSession, *, source: str = "") -> Iterator[None]:
    """Raise every error of botocore as a CommandLineError.

    `source` is what asks, where it is not the command itself: "the role_arn of profile dev".

    Raises:
        NotConfigured: the caller has no usable credentials or configuration.
        ServiceFailed: AWS answered with an error, or could not be reached.
    """
    by = f"{source}: " if source else ""
    began = time.monotonic()
    try:
        yield
    except exceptions.ClientError as error:
        reason = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        failed = service_failed(
            error.operation_name,
            str(reason.get("Code", "Unknown")),
            str(reason.get("Message", "")),
            caller=caller,
            date=metadata.get("HTTPHeaders", {}).get("date", ""),
            status=metadata.get("HTTPStatusCode", 0),
            by=by,
        )
        raise failed from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise ServiceFailed(
            by + unreachable(error, caller, seconds=time.monotonic() - began)
        ) from error
    except ResponseParserError:
        # Its message holds all of the reply, secrets included.
        raise ServiceFailed(f"{by}AWS gave a reply that cannot be read; {IN_BETWEEN}") from None
    except exceptions.BotoCoreError as error:
        raise NotConfigured(f"{by}{_line(error)}; check the AWS configuration") from error


def service_failed(
    operation: str,
    code: str,
    message: str,
    *,
    caller: CallerSession,
    date: str = "",
    status: int = 0,
    by: str = "",
) -> ServiceFailed:
    """The error for what an AWS service answered, with the next step where we know one."""
    message = said_by_aws(message, caller)
    said = f"{operation} failed: {code}" + (f": {message}" if message else "")
    if code in _SKEWED or _SKEW.search(message):
        said = f"{operation} failed: {skew(date)}"
    elif code in _EXPIRED:
        said = f"your AWS credentials have expired ({operation}); {log_in(caller)}"
    elif "MultiFactorAuthentication failed" in message or "tokenCode" in message:
        said = "the MFA code was not accepted; wait for the next one, and check mfa_serial"
    elif code in _UNKNOWN_KEY:
        said += f"; AWS does not know your credentials: {_which(caller)}"
    elif code in _WRONG_SIGNATURE and _OTHER_REGION in message:
        said = (
            f"{operation} failed: {code}: what answers is of another region than {caller.region}; "
            "choose another --region, or correct AWS_ENDPOINT_URL and endpoint_url of your profile"
        )
    elif code in _WRONG_SIGNATURE:
        said = (
            f"{operation} failed: {code}: the secret access key is not that of the access key id; "
            f"{_set_again(caller)}"
        )
    elif code in DENIED:
        trust = "the role does not trust you, or " if operation == "AssumeRole" else ""
        otherwise = f"{trust}your own permissions do not allow it"
        said += f"; {who_denies(message, otherwise=otherwise)}"
    elif code in _THROTTLED:
        said += "; AWS is throttling: wait a little and try again"
    elif code.isdigit() or code == "Unknown":  # AWS's errors have names
        said = f"what answered {operation} is not AWS (HTTP {status}); {IN_BETWEEN}"
    elif code in _CORRECT or status in _CLIENT_ERRORS:
        options = "trying again does not help: check the options, AWS_PROFILE and the region"
        profile = "correct the profile (role_arn, role_session_name, duration_seconds, …)"
        said += f"; {_CORRECT.get(code, profile if by else options)}"
    else:
        said += "; try again, and if it stays, see the AWS Health Dashboard"
    return ServiceFailed(by + said)


def said_by_aws(message: str, caller: CallerSession) -> str:
    """A message on one line, without what it quotes of the request: a signature, a credential."""
    message = _SIGNED.sub("…", one_line(message[:_LOOKED_AT])).rstrip(".")
    variables = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
    secrets = [os.environ.get(name) for name in variables]
    if keys := caller.loaded:
        secrets += [keys.secret_key, keys.token]
    for secret in filter(None, secrets):
        message = message.replace(secret, "…")
    return message[:_LONGEST_MESSAGE]


def what_can_be_shown(error: Exception) -> str:
    """AWS's words, of an error that it answered; any other may quote the request, or the reply."""
    answered = isinstance(error, exceptions.ClientError)
    return one_line(str(error)) if answered else type(error).__name__


def who_denies(message: str, *, otherwise: str) -> str:
    """By AWS's words of a denial, who denies; and what can be done."""
    if _OUR_SESSION.search(message):
        return (
            "you are in a session of iam-sudo already: leave its shell, or set AWS_PROFILE and "
            "unset AWS_ACCESS_KEY_ID"
        )
    return next((does for policy, does in _DENYING if policy in message), otherwise)


def skew(date: str) -> str:
    """What a signature that is too early or too late means; `date` is the answer's header."""
    try:
        theirs = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        apart = ""
    else:
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        minutes = round((datetime.now(UTC) - theirs).total_seconds() / 60)
        late = f"{abs(minutes):,} minutes {'fast' if minutes > 0 else 'slow'}"
        apart = f" ({late})" if minutes else ""
    return f"the clock of this machine is off{apart}; set it, by NTP for one, and try again"


def log_in(caller: CallerSession) -> str:
    """How to get credentials again, of the profile that there is; nothing that is not installed."""
    name = caller.profile
    keys = caller.full_config["profiles"].get(name or "default", {})
    of = f" --profile {name}" if name else ""
    other = "or choose another AWS_PROFILE"
    way = "sso login" if any(key.startswith("sso_") for key in keys) else ""
    way = way or ("login" if "login_session" in keys else "")
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return f"set AWS_ACCESS_KEY_ID, … anew, {other}"
    if way and shutil.which("aws"):
        return f"log in again (aws {way}{of}), {other}"
    return f"log in again, {other}"


def _which(caller: CallerSession) -> str:
    keys = caller.loaded
    if keys and keys.access_key.startswith("ASIA") and not keys.token:
        return "they are temporary, and the session token is missing; set AWS_SESSION_TOKEN too"
    return (
        "they were deleted, are of another partition, or the account has not enabled "
        f"{caller.region}; {log_in(caller)}"
    )


def _set_again(caller: CallerSession) -> str:
    if caller.loaded and caller.loaded.method == "env":
        return "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, together"
    return log_in(caller)


def _line(error: Any) -> str:
    return one_line(str(error)).rstrip(".")
