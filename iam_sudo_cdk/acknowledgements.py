"""Say why a finding of a rule pack such as cdk-nag is meant to be as it is.

It goes through the CDK's own `Validations`, so that nothing here needs a rule pack: without one
the acknowledgements are metadata of the construct tree. Rules with several findings a resource
name each by its text, and that is how they are acknowledged: a new wildcard is a new finding.
"""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct


def acknowledge(construct: Construct, rule: str, reason: str, *, finding: object = None) -> None:
    """Acknowledge `rule` on `construct`, or only its `finding`, which may hold tokens."""
    found = "" if finding is None else f"[{_text(cdk.Stack.of(construct).resolve(finding))}]"
    try:
        cdk.Validations.of(construct).acknowledge(
            cdk.Acknowledgment(id=f"{rule}{found}", reason=reason)
        )
    except RuntimeError as error:
        # Before 2.269 the CDK takes no "::" in an id: there, nobody can acknowledge such a finding.
        if "InvalidValidationId" not in str(error):
            raise


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
