"""Say at synth which of the selected roles the broker would refuse, because no session fits.

The core's own planner is asked, so that what is said here is what the broker will say. Only roles
whose names synthesis knows can be selected, and only what it knows of their policies is planned;
of what it cannot know, nothing is said. It is a warning, never an error: what is too large for a
session may be right for the workload.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct, IValidation

from iam_sudo_core.errors import ManagedPolicyElsewhere, PolicyNotUnderstood, SessionRefused
from iam_sudo_core.policy.documents import VERSION
from iam_sudo_core.policy.principals import trusted_principals
from iam_sudo_core.session.plan import plan_sessions
from iam_sudo_core.session.role import RoleSnapshot

from ..application import (
    BASE_ROLE,
    ROLE_TYPE,
    NamedRole,
    PolicyResources,
    RoleResource,
    Unreadable,
    UsualLength,
    has_token,
    resources,
    snapshot,
)
from ..selection import RoleSelection

# Of the carriers, which are named when somebody asks. It changes no size.
_ANY_DAY = date(2000, 1, 1)
# What the stand-ins of synthesis may be the reason of.
_UNCERTAIN = (ManagedPolicyElsewhere, PolicyNotUnderstood)
_ABOUT = " (sizes are about right: what only the deployment knows was given a usual length)"


@jsii.implements(IValidation)
class SessionsFit:
    """Runs once for each synthesis of the stage of `scope`, when all aspects have.

    A role costs one round trip to Node, for its name; if any is selected, a policy costs two.
    """

    def __init__(self, scope: Construct, selection: RoleSelection, *, large_roles: bool) -> None:
        self._scope = scope
        self._day = _ANY_DAY if large_roles else None
        self._policy = selection.policy()

    def validate(self) -> list[str]:
        root = cdk.Stage.of(self._scope) or self._scope.node.root
        selected = [
            (construct, name)
            for construct in resources(root, ROLE_TYPE)
            if (name := _name(construct)) and self._policy.name_pattern(name)
        ]
        roles = [
            role
            for construct, name in selected
            if not self._is_out_of_reach(construct, root)
            and self._trusts_a_selected_principal(role := NamedRole.read(construct, name=name))
        ]
        if roles:
            policies = PolicyResources(root)
            times = Counter(name for _, name in selected)
            for role in roles:
                only = times[role.name] == 1
                _check(role, policies, is_only_of_its_name=only, day=self._day)
        return []

    def _is_out_of_reach(self, role: IConstruct, root: IConstruct) -> bool:
        """Whether a role is of the construct's own, of another stage or of another account."""
        if role.node.path.startswith(f"{self._scope.node.path}/"):
            return True
        accounts = {cdk.Stack.of(each).account for each in (role, self._scope)}
        known = [account for account in accounts if not has_token(account)]
        return len(known) > 1 or cdk.Stage.of(role) is not root

    def _trusts_a_selected_principal(self, role: NamedRole) -> bool:
        try:
            principals = trusted_principals(role.trust_policy, partition=BASE_ROLE.partition)
        except ValueError:
            return False
        return self._policy.allowed(principals) is not None


def _check(
    role: NamedRole, policies: PolicyResources, *, is_only_of_its_name: bool, day: date | None
) -> None:
    stand_in = UsualLength()
    try:
        known = snapshot(role, policies, stand_in, is_only_of_its_name=is_only_of_its_name)
    except Unreadable:
        return
    refusal = _refusal(known, day)
    if refusal and _refusal(_with_the_least(known), day):
        about = _ABOUT if stand_in.used else ""
        cdk.Annotations.of(role.construct).add_warning_v2(
            "iam-sudo:sessionRefused", f"the broker would refuse to simulate {refusal}{about}"
        )


def _refusal(snapshot: RoleSnapshot, day: date | None) -> SessionRefused | None:
    """What the broker would say, if it is no more than what was read here that brings it about."""
    try:
        next(iter(plan_sessions(snapshot, base_role=BASE_ROLE, day=day)))
    except SessionRefused as refusal:
        return None if isinstance(refusal, _UNCERTAIN) else refusal
    return None


def _with_the_least(snapshot: RoleSnapshot) -> RoleSnapshot:
    """The role if the managed policies that synthesis does not have said nothing.

    The broker reads them when a plan does not fit, and moves inline what is short.
    """
    nothing: object = {"Version": VERSION, "Statement": []}
    documents = dict.fromkeys(snapshot.managed_policy_arns, nothing) | {**snapshot.documents}
    return replace(snapshot, documents=documents)


def _name(role: IConstruct) -> str | None:
    """A role's name, when synthesis knows it."""
    if not isinstance(role, iam.CfnRole):
        return RoleResource(role).name
    name = role.role_name  # half as dear as all properties
    return None if name is None or has_token(name) else name
