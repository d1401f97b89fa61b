"""Everything that we say: on standard error, and explanations on standard output.

Policies, names, tags, messages of AWS and of functions, files, and what was pasted as an option are
somebody else's text, and a terminal obeys some characters: ESC and its one-character forms colour,
retitle and erase, bidirectional marks turn a line round, a new line pretends to be one of ours. So
every line passes `printable` here, at the end of its way, and nowhere else. Text of any script
stays as it is. What the command itself prints is its own.
Source of the kinds: Unicode Standard, "General Category Values". The core's errors follow the same
rule, by a function of their own: `--help` does not wait for the core.

Of a traceback the places are shown, and of its errors the kinds; the text of those that are not
ours may hold a credential or a signature, as they quote headers, replies, files and requests.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from typing import Protocol, TextIO

import click

from iam_sudo_client.errors import CommandLineError, NotConfigured

log: logging.Logger = logging.getLogger("iam_sudo")
# Columns of a help text, on terminals that have more.
WIDEST = 100


class Note(Protocol):
    """What is told each fact as soon as it is known; `note` is one."""

    def __call__(self, **facts: object) -> None: ...


def printable(text: str) -> str:
    r"""One line of text, in which what cannot be seen is written as Python would: \x1b, \u202e.

    That is all that Unicode calls neither visible nor a blank: control and format characters,
    separators of lines and paragraphs, surrogates, private and unassigned ones.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def note(**facts: object) -> None:
    """Show facts with `--verbose`."""
    for name, fact in facts.items():
        log.debug("%s: %s", name.replace("_", " "), fact)


def show(lines: Iterable[str], *, stream: TextIO | None = None) -> None:
    """Print lines, on standard output unless told otherwise.

    Raises:
        NotConfigured: they cannot be written; who stopped reading, as `head` does, has enough.
    """
    shown = [printable(line) for line in lines]
    if not shown:
        return
    try:
        click.echo("\n".join(shown), file=stream or sys.stdout)
    except OSError as error:
        # What is left in the buffer would fail again, at the end and in other words.
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
        if isinstance(error, BrokenPipeError):
            return
        raise NotConfigured(
            f"the output cannot be written: {error.strerror}; check where it goes"
        ) from None


class _OneLine(logging.Formatter):
    """A message is one line; those of a traceback stand in, so that none looks like a message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return printable(super().formatMessage(record))

    def formatException(self, ei: logging._SysExcInfoType) -> str:  # noqa: N802 - logging's name
        lines = "".join(_places(ei[1])).splitlines() if ei[1] else []
        return "\n".join(f"  {printable(line)}" for line in lines)


def _places(error: BaseException) -> Iterator[str]:
    """A traceback as Python prints it, in which errors that are not ours have no text."""
    if before := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        yield from _places(before)
        yield "\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    text = f": {error}" if isinstance(error, CommandLineError) else ""
    yield f"{type(error).__name__}{text}\n"


def width() -> int:
    """How wide help is to be: as click would take it, without waiting for `shutil`."""
    columns = os.environ.get("COLUMNS", "")
    with suppress(AttributeError, ValueError, OSError):
        columns = columns or str(os.get_terminal_size(sys.__stdout__.fileno()).columns)  # type: ignore[union-attr]
    known = columns.isdecimal() and len(columns) < 9 and int(columns)  # noqa: PLR2004 - digits
    return max(min(known or 80, WIDEST) - 2, 50)


class Report:
    """The report of one run of the command."""

    def __init__(self) -> None:
        self._debug = False
        # Whether the command runs nothing, so that the exit code can say of which kind an error is.
        self.tells_kinds = False
        if isinstance(sys.stdout, TextIOWrapper):
            # As standard error is: who has no such character sees its number.
            sys.stdout.reconfigure(errors="backslashreplace")
        if not log.handlers:
            ours, theirs = logging.StreamHandler(), logging.StreamHandler()
            for handler in (ours, theirs):
                handler.setFormatter(_OneLine("%(levelname)s: %(message)s"))
            log.addHandler(ours)
            log.propagate = False
            # What libraries warn of would be printed by other ways, and as it is.
            theirs.setLevel(logging.WARNING)
            logging.getLogger().addHandler(theirs)
            logging.captureWarnings(True)
        log.setLevel(logging.INFO)

    def listen(self, *, verbose: bool, debug: bool) -> None:
        """Take up the options; they may stand before the command's name and after it."""
        self._debug |= debug
        if verbose or debug:
            log.setLevel(logging.DEBUG)

    def failed(self, message: str, code: int) -> int:
        """Report the error that is being handled, and return its exit code."""
        log.error("%s", message, exc_info=self._debug)
        return code

    def misused(self, error: click.ClickException) -> int:
        """Report what click finds wrong with the command line, and return the exit code.

        Usage and help are lines of ours; what is wrong quotes the command line.
        """
        context: click.Context | None = getattr(error, "ctx", None)
        message = error.format_message()
        if context and message == context.get_help():  # no arguments at all
            show(message.split("\n"), stream=sys.stderr)
            return error.exit_code
        if context:
            hint = f"Try '{context.command_path} --help' for help."
            show([*context.get_usage().split("\n"), hint], stream=sys.stderr)
        log.error("%s", message)
        return error.exit_code
