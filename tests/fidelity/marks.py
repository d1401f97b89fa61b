"""Condition keys that a role's sessions have from the service, or the sign-in, that gave them out.

Written down by itself, for the requests that are drawn: not by the table of the product.
"""

from __future__ import annotations

import re
from typing import Any

from tests.fidelity.evaluator import Document, listed

# A provider's key has the provider's URL in front of it.
_OF_A_PROVIDER = re.compile(r"(?i)(?:saml|credentials-iot|[^:/,'\"{}]*[./][^:,'\"{}]*):[\w./-]+")
_OF_THE_SERVICE = re.compile(
    r"(?i)(?:lambda:SourceFunctionArn|(?:ec2|ssm):SourceInstanceArn|ec2:RoleDelivery"
    r"|glue:(?:RoleAssumedBy|CredentialIssuingService)|codebuild:(?:build|project)Arn"
    r"|aws:(?:SourceIdentity|FederatedProvider|Ec2InstanceSource\w+)|aws:userid)"
)
_VARIABLE = re.compile(r"\$\{([^},]*)")


def is_mark(key: str) -> bool:
    """Whether the role alone has a key; `aws:userid`, which a session has otherwise, counts."""
    return bool(_OF_A_PROVIDER.fullmatch(key) or _OF_THE_SERVICE.fullmatch(key))


def stand_in(key: str) -> str:
    """The key as the evaluator takes it, which knows none of providers: as a tag."""
    is_unknown = _OF_A_PROVIDER.fullmatch(key) or key.lower().startswith("codebuild:")
    return f"aws:PrincipalTag/{key.lower()}" if is_unknown else key


def with_stand_ins(document: Document) -> Document:
    """A policy with stand-ins in the place of keys of providers, as tests and as variables."""
    return {**document, "Statement": [_statement(each) for each in listed(document["Statement"])]}


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    found = {element: _text(value) for element, value in statement.items()}
    if "Condition" in statement:
        found["Condition"] = {
            operator: {stand_in(key): _text(values) for key, values in tests.items()}
            for operator, tests in statement["Condition"].items()
        }
    return found


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: f"${{{stand_in(found[1].strip())}", value)
    return [_text(item) for item in value] if isinstance(value, list) else value
