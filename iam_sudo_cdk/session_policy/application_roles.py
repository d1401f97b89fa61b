"""The ARNs of the application's selected roles, for the broker's environment.

They are references, known when all roles are there. To a role of another stack that is an export,
which CloudFormation keeps for as long as the broker has it; where the role has a name, it is text.
Not to be referred to are roles of another region, and those with a `Condition`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import aws_cdk as cdk
import jsii
from constructs import Construct, IConstruct, IValidation

from ..application import ROLE_TYPE, RoleResource, has_token, identity, path_of, resources
from ..errors import InvalidConfiguration
from ..selected import SelectedRoles, nothing_selected, unseen_roles
from ..selection import RoleSelection

# As CloudFormation makes names up: stack, logical id, twelve characters, 64 at most (IAM User
# Guide, "IAM and AWS STS quotas": names).
_MADE_UP, _LONGEST_NAME = 14, 64
_WAY_OUT = "without a name its ARN cannot be referred to: give it one"


@jsii.implements(cdk.IAnyProducer, IValidation)
class ApplicationRoles:
    """Those below `root`, the stack or stage of `scope`, that are of the broker's account."""

    def __init__(
        self,
        scope: Construct,
        selection: RoleSelection,
        *,
        root: IConstruct,
        base_role_name: str,
        large_roles: bool,
    ) -> None:
        self._scope = scope
        self._root = root
        self._selection = selection
        self._base_role_name = base_role_name
        self._large_roles = large_roles
        self._selected = SelectedRoles(scope, selection, warn=_warn)
        self._known: tuple[list[object], list[IConstruct]] = [], []

    def produce(self, context: cdk.IResolveContext) -> list[str]:  # noqa: ARG002
        """The ARNs, as tokens of the broker's stack."""
        return [_arn(role, cdk.Stack.of(self._scope)) for role in self._roles()]

    def validate(self) -> list[str]:
        """Say what is too much, what is none, and what cannot be seen."""
        self._selected.look_again()
        self._known = [], []
        unseen = list(unseen_roles(self._root, self._selected))
        for construct, id_, problem in unseen:
            _warn(construct, id_, problem)
        roles = self._roles()
        if not (roles or unseen or self._selection.role_names):
            told = nothing_selected(
                self._scope.node.root, self._selected, is_in_scope=self._is_in_scope
            )
            cdk.Annotations.of(self._scope).add_warning_v2("iam-sudo:nothingSelected", told)
        try:
            longest = [_longest_arn(role) for role in roles]
            self._selection.check_size(
                name=self._base_role_name, role_arns=longest, large_roles=self._large_roles
            )
        except InvalidConfiguration as error:
            return [f"iam-sudo: {error}"]
        return []

    def _roles(self) -> list[IConstruct]:
        """Read once, as long as there are no others."""
        found = [
            role
            for role in resources(self._root, ROLE_TYPE)
            if not path_of(role).startswith(f"{self._scope.node.path}/")
        ]
        seen = list(map(identity, found))
        if seen != self._known[0]:
            self._known = seen, list(self._meant(found))
        return self._known[1]

    def _meant(self, found: list[IConstruct]) -> Iterator[IConstruct]:
        for construct in found:
            role, stack, path = RoleResource(construct), cdk.Stack.of(construct), path_of(construct)
            if not self._is_in_scope(construct):
                continue
            if self._selected.trust_policy(role, path=path, stack=stack) is None:
                continue
            if _is_conditional(role) and not _name_with_path(role):
                _warn(construct, "conditional", f"it may not be there (Condition); {_WAY_OUT}")
            elif stack.region != cdk.Stack.of(self._scope).region and not _name_with_path(role):
                _warn(construct, "region", f"it is of another region; {_WAY_OUT}")
            else:
                yield construct

    def _is_in_scope(self, role: IConstruct) -> bool:
        """Whether a role is of the broker's account, and below `root` in its stage."""
        if (
            cdk.Stage.of(role) is not cdk.Stage.of(self._scope)
            or self._root not in role.node.scopes
        ):
            return False
        accounts = {cdk.Stack.of(each).account for each in (role, self._scope)}
        return len({account for account in accounts if not has_token(account)}) <= 1


def _arn(construct: IConstruct, stack: cdk.Stack) -> str:
    role = RoleResource(construct)
    named = _name_with_path(role)
    if named and (cdk.Stack.of(construct) is not stack or _is_conditional(role)):
        return stack.format_arn(service="iam", region="", resource="role", resource_name=named)
    return cdk.Token.as_string(role.construct.get_att("Arn"))


def _name_with_path(role: RoleResource) -> str | None:
    """What follows `role/` in the ARN of a role whose name and path are known at synth."""
    iam_path = role.value("Path") or "/"
    if role.name is None or not isinstance(iam_path, str) or has_token(iam_path):
        return None
    return f"{iam_path}{role.name}".removeprefix("/")


def _is_conditional(role: RoleResource) -> bool:
    return role.construct.cfn_options.condition is not None


def _longest_arn(construct: IConstruct) -> str:
    """Text as long as the role's ARN gets."""
    role, stack = RoleResource(construct), cdk.Stack.of(construct)
    _, name, iam_path = role.resolved(stack)
    if role.name is None:
        known = "" if stack.nested_stack_parent else stack.stack_name
        logical_id = str(stack.resolve(role.construct.logical_id))
        length = len(known) + len(logical_id) + _MADE_UP
        if not known or has_token(known) or role.value("RoleName"):
            length = _LONGEST_NAME
        name = "x" * min(length, _LONGEST_NAME)
    iam_path = re.sub("[<>]", "", iam_path) or "/"
    return f"arn:aws-us-gov:iam::000000000000:role{iam_path}{name}"


def _warn(construct: IConstruct, id: str, problem: str) -> None:
    cdk.Annotations.of(construct).add_warning_v2(
        f"iam-sudo:{id}", f"the broker simulates no role of it: {problem}"
    )
