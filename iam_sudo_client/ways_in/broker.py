"""The broker asked: for the credentials of a simulated role, or for the explanation of its session.

The reply is parsed here, and nothing of what it holds gets into an error unless the broker says so
as an error of its own: what answers need not be our broker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from iam_sudo_client.errors import CommandLineError, Refused, ServiceFailed
from iam_sudo_client.ways_in.session import service_failed, translated
from iam_sudo_core.broker import Request
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import one_line, quoted

T = TypeVar("T")

# Longer than the broker may run, so that its own answer arrives.
_READ_TIMEOUT = 60
# What the broker's explanation has, of those members that we look at.
_EXPLANATION: Mapping[str, Any] = {
    "role": Mapping,
    "rule": str,
    "base_role": str,
    "session_name": str,
    "plan": Mapping,
    "cut_by_boundary": list,
    "differences": list,
    "policies": Mapping,
}
# Errors of the broker that are no decision about the role: the same request may succeed later.
_NO_DECISION = ("AwsCallFailed", "BrokerFailure", "InvalidSettings", "RoleChanged", "Sandbox.")


def ask_broker(session: Session, request: Request, *, function_name: str) -> Credentials:
    """Credentials of a simulated role, from the broker Lambda.

    Raises:
        Refused: the broker refuses; the message is the broker's own.
        ServiceFailed: the broker cannot be invoked, or failed.
        NotConfigured: the caller has no usable credentials.
    """
    return _answer(session, request, function_name, read=Credentials.from_reply)


def explained_by_broker(
    session: Session, request: Request, *, function_name: str
) -> Mapping[str, Any]:
    """The broker's explanation of a session, as `Explanation.to_reply` has it.

    Raises:
        Refused, ServiceFailed, NotConfigured: as `ask_broker`.
    """
    return _answer(session, request, function_name, read=_explanation)


def _answer(
    session: Session, request: Request, function_name: str, *, read: Callable[[object], T]
) -> T:
    with translated():
        client = boto3.Session(botocore_session=session).client(
            "lambda", config=Config(read_timeout=_READ_TIMEOUT, retries={"mode": "standard"})
        )
        try:
            reply = client.invoke(
                FunctionName=function_name, Payload=json.dumps(request.to_event()).encode()
            )
        except client.exceptions.ResourceNotFoundException:
            region = client.meta.region_name
            raise ServiceFailed(
                f"there is no function {quoted(function_name)} in {region}; give --function-name "
                "or --region, or deploy the broker there"
            ) from None
        except ClientError as error:
            raise _not_invoked(error, function_name) from error
        payload = reply["Payload"].read()
    try:
        answer = json.loads(payload)
        if "FunctionError" in reply:
            raise _said_by_broker(answer)
        return read(answer)
    except ValueError as error:
        # Neither the payload nor the error's context: the answer may hold half of a secret.
        raise ServiceFailed(
            f"the reply of {quoted(function_name)} is not what was asked for"
            f"{'' if isinstance(error, json.JSONDecodeError) else f': {error}'}; "
            "is this function the iam-sudo broker?"
        ) from None


def _explanation(reply: object) -> Mapping[str, Any]:
    for member, type_ in _EXPLANATION.items():
        if not isinstance(reply, Mapping) or not isinstance(reply.get(member), type_):
            raise ValueError(f"{member} is missing")
    return cast(Mapping[str, Any], reply)


def _not_invoked(error: ClientError, function_name: str) -> CommandLineError:
    reason = error.response.get("Error", {})
    if reason.get("Code") == "AccessDeniedException":
        return ServiceFailed(
            f"you may not invoke the broker {quoted(function_name)}: "
            f"{one_line(reason.get('Message', ''))}; ask its owner for grant_sudo"
        )
    return service_failed("Invoke", reason.get("Code", "Unknown"), reason.get("Message", ""))


def _said_by_broker(answer: object) -> CommandLineError:
    said = answer if isinstance(answer, dict) else {}
    message = one_line(str(said.get("errorMessage", "it gave no reason; see its log")))
    if str(said.get("errorType", "")).startswith(_NO_DECISION):
        return ServiceFailed(f"the broker failed: {message}")
    return Refused(message)
