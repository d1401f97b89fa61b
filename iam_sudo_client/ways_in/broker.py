"""The three ways to credentials: the broker, the same steps run here, and a plain AssumeRole.

The first two also explain what they would do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from iam_sudo_client.errors import (
    CommandLineError,
    InvalidOption,
    Refused,
    ServiceFailed,
)
from iam_sudo_client.ways_in.denied_assume import why_denied
from iam_sudo_client.ways_in.session import service_failed, translated
from iam_sudo_core.account import calls
from iam_sudo_core.account.assuming import credentials
from iam_sudo_core.arns import ROLE_NAME, RoleArn
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.broker.request import Request
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.broker.target import Note
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import (
    AwsCallFailed,
    IamSudoError,
    RoleChanged,
    one_line,
    quoted,
)
from iam_sudo_core.policy.principals import Principal
from iam_sudo_core.session.plan import DURATION_SECONDS, session_name

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


def simulate_here(session: Session, request: Request, *, base_role: str, note: Note) -> Credentials:
    """Credentials of a simulated role, by the caller's own permissions.

    Raises:
        Refused: no session would be exactly the role, or no role fits.
        ServiceFailed: AWS refused or failed a call.
        NotConfigured: the caller has no usable credentials.
    """
    iam, sts = calls.clients(session)
    with _refusals():
        return simulate(
            request, selection=_Everything(), base_role=base_role, iam=iam, sts=sts, note=note
        )


def explain_here(
    session: Session, request: Request, *, base_role: str, note: Note
) -> Mapping[str, Any]:
    """The explanation of a session, by the caller's own permissions to read roles.

    Raises:
        Refused, ServiceFailed, NotConfigured: as `simulate_here`.
    """
    iam, _sts = calls.clients(session)
    with _refusals():
        return explain(
            request, selection=_Everything(), base_role=base_role, iam=iam, note=note
        ).to_reply()


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise what the core refuses as errors of the command line."""
    try:
        with translated():
            yield
    except AwsCallFailed as error:
        raise service_failed(error.operation, error.code, error.detail) from error
    except RoleChanged as error:
        raise ServiceFailed(str(error)) from error
    except IamSudoError as error:
        raise Refused(str(error)) from error


def assume(session: Session, role: str, *, note: Note) -> Credentials:
    """Credentials of the role itself, a name in the caller's account or an ARN.

    Raises:
        InvalidOption: `role` is neither.
        ServiceFailed: AWS refused or failed a call; of a refusal it says why, see `denied_assume`.
        NotConfigured: the caller has no usable credentials.
    """
    arn = RoleArn.parse(role)
    if arn is None and not ROLE_NAME.fullmatch(role):
        raise InvalidOption(f"--role-name {quoted(role)} is neither a role name nor a role's ARN")
    _iam, sts = calls.clients(session)
    identity: str | None = None
    with translated():
        if arn is None:
            identity = str(sts.get_caller_identity()["Arn"])
            _, partition, _, _, account, _ = identity.split(":", 5)
            arn = RoleArn(partition, account, role)
        try:
            reply = sts.assume_role(
                RoleArn=str(arn),
                RoleSessionName=session_name(arn.name),
                DurationSeconds=DURATION_SECONDS,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            said = error.response["Error"].get("Message", "")
            raise ServiceFailed(
                why_denied(session, arn, identity=identity, said=said, note=note)
            ) from error
    return credentials(reply)


class _Everything:
    """The selection of `--local`: IAM itself decides what the caller may do."""

    def name_pattern(self, role_name: str) -> str:  # noqa: ARG002 - the protocol's
        return "*"

    def allowed(self, principals: Iterable[Principal]) -> Principal:
        # A role that only a web identity may assume has no principal that a selection would know.
        return min(principals, default=Principal("*", "*"))

    def allows_principal(self, principal: Principal) -> bool:  # noqa: ARG002
        return True

    def allows_base_role(self, arn: str) -> bool:  # noqa: ARG002
        return True


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
