"""Whose role a workload has: of a service, a function, a stack, an instance, a state machine.

A role is said by its ARN, so that it is that one and no other of a similar name. What is looked up
is the caller's own account; a workload whose ARN says another is refused. Where the plain read is
denied and a list tells the same, as AWS's ViewOnlyAccess has it, the list is read.
Source: the API references of Amazon ECS, AWS Lambda, Amazon EC2, IAM and AWS Step Functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.workloads.asking import Asking
from iam_sudo_client.workloads.stacks import role_of_stack
from iam_sudo_core.arns import ROLE_NAME, RoleArn
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_client.workloads.reference import Workload

_CHECK = "check the name, --region and AWS_PROFILE"


@dataclass(frozen=True)
class Found:
    """A workload's role; of tasks and functions, what else was read of them.

    `definition` is a task definition, or the configuration of a function: with variables.
    """

    workload: Workload
    role: RoleArn
    definition: Mapping[str, Any] | None = field(default=None, repr=False)


def find(caller: CallerSession, workload: Workload) -> Found:
    """The role of a workload, by the caller's own permissions.

    Raises:
        InvalidOption: the workload's ARN says another region.
        ServiceFailed: the workload is not there, has no role, or cannot be looked up.
        NotConfigured: the caller has no usable credentials.
    """
    if workload.region not in ("", caller.region):
        raise InvalidOption(
            f"{workload} is in {workload.region}, and you ask in {caller.region}; give --region "
            f"{workload.region}"
        )
    found = _FINDERS[workload.kind](Asking(caller, workload))
    if workload.account not in ("", found.role.account):
        raise InvalidOption(
            f"{workload} is in account {workload.account}, and you are in {found.role.account}; "
            "choose the AWS_PROFILE of that account"
        )
    return found


def role_arn(text: str, *, beside: str) -> RoleArn | None:
    """A role as services say it: its ARN, or its name, in the account of another ARN."""
    if ROLE_NAME.fullmatch(text):
        _, partition, _, _, account, _ = beside.split(":", 5)
        return RoleArn(partition, account, text)
    return RoleArn.parse(text)


def _found(
    asking: Asking, role: str, *, beside: str, definition: Mapping[str, Any] | None = None
) -> Found:
    arn = role_arn(role, beside=beside)
    if arn is None:
        raise asking.no(f"its role is said to be {quoted(role)}, which is none; give --role-name")
    return Found(asking.workload, arn, definition)


def _of_service(asking: Asking) -> Found:
    cluster, _, service = asking.workload.name.partition("/")
    reply = asking.call(
        "ecs",
        "describe_services",
        absent={
            "ClusterNotFoundException": f"there is no cluster {cluster} in {asking.caller.region}; "
            f"{_CHECK} (aws ecs list-clusters)"
        },
        cluster=cluster,
        services=[service],
    )
    for each in reply.get("services", ()):
        if each.get("status") != "INACTIVE" and (current := _current(each)):
            return _of_definition(asking, current)
    raise asking.no(
        f"cluster {cluster} of {asking.caller.region} has no such service; {_CHECK} "
        f"(aws ecs list-services --cluster {cluster})"
    )


def _current(service: Mapping[str, Any]) -> str | None:
    """The task definition of a service; with an external controller its task sets have it."""
    sets = (each for each in service.get("taskSets", ()) if each.get("status") == "PRIMARY")
    return service.get("taskDefinition") or next((each["taskDefinition"] for each in sets), None)


def _of_task_definition(asking: Asking) -> Found:
    return _of_definition(asking, asking.workload.name)


def _of_definition(asking: Asking, name: str) -> Found:
    absent = f"there is no such task definition in {asking.caller.region}; {_CHECK}"
    definition = asking.call(
        "ecs",
        "describe_task_definition",
        absent={"ClientException": absent, "InvalidParameterException": absent},
        taskDefinition=name,
    )["taskDefinition"]
    arn = str(definition["taskDefinitionArn"])
    if not (role := definition.get("taskRoleArn")):
        shown = arn.rpartition("/")[2]
        raise asking.no(
            f"task definition {shown} has no task role, so its containers have no permissions; "
            "give it one (taskRoleArn), or name a role by --role-name"
        )
    return _found(asking, role, beside=arn, definition=definition)


def _of_function(asking: Asking) -> Found:
    name, _, alias = asking.workload.name.partition(":")
    qualifier = {"Qualifier": alias} if alias else {}
    what = "function, or alias of it," if alias else "function"
    absent = f"there is no such {what} in {asking.caller.region}; {_CHECK}"

    def described() -> Found:
        function = asking.call(
            "lambda",
            "get_function_configuration",
            absent={"ResourceNotFoundException": absent},
            FunctionName=name,
            **qualifier,
        )
        return of(function)

    def listed() -> Found:
        for function in asking.pages("lambda", "list_functions", key="Functions"):
            if function["FunctionName"] == name:
                return of(function)
        raise asking.no(absent)

    def of(function: Mapping[str, Any]) -> Found:
        beside = str(function["FunctionArn"])
        return _found(asking, str(function["Role"]), beside=beside, definition=function)

    # A list has no aliases.
    return described() if alias else asking.either(described, listed)


def _of_stack(asking: Asking) -> Found:
    return Found(asking.workload, role_of_stack(asking))


def _of_instance(asking: Asking) -> Found:
    absent = f"there is no such instance in {asking.caller.region}; {_CHECK}"
    reservations = asking.call(
        "ec2",
        "describe_instances",
        absent={"InvalidInstanceID.NotFound": absent, "InvalidInstanceID.Malformed": absent},
        InstanceIds=[asking.workload.name],
    )["Reservations"]
    instances = [each for reservation in reservations for each in reservation["Instances"]]
    if not instances:
        raise asking.no(absent)
    if not (profile := instances[0].get("IamInstanceProfile")):
        raise asking.no(
            "the instance has no instance profile, and so no role; give it one, or name a role "
            "by --role-name"
        )
    arn = str(profile["Arn"])
    name = arn.rpartition("/")[2]
    gone = f"its instance profile {name} is not there any more; give --role-name"

    def described() -> list[Any]:
        reply = asking.call(
            "iam", "get_instance_profile", absent={"NoSuchEntity": gone}, InstanceProfileName=name
        )
        roles: list[Any] = reply["InstanceProfile"]["Roles"]
        return roles

    def listed() -> list[Any]:
        profiles = asking.pages("iam", "list_instance_profiles", key="InstanceProfiles")
        return [role for each in profiles if each["Arn"] == arn for role in each["Roles"]]

    roles = asking.either(described, listed)
    if not roles:
        raise asking.no(f"its instance profile {name} has no role; give --role-name")
    return _found(asking, str(roles[0]["Arn"]), beside=arn)


def _of_state_machine(asking: Asking) -> Found:
    partition, account = asking.identity()
    region, name = asking.caller.region, asking.workload.name
    arn = f"arn:{partition}:states:{region}:{account}:stateMachine:{name}"
    absent = f"there is no such state machine in {region}; {_CHECK}"
    machine = asking.call(
        "stepfunctions",
        "describe_state_machine",
        absent={"StateMachineDoesNotExist": absent, "InvalidArn": absent},
        stateMachineArn=arn,
    )
    return _found(asking, str(machine["roleArn"]), beside=arn)


_FINDERS: Mapping[str, Callable[[Asking], Found]] = {
    "ecs": _of_service,
    "task-definition": _of_task_definition,
    "lambda": _of_function,
    "stack": _of_stack,
    "ec2": _of_instance,
    "state-machine": _of_state_machine,
}
