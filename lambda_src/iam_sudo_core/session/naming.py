"""How a session is named after its role and its caller, for CloudTrail and for who ends it."""

from __future__ import annotations

import hashlib
import re

# STS API Reference, "AssumeRole" (RoleSessionName).
MAX_SESSION_NAME = 64
# For role and caller in a name that is cut: all but what begins it, a comma, and eight digits.
_ROOM = MAX_SESSION_NAME - len("iam-sudo-,") - len("-00000000")


def session_name(role_name: str, *, caller: str | None = None) -> str:
    """The role session name of a role: `iam-sudo-<role name>`, as STS accepts it.

    With a caller it is `iam-sudo-<role name>,<caller>`. One that is too long is cut and ends with a
    hash of the whole: names that CloudFormation makes up are told apart by their ends.
    """
    if caller is not None:
        return _name_with_caller(role_name, caller)
    name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", f"iam-sudo-{role_name}")
    if len(name) <= MAX_SESSION_NAME:
        return name
    end = f"-{hashlib.sha256(role_name.encode()).hexdigest()[:8]}"
    return name[: MAX_SESSION_NAME - len(end)] + end


def _name_with_caller(role_name: str, caller: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", f"iam-sudo-{role_name},{caller}")
    # Where a comma is part of a name, where one ends is not seen.
    if len(name) <= MAX_SESSION_NAME and name.count(",") == 1:
        return name
    end = f"-{hashlib.sha256(f'{role_name}/{caller}'.encode()).hexdigest()[:8]}"
    role, who = role_name.replace(",", "-"), caller.replace(",", "-")
    role = role[: max(_ROOM // 2, _ROOM - len(who))]
    return f"iam-sudo-{role},{who[: _ROOM - len(role)]}{end}"


def session_name_patterns(role_name: str) -> list[str]:
    """Patterns that fit every `session_name` of a role, whoever its caller is.

    Names are cut, so they may fit sessions of another role that begins alike, too.
    """
    role = role_name.replace(",", "-")
    cut = (role[:length] for length in range(min(len(role), _ROOM // 2), len(role) + 1))
    return [
        session_name(role_name),
        f"iam-sudo-{role_name},*",
        *(f"iam-sudo-{begun},*-????????" for begun in cut if begun != role_name),
    ]
