"""The broker asked: for the credentials of a simulated role, or for the explanation of its session.

The reply is parsed here, and nothing of what it holds gets into an error unless the broker says so
as an error of its own: what answers need not be our broker.

Long, because what may be asked is read together with what an answer may be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from iam_sudo_client.errors import CommandLineError, Refused, ServiceFailed
from iam_sudo_client.waiting import pause_until_seen
from iam_sudo_client.ways_in.caller_credentials import odd_character
from iam_sudo_client.ways_in.failures import (
    IN_BETWEEN,
    said_by_aws,
    service_failed,
    who_denies,
)
from iam_sudo_client.ways_in.invoke import Answer
from iam_sudo_client.ways_in.proof import invoke_proven
from iam_sudo_core import errors as core_errors
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import one_line, quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.broker import Request

T = TypeVar("T")

_OF_JSON = (json.JSONDecodeError, UnicodeError, RecursionError)

_OK = 200
# AWS Lambda API Reference, "Invoke": by this, all errors that are the function's own (network, file
# system, key, archive).
_BAD_GATEWAY = 502
# An ARN of a function in an answer of Lambda's.
_FUNCTION_ARN = re.compile(r"arn:[\w-]+:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):function:")
# Of an error's name: "ResourceNotFoundException:http://internal.amazon.com/…".
_CODE = re.compile(r"[\w.-]+")
_WAIT = "wait a minute and try again"
# What Lambda says of a function that is not there to be invoked (yet), and what to do.
_NOT_READY = {
    "ResourceConflictException": _WAIT,  # pending
    "ResourceNotReadyException": _WAIT,  # inactive: it has begun to come back
    "ENILimitReachedException": _WAIT,
    "EC2ThrottledException": _WAIT,
    "KMSAccessDeniedException": "it may not use the key of its environment: tell its owner",
    "KMSDisabledException": "the key of its environment is disabled: tell its owner",
    "InvalidRuntimeException": "its runtime is not supported any more: tell its owner",
    "CodeArtifactUserFailedException": "its code cannot be loaded: tell its owner",
}
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
_NO_DECISION = (
    core_errors.AwsCallFailed,
    core_errors.BrokerFailure,
    core_errors.InvalidSettings,
    core_errors.RoleChanged,
)
# The emulator's name for an error of the handler's own, whatever it was. A refusal is known there
# by naming the role that was asked for, or by how it begins.
_OF_THE_HANDLER = "Runtime.HandlerError"
_NOT_SEEN = core_errors.CarriersNotSeen.__name__
_REFUSALS = ("invalid request: ", "base role ", "roles of principal ")


def ask_broker(caller: CallerSession, request: Request, *, function_name: str) -> Credentials:
    """Credentials of a simulated role, from the broker Lambda.

    Raises:
        Refused: the broker refuses; the message is the broker's own.
        ServiceFailed: the broker cannot be invoked, or failed.
        NotConfigured: the caller has no usable credentials.
    """
    return ask(caller, request, function_name, read=_credentials)


def explained_by_broker(
    caller: CallerSession, request: Request, *, function_name: str
) -> Mapping[str, Any]:
    """The broker's explanation of a session, as `Explanation.to_reply` has it.

    Raises:
        Refused, ServiceFailed, NotConfigured: as `ask_broker`.
    """
    return ask(caller, request, function_name, read=_explanation)


class Question(Protocol):
    """What is asked; `role_name` is how a refusal of it is known."""

    @property
    def role_name(self) -> str: ...

    def to_event(self) -> dict[str, object]: ...

    def confirmation(self) -> dict[str, str]: ...


def ask(
    caller: CallerSession, request: Question, function_name: str, *, read: Callable[[object], T]
) -> T:
    """What `read` makes of the broker's reply; a ValueError of it says what is wrong.

    Raises:
        Refused, ServiceFailed, NotConfigured: as `ask_broker`.
    """
    answer = invoke_proven(caller, function_name, request.to_event())
    if too_early := _not_seen_yet(answer):
        pause_until_seen(too_early)
        answer = invoke_proven(caller, function_name, request.to_event())
    where = f"{quoted(function_name)} in {caller.region}"
    if answer.status != _OK or _is_page(answer):
        raise _not_invoked(answer, where, caller)
    try:
        said = json.loads(answer.body)
        if "x-amz-function-error" in answer.headers:
            raise _said_by_function(said, where, request)
        _check_confirmed(said, request, where)
        return read(said)
    except (ValueError, RecursionError) as error:
        # Neither the payload nor the error's context: the answer may hold half of a secret.
        why = "" if isinstance(error, _OF_JSON) else f": {error}"
        raise ServiceFailed(
            f"the reply of {where} is not what was asked for{why}; {_IS_IT}"
        ) from None


def _not_seen_yet(answer: Answer) -> str | None:
    """What the function says, where it made managed policies that AWS does not show yet."""
    if "x-amz-function-error" not in answer.headers:
        return None
    try:
        said = json.loads(answer.body)
    except _OF_JSON:
        return None
    found = said if isinstance(said, dict) else {}
    message = one_line(str(found.get("errorMessage") or ""))
    is_one = found.get("errorType") in (_NOT_SEEN, _OF_THE_HANDLER)
    return message if is_one and message.endswith(core_errors.NOT_SEEN) else None


def _check_confirmed(reply: object, request: Question, where: str) -> None:
    """A broker that does not know what is asked of it may give more, and would not say so."""
    given = reply if isinstance(reply, Mapping) else {}
    for name, value in request.confirmation().items():
        if given.get(name) != value:
            raise ServiceFailed(
                f"{where} does not confirm that it has applied --policy, as a broker of an earlier "
                "version does not; what it gave is thrown away: deploy the broker anew"
            )


def _credentials(reply: object) -> Credentials:
    credentials = Credentials.from_reply(reply)
    for name, value in credentials.to_reply().items():
        if odd := odd_character(value):
            raise ValueError(f"{name} has a character that none has ({odd})")
    return credentials


def _explanation(reply: object) -> Mapping[str, Any]:
    for member, type_ in _EXPLANATION.items():
        if not isinstance(reply, Mapping) or not isinstance(reply.get(member), type_):
            raise ValueError(f"{member} is missing")
    return cast(Mapping[str, Any], reply)


def _is_page(answer: Answer) -> bool:
    return answer.body.lstrip()[:1] == b"<"


_IS_IT = "is this function the iam-sudo broker?"


def _not_invoked(answer: Answer, where: str, caller: CallerSession) -> CommandLineError:
    try:
        said = None if _is_page(answer) else json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    given = said if isinstance(said, dict) else {}
    named = answer.headers.get("x-amzn-errortype") or str(given.get("__type", ""))
    found = _CODE.match(named.rpartition("#")[2])
    if found is None:  # AWS names its errors
        kind = answer.headers.get("content-type", "").partition(";")[0]
        page = f", {kind}" if kind else ""
        return ServiceFailed(
            f"what answers for {where} is not AWS (HTTP {answer.status}{page}); {IN_BETWEEN}"
        )
    code = found[0]
    message = said_by_aws(str(given.get("Message") or given.get("message") or ""), caller)
    arn = _FUNCTION_ARN.search(message)
    account = f", account {arn['account']}" if arn else ""
    if code == "ResourceNotFoundException":
        return ServiceFailed(
            f"there is no function {where}{account}; choose another --region, --function-name or "
            "AWS_PROFILE, or deploy the broker there"
        )
    if code == "AccessDeniedException":
        otherwise = (
            "if the broker is there, ask its owner for grant_sudo; "
            "if not, choose another --region or AWS_PROFILE"
        )
        return ServiceFailed(
            f"you may not invoke the broker {where}{account}: {message}; "
            f"{who_denies(message, otherwise=otherwise)}"
        )
    if code in _NOT_READY or answer.status == _BAD_GATEWAY:
        step = _NOT_READY.get(code, "its settings do not let it run: tell its owner")
        return ServiceFailed(f"{where} cannot run now: {code}: {message}; {step}")
    return service_failed(
        f"Invoke of {where}",
        code,
        message,
        caller=caller,
        date=answer.headers.get("date", ""),
        status=answer.status,
    )


def _said_by_function(said: object, where: str, request: Question) -> CommandLineError:
    """What a function error is: a refusal of the broker, a failure of it, or neither."""
    found = said if isinstance(said, dict) else {}
    message = one_line(str(found.get("errorMessage") or ""))
    name = str(found.get("errorType") or "")
    error = getattr(core_errors, name, None) if name.isidentifier() else None
    is_ours = request.role_name in message or message.startswith(_REFUSALS)
    if name == _OF_THE_HANDLER and is_ours:
        return Refused(message)
    if not (isinstance(error, type) and issubclass(error, core_errors.IamSudoError)):
        what = ": ".join(filter(None, (one_line(name), message))) or "it gave no reason"
        return ServiceFailed(f"{where} failed: {what}; {_IS_IT}")
    if issubclass(error, core_errors.CarriersNotSeen):
        return ServiceFailed(f"the broker {where} failed: {message}")
    if issubclass(error, _NO_DECISION):
        return ServiceFailed(f"the broker {where} failed: {message}; {_next_step(error, message)}")
    return Refused(message)


def _next_step(error: type[Exception], message: str) -> str:
    if issubclass(error, core_errors.RoleChanged) or "Throttl" in message:
        return "try again"
    return "tell its owner"
