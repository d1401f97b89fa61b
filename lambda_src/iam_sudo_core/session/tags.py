"""The tags of a session: those of the role, so that `aws:PrincipalTag/…` is decided as for it.

A session carries the tags of the role that is assumed, and the session tags that are passed, which
win (IAM User Guide, "Pass session tags in AWS STS"; keys are compared without case). So what
can be wrong is a tag of the base role that the role does not have, a tag of the role whose key
begins with `aws:`, which nobody can pass, and one in whose place a service passes another to the
role's own sessions. A policy that tests such a key would be decided wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..policy.patterns import fold

# In a condition's key, or in a variable. A key of tags has none of the characters that end it.
_TESTED = re.compile(r"""aws:principaltag/([^"'},]*)""")
_RESERVED = "aws:"
_ANY = "*"

Tags = Mapping[str, str]


def passed(tags: Tags) -> dict[str, str]:
    """Of the tags of a role, those that can be passed to its session."""
    return {key: value for key, value in tags.items() if not _is_reserved(key)}


def withheld(tags: Tags) -> list[str]:
    """The keys of the tags of a role that nobody can pass."""
    return [key for key in tags if _is_reserved(key)]


def tested(documents: Mapping[str, object]) -> frozenset[str]:
    """The keys of principal tags that policies test, in lower case; `*` for one that is computed.

    Documents are searched as text, so that no shape of them hides a key. Blanks at either end may
    belong to the key or not: it is given both ways.
    """
    text = json.dumps(list(documents.values()), ensure_ascii=False)
    found = {_ANY if "$" in key else key for key in _TESTED.findall(fold(text))}
    return frozenset(found | {key.strip() for key in found})


@dataclass(frozen=True)
class TagDifference:
    """The keys, in lower case, that a session answers as the role does, and otherwise.

    Letters beyond ASCII may have a case to AWS or not, so the wrong ones are in no case at all.

    All other keys are of neither role, unless the tags of the base role are not known.
    """

    right: frozenset[str]
    wrong: frozenset[str]
    base_role_is_known: bool
    why: str

    def among(self, tested_keys: Iterable[str]) -> list[str]:
        """Of the keys that policies test, those that the session answers otherwise, or may."""
        return sorted(
            key
            for key in tested_keys
            if key.casefold() in self.wrong
            or (key == _ANY and self.wrong)
            or (key not in self.right and not self.base_role_is_known)
        )


def compare(
    role: Tags,
    base_role: Tags | None,
    *,
    are_passed: bool = True,
    set_anew: frozenset[str] = frozenset(),
) -> TagDifference:
    """How the tags of a session differ from the role's.

    `base_role` is None when the tags of the base role are not known; `are_passed` is whether the
    role's tags can be passed to the session; `set_anew` are the keys, in lower case, of those in
    whose place the role's own sessions are passed others.
    """
    right = frozenset(fold(key) for key in passed(role)) - set_anew if are_passed else frozenset()
    wrong = frozenset(
        key.casefold() for tags in (role, base_role or {}) for key in tags if fold(key) not in right
    )
    why = (
        "a session has the base role's tags, or none, where the role's cannot be passed or known"
        if are_passed
        else "the role's tags cannot be passed to a session without sts:TagSession"
    )
    return TagDifference(right, wrong, base_role is not None, why)


def _is_reserved(key: str) -> bool:
    return fold(key).startswith(_RESERVED)
