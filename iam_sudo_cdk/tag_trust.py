"""The strategy without a broker: the selected roles of an application trust the developers.

Each of them gets a tag and a statement in its trust policy, see `selected_roles` for which, and
`grant_sudo` both enters the grantee into the statement's condition and lets it assume the account's
roles that carry the tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from .acknowledgements import acknowledge
from .errors import CannotGrant, InvalidChoice
from .grants import check_stands_for_one, grant_by_policy, is_elsewhere, principal_arns
from .role_resource import warn_whole_account
from .selected_roles import NothingIsMissed, OpenSelectedRoles, stages_of
from .selection import RoleSelection
from .trust_statement import (
    ACTIONS,
    PRIORITY,
    TRUST_POLICY_CHARACTERS,
    Tag,
    Trust,
    principal_pattern,
)

Scope = Literal["stack", "stage", "app"]
SCOPES: tuple[Scope, ...] = ("stack", "stage", "app")


@dataclass(frozen=True, kw_only=True)
class TagTrustStrategy:
    """Let developers assume the selected roles themselves.

    Attributes:
        selection: the roles, by the principals that they trust already, and by name or, where
            CloudFormation makes the name up, by construct path; default: the blog's demo roles.
        scope: where they are looked for: the construct's own `stack` (nested ones included), its
            `stage`, or the whole `app` with the stages that there are by now; default: stack.
        tag: opens a role; default: env=dev.
        trust_whole_account: leave the condition out of the statement, so that everybody in the
            account who may `sts:AssumeRole` on the role gets in; default: False.
        protect_tag: deny the grantees changing that tag on roles; default: False. The README has
            the service control policy that protects it from everybody.
        policy_name: of the managed policy for grantees that the CDK cannot write to; default:
            iam-sudo-developers.
        trust_policy_characters: IAM's quota for trust policies; default: 2048, at most 4096.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    selection: RoleSelection = field(default_factory=RoleSelection)
    scope: Scope = "stack"
    tag: Tag = field(default_factory=Tag)
    trust_whole_account: bool = False
    protect_tag: bool = False
    policy_name: str = "iam-sudo-developers"
    trust_policy_characters: int = TRUST_POLICY_CHARACTERS

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise InvalidChoice(key="scope", value=self.scope, allowed=", ".join(SCOPES))

    def bind(self, scope: Construct, development_accounts: Sequence[str]) -> TrustedRoles:
        """Open the selected roles when the application is synthesized."""
        return TrustedRoles(scope, self, development_accounts)


class TrustedRoles:
    """What the strategy has built: an aspect on its scope, and the developers that it was told."""

    def __init__(
        self, scope: Construct, strategy: TagTrustStrategy, development_accounts: Sequence[str]
    ) -> None:
        self._scope = scope
        self._strategy = strategy
        self._policy: iam.ManagedPolicy | None = None
        self._developers: dict[str, None] = {}
        trust = Trust(
            tag=strategy.tag,
            developers=lambda: list(self._developers),
            trust_whole_account=strategy.trust_whole_account,
            trust_policy_characters=strategy.trust_policy_characters,
        )
        if strategy.trust_whole_account:
            warn_whole_account(scope)
        aspect = OpenSelectedRoles(
            scope,
            strategy.selection,
            trust,
            development_accounts=development_accounts,
        )
        roots = _roots(scope, strategy.scope)
        stages = roots if strategy.scope == "app" else None
        for root in roots:
            cdk.Aspects.of(root).add(aspect, priority=PRIORITY)
            root.node.add_validation(NothingIsMissed(root, aspect, stages=stages))

    @property
    def developer_policy(self) -> iam.ManagedPolicy | None:
        """The managed policy to attach to grantees that the CDK cannot write to, if there are."""
        return self._policy

    def grant_sudo(self, grantee: iam.IGrantable) -> iam.Grant:
        """Enter the grantee into the trust policies, and let it assume roles with the tag."""
        stack = cdk.Stack.of(self._scope)
        arns = principal_arns(grantee)
        if is_elsewhere(grantee, stack):
            raise CannotGrant(grantee=arns[0], problem="it is of another account than the roles")
        if not self._strategy.trust_whole_account:
            if isinstance(grantee.grant_principal, iam.Group):
                raise CannotGrant(
                    grantee=grantee.grant_principal.node.path,
                    problem="a trust policy cannot name a group (trust_whole_account names nobody)",
                )
            for arn in arns:
                check_stands_for_one(arn)
            self._developers |= dict.fromkeys(map(principal_pattern, arns))
        tag = self._strategy.tag
        actions, roles = list(ACTIONS), [self._roles()]
        tagged = {"StringEquals": {f"iam:ResourceTag/{tag.key}": tag.value}}
        grant = grant_by_policy(
            grantee, stack, actions=actions, resource_arns=roles, conditions=tagged
        )
        written_on: Any = grantee.grant_principal
        if grant is None:
            written_on = grantee = self._managed_policy()
            grant = iam.Grant.add_to_principal(
                grantee=grantee, actions=actions, resource_arns=roles, conditions=tagged
            )
        if self._strategy.protect_tag:
            grantee.grant_principal.add_to_principal_policy(self._keep_the_tag())
        acknowledge(
            written_on,
            "AwsSolutions-IAM5",
            "Which roles may be assumed is decided by their tag and their trust policies.",
            finding=f"Resource::{roles[0]}",
        )
        grant.assert_success()
        return grant

    def _managed_policy(self) -> iam.ManagedPolicy:
        if self._policy is None:
            self._policy = iam.ManagedPolicy(
                self._scope,
                "DeveloperPolicy",
                managed_policy_name=self._strategy.policy_name,
                description=f"iam-sudo: assume the roles with the tag {self._strategy.tag}",
            )
        return self._policy

    def _keep_the_tag(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="KeepTheTag",
            effect=iam.Effect.DENY,
            actions=["iam:TagRole", "iam:UntagRole"],
            resources=[self._roles()],
            # Keys of IAM tags are one key in whatever case.
            conditions={
                "ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [self._strategy.tag.key]}
            },
        )

    def _roles(self) -> str:
        stack = cdk.Stack.of(self._scope)
        return stack.format_arn(service="iam", region="", resource="role", resource_name="*")


def _roots(scope: Construct, where: Scope) -> list[IConstruct]:
    """Where the aspect goes: aspects reach everything below but what is in another stage."""
    if where == "stack":
        return [cdk.Stack.of(scope)]
    if where == "stage":
        stage = cdk.Stage.of(scope)
        assert stage is not None  # noqa: S101 - a construct in a stack is in a stage or an app
        return [stage]
    return stages_of(scope.node.root)
