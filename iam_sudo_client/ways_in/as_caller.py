"""The explanation of a session for somebody else: by the rules of a broker, and without asking it.

The broker answers nobody for another. Who may read its settings (`lambda:GetFunctionConfiguration`)
knows all its rules anyway, and what there is of roles is read by one's own permissions: so nobody
learns by it of a role that they could not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iam_sudo_client.errors import InvalidOption, Refused, ServiceFailed
from iam_sudo_client.report import Note
from iam_sudo_client.ways_in.failures import DENIED, service_failed, translated
from iam_sudo_client.ways_in.local import refusals
from iam_sudo_core.account.calls import call, today
from iam_sudo_core.account.parameters import read_parameter
from iam_sudo_core.broker import Identity, Settings, published_rules
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.errors import AwsCallFailed, InvalidSettings, one_line, quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.broker import Request, Rule


def explain_as(
    caller: CallerSession, request: Request, *, arn: str, function_name: str, note: Note
) -> Mapping[str, Any]:
    """The explanation that the broker would give to whoever has this ARN.

    Raises:
        InvalidOption: the ARN is nobody's that rules can know.
        Refused: they would get none, and by which rule, or the broker has no rules.
        ServiceFailed, NotConfigured: as `local.explain_here`; the settings cannot be read.
    """
    identity = Identity.parse(arn)
    if identity is None:
        raise InvalidOption(
            f"--as {quoted(arn)} is nobody; write it as aws sts get-caller-identity prints it: "
            "arn:aws:iam::ACCOUNT:user/NAME, or of a role "
            "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
        )
    settings = _settings(caller, function_name)
    selection = settings.selection
    if not selection.rules and not selection.rules_parameter:
        raise Refused(
            f"{quoted(function_name)} has no rules: whoever may invoke it may have every role that "
            "it selects; leave out --as"
        )
    published = None
    if selection.rules_parameter:
        rules = _published(caller, selection.rules_parameter)
        published = lambda: rules  # noqa: E731 - as the broker has it
    iam, _sts = caller.clients()
    with refusals(caller, base_role=str(settings.base_role)):
        return explain(
            request,
            selection=selection.of(lambda: identity, published),
            base_role=settings.base_role,
            iam=iam,
            note=note,
            day=today() if settings.large_roles else None,
        ).to_reply()


def _published(caller: CallerSession, parameter: str) -> tuple[Rule, ...]:
    """The rules of a broker that has them in a parameter."""
    try:
        with translated(caller):
            _version, text = read_parameter(caller.client("ssm"), parameter)
        return published_rules(text)
    except AwsCallFailed as error:
        if error.code in DENIED:
            raise ServiceFailed(
                f"you may not read the rules of parameter {quoted(parameter)}: "
                f"{one_line(error.detail)}; --as needs ssm:GetParameter on it. Your own roles "
                "iam-sudo list names"
            ) from error
        if error.code == "ParameterNotFound":
            raise ServiceFailed(
                f"the broker has its rules in a parameter, and there is no parameter "
                f"{quoted(parameter)} in {caller.region}; tell whoever deploys the broker, which "
                "gives nobody anything meanwhile"
            ) from error
        raise service_failed(error.operation, error.code, error.detail, caller=caller) from error
    except InvalidSettings as error:
        raise ServiceFailed(
            f"the rules of parameter {quoted(parameter)} cannot be read: "
            f"{one_line(error.problem)}; a broker that knows those before it goes by them"
        ) from None


def _settings(caller: CallerSession, function_name: str) -> Settings:
    """What the broker is told by its environment."""
    where = f"{quoted(function_name)} in {caller.region}"
    try:
        with translated(caller):
            client = caller.client("lambda")
            reply = call(client, "get_function_configuration", FunctionName=function_name)
    except AwsCallFailed as error:
        if error.code in DENIED:
            raise ServiceFailed(
                f"you may not read the rules of {where}: {one_line(error.detail)}; --as needs "
                "lambda:GetFunctionConfiguration on it. Your own roles iam-sudo list names"
            ) from error
        if error.code == "ResourceNotFoundException":
            raise ServiceFailed(
                f"there is no function {where}; choose another --region, --function-name or "
                "AWS_PROFILE"
            ) from error
        raise service_failed(error.operation, error.code, error.detail, caller=caller) from error
    try:
        return Settings.parse(reply.get("Environment", {}).get("Variables", {}))
    except InvalidSettings as error:
        raise ServiceFailed(f"the settings of {where} are no broker's: {error}") from None
