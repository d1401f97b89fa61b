"""Read values that only the deployment knows, as far as synthesis can.

Pseudo parameters have stand-ins of the usual length, `Fn::Join` and `Fn::Sub` are carried out,
and what is left (a parameter, an attribute of a resource, a condition) becomes `<text>` that no
name or principal equals. Never for a template, only for looking at one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def rendered(resolved: object) -> object:
    """A resolved value of a template without intrinsic functions."""
    if isinstance(resolved, list):
        return [rendered(item) for item in resolved]
    if isinstance(resolved, Mapping):
        if is_intrinsic(resolved):
            [(function, arguments)] = resolved.items()
            return _called(str(function), rendered(arguments))
        return {key: rendered(value) for key, value in resolved.items()}
    return resolved


def is_intrinsic(resolved: object) -> bool:
    """Whether a resolved value is a call of an intrinsic function."""
    if not isinstance(resolved, Mapping) or len(resolved) != 1:
        return False
    [name] = resolved
    return name in ("Ref", "Condition") or str(name).startswith("Fn::")


def is_undecided(text: str) -> bool:
    """Whether a rendered text has a part that only the deployment knows."""
    return "<" in text


def _called(function: str, arguments: object) -> str:
    match function, arguments:
        case "Ref", str(name):
            return _PSEUDO_PARAMETERS.get(name, f"<{name}>")
        case "Fn::Join", [str(separator), [*parts]]:
            return separator.join(map(str, parts))
        case "Fn::Sub", str(text):
            return _substituted(text, {})
        case "Fn::Sub", [str(text), dict(variables)]:
            return _substituted(text, variables)
    return f"<{function}>"


def _substituted(text: str, variables: Mapping[str, object]) -> str:
    known = {**_PSEUDO_PARAMETERS, **variables}
    return _VARIABLE.sub(lambda name: str(known.get(name[1], f"<{name[1]}>")), text)
