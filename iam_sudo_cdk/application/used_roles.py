"""Which roles the resources of an application use, and what for; see `uses` for the properties.

A resource that uses a role costs two round trips to Node, once in the life of the process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from .cdk_insides import has_token, identity, properties_of
from .intrinsics import is_undecided
from .references import References
from .resources import member, resources
from .role_resource import RoleResource, is_role_resource
from .uses import STARTS, USES

# What stands for the account that a text is deployed to, see `intrinsics`.
_THIS_ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Used:
    """A use of a role by its name, as the template of `stack` has it, and maybe by its account."""

    use: str
    resource: IConstruct
    stack: cdk.Stack
    account: str | None

    def is_in(
        self, stack: cdk.Stack, *, name: str, accounts: Collection[str] | None = None
    ) -> bool:
        """Whether the role of this name in a stack can be the one that is used.

        `accounts` are those that a stack which does not know its own may be deployed to.
        """
        if is_undecided(name) and identity(stack) != identity(self.stack):
            return False
        of_stacks = {each.account for each in (stack, self.stack)}
        found = {*of_stacks, self.account or _THIS_ACCOUNT}
        known = {each for each in found if each != _THIS_ACCOUNT and not has_token(each)}
        if accounts is not None and any(map(has_token, of_stacks)):
            return len(known) <= 1 and known <= {*accounts, *of_stacks}
        return len(known) <= 1


class UsedRoles:
    """The roles that what is below a stage, or an app, uses."""

    def __init__(self, root: IConstruct) -> None:
        self._root = root
        self._seen: dict[str, set[object]] = defaultdict(set)
        self._by_role: dict[object, dict[str, None]] = defaultdict(dict)
        self._by_name: dict[str, list[Used]] = defaultdict(list)
        self._undecided: list[tuple[str, IConstruct]] = []

    @classmethod
    def below(cls, root: IConstruct) -> UsedRoles:
        """The same for all who ask about a stage: several of us may."""
        return _KNOWN.setdefault(identity(root), cls(root))

    def look(self, uses: Iterable[str]) -> int:
        """Read what has come since for these uses, and count all that has been read for them."""
        references = References(self._root)
        uses = list(uses)
        for use in uses:
            for type_, paths in USES[use].properties.items():
                new = {
                    each: properties_of(each)
                    for each in resources(self._root, type_)
                    if identity(each) not in self._seen[use]
                }
                self._seen[use] |= set(map(identity, new))
                references.foresee(member(each, path) for each in new.values() for path in paths)
                for resource, properties in new.items():
                    self._enter(use, resource, properties, paths, references)
        return sum(len(self._seen[use]) for use in uses)

    def uses(
        self, role: RoleResource, stack: cdk.Stack, *, accounts: Collection[str] | None = None
    ) -> list[str]:
        """What a role is used for, of the uses that were looked for; see `Used.is_in`."""
        found = dict(self._by_role.get(identity(role.construct), {}))
        # A name that CloudFormation makes up is no text in a template.
        if self._by_name and role.value("RoleName"):
            name = role.name or role.resolved(stack)[1]
            found |= {
                each.use: None
                for each in self._by_name.get(name, ())
                if each.is_in(stack, name=name, accounts=accounts)
            }
        return list(found)

    def only_starts_tasks(self, name: str) -> bool:
        """Whether a role that is known by its name starts tasks, and none runs as it."""
        self.look(["ecs-task"])
        references = References(self._root)
        started = (
            text
            for type_, path in STARTS.items()
            for each in resources(self._root, type_)
            for text in references.of_property(properties_of(each), path, each).texts
        )
        return name not in self._by_name and name in {account_and_name(text)[1] for text in started}

    def by_name(self) -> Mapping[str, Sequence[Used]]:
        """The uses of roles by a name, which may be the name of no role of this application."""
        return self._by_name

    def undecided(self) -> Sequence[tuple[str, IConstruct]]:
        """The uses, and what uses, of roles that only the deployment knows."""
        return self._undecided

    def _enter(
        self,
        use: str,
        resource: IConstruct,
        properties: Mapping[str, Any],
        paths: Iterable[str],
        references: References,
    ) -> None:
        for path in paths:
            referred = references.of_property(properties, path, resource)
            for id_ in referred.constructs:
                self._by_role[id_][use] = None
            # What a custom resource, or any other, gives as the ARN of a role.
            if referred.is_undecided or not all(
                map(is_role_resource, referred.constructs.values())
            ):
                self._undecided.append((use, resource))
            for text in referred.texts:
                account, name = account_and_name(text)
                used = Used(use, resource, cdk.Stack.of(resource), account)
                self._by_name[name].append(used)


_KNOWN: dict[object, UsedRoles] = {}


def account_and_name(text: str) -> tuple[str | None, str]:
    """The account and the name in a role's ARN, or a name by itself."""
    match text.split(":", 5):
        case ["arn", _, "iam", _, account, resource]:
            return account, resource.rpartition("/")[2]
    return None, text
