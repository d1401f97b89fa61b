"""The strategy without a broker: the selected roles of an application trust the developers.

Each of them gets a tag and a statement in its trust policy, see `selected_roles` for which, and
`grant_sudo` both enters the grantee into the statement's condition and lets it assume the account's
roles that carry the tag, see `developer_grant`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from ..errors import CannotGrant, InvalidChoice
from ..grantees import Whereabouts, check_stands_for_one, principal_arns, whereabouts
from ..names import DEVELOPER_POLICY_NAME
from ..permission_sets import PermissionSet
from ..selection import RoleSelection
from ..values import check_kinds, check_truths
from .annotations import warn_whole_account
from .aspect import OpenSelectedRoles
from .developer_grant import DeveloperGrant
from .missed_roles import NothingIsMissed, stages_of
from .opening import PRIORITY
from .session_marks import SessionMarks
from .synthesized import Templates
from .trust_statement import (
    TRUST_POLICY_CHARACTERS,
    Tag,
    Trust,
    check_quota,
    principal_pattern,
)

# IAM User Guide, "IAM and AWS STS quotas": names.
_POLICY_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")

Scope = Literal["stack", "stage", "app"]
SCOPES: tuple[Scope, ...] = ("stack", "stage", "app")


@dataclass(frozen=True, kw_only=True)
class TagTrustStrategy:
    """Let developers assume the selected roles themselves.

    Attributes:
        selection: the roles, by what they are used for, by construct path or by name, and by the
            principals that they trust already; default: `used_by=["ecs-task"]`.
        scope: where they are looked for: the construct's own `stack` (nested ones included), its
            `stage`, or the whole `app` with the stages that there are by now; default: stack.
        tag: opens a role; default: iam-sudo:developers=allowed, which nobody else writes. With a
            tag that is in use for something else, the grant reaches what it is in use for.
        trust_whole_account: leave the developers out of the statement's condition, so that
            everybody in the account who may `sts:AssumeRole` on the role gets in; default: False.
        session_tag_keys: the tags that a developer may give the session, each by its key; default:
            none. They override the role's own: a key that a selected role carries as a tag, or
            that its policies test, is an error on that role.
        source_identity: let a developer who has a source identity pass it on, and no other;
            default: False.
        protect_tag: deny the grantees changing that tag on roles; default: False.
            docs/tag-trust.md has the service control policy that protects it from everybody.
        policy_name: of the managed policy for grantees that the CDK cannot write to; default:
            iam-sudo-developers.
        developer_policy: the name of that policy where another stack of the account makes it, for
            the same tag; none is made here then. Default: it is made here.
        trust_policy_characters: IAM's quota for trust policies; default: 2048, at most 4096.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    selection: RoleSelection = field(default_factory=lambda: RoleSelection(used_by=["ecs-task"]))
    scope: Scope = "stack"
    tag: Tag = field(default_factory=Tag)
    trust_whole_account: bool = False
    session_tag_keys: Sequence[str] = ()
    source_identity: bool = False
    protect_tag: bool = False
    policy_name: str = DEVELOPER_POLICY_NAME
    developer_policy: str | None = None
    trust_policy_characters: int = TRUST_POLICY_CHARACTERS

    def __post_init__(self) -> None:
        check_kinds({RoleSelection: "RoleSelection(…)"}, selection=self.selection)
        check_kinds({Tag: 'Tag(key="…", value="…")'}, tag=self.tag)
        check_truths(trust_whole_account=self.trust_whole_account, protect_tag=self.protect_tag)
        if self.scope not in SCOPES:
            raise InvalidChoice(key="scope", value=self.scope, allowed=", ".join(SCOPES))
        names = {"policy_name": self.policy_name}
        if self.developer_policy is not None:
            names["developer_policy"] = self.developer_policy
        for key, name in names.items():
            if not isinstance(name, str) or not _POLICY_NAME.fullmatch(name):
                allowed = "1 to 128 letters, digits and _+=,.@-"
                raise InvalidChoice(key=key, value=name, allowed=allowed)
        check_quota(self.trust_policy_characters)
        Trust.check_marks(self.tag, self.marks)

    @property
    def marks(self) -> SessionMarks:
        """What developers may give a session."""
        return SessionMarks(tag_keys=self.session_tag_keys, source_identity=self.source_identity)

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
        self._developers: dict[str, None] = {}
        self._grant = DeveloperGrant(
            scope,
            tag=strategy.tag,
            marks=strategy.marks,
            protect_tag=strategy.protect_tag,
            policy_name=strategy.developer_policy or strategy.policy_name,
            is_made_elsewhere=strategy.developer_policy is not None,
        )
        trust = Trust(
            tag=strategy.tag,
            developers=lambda: list(self._developers),
            marks=strategy.marks,
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
        templates = Templates(aspect)
        roots = _roots(scope, strategy.scope)
        stages = roots if strategy.scope == "app" else None
        for root in roots:
            cdk.Aspects.of(root).add(aspect, priority=PRIORITY)
            root.node.add_validation(
                NothingIsMissed(
                    root,
                    aspect,
                    templates,
                    stages=stages,
                    owner=scope,
                    scope=strategy.scope,
                )
            )

    @property
    def developer_policy(self) -> iam.ManagedPolicy | None:
        """The managed policy to attach to grantees that the CDK cannot write to, if there are."""
        return self._grant.policy

    def leave_out(self, base_role_name: str) -> None:
        """Never grant a base role of this name, tagged or not; to be said before any grant."""
        self._grant.leave_out(base_role_name)

    def grant_sudo(self, grantee: iam.IGrantable | PermissionSet) -> iam.Grant:
        """Enter the grantee into the trust policies, and let it assume roles with the tag."""
        if isinstance(grantee, PermissionSet):
            if not self._strategy.trust_whole_account:
                self._developers |= dict.fromkeys(grantee.role_arns)
            return self._grant.give_policy(iam.ArnPrincipal(grantee.role_arns[0]))
        stack = cdk.Stack.of(self._scope)
        arns = principal_arns(grantee)
        if whereabouts(grantee, stack) is Whereabouts.ELSEWHERE:
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
        grant = self._grant.give(grantee)
        if self._strategy.developer_policy is None:
            grant.assert_success()
        return grant


def _roots(scope: Construct, where: Scope) -> list[IConstruct]:
    """Where the aspect goes: aspects reach everything below but what is in another stage."""
    if where == "stack":
        return [cdk.Stack.of(scope)]
    if where == "stage":
        stage = cdk.Stage.of(scope)
        assert stage is not None  # noqa: S101 - a construct in a stack is in a stage or an app
        return [stage]
    return stages_of(scope.node.root)
