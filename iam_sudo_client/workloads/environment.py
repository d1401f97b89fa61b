"""The variables that a workload gets: those of one container of a task, or of a function.

What is read besides (secrets, environment files) is read as the task's execution role, as Amazon
ECS does, or as the caller. Whatever cannot be read is an error that names the variable, its ARN and
who asked; a variable is never left out for that. No error, note or repr has a value.

Of `environment` and files, `environment` wins, and of files the first one. What the image sets, and
what ECS and Lambda add by themselves (`ECS_CONTAINER_METADATA_URI_V4`, `AWS_EXECUTION_ENV`, …), is
not known here.
Source: Amazon ECS Developer Guide, "Pass environment variables to an Amazon ECS container"; Amazon
ECS API Reference, "ContainerDefinition"; AWS Lambda API Reference, "EnvironmentResponse".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from iam_sudo_client.errors import CommandLineError, InvalidOption, Refused, ServiceFailed
from iam_sudo_client.workloads.reading import AS_CALLER, Reader
from iam_sudo_client.workloads.roles import Found, role_arn
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import one_line, quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.credentials import Credentials


@dataclass(frozen=True)
class Stated:
    """What a definition says of the variables: values, and where others are to be read.

    `secrets` has by each variable what it is read from; `files` are ARNs of S3 objects.
    """

    variables: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    execution_role: RoleArn | None = None

    def needs_reading(self, keep: Collection[str]) -> bool:
        return bool(self.files) or any(name not in keep for name in self.secrets)


def stated(found: Found, container: str | None) -> Stated:
    """What the definition of a workload says; `container` is needed where there are several.

    Raises:
        InvalidOption: the workload has no variables, or no such container.
        ServiceFailed: what it says cannot be had.
    """
    definition, workload = found.definition, found.workload
    if definition is None:
        raise InvalidOption(
            f"--environment: {workload} has no variables; give it with --role-of ecs:…, "
            "task-definition:… or lambda:…"
        )
    if "containerDefinitions" not in definition:
        return _of_function(found, definition, container)
    chosen = _container(found, definition["containerDefinitions"], container)
    for each in chosen.get("environmentFiles", ()):
        if each.get("type") != "s3":
            kind = quoted(str(each.get("type")))
            raise ServiceFailed(f"{workload}: an environment file is of type {kind}, not s3")
    role = definition.get("executionRoleArn")
    return Stated(
        {each["name"]: each.get("value", "") for each in chosen.get("environment", ())},
        {each["name"]: each["valueFrom"] for each in chosen.get("secrets", ())},
        tuple(each["value"] for each in chosen.get("environmentFiles", ())),
        role_arn(role, beside=str(definition["taskDefinitionArn"])) if role else None,
    )


def _container(found: Found, containers: Any, name: str | None) -> Mapping[str, Any]:
    known = {str(each["name"]): each for each in containers}
    if name is None and len(known) == 1:
        [only] = known.values()
        return dict(only)
    if name in known:
        return dict(known[name])
    listed = ", ".join(sorted(known))
    if name is None:
        raise InvalidOption(
            f"--environment: {found.workload} has several containers ({listed}); name one, as in "
            f"--environment {min(known, default='NAME')} -- CMD"
        )
    raise InvalidOption(
        f"--environment: {found.workload} has no container {quoted(name)}; it has {listed}. "
        "CMD comes after --, as in --environment -- CMD"
    )


def _of_function(found: Found, function: Mapping[str, Any], container: str | None) -> Stated:
    if container is not None:
        raise InvalidOption(
            f"--environment: {found.workload} is a function and has no container "
            f"{quoted(container)}; CMD comes after --, as in --environment -- CMD"
        )
    environment = function.get("Environment") or {}
    if error := environment.get("Error"):
        said = one_line(f"{error.get('ErrorCode')}: {error.get('Message')}").rstrip(".")
        raise ServiceFailed(
            f"{found.workload}: Lambda cannot show its variables to you: {said}; ask for "
            "kms:Decrypt of the function's key"
        )
    return Stated(dict(environment.get("Variables") or {}))


def read(
    caller: CallerSession,
    found: Found,
    container: str | None,
    *,
    as_caller: bool,
    keep: Collection[str],
    assumed: Callable[[RoleArn], Credentials],
) -> dict[str, str]:
    """The variables of a workload, but for those of `keep`, which are the caller's own.

    `assumed` gives the credentials of the execution role; it is asked for only if something is to
    be read.

    Raises:
        InvalidOption: as `stated`.
        Refused: the execution role is refused.
        ServiceFailed: something cannot be read.
    """
    said = stated(found, container)
    variables: dict[str, str] = {}
    if said.needs_reading(keep):
        reader = _reader(caller, found, said, as_caller=as_caller, assumed=assumed)
        for arn in said.files:
            variables = reader.file(arn) | variables
        variables |= said.variables
        for name, value_from in said.secrets.items():
            if name not in keep:
                variables[name] = reader.secret(name, value_from)
    else:
        variables |= said.variables
    _check(variables, found)
    return {name: value for name, value in variables.items() if name not in keep}


def _reader(
    caller: CallerSession,
    found: Found,
    said: Stated,
    *,
    as_caller: bool,
    assumed: Callable[[RoleArn], Credentials],
) -> Reader:
    if as_caller:
        return Reader(caller, found, None, assumed)
    # The first of what is read stands for all: none can be without this role.
    name, source = next(iter(said.secrets.items()), ("the environment file", *said.files[:1]))
    what = f"{found.workload}: {name} ({source})"
    if said.execution_role is None:
        raise ServiceFailed(
            f"{what} cannot be read: the task definition has no execution role, and ECS could not "
            f"either; {AS_CALLER}"
        )
    role = said.execution_role

    def named(role: RoleArn) -> Credentials:
        try:
            return assumed(role)
        except CommandLineError as error:
            kind = Refused if isinstance(error, Refused) else ServiceFailed
            raise kind(
                f"{what} is read as the execution role {role.name}, and: {error}; {AS_CALLER}"
            ) from error

    return Reader(caller, found, role, named)


def _check(variables: Mapping[str, str], found: Found) -> None:
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name:
            raise ServiceFailed(f"{found.workload}: {quoted(name)} cannot be a variable's name")
        if "\0" in value:
            raise ServiceFailed(
                f"{found.workload}: the value of {name} has a NUL, which no variable can have"
            )
