"""Let developers assume one role itself: a tag on it, and a statement in its trust policy.

`DeveloperTrust` does it to one role, as a mixin; `TagTrustStrategy` to the selected roles of an
application. It happens during synthesis, after the application's own aspects and tags; see
`application.role_resource` for the shapes of a role, and `opening` for what is said of roles that
cannot be opened. In development accounts only, as everything here: see `accounts`. A broker's roles
and the CDK's own are never opened, wherever the mixin is mixed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct, IValidation

from ..accounts import development_accounts_only, parse_accounts
from ..application import Mixin, RoleResource, is_beyond_reach, is_role_resource
from ..developers import Developer
from ..errors import InvalidChoice
from ..grantees import principal_arns
from ..identities import identity_problem
from ..permission_sets import PermissionSet
from ..selected import is_nobodys_to_open
from ..values import check_kinds, check_truths, has_attribute, listed
from .annotations import warn, warn_beyond_reach, warn_whole_account
from .opening import PRIORITY, open_role
from .session_marks import SessionMarks
from .session_tag_keys import KeysOfTheirOwn
from .stack_tags import stack_tag_problem
from .trust_statement import (
    TRUST_POLICY_CHARACTERS,
    Statements,
    Tag,
    Trust,
    principal_pattern,
)

_DEVELOPERS = "ARNs of roles and users, or those themselves"


class DeveloperTrust(Mixin):
    """Let developers assume a role.

        task.task_role.with_(DeveloperTrust(developers=[…], development_accounts=[…]))

    Where the CDK has no mixins yet: `DeveloperTrust(…).apply_to(task.task_role)`.

    Args:
        development_accounts: the accounts, 12-digit strings, that the role's stack may be deployed
            to; a stack that is known to be of another one fails the synthesis.
        developers: the roles and users that the role shall trust, as objects, or as ARNs, in which
            `*` and `?` are wildcards; or `PermissionSet(…)`. The role of an IAM Identity Center
            permission set stands for the set.
        tag: the tag that the role gets; default: iam-sudo:developers=allowed. What the developers
            need on their side is `sts:AssumeRole` on roles with it, see `TagTrustStrategy`.
        trust_whole_account: trust all of the account who may `sts:AssumeRole`; default: False.
        session_tag_keys, source_identity: see `TagTrustStrategy`; default: neither.
        trust_policy_characters: IAM's quota for trust policies; default: 2048, at most 4096.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    def __init__(
        self,
        *,
        development_accounts: Sequence[str],
        developers: Sequence[Developer] = (),
        tag: Tag | None = None,
        trust_whole_account: bool = False,
        session_tag_keys: Sequence[str] = (),
        source_identity: bool = False,
        trust_policy_characters: int = TRUST_POLICY_CHARACTERS,
    ) -> None:
        super().__init__()
        self._accounts = parse_accounts(development_accounts)
        check_truths(trust_whole_account=trust_whole_account)
        tag = Tag() if tag is None else tag
        check_kinds({Tag: 'Tag(key="…", value="…")'}, tag=tag)
        arns = [
            arn for each in listed("developers", developers, of=_DEVELOPERS) for arn in _arns(each)
        ]
        if not arns and not trust_whole_account:
            raise InvalidChoice(
                key="developers", value=None, allowed="ARNs of roles and users, at least one"
            )
        for arn in arns:
            self._check_developer(arn)
        patterns = [principal_pattern(arn) for arn in arns]
        self._aspect = _TrustOneRole(
            Trust(
                tag=tag,
                developers=lambda: patterns,
                marks=SessionMarks(tag_keys=session_tag_keys, source_identity=source_identity),
                trust_whole_account=trust_whole_account,
                trust_policy_characters=trust_policy_characters,
            )
        )

    def _check_developer(self, arn: str) -> None:
        problem = identity_problem(arn, wildcards=True)
        account = arn.split(":")[4] if arn.startswith("arn:") and not problem else ""
        if account.isdigit() and account not in self._accounts:
            problem = "the role trusts no account but development_accounts"
        if problem:
            raise InvalidChoice(
                key="developers",
                value=arn,
                allowed=f"ARNs of roles and users of development_accounts; {problem}",
            )

    def supports(self, construct: IConstruct) -> bool:
        """Roles of the application, and, to say that they stay as they are, imported ones."""
        return _may_become_role(construct) or is_beyond_reach(construct)

    def apply_to(self, construct: IConstruct) -> None:
        """Open a role, or all roles in a construct; it is all that CDKs without mixins need."""
        if is_beyond_reach(construct):
            warn_beyond_reach(construct)
            return
        self._guard(cdk.Stack.of(construct))
        cdk.Aspects.of(construct).add(self._aspect, priority=PRIORITY)
        construct.node.add_validation(self._aspect)

    def _guard(self, stack: cdk.Stack) -> None:
        """Bind the stack of a role to the development accounts, once for the same ones."""
        listed = "".join(sorted(self._accounts))
        id_ = f"IamSudoDeveloperTrust{sha256(listed.encode()).hexdigest()[:8]}"
        if stack.node.try_find_child(id_) is None:
            development_accounts_only(Construct(stack, id_), self._accounts)


@jsii.implements(cdk.IAspect, IValidation)
class _TrustOneRole:
    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._keys = KeysOfTheirOwn(trust.marks.tag_keys)

    def visit(self, node: IConstruct) -> None:
        if not is_role_resource(node):
            return
        role, stack = RoleResource(node), cdk.Stack.of(node)
        policy, name, _ = role.resolved(stack)
        if is_nobodys_to_open(node, name=name):
            warn(node, "infrastructure", "it is a broker's or the CDK's own, and stays as it is")
            return
        if self._trust.trust_whole_account:
            warn_whole_account(node)
        open_role(
            role,
            Statements(self._trust),
            stack=stack,
            policy=policy,
            problem=self._keys.problem(role, stack),
            problem_of_stack=stack_tag_problem(stack, self._trust.tag),
        )

    def validate(self) -> list[str]:
        return self._keys.late_problems()


def _arns(developer: Any) -> list[str]:
    if isinstance(developer, str):
        return [developer]
    if isinstance(developer, PermissionSet):
        return list(developer.role_arns)
    if not has_attribute(developer, "grant_principal"):
        raise InvalidChoice(key="developers", value=developer, allowed=f"a list of {_DEVELOPERS}")
    return principal_arns(developer)


def _may_become_role(construct: object) -> bool:
    return is_role_resource(construct) or isinstance(construct, iam.LazyRole)
