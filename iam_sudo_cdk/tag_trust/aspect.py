"""Find the selected roles of an application while it is synthesized, and open them.

Roles of what surrounds an application are never selected: custom resources and other helpers that
the CDK makes, what `cdk bootstrap` makes, and the construct's own; nor is what is named like that,
since the developers' grant leaves it out by its name. A stack of an account that is known and is no
development account is left as it is, and a stack that does not know its account gets the account
guard along with its first opened role.

The grant reaches every role with the tag, so a tag that the application itself puts on roles that
are not opened, or on a whole stack, is a warning on each.

What the aspect cannot have seen fails the synthesis: stages that are made after the construct when
its scope is the app, and roles that other aspects make where ours has been already, without the
CDK's `aspectStabilization` or as a plain `CfnResource`.
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct, IValidation

from iam_sudo_core.policy.principals import trusted_principals

from ..accounts import development_accounts_only
from ..application.cdk_insides import identity
from ..application.intrinsics import is_intrinsic, is_undecided, rendered
from ..selection import RoleSelection
from .opening import (
    ROLE_TYPE,
    RoleResource,
    is_beyond_reach,
    is_role_resource,
    may_be,
    warn,
    warn_beyond_reach,
    warn_tag_elsewhere,
)
from .session_tag_keys import KeysOfTheirOwn
from .trust_statement import (
    PRIORITY,
    Statements,
    Trust,
    principal_pattern,
)

_STABILIZATION = "@aws-cdk/core:aspectStabilization"


def _any_of(*patterns: str) -> re.Pattern[str]:
    """Patterns of our own, as one that is fast: every role of an application is held against it."""
    return re.compile("|".join(map(fnmatch.translate, patterns)))


# What the CDK makes for its own use, by construct path: they run with their own permissions, and
# nobody has to run as them.
_INFRASTRUCTURE = _any_of(
    "*/Custom::*",
    "*/AWSCDK*Provider*/Role",  # triggers, and others whose type is no Custom::
    "*/@aws-cdk--*",  # nested stacks of providers: EKS, DynamoDB
    "*/AWS679f53fac002430cb0da5b7982bd2287/*",  # AwsCustomResource
    "*/LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a/*",
    "*/BucketNotificationsHandler050a0587b7544547bf325f094a3db834/*",
    "*/framework-onEvent/*",  # custom_resources.Provider
    "*/framework-isComplete/*",
    "*/framework-onTimeout/*",
    "*/waiter-state-machine/*",
)
# What `cdk bootstrap` makes (AWS CDK Developer Guide, "IAM roles created during bootstrapping").
_BOOTSTRAP = _any_of(
    *(
        f"cdk-*-{what}-role-*"
        for what in ("cfn-exec", "deploy", "file-publishing", "image-publishing", "lookup")
    )
)


# What a developer's grant leaves out, by what follows `role/` in the ARN: the roles of
# `cdk bootstrap`, whatever their qualifier and path, and everything that is named like them.
NEVER_GRANTED = ("cdk-*", "*/cdk-*")
_NEVER_GRANTED = _any_of(*NEVER_GRANTED)


class NeverSelected(Construct):
    """A construct whose own roles are nobody's to open: they hand out the permissions of others."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        _NEVER_SELECTED[identity(self.node.root)].append(f"{self.node.path}/")


# By app, how the paths of what nobody is to open begin. Asking Node for the constructs themselves
# would take as long as visiting everything.
_NEVER_SELECTED: defaultdict[object, list[str]] = defaultdict(list)


