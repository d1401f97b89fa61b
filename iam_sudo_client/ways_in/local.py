"""The broker's steps run here: a simulated role, or its explanation, by one's own permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.session import Session

from iam_sudo_client.errors import Refused, ServiceFailed
from iam_sudo_client.report import Note
from iam_sudo_client.ways_in.session import service_failed, translated
from iam_sudo_core.account import calls
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.broker import Request
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import AwsCallFailed, IamSudoError, RoleChanged
from iam_sudo_core.policy import Principal


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


class _Everything:
    """The selection of `--local`: IAM itself decides what the caller may do."""

    def rule(self, role: RoleArn) -> str:  # noqa: ARG002 - the protocol's
        return "role name *"

    def allowed(self, principals: Iterable[Principal]) -> Principal:
        # A role that only a web identity may assume has no principal that a selection would know.
        return min(principals, default=Principal("*", "*"))

    def allows_principal(self, principal: Principal) -> bool:  # noqa: ARG002
        return True

    def allows_base_role(self, arn: str) -> bool:  # noqa: ARG002
        return True
