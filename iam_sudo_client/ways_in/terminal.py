"""Questions on the way to the caller's credentials: on the terminal, never on standard streams.

Standard input is the data of CMD, and standard output its result. While credentials are looked for,
nobody gets to see either: not botocore, which asks for an MFA code, and not a helper that it runs
(`credential_process`), whose own questions come by the terminal too.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from iam_sudo_client.errors import NotConfigured

_TERMINAL = "CONIN$" if sys.platform == "win32" else "/dev/tty"
_STDIN, _STDOUT, _STDERR = 0, 1, 2


@contextmanager
def terminal_alone() -> Iterator[None]:
    """Have standard input be the terminal, or nothing where there is none, and hide the output."""
    source = _open_terminal()
    if source is None:
        source = os.open(os.devnull, os.O_RDWR)
    try:
        with _in_place_of(_STDIN, source), _in_place_of(_STDOUT, _STDERR):
            yield
    finally:
        os.close(source)


def ask_on_terminal(prompt: str) -> str:
    """What somebody types at the terminal, unseen.

    Raises:
        NotConfigured: there is no terminal, or nothing was typed.
    """
    terminal = _open_terminal()
    if terminal is None:
        raise NotConfigured(
            "your profile asks for an MFA code, and there is no terminal to ask for it on; "
            "run it in a terminal, or get credentials there beforehand: "
            "aws configure export-credentials --format env"
        )
    os.close(terminal)
    try:
        typed = getpass.getpass(prompt).strip()
    except EOFError:
        typed = ""
    if not typed:
        raise NotConfigured("no MFA code was typed; run it again")
    return typed


def agreed_on_terminal(question: str) -> bool | None:
    """Whether somebody at the terminal types yes; None where there is no terminal."""
    terminal = _open_terminal()
    if terminal is None:
        return None
    with os.fdopen(terminal, "r+b", buffering=0) as both:
        if sys.platform == "win32":  # what is typed at is not what is shown on
            print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        else:
            both.write(f"{question} [y/N] ".encode())
        return both.readline().strip().lower() in (b"y", b"yes")


def _open_terminal() -> int | None:
    try:
        return os.open(_TERMINAL, os.O_RDWR | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return None


@contextmanager
def _in_place_of(stream: int, source: int) -> Iterator[None]:
    try:
        saved: int | None = os.dup(stream)
    except OSError:  # it is closed
        saved = None
    try:
        os.dup2(source, stream)
        yield
    finally:
        if saved is None:
            os.close(stream)
        else:
            os.dup2(saved, stream)
            os.close(saved)
