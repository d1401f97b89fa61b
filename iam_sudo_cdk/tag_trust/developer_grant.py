"""What a developer may do with opened roles, in the developer's own policies.

To assume the account's roles that carry the tag, no more. Left out, whatever tag they carry, are
the roles of `cdk bootstrap`, through which everything can be deployed, and all that a broker has.
It denies nothing: who may deploy by another policy still may.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from iam_sudo_core.arns import BROKER_TAG

from ..application import identity
from ..grants import combined, grant_by_policy
from ..names import BASE_ROLE_NAME
from ..owners import own
from ..selected import NEVER_GRANTED
from .session_marks import Conditions, SessionMarks
from .trust_statement import Tag, permitted

# By stack and name, the managed policies that there are: several of us in a stack share one.
_POLICIES: dict[tuple[object, str], iam.ManagedPolicy] = {}


class DeveloperGrant:
    """Written for each grantee into its own policy, or into the managed one that is made for it.

    Args:
        scope: the construct whose account is meant, and which the managed policy is made in.
        tag: of the roles.
        marks: what a session may be given.
        protect_tag: deny changing the tag on roles, too.
        policy_name: of the managed policy.
        is_made_elsewhere: whether another stack of the account makes that policy.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        tag: Tag,
        marks: SessionMarks,
        protect_tag: bool,
        policy_name: str,
        is_made_elsewhere: bool,
    ) -> None:
        self._scope = scope
        self._tag = tag
        self._marks = marks
        self._protect_tag = protect_tag
        self._policy_name = policy_name
        self._is_made_elsewhere = is_made_elsewhere
        # What follows `role/`; one of another application may have a path.
        self._base_roles = {BASE_ROLE_NAME: None, f"*/{BASE_ROLE_NAME}": None}
        self.policy: iam.ManagedPolicy | None = None  # once there is a grantee who needs it

    def leave_out(self, base_role_name: str) -> None:
        """Never grant a base role of this name (and path), tagged or not; before any grant."""
        self._base_roles[base_role_name] = None

    def give(self, grantee: iam.IGrantable) -> iam.Grant:
        return grant_by_policy(grantee, self._scope, self._write) or self.give_policy(grantee)

    def give_policy(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant by the managed policy alone, which somebody will attach to the grantee."""
        if self._is_made_elsewhere:
            return iam.Grant.drop(grantee, f"iam-sudo: {self._policy_name} grants it")
        return self._write(self._managed_policy())

    def _write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let the grantee do with all roles that carry the tag what their trust policies let."""
        grants = []
        for _, action, conditions in permitted(self._marks):
            grant = iam.Grant.add_to_principal(
                grantee=grantee,
                actions=[action],
                resource_arns=[],  # a Grant knows no NotResource: that is added to its statement
                conditions=_merged(self._tagged(), conditions),
            )
            if grant.principal_statement:
                grant.principal_statement.add_not_resources(*self._left_out())
            grants.append(grant)
        if self._protect_tag:
            grantee.grant_principal.add_to_principal_policy(self._keep_the_tag())
        return combined(grants)

    def _tagged(self) -> Conditions:
        tag = self._tag
        return {
            "StringEquals": {
                f"iam:ResourceTag/{tag.key}": tag.value,
                # NotResource is all but a few roles of *all* accounts.
                "aws:ResourceAccount": cdk.Stack.of(self._scope).account,
            },
            "Null": {f"iam:ResourceTag/{BROKER_TAG}": "true"},
        }

    def _left_out(self) -> list[str]:
        """The roles that are nobody's to assume by a tag."""
        return [self._roles(name, account="*") for name in (*NEVER_GRANTED, *self._base_roles)]

    def _managed_policy(self) -> iam.ManagedPolicy:
        stack = cdk.Stack.of(self._scope)
        if self.policy is None:
            self.policy = _POLICIES.get((identity(stack), self._policy_name))
        if self.policy is None:
            own(
                self._scope,
                "the managed policy",
                self._policy_name,
                way_out="let one of them make it and say developer_policy=… in the other, or "
                "policy_name=… for another name",
            )
            self.policy = iam.ManagedPolicy(
                self._scope,
                "DeveloperPolicy",
                managed_policy_name=self._policy_name,
                description=f"iam-sudo: assume the roles with the tag {self._tag}",
            )
            _POLICIES[identity(stack), self._policy_name] = self.policy
        return self.policy

    def _keep_the_tag(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="KeepTheTag",
            effect=iam.Effect.DENY,
            actions=["iam:TagRole", "iam:UntagRole"],
            resources=[self._roles("*")],
            # Keys of IAM tags are one key in whatever case.
            conditions={"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [self._tag.key]}},
        )

    def _roles(self, name: str, *, account: str | None = None) -> str:
        return cdk.Stack.of(self._scope).format_arn(
            service="iam", region="", account=account, resource="role", resource_name=name
        )


def _merged(one: Conditions, other: Conditions) -> Conditions:
    """Both conditions in one; no key is tested by one operator in both."""
    return {
        operator: {**one.get(operator, {}), **other.get(operator, {})}
        for operator in dict.fromkeys([*one, *other])
    }
