"""Typed values out of the CDK's context.

A list is comma-separated text or a JSON list, a truth value is true or false, as text or as JSON. A
key that is absent, or null, has its default; what is wrong is an error of one line that names the
key, the value and what is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from ..errors import InvalidChoice


class ContextReader:
    """The values of a context."""

    def __init__(self, context: Mapping[str, object]) -> None:
        self._context = context

    def text(
        self,
        key: str,
        *,
        default: str,
        pattern: re.Pattern[str] | None = None,
        allowed: str = "text",
    ) -> str:
        value = self._context.get(key)
        if value is None:
            return default
        if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
            raise InvalidChoice(key=key, value=value, allowed=allowed)
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key, default=choices[0], allowed=", ".join(choices))
        if value not in choices:
            raise InvalidChoice(key=key, value=value, allowed=", ".join(choices))
        return value

    def strings(
        self,
        key: str,
        *,
        default: Sequence[str] = (),
        pattern: re.Pattern[str] | None = None,
        allowed: str = "a comma-separated list",
        required: bool = False,
    ) -> tuple[str, ...]:
        value = self._context.get(key, default)
        if value is None:
            value = default
        if isinstance(value, str):
            value = [item for item in (part.strip() for part in value.split(",")) if item]
        if not isinstance(value, list | tuple) or (required and not value):
            raise InvalidChoice(key=key, value=value, allowed=_as_text(value, allowed))
        for item in value:
            if not isinstance(item, str) or (pattern and not pattern.fullmatch(item)):
                raise InvalidChoice(key=key, value=item, allowed=_as_text(item, allowed))
        return tuple(dict.fromkeys(value))

    def entries(self, key: str) -> list[object]:
        """A JSON list of whatever, or its text."""
        value = self._context.get(key) or []
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = None
        if not isinstance(value, list):
            raise InvalidChoice(key=key, value=self._context[key], allowed="a JSON list")
        return value

    def truth(self, key: str) -> bool:
        value = self._context.get(key)
        if value in (None, False, "false"):
            return False
        if value in (True, "true"):
            return True
        raise InvalidChoice(key=key, value=value, allowed="true, false")

    def number(self, key: str, choices: Mapping[int, object] | range, *, default: int) -> int:
        value = self._context.get(key, default)
        text = str(value)
        if text.isascii() and text.isdigit() and int(text) in choices:
            return int(text)
        listed = (
            f"{choices[0]} to {choices[-1]}"
            if isinstance(choices, range)
            else ", ".join(map(str, choices))
        )
        raise InvalidChoice(key=key, value=value, allowed=listed)


def _as_text(value: object, allowed: str) -> str:
    """What is allowed, and how: JSON takes an account without quotes for a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{allowed}, as text, in quotes" if is_number else allowed
