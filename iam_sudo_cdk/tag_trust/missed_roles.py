"""Say what the aspect cannot have opened, when all aspects have run.

It fails the synthesis by name: stages that are made after the construct when its scope is the app,
and roles that other aspects make where ours has been already, without the CDK's
`aspectStabilization` or as a plain `CfnResource`. Selected roles that are imported, or created
elsewhere, are a warning on each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct, IValidation

from ..application import ROLE_TYPE, is_beyond_reach, is_role_resource, path_of, resources
from ..selected import nothing_selected, unseen_roles
from .annotations import warn, warn_beyond_reach
from .aspect import OpenSelectedRoles
from .synthesized import Templates

_STABILIZATION = "@aws-cdk/core:aspectStabilization"


@jsii.implements(IValidation)
class NothingIsMissed:
    """Runs when all aspects have; for an app, after its stages were synthesized.

    `stages` are those that have the aspect, when all have to.
    """

    def __init__(
        self,
        root: IConstruct,
        aspect: OpenSelectedRoles,
        templates: Templates,
        *,
        owner: Construct,
        scope: str,
        stages: Sequence[IConstruct] | None,
    ) -> None:
        self._root = root
        self._aspect = aspect
        self._templates = templates
        self._owner = owner
        self._scope = scope
        self._stages = stages
        self._means_others = False

    def validate(self) -> list[str]:
        problems = []
        self._aspect.look_again()
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
            f"iam-sudo: an aspect made the role {path_of(role)} too late to be opened; {remedy}"
            for role in self._missed()
        ]
        self._say_what_is_unseen()
        self._templates.watch(self._root)
        return problems + self._aspect.late_problems()

    def _say_what_is_unseen(self) -> None:
        for construct, id_, problem in unseen_roles(self._root, self._aspect.selected):
            self._means_others = True
            warn(construct, id_, problem, what="what it runs as")
        if self._scope == "app" and self._root is not cdk.Stage.of(self._owner):
            return  # said when the owner's own stage is synthesized: later it would be lost
        if not (self._aspect.has_selected or self._means_others or self._selects_later()):
            told = nothing_selected(
                self._owner.node.root,
                self._aspect.selected,
                is_in_scope=lambda role: self._scope == "app" or self._aspect.was_visited(role),
            )
            cdk.Annotations.of(self._owner).add_warning_v2("iam-sudo:nothingSelected", told)

    def _selects_later(self) -> bool:
        """Whether a role of another stage, which may come later, is selected."""
        return self._scope == "app" and any(
            map(self._aspect.would_have_opened, resources(self._owner.node.root, ROLE_TYPE))
        )

    def _missed(self) -> Iterator[IConstruct]:
        """The roles that were made behind our back; a warning on those that are beyond reach."""
        role: iam.Role | None = None
        for construct in _of_this_assembly(self._root):
            if role is not None and not isinstance(construct, iam.CfnRole):
                self._look_beyond_reach(role)
            role = None
            if isinstance(construct, iam.Role):
                role = construct  # unless it is beyond reach, its resource comes next
            elif is_role_resource(construct):
                if self._aspect.would_have_opened(construct):
                    yield construct
            else:
                self._look_beyond_reach(construct)
        if role is not None:
            self._look_beyond_reach(role)

    def _look_beyond_reach(self, node: IConstruct) -> None:
        if is_beyond_reach(node) and self._aspect.means(node):
            self._means_others = True
            warn_beyond_reach(node)


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
