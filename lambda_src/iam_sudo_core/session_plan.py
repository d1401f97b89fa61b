"""Plan a session that may do what a role may do, and never more.

Managed policies travel as ARNs, inline policies merged into one document. A role that may do
nothing gets an explicit deny-all, because STS reads an absent session policy as "all that the base
role may do". What would not be exact, or would not fit, is refused; nothing is dropped.

It does not compact policies, intersect permissions boundaries or set session tags; what would need
that is refused. The documents of managed policies are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import policies
from .arns import RoleArn
from .errors import (
    CharacterNotAccepted,
    ManagedPolicyElsewhere,
    PermissionsBoundaryNotSupported,
    PolicyNotUnderstood,
    PrincipalTagNotSupported,
    SessionPolicyTooLarge,
    TooManyManagedPolicies,
)
from .roles import RoleSnapshot

# IAM User Guide, "IAM and STS quotas", and STS API Reference, "AssumeRole" (Policy, PolicyArns).
MAX_CHARACTERS = 2_048
MAX_POLICY_ARNS = 10
_NOT_ACCEPTED = re.compile(r"[^\t\n\r\u0020-\u00FF]")
# The session has the base role's tags: a condition or a variable on them would be decided wrongly.
_PRINCIPAL_TAG = "aws:principaltag/"
MAX_SESSION_NAME = 64
# "Role chaining" limits a session to one hour: IAM User Guide, "Roles terms and concepts".
DURATION_SECONDS = 3_600


@dataclass(frozen=True)
class SessionPlan:
    """The session policies to pass: the text of one document, managed policy ARNs, or both."""

    policy: str | None
    policy_arns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.policy and not self.policy_arns:
            raise ValueError("a session without session policies may do all the base role may")

    @property
    def characters(self) -> int:
        """What STS counts against `MAX_CHARACTERS`."""
        return len(self.policy or "") + sum(map(len, self.policy_arns))


def plan_session(snapshot: RoleSnapshot, *, base_role: RoleArn) -> SessionPlan:
    """Plan the session of a role on top of `base_role`.

    Raises:
        SessionRefused: no session would be exactly the role; the error says why and what to do.
    """
    name = snapshot.name
    if snapshot.permissions_boundary is not None:
        raise PermissionsBoundaryNotSupported(role=name, boundary=snapshot.permissions_boundary)
    if len(snapshot.managed_policy_arns) > MAX_POLICY_ARNS:
        raise TooManyManagedPolicies(
            role=name, count=len(snapshot.managed_policy_arns), limit=MAX_POLICY_ARNS
        )
    for arn in snapshot.managed_policy_arns:
        if not _accepted_with(base_role, arn):
            raise ManagedPolicyElsewhere(role=name, policy_arn=arn, account=base_role.account)
    plan = SessionPlan(_inline_policy(snapshot), snapshot.managed_policy_arns)
    if _PRINCIPAL_TAG in (plan.policy or "").lower():
        raise PrincipalTagNotSupported(role=name)
    if plan.policy and (found := _NOT_ACCEPTED.search(plan.policy)):
        raise CharacterNotAccepted(role=name, character=found.group())
    if plan.characters > MAX_CHARACTERS:
        raise SessionPolicyTooLarge(
            role=name,
            characters=plan.characters,
            limit=MAX_CHARACTERS,
            inline={
                policy: len(
                    policies.serialize(policies.merge([_statements(name, policy, document)]))
                )
                for policy, document in snapshot.inline_policies.items()
            },
            managed={arn: len(arn) for arn in snapshot.managed_policy_arns},
        )
    return plan


def session_name(role_name: str) -> str:
    """The role session name of a simulated role: `iam-sudo-<role name>`, as STS accepts it."""
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", f"iam-sudo-{role_name}")[:MAX_SESSION_NAME]


def _accepted_with(base_role: RoleArn, policy_arn: str) -> bool:
    # STS API Reference, "AssumeRole": "The policies must exist in the same account as the role."
    prefixes = (f"arn:{base_role.partition}:iam::{owner}:" for owner in ("aws", base_role.account))
    return policy_arn.startswith(tuple(prefixes))


def _inline_policy(snapshot: RoleSnapshot) -> str | None:
    merged = policies.merge(
        _statements(snapshot.name, policy, document)
        for policy, document in snapshot.inline_policies.items()
    )
    if merged["Statement"]:
        return policies.serialize(merged)
    return None if snapshot.managed_policy_arns else policies.serialize(policies.DENY_ALL)


def _statements(role: str, policy: str, document: object) -> list[policies.Statement]:
    try:
        return policies.statements(document)
    except ValueError as error:
        raise PolicyNotUnderstood(role=role, policy=policy, problem=str(error)) from None
