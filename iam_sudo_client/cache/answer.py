"""The answer of `credential-process` that is there already, without click and without botocore.

It is kept under the words of the command line, as they are: who types the same gets the same. All
else is for the command itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from iam_sudo_client.cache import entries, keys

COMMAND = "credential-process"
# botocore asks again, at every request, from a quarter of an hour before the end.
SECONDS = 900 + 30
# What asks for new credentials, and what may name a file, which may have changed.
_NOT_HERE = ("--no-cache", "--policy", "-h", "--help", "--verbose", "--debug")


def name(arguments: Sequence[str]) -> str:
    """The entry of a command line."""
    return keys.name([COMMAND, *arguments], os.environ)


def answer(arguments: Sequence[str]) -> bool:
    """Print what is kept for a command line, if something is."""
    if sys.stdout is None or any(word.partition("=")[0] in _NOT_HERE for word in arguments):
        return False
    found = entries.read(name(arguments), os.environ, seconds=SECONDS)
    if found is None:
        return False
    sys.stdout.write(found + "\n")
    sys.stdout.flush()
    return True
