"""The proof of who asks, for a broker with rules: a request to STS that is signed and not sent.

It is signed when a broker asks for it, for the function that the broker says it is, and goes to
that very function: one that names another gains nothing by it. Why so: docs/decisions/0032.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.ways_in.invoke import Answer, endpoint, invoke
from iam_sudo_core.broker.request import request_hash
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
_CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_NOT_SENT = ("content-type", "host")
# `ProofRequired`, under the emulator's name for any error of a handler too.
_TYPES = ("ProofRequired", "Runtime.HandlerError")
# A signature is the same for all who ask the same within a second: the next one is another.
_REFUSED_TYPES = ("ProofRefused", "Runtime.HandlerError")
_USED = "it has been used already"
_UNTIL_ANEW = (1.1, 1.7)  # seconds
_ASKED_FOR = re.compile(
    r"this broker has rules, .* needs a proof for (?P<arn>arn:aws[a-z-]*:lambda:"
    r"(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):function:(?P<name>[A-Za-z0-9_-]{1,64}));"
)
# What `Invoke` takes for a function: Lambda API Reference, "Invoke" (FunctionName).
_FUNCTION = re.compile(
    r"(?:(?:arn:[^:]+:lambda:(?P<region>[^:]+):)?(?P<account>[0-9]{12}):(?:function:)?)?"
    r"(?P<name>[^:]+)(?P<qualifier>:[^:]+)?"
)


def invoke_proven(caller: CallerSession, function_name: str, event: Mapping[str, object]) -> Answer:
    """Invoke a broker; with a proof of who asks, if it asks for one.

    Raises:
        NotConfigured, ServiceFailed: as `invoke`; the proof is asked for by another function.
    """
    answer = invoke(caller, function_name, event)
    asked = _ASKED_FOR.match(_message(answer, _TYPES))
    if asked is None:
        return answer
    function = _FUNCTION.fullmatch(function_name)
    if (
        function is None
        or asked["region"] != (function["region"] or caller.region)
        or asked["account"] != (function["account"] or asked["account"])
        or asked["name"] != function["name"]
    ):
        raise ServiceFailed(
            f"{quoted(function_name)} in {caller.region} wants a proof of who you are for "
            f"{asked['arn']}, which is another function; nothing was signed: is it your broker?"
        )
    target = asked["arn"] + (function["qualifier"] or "")
    for seconds in (*_UNTIL_ANEW, 0):
        signed = proof(caller, event, broker=asked["arn"], region=asked["region"])
        answer = invoke(caller, target, {**event, "proof": signed})
        if not seconds or _USED not in _message(answer, _REFUSED_TYPES):
            break
        time.sleep(seconds)
    return answer


def proof(
    caller: CallerSession, event: Mapping[str, object], *, broker: str, region: str
) -> dict[str, str]:
    """The signed headers by which STS tells the broker who asks for this very event.

    `broker` is the function's ARN, `region` its region.
    """
    url = urlsplit(endpoint(caller, service="sts", region=region))
    request = AWSRequest(
        method="POST",
        url=f"{url.scheme}://{url.netloc}/",
        data=_BODY,
        headers={
            "Content-Type": _CONTENT_TYPE,
            "X-Iam-Sudo-Broker": broker,
            "X-Iam-Sudo-Request": request_hash(event),
        },
    )
    SigV4Auth(caller.credentials, "sts", region).add_auth(request)
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    return {name: value for name, value in headers.items() if name not in _NOT_SENT}


def _message(answer: Answer, types: Collection[str]) -> str:
    """What the function says, where it is an error of one of these types."""
    if "x-amz-function-error" not in answer.headers:
        return ""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict) or said.get("errorType") not in types:
        return ""
    return str(said.get("errorMessage", ""))
