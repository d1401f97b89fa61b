"""The broker's steps run here: a simulated role, or its explanation, by one's own permissions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iam_sudo_client.errors import Refused, ServiceFailed
from iam_sudo_client.report import Note
from iam_sudo_client.waiting import pause_until_seen, waiting_for
from iam_sudo_client.ways_in.failures import service_failed, translated, who_denies
from iam_sudo_core.account.calls import Client, call, today
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.broker import ListRequest
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.broker.listing import list_selected
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import (
    AwsCallFailed,
    CarriersNotSeen,
    IamSudoError,
    RoleChanged,
    quoted,
)
from iam_sudo_core.policy import Principal

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.broker import Request


def simulate_here(
    caller: CallerSession, request: Request, *, base_role: str, note: Note
) -> Credentials:
    """Credentials of a simulated role, by the caller's own permissions.

    Raises:
        Refused: no session would be exactly the role, or no role fits.
        ServiceFailed: AWS refused or failed a call.
        NotConfigured: the caller has no usable credentials.
    """
    iam, sts = caller.clients()

    def simulated() -> Credentials:
        return simulate(
            request,
            selection=_Everything(base_roles),
            base_role=base_role,
            iam=iam,
            sts=sts,
            note=note,
            day=today(),
        )

    named = request.base_role or base_role
    with refusals(caller, base_role=named), _known_by_name(iam, named) as base_roles:
        try:
            return simulated()
        except CarriersNotSeen as error:
            pause_until_seen(str(error))
            return simulated()


def explain_here(
    caller: CallerSession, request: Request, *, base_role: str, note: Note
) -> Mapping[str, Any]:
    """The explanation of a session, by the caller's own permissions to read roles.

    Raises:
        Refused, ServiceFailed, NotConfigured: as `simulate_here`.
    """
    iam, _sts = caller.clients()
    named = request.base_role or base_role
    with refusals(caller, base_role=named), _known_by_name(iam, named) as base_roles:
        return explain(
            request,
            selection=_Everything(base_roles),
            base_role=base_role,
            iam=iam,
            note=note,
            day=today(),
        ).to_reply()


def listed_here(caller: CallerSession, pattern: str | None) -> Mapping[str, Any]:
    """The roles that the caller may read, of which --local would simulate each.

    Raises:
        ServiceFailed, NotConfigured: as `simulate_here`.
    """
    iam, _sts = caller.clients()
    with refusals(caller, base_role=""):
        everything = _Everything(list)
        return list_selected(ListRequest(pattern), selection=everything, iam=iam).to_reply()


@contextmanager
def refusals(caller: CallerSession, *, base_role: str) -> Iterator[None]:
    """Raise what the core refuses as errors of the command line."""
    try:
        with translated(caller), waiting_for("IAM and STS"):
            yield
    except AwsCallFailed as error:
        if error.operation == "AssumeRole" and error.code == "AccessDenied":
            raise ServiceFailed(_not_assumed(error.detail, base_role)) from error
        raise service_failed(error.operation, error.code, error.detail, caller=caller) from error
    except (CarriersNotSeen, RoleChanged) as error:
        raise ServiceFailed(str(error)) from error
    except IamSudoError as error:
        raise Refused(str(error)) from error


def _not_assumed(detail: str, base_role: str) -> str:
    """STS says the same of a role that does not trust you and of one that does not exist."""
    from_variable = os.environ.get("IAM_SUDO_BASE_ROLE") == base_role
    origin = " (from IAM_SUDO_BASE_ROLE)" if from_variable else ""
    otherwise = "name another by --base-role, or ask the broker (--remote)"
    return (
        f"the base role {quoted(base_role)}{origin} does not exist, or you may not assume it: "
        f"{detail}; {who_denies(detail, otherwise=otherwise)}"
    )


@contextmanager
def _known_by_name(iam: Client, base_role: str) -> Iterator[Callable[[], list[str]]]:
    """The ARN of the base role, which a name does not tell all of, read beside everything else."""
    with ThreadPoolExecutor(1) as pool:
        found = None if RoleArn.parse(base_role) else pool.submit(_arn, iam, base_role)
        yield lambda: found.result() if found else []


def _arn(iam: Client, name: str) -> list[str]:
    """None where it is not there, or the caller may not read it: STS says what it thinks."""
    try:
        found = call(iam, "get_role", RoleName=name)["Role"]
    except AwsCallFailed:
        return []
    # IAM finds names without regard to case, and a lookalike is not the role.
    return [found["Arn"]] if found["RoleName"] == name else []


@dataclass(frozen=True)
class _Everything:
    """The selection of `--local`: IAM itself decides what the caller may do."""

    found: Callable[[], list[str]]

    @property
    def base_roles(self) -> list[str]:
        return self.found()

    def rule(self, role: RoleArn) -> str:  # noqa: ARG002 - the protocol's
        return "role name *"

    def allowed(self, principals: Iterable[Principal]) -> Principal:
        # A role that only a web identity may assume has no principal that a selection would know.
        return min(principals, default=Principal("*", "*"))

    def allows_principal(self, principal: Principal) -> bool:  # noqa: ARG002
        return True

    def allows_base_role(self, arn: str) -> bool:  # noqa: ARG002
        return True
