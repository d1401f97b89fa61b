"""A plain AssumeRole of the role itself, which has to trust the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.report import Note
from iam_sudo_client.waiting import waiting_for
from iam_sudo_client.ways_in.denied_assume import why_denied
from iam_sudo_client.ways_in.failures import translated
from iam_sudo_core.account.assuming import credentials
from iam_sudo_core.arns import ROLE_NAME, RoleArn
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import quoted
from iam_sudo_core.policy.documents import merge, serialize, statements
from iam_sudo_core.session import DURATION_SECONDS, session_name

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession


def assume_role(
    caller: CallerSession, role: str, *, policy: object = None, note: Note
) -> Credentials:
    """Credentials of the role itself, a name in the caller's account or an ARN.

    The ARN may be that of a session of the role. `policy` is a document that narrows the session.

    Raises:
        InvalidOption: `role` is neither, or `policy` is none that would be understood.
        ServiceFailed: AWS refused or failed a call; of a refusal it says why, see `denied_assume`.
        NotConfigured: the caller has no usable credentials.
    """
    arn = RoleArn.named(role)
    if arn is None and not ROLE_NAME.fullmatch(role):
        raise InvalidOption(f"--role-name {quoted(role)} is neither a role name nor a role's ARN")
    parameters = {} if policy is None else {"Policy": _session_policy(policy)}
    _iam, sts = caller.clients()
    identity: str | None = None
    with translated(caller), waiting_for("STS"):
        if arn is None:
            identity = str(sts.get_caller_identity()["Arn"])
            _, partition, _, _, account, _ = identity.split(":", 5)
            arn = RoleArn(partition, account, role)
        try:
            reply = sts.assume_role(
                RoleArn=str(arn),
                RoleSessionName=session_name(arn.name),
                DurationSeconds=DURATION_SECONDS,
                **parameters,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            said = error.response["Error"].get("Message", "")
            raise ServiceFailed(
                why_denied(caller.whole, arn, identity=identity, said=said, note=note)
            ) from error
    return credentials(reply)


def _session_policy(document: object) -> str:
    """The policy as STS takes it: what allows nothing denies all."""
    try:
        return serialize(merge([statements(document)]))
    except ValueError as error:
        raise InvalidOption(f"--policy: {error}") from None
