"""The kinds of values that options have."""

from __future__ import annotations

from typing import Any

import click


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


TEXT = Text()
