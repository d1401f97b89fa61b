"""When nothing is selected: the roles that are nearest to it, and why each is not."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

import aws_cdk as cdk
from constructs import IConstruct

from iam_sudo_core.policy.principals import trusted_principals

from ..application import (
    ROLE_TYPE,
    USES,
    RoleResource,
    UsedRoles,
    path_of,
    rendered,
    resources,
)
from ..selection import RoleSelection
from .never_opened import is_a_helpers
from .selected_roles import SelectedRoles

_LISTED = 5


def nothing_selected(
    root: IConstruct, selected: SelectedRoles, *, is_in_scope: Callable[[IConstruct], bool]
) -> str:
    """What to say, with the nearest of all roles below `root`, the application."""
    found = []
    for construct in resources(root, ROLE_TYPE):
        path = path_of(construct)
        if not selected.is_a_brokers(path) and not is_a_helpers(path):
            rank, why = _why_not(construct, path, selected, is_in_scope=is_in_scope(construct))
            found.append((rank, f"{path.removesuffix('/Resource')} ({why})"))
    nearest = [text for _, text in sorted(found, key=lambda each: each[0])[:_LISTED]]
    more = f", and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    listed = f"the nearest: {', '.join(nearest)}{more}" if nearest else "the application has none"
    return f"no role is selected by {_told(selected.selection)}; {listed}"


def _why_not(
    construct: IConstruct, path: str, selected: SelectedRoles, *, is_in_scope: bool
) -> tuple[float, str]:
    """How far away a role is, from 0, and why it is not selected."""
    selection, role, stack = selected.selection, RoleResource(construct), cdk.Stack.of(construct)
    policy, name, _ = role.resolved(stack)
    if selected.uses(role, stack) or selected.is_named(role, path):
        kept_out = _kept_out(role, stack, selected, policy=policy, name=name)
        return kept_out or (
            (2, "what keeps it closed is said on it")
            if is_in_scope
            else (0, "it is outside of scope")
        )
    path = path.removesuffix("/Resource")
    if selection.paths and replace(selection, ignore_case=True).names(name=None, path=path):
        return 1, "its path differs in case; ignore_case=True compares without"
    used = UsedRoles.below(cdk.Stage.of(stack) or construct.node.root)
    used.look(USES)
    reasons = []
    others = used.uses(role, stack)
    if selection.used_by:
        for_what = ", ".join(others)
        reasons.append(f"used by {for_what}" if others else "used by nothing that used_by knows")
    if selection.role_names:
        reasons.append(f"named {name}" if role.name else "its name is CloudFormation's to make up")
    if selection.paths:
        reasons.append("its path fits no pattern")
    patterns = [*selection.paths, *selection.role_names]
    likeness = max((_likeness(each, path, name) for each in patterns), default=0.0)
    return 4 - bool(others) - likeness, "; ".join(reasons)


def _kept_out(
    role: RoleResource, stack: cdk.Stack, selected: SelectedRoles, *, policy: object, name: str
) -> tuple[float, str] | None:
    """Likewise, of a role that is meant by use, path or name."""
    try:
        principals = trusted_principals(rendered(policy), partition="aws")
    except ValueError:
        return 1, "its trust policy cannot be read"
    if selected.selection.policy().allowed(principals) is None:
        trusted = ", ".join(sorted(map(str, principals))) or "nobody"
        return 1, f"it trusts {trusted}, none of principals"
    if selected.is_a_helper(role, stack, name=name, principals=principals):
        return 2, "a helper that deploys the application runs with it"
    return None


def _likeness(pattern: str, *texts: str) -> float:
    return max(difflib.SequenceMatcher(None, pattern, text).ratio() for text in texts)


def _told(selection: RoleSelection) -> str:
    told = {
        "used_by": selection.used_by,
        "paths": selection.paths,
        "role_names": selection.role_names,
    }
    return " or ".join(f"{key}={','.join(values)}" for key, values in told.items() if values)