class OpenSelectedRoles(cdk.Tag):
    """The aspect is a tag, and more.

    Each visit of an aspect in Python is a call from Node. Of a tag, Node itself does the visiting,
    and calls only for what can carry one: stacks, and roles among others. What remains are roles
    that are a plain `CfnResource`: they get an aspect each when their stack is visited.
    """

    def __init__(
        self,
        owner: Construct,
        selection: RoleSelection,
        trust: Trust,
        *,
        development_accounts: Sequence[str],
    ) -> None:
        # By itself it tags nothing: there is no such type.
        super().__init__(trust.tag.key, trust.tag.value, include_resource_types=["none"])
        self._owner = owner
        self._selection = selection
        self._policy = selection.policy()
        self._principal_types = {principal.type for principal in self._policy.principals}
        self._trust = trust
        self._statements: Statements | None = None
        self._accounts = tuple(development_accounts)
        self._stacks: dict[str, cdk.Stack] = {}
        self._stack_names: dict[cdk.Stack, str] = {}
        self._may_open: dict[cdk.Stack, bool] = {}
        self._app = identity(owner.node.root)
        self._visited: set[object] = set()
        self._keys = KeysOfTheirOwn(trust.marks.tag_keys)

    def _apply_tag(self, resource: cdk.ITaggable) -> None:
        self._visit(resource)

    def _apply_tag_v2(self, resource: cdk.ITaggableV2) -> None:
        self._visit(resource)

    def _visit(self, resource: object) -> None:
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
        for role in cdk.ConstructSelector.resources_of_type(ROLE_TYPE).select(stack):
            if not isinstance(role, iam.CfnRole):
                cdk.Aspects.of(role).add(_OpenPlainResource(self), priority=PRIORITY)

    def visit_role(self, resource: IConstruct) -> None:
        """Open a role if it is selected."""
        path = _path(resource)
        self._visited.add(identity(resource))
        role, stack = RoleResource(resource), self._stack_of(path)
        policy = self._selected(role, path, stack)
        if policy is None:
            self._look_for_the_tag(role, path, stack)
            return
        if self._statements is None:
            self._statements = Statements(self._trust)
        if stack not in self._may_open:
            self._may_open[stack] = self._guard(stack, self._statements)
        if self._may_open[stack]:
            role.open(self._statements, stack, policy, problem=self._keys.problem(role, stack))

    def _look_for_the_tag(self, role: RoleResource, path: str, stack: cdk.Stack) -> None:
        # A broker's own are left out of the grant by a tag of theirs.
        if (
            role.carries(self._trust.tag, stack)
            and not self._is_never_selected(path)
            and self._is_reached(stack)
        ):
            warn_tag_elsewhere(role.construct, self._trust.tag, "this role, which is not opened")

    def _is_reached(self, stack: cdk.Stack) -> bool:
        """Whether a stack may be one of the accounts that developers are granted roles in."""
        return cdk.Token.is_unresolved(stack.account) or stack.account in self._accounts

    def missed(self, constructs: Iterable[IConstruct]) -> Iterator[IConstruct]:
        """The roles that were made behind our back; a warning on those that are beyond reach."""
        role: iam.Role | None = None
        for construct in constructs:
            if role is not None and not isinstance(construct, iam.CfnRole):
                self._look_beyond_reach(role)
            role = None
            if isinstance(construct, iam.Role):
                role = construct  # unless it is beyond reach, its resource comes next
            elif is_role_resource(construct):
                if identity(construct) not in self._visited and self._would_have_opened(construct):
                    yield construct
            else:
                self._look_beyond_reach(construct)
        if role is not None:
            self._look_beyond_reach(role)

    def late_problems(self) -> list[str]:
        """What is wrong with opened roles since other aspects went on."""
        return self._keys.late_problems()

    def _would_have_opened(self, resource: IConstruct) -> bool:
        role, path = RoleResource(resource), _path(resource)
        return self._selected(role, path, cdk.Stack.of(resource)) is not None

    def _selected(
        self, role: RoleResource, path: str, stack: cdk.Stack
    ) -> Mapping[str, Any] | None:
        """The trust policy of a role that is meant."""
        if self._is_never_selected(path) or _INFRASTRUCTURE.match(path):
            return None
        if not self._selection.names(name=role.name, path=path.removesuffix("/Resource")):
            return None
        policy, name, iam_path = role.resolved(stack)
        if _BOOTSTRAP.match(name) or not self._trusts_a_selected_principal(role, policy):
            return None
        # CloudFormation makes names up from that of the stack.
        name = name or self._name_of(stack)
        if _NEVER_GRANTED.match(f"{iam_path.strip('/')}/{name}".lstrip("/")):
            warn(role.construct, "leftOut", "by its name, cdk-…, it is like one of cdk bootstrap")
            return None
        return cast(Mapping[str, Any], policy)

    def _name_of(self, stack: cdk.Stack) -> str:
        if stack not in self._stack_names:
            top = stack
            while top.nested_stack_parent:  # the name of a nested one begins with its parent's
                top = top.nested_stack_parent
            self._stack_names[stack] = top.stack_name
        return self._stack_names[stack]

    def _trusts_a_selected_principal(self, role: RoleResource, policy: object) -> bool:
        statements = policy.get("Statement") if isinstance(policy, Mapping) else None
        if statements is None or is_intrinsic(statements):
            warn(role.construct, "decided", "its trust policy is decided at deployment")
            return False
        listed = statements if isinstance(statements, list) else [statements]
        readable = [statement for statement in listed if not is_intrinsic(statement)]
        try:
            principals = trusted_principals({"Statement": rendered(readable)}, partition="aws")
        except ValueError as error:
            warn(role.construct, "unread", f"its trust policy cannot be read: {error}")
            return False
        if self._policy.allowed(principals):
            return True
        if len(readable) < len(listed) or any(
            is_undecided(each.id) for each in principals if each.type in self._principal_types
        ):
            warn(role.construct, "decided", "whom it trusts is decided at deployment")
        return False

    def _guard(self, stack: cdk.Stack, wanted: Statements) -> bool:
        """Keep the roles of a stack closed outside of the development accounts, or for nobody."""
        if not cdk.Token.is_unresolved(stack.account) and stack.account not in self._accounts:
            warn(stack, "account", f"{stack.account} is not one of development_accounts")
            return False
        if wanted.names_nobody:
            warn(stack, "nobody", "grant_sudo was called for nobody")
            return False
        if stack is not cdk.Stack.of(self._owner):  # that one has the rule already
            # Several of us may open roles of one stack, each with accounts of its own.
            id_ = f"IamSudoGuard{self._owner.node.addr[-8:]}"
            development_accounts_only(Construct(stack, id_), self._accounts)
        return True

    def _look_beyond_reach(self, node: IConstruct) -> None:
        if not is_beyond_reach(node):
            return
        path = node.node.path
        if self._is_never_selected(path):
            return
        name, arn = node.role_name, node.role_arn  # type: ignore[attr-defined]
        known = None if cdk.Token.is_unresolved(name) else name
        if principal_pattern(arn) in self._trust.developers():
            return  # who is granted access to roles need not be one
        if self._selection.names(name=known, path=path) and not _BOOTSTRAP.match(name):
            warn_beyond_reach(node)

    def _is_never_selected(self, path: str) -> bool:
        return _is_a_brokers(path, self._app)

    def _stack_of(self, path: str) -> cdk.Stack:
        while path not in self._stacks:
            path = path.rpartition("/")[0]
        return self._stacks[path]


