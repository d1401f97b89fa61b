"""Say why a finding of a rule pack such as cdk-nag is meant to be as it is.

Twice, since rule packs read two things, and neither needs one to be installed. Packs of today
(cdk-nag 3) ask the CDK's own `Validations`, for which an acknowledgement is metadata of the
construct tree; older CDKs have none. cdk-nag 2 reads the metadata `cdk_nag` of the resource, which
is in the template. Rules with several findings a resource name each by its text,
and that is how they are acknowledged: a new wildcard is a new finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import aws_cdk as cdk
from constructs import Construct

_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
_METADATA_OF_CDK_NAG_2 = "cdk_nag"


def acknowledge(construct: Construct, rule: str, reason: str, *, finding: object = None) -> None:
    """Acknowledge `rule` on the resource of `construct`, or only its `finding`, tokens and all.

    `reason` is of the characters of Latin 1, as cdk-nag 2 expects it in templates.
    """
    found = None if finding is None else _text(cdk.Stack.of(construct).resolve(finding))
    _for_the_cdk(construct, rule if found is None else f"{rule}[{found}]", reason)
    _for_cdk_nag_2(cast(cdk.CfnResource, construct.node.default_child), rule, reason, found)


def acknowledge_empty(stack: cdk.Stack) -> None:
    """Acknowledge that a stack has no resources, to the CDK's own rules; its CLI passes it over."""
    reason = "What this stack is for is done to other stacks, or in other accounts."
    _for_the_cdk(stack, "CloudFormation-Validate::F0001", reason)


def acknowledge_in_packs(construct: Construct, rule: str, reason: str) -> None:
    """The same in all packs that go by standards, which have one name for a rule."""
    for pack in _PACKS:
        acknowledge(construct, f"{pack}-{rule}", reason)


def _for_the_cdk(construct: Construct, id: str, reason: str) -> None:
    if not hasattr(cdk, "Validations"):
        return
    try:
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=id, reason=reason))
    except RuntimeError as error:
        # Before 2.269 the CDK takes no "::" in an id: there, nobody can acknowledge such a finding.
        if "InvalidValidationId" not in str(error):
            raise


def _for_cdk_nag_2(resource: cdk.CfnResource, rule: str, reason: str, found: str | None) -> None:
    rules: list[Mapping[str, Any]] = _rules(resource.get_metadata(_METADATA_OF_CDK_NAG_2))
    one = {"id": rule, "reason": reason, **({"applies_to": [found]} if found else {})}
    resource.add_metadata(_METADATA_OF_CDK_NAG_2, {"rules_to_suppress": [*rules, one]})


def _rules(metadata: object) -> list[Mapping[str, Any]]:
    """What is acknowledged already, by us or by others."""
    found = metadata.get("rules_to_suppress", []) if isinstance(metadata, Mapping) else []
    return list(found)


def _text(resolved: object) -> str:
    """A resolved value as rule packs write it: references in angle brackets."""
    match resolved:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
    return str(resolved)
