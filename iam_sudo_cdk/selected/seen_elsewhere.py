"""What may use roles that are selected and cannot be seen, as constructs and what to say of each.

Roles that are in no template of the application, and roles that are used by a name which no role of
the application has, or by one that only the deployment knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import aws_cdk as cdk
from constructs import IConstruct

from ..application import ROLE_TYPE, RoleResource, UsedRoles, path_of, resources, roles_elsewhere
from .selected_roles import SelectedRoles


def unseen_roles(
    root: IConstruct, selected: SelectedRoles
) -> Iterator[tuple[IConstruct, str, str]]:
    """Constructs below `root`, each with an id and a problem for the warning on it."""
    for each in roles_elsewhere(root):
        if each.use is None or selected.may_mean(each.use):
            yield each.resource, "elsewhere", each.where
    if selected.selection.used_by:
        yield from _used_from_elsewhere(root, selected)


def _used_from_elsewhere(
    root: IConstruct, selected: SelectedRoles
) -> Iterator[tuple[IConstruct, str, str]]:
    used_by = selected.selection.used_by
    # Of a stage, `Stage.of` is the one around it.
    stage = root if isinstance(root, cdk.Stage) else cdk.Stage.of(root)
    used = UsedRoles.below(stage or root.node.root)
    used.look(used_by)
    prefix = f"{root.node.path}/".lstrip("/")
    by_name = {
        name: [each for each in uses if each.use in used_by]
        for name, uses in used.by_name().items()
    }
    stacks: defaultdict[str, list[cdk.Stack]] = defaultdict(list)
    if any(by_name.values()):
        for role in map(RoleResource, resources(root.node.root, ROLE_TYPE)):
            if role.value("RoleName"):
                stack = cdk.Stack.of(role.construct)
                stacks[role.name or role.resolved(stack)[1]].append(stack)
    for name, uses in by_name.items():
        for each in uses:
            is_here = any(
                each.is_in(stack, name=name, accounts=selected.accounts) for stack in stacks[name]
            )
            if not is_here and path_of(each.resource).startswith(prefix):
                problem = f"{name}, of {each.use}, is imported or created elsewhere"
                yield each.resource, "imported", problem
    for use, resource in used.undecided():
        if use in used_by and path_of(resource).startswith(prefix):
            yield resource, "decided", f"which role {use} has is decided at deployment"
