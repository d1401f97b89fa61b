"""Open the selected roles of an application while it is synthesized.

A stack of an account that is known and is no development account is left as it is, and a stack that
does not know its account gets the account guard along with its first opened role.

The grant reaches every role with the tag, so a tag that the application itself puts on roles that
are not opened, or on a whole stack, is a warning on each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from ..accounts import development_accounts_only
from ..application import (
    ROLE_TYPE,
    RoleResource,
    TaggableVisitor,
    identity,
    may_be,
    path_of,
    resources,
)
from ..selected import SelectedRoles, is_left_out_of_grants
from ..selection import RoleSelection
from .annotations import warn, warn_tag_elsewhere
from .opening import PRIORITY, carries_unopened, open_role
from .session_tag_keys import KeysOfTheirOwn
from .stack_tags import stack_tag_problem
from .trust_statement import Statements, Tag, Trust, principal_pattern

# What all of us in an application open roles with.
_TRUSTS: defaultdict[object, list[Trust]] = defaultdict(list)
_ARN_COLONS = 5


class OpenSelectedRoles(TaggableVisitor):
    """Opens the roles that it meets; what it meets are stacks, and resources that carry tags.

    What remains are roles that are a plain `CfnResource`: they get an aspect each when their stack
    is visited.
    """

    def __init__(
        self,
        owner: Construct,
        selection: RoleSelection,
        trust: Trust,
        *,
        development_accounts: Sequence[str],
    ) -> None:
        super().__init__(trust.tag.key, trust.tag.value)
        self._owner = owner
        self._selected = SelectedRoles(owner, selection, warn=warn)
        self._trust = trust
        _TRUSTS[identity(owner.node.root)].append(trust)
        self._statements: Statements | None = None
        self._accounts = tuple(development_accounts)
        self._stacks: dict[str, cdk.Stack] = {}
        self._may_open: dict[object, bool] = {}
        self._stack_problems: dict[object, str | None] = {}
        self._visited: set[object] = set()
        self._meant: set[object] = set()
        self._opened: dict[object, tuple[cdk.Stack, set[object]]] = {}
        self._has_late_uses = False
        self._keys = KeysOfTheirOwn(trust.marks.tag_keys)

    def visit_taggable(self, resource: object) -> None:
        if isinstance(resource, cdk.Stack):
            self._visit_stack(resource)
        elif isinstance(resource, iam.CfnRole):
            self.visit_role(resource)

    def _visit_stack(self, stack: cdk.Stack) -> None:
        self._stacks[stack.node.path] = stack
        # References to other stacks resolve otherwise when an app is synthesized once more.
        self._statements = None
        tags = dict(stack.tags.tag_values())
        if self._is_reached(stack) and any(
            key.lower() == self._trust.tag.key.lower() and may_be(value, self._trust.tag.value)
            for key, value in tags.items()
        ):
            warn_tag_elsewhere(
                stack, self._trust.tag, "the stack, and CloudFormation puts it on every role in it"
            )
        self._keys.know_stack(stack, tags)
        for role in resources(stack, ROLE_TYPE):
            if not isinstance(role, iam.CfnRole):
                cdk.Aspects.of(role).add(_OpenPlainResource(self), priority=PRIORITY)

    def visit_role(self, resource: IConstruct) -> None:
        """Open a role if it is selected."""
        path = path_of(resource)
        self._visited.add(identity(resource))
        role, stack = RoleResource(resource), self._stack_of(path)
        policy = self._selected.trust_policy(role, path=path, stack=stack)
        if policy is None:
            self._look_for_the_tag(role, path, stack)
            return
        self._meant.add(identity(resource))
        if self._statements is None:
            self._statements = Statements(self._trust)
        # Python may have several objects for the nested stack of an included template.
        stack_id = identity(stack)
        if stack_id not in self._may_open:
            self._may_open[stack_id] = self._guard(stack, self._statements)
            self._stack_problems[stack_id] = stack_tag_problem(stack, self._trust.tag)
        if self._may_open[stack_id]:
            is_open = open_role(
                role,
                self._statements,
                stack=stack,
                policy=policy,
                problem=self._keys.problem(role, stack),
                problem_of_stack=self._stack_problems[stack_id],
            )
            if is_open:
                self._opened.setdefault(stack_id, (stack, set()))[1].add(identity(resource))

    @property
    def selected(self) -> SelectedRoles:
        """The roles that are meant."""
        return self._selected

    @property
    def tag(self) -> Tag:
        """What opened roles carry."""
        return self._trust.tag

    def opened(self) -> list[tuple[cdk.Stack, int]]:
        """The stacks in which roles were opened, and how many."""
        return [(stack, len(roles)) for stack, roles in self._opened.values()]

    @property
    def has_selected(self) -> bool:
        """Whether a role was selected that was visited."""
        return bool(self._meant)

    def was_visited(self, resource: IConstruct) -> bool:
        return identity(resource) in self._visited

    def look_again(self) -> None:
        """See what roles are used for now that nothing changes any more."""
        self._has_late_uses = self._selected.look_again()

    def would_have_opened(self, resource: IConstruct) -> bool:
        """Whether a role is selected that was never visited, or was not when it was visited."""
        if identity(resource) in (self._meant if self._has_late_uses else self._visited):
            return False
        role, stack = RoleResource(resource), cdk.Stack.of(resource)
        policy = self._selected.trust_policy(role, path=path_of(resource), stack=stack)
        return policy is not None

    def means(self, beyond_reach: IConstruct) -> bool:
        """Whether a role that is beyond reach is selected, as far as can be told."""
        path = beyond_reach.node.path
        if self._selected.is_a_brokers(path):
            return False
        name, arn = beyond_reach.role_name, beyond_reach.role_arn  # type: ignore[attr-defined]
        trusts = _TRUSTS[identity(self._owner.node.root)]
        if any(principal_pattern(arn) in trust.developers() for trust in trusts):
            return False  # who is granted access to roles, by whichever of us, need not be one
        account = arn.split(":")[4] if arn.count(":") >= _ARN_COLONS else ""
        if account.isdigit() and account not in self._accounts:
            return False  # nobody of here opens it, wherever it is made
        if is_left_out_of_grants(name, iam_path=""):
            return False  # of cdk bootstrap, to deploy with
        if not self._selected.names(name=name, path=path):
            return False
        # Nobody runs as the execution role of a task.
        used = self._selected.used_in(cdk.Stack.of(beyond_reach))
        return not used.only_starts_tasks(name)

    def late_problems(self) -> list[str]:
        """What is wrong with opened roles since other aspects went on."""
        return self._keys.late_problems()

    def _look_for_the_tag(self, role: RoleResource, path: str, stack: cdk.Stack) -> None:
        # A broker's own are left out of the grant by a tag of theirs.
        if (
            carries_unopened(role, self._trust.tag, stack=stack)
            and not self._selected.is_a_brokers(path)
            and self._is_reached(stack)
        ):
            warn_tag_elsewhere(role.construct, self._trust.tag, "this role, which is not opened")

    def _is_reached(self, stack: cdk.Stack) -> bool:
        """Whether a stack may be one of the accounts that developers are granted roles in."""
        return cdk.Token.is_unresolved(stack.account) or stack.account in self._accounts

    def _guard(self, stack: cdk.Stack, wanted: Statements) -> bool:
        """Keep the roles of a stack closed outside of the development accounts, or for nobody."""
        if not cdk.Token.is_unresolved(stack.account) and stack.account not in self._accounts:
            warn(stack, "account", f"{stack.account} is not one of development_accounts")
            return False
        if wanted.names_nobody:
            warn(stack, "nobody", "grant_sudo was called for nobody")
            return False
        if identity(stack) != identity(cdk.Stack.of(self._owner)):  # that one has the rule already
            # Several of us may open roles of one stack, each with accounts of its own.
            id_ = f"IamSudoGuard{self._owner.node.addr[-8:]}"
            development_accounts_only(Construct(stack, id_), self._accounts)
        return True

    def _stack_of(self, path: str) -> cdk.Stack:
        while path not in self._stacks:
            path = path.rpartition("/")[0]
        return self._stacks[path]


@jsii.implements(cdk.IAspect)
class _OpenPlainResource:
    def __init__(self, aspect: OpenSelectedRoles) -> None:
        self._aspect = aspect

    def visit(self, node: IConstruct) -> None:
        self._aspect.visit_role(node)
