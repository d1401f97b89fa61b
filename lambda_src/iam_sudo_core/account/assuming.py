"""Assume the base role while looking at the role again: it has to be as it was read.

A role is read by several calls, and in between somebody may give it a policy that denies, and then
widen one that allows. Who had read the names before and the documents after would have the second
without the first, for an hour. So everything but the documents is read once more, by calls that
begin after the last document was read. They run side by side with AssumeRole and cost no round
trip; when they find the role changed, or cannot tell, nobody ever sees the credentials.

Managed policies whose documents became text of the session must still be of the same version, and
tags of the base role that decide something must decide the same. Not seen: the document of an
inline policy that is replaced under the same name, of which IAM tells no version.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..arns import RoleArn
from ..credentials import Credentials
from ..errors import RoleChanged
from ..session import tags as session_tags
from ..session.caller import check_caller
from ..session.plan import SessionPlan
from ..session.role import WholeRole
from ..session.terms import SessionTerms
from .calls import Client, call
from .reading import read_outline, read_tags


@dataclass(frozen=True)
class AssumedRole:
    """What AssumeRole answers; of what STS can pack, the session policies take so many percent."""

    credentials: Credentials
    packed_policy_size: int | None


def assume_unchanged(
    whole: WholeRole, plan: SessionPlan, *, terms: SessionTerms, iam: Client, sts: Client
) -> AssumedRole:
    """Assume the base role by a plan for a role, which is still as it was read.

    Raises:
        RoleChanged: it is not, or it is gone.
        PrincipalTagDiffers: a tag of the base role that the role's policies test has changed.
        AwsCallFailed: AWS refused or failed a call, be it one of looking.
    """
    snapshot, base_role = whole.snapshot, whole.base_role
    # Of what travels as an ARN, AWS itself takes the version in force, as for the role.
    written_out = snapshot.policy_arns - set(plan.policy_arns)
    if snapshot.permissions_boundary:
        written_out |= {snapshot.permissions_boundary}
    tested = session_tags.tested(snapshot.all_documents())
    with ThreadPoolExecutor(2) as pool:
        session = pool.submit(
            assume_role, sts, base_role=base_role, role_name=snapshot.name, plan=plan, terms=terms
        )
        base_tags = pool.submit(read_tags, iam, base_role) if tested else None
        now = read_outline(iam, snapshot.name, managed_policies=sorted(written_out))
        if changes := snapshot.outline(written_out).differences(now):
            raise RoleChanged(role=snapshot.name, what=changes)
        if base_tags:
            check_caller(whole.with_base_tags(base_tags.result()), are_passed=bool(plan.tags))
        return session.result()


def assume_role(
    sts: Client, *, base_role: RoleArn, role_name: str, plan: SessionPlan, terms: SessionTerms
) -> AssumedRole:
    """Assume `base_role` within the session policies of `plan`.

    Raises:
        AwsCallFailed: STS refused or failed the call.
    """
    parameters: dict[str, Any] = {
        "RoleArn": str(base_role),
        "RoleSessionName": terms.session_name(role_name),
        "DurationSeconds": terms.duration_seconds,
    }
    if terms.source_identity:
        parameters["SourceIdentity"] = terms.source_identity
    if plan.policy:
        parameters["Policy"] = plan.policy
    if plan.policy_arns:
        parameters["PolicyArns"] = [{"arn": arn} for arn in plan.policy_arns]
    if plan.tags:
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in plan.tags.items()]
    reply = call(sts, "assume_role", **parameters)
    return AssumedRole(credentials(reply), reply.get("PackedPolicySize"))


def credentials(reply: Mapping[str, Any]) -> Credentials:
    """The credentials in the reply of AssumeRole."""
    given = reply["Credentials"]
    expiration: datetime = given["Expiration"]
    return Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        expiration=expiration.isoformat(),
    )
