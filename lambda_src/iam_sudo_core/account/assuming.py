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

from concurrent.futures import ThreadPoolExecutor

from ..arns import RoleArn
from ..errors import RoleChanged
from ..session import tags as session_tags
from ..session.caller import check_caller
from ..session.plan import SessionPlan
from ..session.role import RoleSnapshot
from . import aws


def assume_unchanged(
    iam: aws.Client,
    sts: aws.Client,
    *,
    snapshot: RoleSnapshot,
    base_role: RoleArn,
    plan: SessionPlan,
) -> aws.AssumedRole:
    """Assume `base_role` by a plan for the role, which is still as `snapshot` has it.

    Raises:
        RoleChanged: it is not, or it is gone.
        PrincipalTagDiffers: a tag of the base role that the role's policies test has changed.
        AwsCallFailed: AWS refused or failed a call, be it one of looking.
    """
    # Of what travels as an ARN, AWS itself takes the version in force, as for the role.
    written_out = snapshot.policy_arns - set(plan.policy_arns)
    if snapshot.permissions_boundary:
        written_out |= {snapshot.permissions_boundary}
    tested = session_tags.tested(snapshot.all_documents())
    with ThreadPoolExecutor(2) as pool:
        session = pool.submit(
            aws.assume_role, sts, base_role=base_role, role_name=snapshot.name, plan=plan
        )
        base_tags = pool.submit(aws.read_tags, iam, base_role) if tested else None
        now = aws.read_outline(iam, snapshot.name, managed_policies=sorted(written_out))
        if changes := snapshot.outline(written_out).differences(now):
            raise RoleChanged(role=snapshot.name, what=changes)
        if base_tags:
            check_caller(snapshot, base_role, base_tags.result(), are_passed=bool(plan.tags))
        return session.result()
