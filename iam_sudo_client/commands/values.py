"""The kinds of values that options have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

_LAST_PORT = 65_535
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_AGO = 3_653 * _SECONDS["d"]


class Text(click.types.StringParamType):
    """A text without the blanks around it, and never an empty one.

    An empty option is a variable that was not set, and so nobody's wish; so is one that is followed
    by the next option. Every option that has a value is of this type. (A role whose name begins
    with `--` is named by its ARN.)
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not text:
            self.fail("it is empty; was a variable not set?", param, ctx)
        if text.startswith("--"):  # click would take the next option, or the end of them, for it
            self.fail(f"{text} is an option and not its value; was a variable not set?", param, ctx)
        return text


class OneOf(Text):
    """One of several words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if text not in self.words:
            self.fail(f"{text!r} is none of {', '.join(self.words)}", param, ctx)
        return text


class Port(Text):
    """A TCP port."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = super().convert(value, param, ctx)
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= _LAST_PORT):
            self.fail(f"{text!r} is no port; give one of 1 to {_LAST_PORT}", param, ctx)
        return int(text)


@dataclass(frozen=True)
class Span:
    """A span of time, as it was written."""

    text: str
    seconds: int

    def __str__(self) -> str:
        return self.text


class Ago(Text):
    """A span of time until now: `90s`, `30m`, `2h`, `7d`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, Span):
            return value
        text = super().convert(value, param, ctx)
        number, unit = text[:-1], text[-1:]
        if not (number.isascii() and number.isdecimal() and unit in _SECONDS):
            self.fail(f"{text!r} is no span of time; give 90s, 30m, 2h or 7d", param, ctx)
        # Of a number with more digits, these are too many seconds already.
        seconds = int(number.lstrip("0")[:10] or 0) * _SECONDS[unit]
        if not 0 < seconds <= _LONGEST_AGO:
            self.fail(f"{text!r} is nothing, or longer than ten years", param, ctx)
        return Span(text, seconds)


TEXT = Text()
