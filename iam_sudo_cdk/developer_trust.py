"""Let developers assume one role itself: a tag on it, and a statement in its trust policy.

`DeveloperTrust` does it to one role, as a mixin; `TagTrustStrategy` to the selected roles of an
application. It happens during synthesis, after the application's own aspects and tags; see
`role_resource` for the shapes of a role, and for what is said of roles that cannot be opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from .errors import InvalidChoice
from .role_resource import (
    RoleResource,
    is_beyond_reach,
    is_role_resource,
    warn_beyond_reach,
    warn_whole_account,
)
from .trust_statement import (
    PRIORITY,
    TRUST_POLICY_CHARACTERS,
    UNRESOLVED,
    Statement,
    Tag,
    Trust,
    principal_pattern,
)

_IDENTITY = re.compile(r"arn:[^:]+:iam::[^:]+:(role|user)/.+")


class DeveloperTrust(cdk.Mixin):
    """Let developers assume a role: `task.task_role.with_(DeveloperTrust(developers=[…]))`.

    Args:
        developers: ARNs of the roles and users that the role shall trust; `*` and `?` are
            wildcards. The role of an IAM Identity Center permission set stands for the set.
        tag: the tag that the role gets; default: env=dev. What the developers need on their side is
            `sts:AssumeRole` on roles with this tag, see `TagTrustStrategy`.
        trust_whole_account: trust all of the account who may `sts:AssumeRole`; default: False.
        trust_policy_characters: IAM's quota for trust policies; default: 2048, at most 4096.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    def __init__(
        self,
        *,
        developers: Sequence[str] = (),
        tag: Tag | None = None,
        trust_whole_account: bool = False,
        trust_policy_characters: int = TRUST_POLICY_CHARACTERS,
    ) -> None:
        super().__init__()
        if not developers and not trust_whole_account:
            raise InvalidChoice(
                key="developers", value=None, allowed="ARNs of roles and users, at least one"
            )
        for arn in developers:
            if not (_IDENTITY.fullmatch(arn) or UNRESOLVED in arn):
                raise InvalidChoice(
                    key="developers", value=arn, allowed="ARNs of roles and users, at least one"
                )
        patterns = [principal_pattern(arn) for arn in developers]
        self._aspect = _TrustOneRole(
            Trust(
                tag=tag or Tag(),
                developers=lambda: patterns,
                trust_whole_account=trust_whole_account,
                trust_policy_characters=trust_policy_characters,
            )
        )

    def supports(self, construct: IConstruct) -> bool:
        """Roles of the application, and, to say that they stay as they are, imported ones."""
        return _may_become_role(construct) or is_beyond_reach(construct)

    def apply_to(self, construct: IConstruct) -> None:
        if _may_become_role(construct):
            cdk.Aspects.of(construct).add(self._aspect, priority=PRIORITY)
        else:
            warn_beyond_reach(construct)


@jsii.implements(cdk.IAspect)
class _TrustOneRole:
    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def visit(self, node: IConstruct) -> None:
        if is_role_resource(node):
            role, stack = RoleResource(node), cdk.Stack.of(node)
            if self._trust.trust_whole_account:
                warn_whole_account(node)
            policy, _ = role.resolved(stack)
            role.open(Statement(self._trust), stack, policy)


def _may_become_role(construct: object) -> bool:
    return is_role_resource(construct) or isinstance(construct, iam.LazyRole)
