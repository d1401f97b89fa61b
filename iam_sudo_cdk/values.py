"""Values that an application gives us, refused in one line where they are of the wrong kind.

Python takes whatever it is given: `"false"` for true, a text for a list of characters. Here that
would open what was to stay closed, or end in an error that names neither key nor value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

from .errors import InvalidChoice


def check_truths(**values: object) -> None:
    """Let values pass that are True or False themselves, and no text that reads like it."""
    for key, value in values.items():
        if not isinstance(value, bool):
            raise InvalidChoice(key=key, value=value, allowed="True, False")


def check_kinds(kinds: Mapping[type[Any], str], **values: object) -> None:
    """Let values pass that are of one of `kinds`, classes with how one is written."""
    for key, value in values.items():
        # A class itself, or another kind that a slip leads to, is none.
        if isinstance(value, bool) or not isinstance(value, tuple(kinds)):
            raise InvalidChoice(key=key, value=value, allowed=", or ".join(kinds.values()))


def has_attribute(value: object, name: str) -> bool:
    """Whether an object has an attribute; its class by itself, which has it too, is none."""
    return hasattr(value, name) and not isinstance(value, type)


def listed(key: str, value: object, *, of: str) -> tuple[Any, ...]:
    """The items of a list or a tuple; a single text is none, though Python would take it apart."""
    if not isinstance(value, list | tuple):
        raise InvalidChoice(key=key, value=value, allowed=f"a list of {of}, in brackets")
    return tuple(value)


def is_known(text: str) -> bool:
    """Whether a text is deployed as it is checked here, and nobody else puts something in.

    What only the deployment knows is a token, of a text or of a list, or a dynamic reference, which
    is no token to the CDK (CloudFormation User Guide, "Get values stored in other services using
    dynamic references").
    """
    is_token = cdk.Token.is_unresolved(text) or cdk.Token.is_unresolved([text])
    return not (is_token or "{{resolve:" in text)
