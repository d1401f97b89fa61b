"""A role as it was read, and a role as the account's list shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .arns import RoleArn
from .errors import TrustPolicyNotUnderstood
from .principals import Principal, trusted_principals


@dataclass(frozen=True)
class Role:
    """A role's name, ARN and trust policy."""

    name: str
    arn: RoleArn
    trust_policy: object

    @classmethod
    def parse(cls, reply: Mapping[str, object]) -> Role:
        """Read the `Role` of GetRole or one of the `Roles` of ListRoles.

        Raises:
            ValueError: its ARN is none that IAM gives out.
        """
        arn = RoleArn.parse(str(reply["Arn"]))
        if arn is None or arn.name != reply["RoleName"]:
            raise ValueError(f"{reply['Arn']!r} is not the ARN of role {reply['RoleName']!r}")
        return cls(arn.name, arn, reply.get("AssumeRolePolicyDocument"))

    def principals(self) -> frozenset[Principal]:
        """Who may assume it.

        Raises:
            TrustPolicyNotUnderstood: its trust policy has a shape that we do not know.
        """
        try:
            return trusted_principals(self.trust_policy, partition=self.arn.partition)
        except ValueError as error:
            raise TrustPolicyNotUnderstood(role=self.name, problem=str(error)) from None


@dataclass(frozen=True)
class RoleSnapshot:
    """All of a role that decides what it may do. Documents are parsed JSON, not yet checked."""

    role: Role
    inline_policies: Mapping[str, object] = field(default_factory=dict)
    managed_policy_arns: tuple[str, ...] = ()
    permissions_boundary: str | None = None

    @property
    def name(self) -> str:
        return self.role.name
