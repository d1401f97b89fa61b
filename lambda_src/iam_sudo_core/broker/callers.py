"""Who asks, as `aws sts get-caller-identity` prints it, and the patterns of it that rules have.

A pattern is matched part by part: a wildcard for the account never reaches into a name, since the
path of a user may hold a colon. A role is written as its ARN too, and then means its sessions, of
any name. Their ARNs have no path, so a path is left out, which is safe for a whole name (there is
one role of that name in an account); patterns of names below a path would mean roles of other paths
as well, and are refused.
Source: IAM User Guide, "IAM identifiers"; STS API Reference, "GetCallerIdentity".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import quoted
from ..policy.patterns import matches
from .fields import invalid

_IDENTITY = re.compile(
    r"arn:aws[a-z-]*:(?:"
    r"iam::[0-9]{12}:(?:root|user/(?:[!-~]+/)?(?P<user>[A-Za-z0-9_+=,.@-]{1,64}))|"
    r"sts::[0-9]{12}:(?:assumed-role/[A-Za-z0-9_+=,.@-]{1,64}/(?P<session>[A-Za-z0-9_+=,.@-]{2,64})|"
    r"federated-user/(?P<federated>[A-Za-z0-9_+=,.@-]{2,32})))"
)
_ACCOUNT = re.compile(r"[0-9*?]{1,12}")
_PARTITION = re.compile(r"[a-z*?-]+")
_WILDCARD = re.compile("[*?]")
# Where the roles of permission sets are: nobody but IAM Identity Center makes roles there, and
# their names say so as well (IAM Identity Center User Guide, "Referencing permission sets").
_RESERVED_PATH, _RESERVED_NAME = "aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_"
_FORMS = (
    "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, arn:aws:iam::ACCOUNT:user/NAME, "
    "arn:aws:iam::ACCOUNT:role/NAME or *"
)


@dataclass(frozen=True)
class Identity:
    """Who asks: an ARN that STS has said, and the name in it of the person, or of the session."""

    arn: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> Identity | None:
        """None where it has a form that is not known."""
        found = _IDENTITY.fullmatch(arn)
        if found is None:
            return None
        return cls(arn, next((name for name in found.groups() if name), "root"))

    @property
    def source_identity(self) -> str:
        """The name as STS accepts it: STS API Reference, "AssumeRole" (SourceIdentity)."""
        return self.name if len(self.name) > 1 else f"user-{self.name}"


@dataclass(frozen=True)
class CallerPattern:
    """A pattern of callers; `text` is how it is written."""

    text: str
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, *, where: str, is_allow: bool) -> CallerPattern:
        """Read a pattern of a rule.

        Raises:
            InvalidSettings: no caller's ARN could match it, or others than are written there.
        """
        if text == "*":
            return cls(text, ())
        parts = text.split(":", 5)
        if (
            len(parts) != 6  # noqa: PLR2004 - of an ARN
            or parts[0] != "arn"
            or not _PARTITION.fullmatch(parts[1])
            or parts[3]
            or not _ACCOUNT.fullmatch(parts[4])
        ):
            invalid(f"{where}: {quoted(text)} fits no caller; write {_FORMS}")
        service, resource = parts[2], parts[5]
        kind, _, name = resource.partition("/")
        if (service, kind) == ("iam", "role") and name:
            service, resource = "sts", _sessions(name, text, where=where, is_allow=is_allow)
        elif not (
            (service == "iam" and (resource == "root" or (kind == "user" and name)))
            or (service == "sts" and kind == "federated-user" and name)
            or (service == "sts" and kind == "assumed-role" and _names_sessions(name))
        ):
            invalid(f"{where}: {quoted(text)} fits no caller; write {_FORMS}")
        return cls(text, ("arn", parts[1], service, "", parts[4], resource))

    def matches(self, caller: Identity) -> bool:
        if not self.parts:
            return True
        return all(map(matches, self.parts, caller.arn.split(":", 5)))


def _names_sessions(name: str) -> bool:
    role, _, session = name.partition("/")
    return bool(role) and (bool(session) or role.endswith("*")) and "/" not in session


def _sessions(name: str, text: str, *, where: str, is_allow: bool) -> str:
    """The sessions of a role, by what stands behind `role/`."""
    path, _, role = name.rpartition("/")
    if not role:
        invalid(f"{where}: {quoted(text)} names no role; write {_FORMS}")
    is_reserved = f"{path}/".startswith(_RESERVED_PATH) and role.startswith(_RESERVED_NAME)
    if path and is_allow and _WILDCARD.search(role) and not is_reserved:
        invalid(
            f"{where}: {quoted(text)} has a pattern below a path, and a session's ARN has no path, "
            "so it would fit roles of other paths too; write whole names, or leave the path out"
        )
    return f"assumed-role/{role}/*"
