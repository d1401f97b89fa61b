"""Read values that only the deployment knows, as far as synthesis can.

Pseudo parameters have stand-ins of the usual length, `Fn::Join` and `Fn::Sub` are carried out,
and what is left (a parameter, an attribute of a resource, a condition) becomes `<text>` that no
name or principal equals, or, where it is counted, text of a `UsualLength`. Never for a template,
only for looking at one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256

# What stands for a function of these arguments, which are rendered.
StandIn = Callable[[str, object], str]

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


# Of these, the length is the same in every account of a partition.
_OF_ONE_LENGTH = ("AWS::AccountId", "AWS::Partition", "AWS::URLSuffix")
# As CloudFormation makes up names (stack, logical id, twelve characters), and ARNs of them.
_NAME_LENGTH, _ARN_LENGTH = 40, 60
_ARN = re.compile("arn:|Arn(?![a-z])")


def in_brackets(function: str, arguments: object) -> str:
    """A text that no name or principal equals."""
    if function == "Ref":
        return _PSEUDO_PARAMETERS.get(str(arguments), f"<{arguments}>")
    return f"<{function}>"


def told_apart(function: str, arguments: object) -> str:
    """Likewise, and equal for the same alone, so that texts with it can be compared."""
    if function == "Fn::GetAtt":  # as `Fn::Sub` writes it
        return f"<{'.'.join(map(str, arguments)) if isinstance(arguments, list) else arguments}>"
    if function == "Ref":
        return in_brackets(function, arguments)
    text = json.dumps(arguments, default=str, sort_keys=True)
    return f"<{function} {sha256(text.encode()).hexdigest()[:8]}>"


class UsualLength:
    """Texts as long as what they stand for usually is, the same for the same; `used` or not."""

    def __init__(self) -> None:
        self.used: bool = False

    def __call__(self, function: str, arguments: object) -> str:
        self.used = self.used or arguments not in _OF_ONE_LENGTH
        if function == "Ref" and arguments in _PSEUDO_PARAMETERS:
            return _PSEUDO_PARAMETERS[str(arguments)]
        # No wildcard, no variable, and nothing that JSON would escape.
        text = re.sub(r"[^A-Za-z0-9.:/]+", "-", json.dumps(arguments, default=str)).strip("-")
        length = _ARN_LENGTH if _ARN.search(text) else _NAME_LENGTH
        return text.rjust(length, "-")[-length:]


def rendered(resolved: object, stand_in: StandIn = in_brackets) -> object:
    """A resolved value of a template without intrinsic functions."""
    if isinstance(resolved, list):
        return [rendered(item, stand_in) for item in resolved]
    if isinstance(resolved, Mapping):
        if is_intrinsic(resolved):
            [(function, arguments)] = resolved.items()
            return _called(str(function), rendered(arguments, stand_in), stand_in)
        return {key: rendered(value, stand_in) for key, value in resolved.items()}
    return resolved


def is_intrinsic(resolved: object) -> bool:
    """Whether a resolved value is a call of an intrinsic function."""
    if not isinstance(resolved, Mapping) or len(resolved) != 1:
        return False
    [name] = resolved
    return name in ("Ref", "Condition") or str(name).startswith("Fn::")


def may_be(value: object, text: str) -> bool:
    """Whether a resolved value is the text, or something that only the deployment knows."""
    return value == text or is_intrinsic(value)


def is_undecided(text: str) -> bool:
    """Whether a rendered text has a part that only the deployment knows."""
    return "<" in text


def _called(function: str, arguments: object, stand_in: StandIn) -> str:
    match function, arguments:
        case "Fn::Join", [str(separator), [*parts]]:
            return separator.join(map(str, parts))
        case "Fn::Sub", str(text):
            return _substituted(text, {}, stand_in)
        case "Fn::Sub", [str(text), dict(variables)]:
            return _substituted(text, variables, stand_in)
    return stand_in(function, arguments)


def _substituted(text: str, variables: Mapping[str, object], stand_in: StandIn) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        return str(variables[name]) if name in variables else stand_in("Ref", name)

    return _VARIABLE.sub(value, text)