def is_nobodys_to_open(role: IConstruct, name: str) -> bool:
    """Whether a role is a broker's, one of `cdk bootstrap`, or a helper's that the CDK makes."""
    path = role.node.path
    return _is_a_brokers(path, identity(role.node.root)) or bool(
        _INFRASTRUCTURE.match(path) or _BOOTSTRAP.match(name)
    )


def _is_a_brokers(path: str, app: object) -> bool:
    return path.startswith(tuple(_NEVER_SELECTED[app]))


@jsii.implements(cdk.IAspect)
class _OpenPlainResource:
    def __init__(self, aspect: OpenSelectedRoles) -> None:
        self._aspect = aspect

    def visit(self, node: IConstruct) -> None:
        self._aspect.visit_role(node)


@jsii.implements(IValidation)
class NothingIsMissed:
    """Runs when all aspects have; for an app, after its stages were synthesized.

    `stages` are those that have the aspect, when all have to.
    """

    def __init__(
        self, root: IConstruct, aspect: OpenSelectedRoles, *, stages: Sequence[IConstruct] | None
    ) -> None:
        self._root = root
        self._aspect = aspect
        self._stages = stages

    def validate(self) -> list[str]:
        problems = []
        if self._stages is not None and isinstance(self._root, cdk.App):
            problems += [
                f"iam-sudo: the stage {stage.node.path} was made after the IamSudo whose scope is "
                "the app; make the stages first"
                for stage in stages_of(self._root)
                if stage not in self._stages
            ]
        is_stable = cdk.FeatureFlags.of(self._root).is_enabled(_STABILIZATION)
        remedy = (
            "make it a CfnRole" if is_stable else f"set {_STABILIZATION} to true in the context"
        )
        problems += [
            f"iam-sudo: an aspect made the role {_path(role)} too late to be opened; {remedy}"
            for role in self._aspect.missed(_of_this_assembly(self._root))
        ]
        return problems + self._aspect.late_problems()


def stages_of(root: IConstruct) -> list[IConstruct]:
    return [each for each in root.node.find_all() if isinstance(each, cdk.Stage)]


def _of_this_assembly(root: IConstruct) -> Iterator[IConstruct]:
    """What is synthesized along with `root`, which comes first: stages in it are by themselves."""
    constructs = iter(root.node.find_all())
    yield next(constructs)
    for construct in constructs:
        if isinstance(construct, cdk.Stage):
            deque(islice(constructs, len(construct.node.find_all()) - 1), maxlen=0)
        else:
            yield construct


def _path(resource: Any) -> str:
    # "the-stack/Role/Resource [AWS::IAM::Role]", for one round trip less than `node.path`.
    return str(resource.to_string()).rpartition(" [")[0]
