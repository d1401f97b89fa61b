"""Look at the templates when they are written: is every role open that was opened?

Overrides (`add_property_override`) of the tags or the trust policy win over what we do, and tags
may be changed when our aspect has been; neither can be seen before. Needs a CDK that has
`Validations.add_plugins`; without it nothing is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from constructs import IConstruct

from ..application import ROLE_TYPE, TRUST_POLICY, identity
from .aspect import OpenSelectedRoles
from .trust_statement import SID, Tag


class Templates:
    """Fails the synthesis when a role is not as the aspect has opened it."""

    def __init__(self, aspect: OpenSelectedRoles) -> None:
        self._aspect = aspect
        self._watched: set[object] = set()
        self._plugin: Any = None

    def watch(self, root: IConstruct) -> None:
        """Look at the stage of `root` once it is written; to be said when all aspects have run.

        Not before: the CDK tells its analytics of plugins, in the template of each stack of a stage
        and of the stages in it, and those have been written by then, as without us.
        """
        # Of a stage, `Stage.of` is the one around it.
        stage = root if isinstance(root, cdk.Stage) else cdk.Stage.of(root)
        if stage is None or identity(stage) in self._watched or not self._aspect.opened():
            return
        if hasattr(cdk, "Validations") and hasattr(cdk.Validations, "add_plugins"):
            self._plugin = self._plugin or _plugin(self._aspect)
            self._watched.add(identity(stage))
            cdk.Validations.of(stage).add_plugins(self._plugin)


def _plugin(aspect: OpenSelectedRoles) -> Any:
    @jsii.implements(cdk.IPolicyValidationPlugin)
    class OpenAsOpened:
        @property
        def name(self) -> str:
            return "iam-sudo"

        @property
        def version(self) -> None:
            return None

        @property
        def rule_ids(self) -> None:
            return None

        def validate(
            self, context: cdk.IPolicyValidationContext
        ) -> cdk.PolicyValidationPluginReport:
            folders = {Path(path).parent for path in context.template_paths}
            violations = [
                violation
                for stack, count in aspect.opened()
                for violation in _violations(stack, count, aspect.tag, folders)
            ]
            return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)

    return OpenAsOpened()


def _violations(
    stack: cdk.Stack, count: int, tag: Tag, folders: set[Path]
) -> list[cdk.PolicyViolation]:
    files = [folder / stack.template_file for folder in folders]
    return [
        cdk.PolicyViolation(
            rule_name="open-as-opened",
            severity="error",
            description=f"iam-sudo: {id_}: {problem}; a property override or a late tag changes "
            "what was opened: take it away, or leave the role out of the selection",
            violating_resources=[
                cdk.PolicyViolatingResource(
                    resource_logical_id=id_, template_path=str(file), locations=[]
                )
            ],
        )
        for file in files
        if file.exists()
        for id_, problem in problems(json.loads(file.read_text()), count, tag)
    ]


def problems(template: Mapping[str, Any], count: int, tag: Tag) -> list[tuple[str, str]]:
    """Logical ids and what is wrong, in a template in which so many roles were opened."""
    found = {
        id_: (_trusts(each["Properties"]), _values(each["Properties"], tag))
        for id_, each in template["Resources"].items()
        if each["Type"] == ROLE_TYPE and "Properties" in each
    }
    are_open = [id_ for id_, (trusts, values) in found.items() if trusts and values == [tag.value]]
    wrong = []
    for id_, (trusts, values) in found.items():
        if trusts and values and values != [tag.value]:
            wrong.append((id_, f"it trusts developers and carries {tag.key}={values[0]}"))
        elif len(are_open) < count and trusts and not values:
            wrong.append((id_, f"it trusts developers and lacks the tag {tag}"))
        elif len(are_open) < count and values and not trusts:
            wrong.append((id_, f"it carries {tag.key}={values[0]} and trusts no developer"))
    if len(are_open) < count and not wrong:
        wrong.append(("a role", "it has neither the tag nor the statement any more"))
    return wrong


def _trusts(properties: Mapping[str, Any]) -> bool:
    return f'"{SID}' in json.dumps(properties.get(TRUST_POLICY))


def _values(properties: Mapping[str, Any], tag: Tag) -> list[object]:
    tags = properties.get("Tags", [])
    return [
        each.get("Value")
        for each in (tags if isinstance(tags, list) else [])
        if isinstance(each, Mapping) and str(each.get("Key")).lower() == tag.key.lower()
    ]
