"""Who asks, as `aws sts get-caller-identity` prints it, and the patterns of it that rules have.

A pattern is matched part by part: neither a wildcard for the account reaches into a name, since the
path of a user may hold a colon, nor one in a role's name into the name of its session, which
whoever assumes the role chooses, nor one in a user's name into a path. `*` in the place of a user's
name means all users below. A role is written as its ARN too, and then means its sessions, of any
name. Their ARNs have no path, so a path is left out, which is safe for a whole name in one account
(there is one role of that name); patterns of names, and of accounts, would mean roles of other
paths as well, and are refused.

In a deny all of this is the other way round: it may fit one too many, and misses nobody. A name is
the same in any case and below any path (IAM User Guide, "IAM and AWS STS quotas", name
requirements), and a wildcard reaches as far as it can.
Source: IAM User Guide, "IAM identifiers"; STS API Reference, "GetCallerIdentity".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import quoted
from ..policy.patterns import disjoint, fold, matches
from .fields import can_have_length, invalid

_IDENTITY = re.compile(
    r"arn:aws[a-z-]*:(?:"
    r"iam::[0-9]{12}:(?:root|user/(?:[!-~]+/)?(?P<user>[A-Za-z0-9_+=,.@-]{1,64}))|"
    r"sts::[0-9]{12}:(?:assumed-role/[A-Za-z0-9_+=,.@-]{1,64}/(?P<session>[A-Za-z0-9_+=,.@-]{2,64})|"
    r"federated-user/(?P<federated>[A-Za-z0-9_+=,.@-]{2,32})))"
)
# The same with wildcards, and a role's own ARN. A session may be missing behind a star.
_NAME = "[A-Za-z0-9_+=,.@*?-]+"
_RESOURCES = {
    "iam": re.compile(
        rf"root|user/(?:[!-~]+/)?(?P<user>{_NAME})|role/(?P<path>[!-~]+/)?(?P<role>{_NAME})"
    ),
    "sts": re.compile(
        rf"federated-user/(?P<federated>{_NAME})|"
        rf"assumed-role/(?P<role>{_NAME})(?:/(?P<session>{_NAME})|(?<=\*))"
    ),
}
# IAM User Guide, "IAM and AWS STS quotas"; STS API Reference, "AssumeRole", "GetFederationToken".
_LENGTH_OF_ACCOUNT = (12, 12)
_LENGTHS = {"user": (1, 64), "role": (1, 64), "session": (2, 64), "federated": (2, 32)}
_ACCOUNT = re.compile(r"[0-9*?]+")
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
    """A pattern of callers; `text` is how it is written, and no `parts` mean everybody.

    They are patterns of the partition, the service, the account, the kind of caller, what stands
    above the name (a user's path, a session's role), and the name.
    """

    text: str
    parts: tuple[str, ...] = ()
    is_allow: bool = True

    @classmethod
    def parse(cls, text: str, *, where: str, is_allow: bool) -> CallerPattern:
        """Read a pattern of a rule.

        Raises:
            InvalidSettings: no caller's ARN could match it, or others than are written there.
        """
        if text == "*":
            return cls(text)
        head, partition, service, region, account, resource = [*text.split(":", 5), *[""] * 5][:6]
        form = _RESOURCES.get(service)
        found = form.fullmatch(resource) if form else None
        if (
            found is None
            or (head, region) != ("arn", "")
            or not _PARTITION.fullmatch(partition)
            or disjoint(partition, "aws*")
            or not _ACCOUNT.fullmatch(account)
            or not can_have_length(account, *_LENGTH_OF_ACCOUNT)
            or not all(
                can_have_length(found[kind], *lengths)
                for kind, lengths in _LENGTHS.items()
                if found.groupdict().get(kind)
            )
        ):
            invalid(f"{where}: {quoted(text)} fits no caller; write {_FORMS}")
        names = found.groupdict()
        if role := names.get("role"):
            if is_allow and (path := names.get("path")):
                _check_path(path, role, partition + account, text=text, where=where)
            if is_allow or service == "iam":
                resource = f"assumed-role/{role}/{names.get('session') or '*'}"
            service = "sts"
        kind, above, name = _split(resource)
        if is_allow and kind == "user" and name == "*":
            above += "*"
        return cls(text, (partition, service, account, kind, above, name), is_allow)

    def matches(self, caller: Identity) -> bool:
        if not self.parts:
            return True
        _, partition, service, _, account, resource = caller.arn.split(":", 5)
        theirs = (partition, service, account, *_split(resource))
        if self.is_allow:
            return all(map(matches, self.parts, theirs))
        *place, above, name = map(fold, self.parts)
        *their_place, their_above, their_name = map(fold, theirs)
        return all(map(matches, place, their_place)) and (
            (matches(name, their_name) and (not above or matches(above, their_above)))
            or matches(above + name, their_above + their_name)
        )


def _split(resource: str) -> tuple[str, str, str]:
    """What kind of caller it is, what stands above their name, with its slash, and the name."""
    kind, _, rest = resource.partition("/")
    above, slash, name = rest.rpartition("/")
    return kind, above + slash, name


def _check_path(path: str, role: str, account: str, *, text: str, where: str) -> None:
    """Refuse the ARN of a role with a path that means, without it, another role as well."""
    is_reserved = path.startswith(_RESERVED_PATH) and role.startswith(_RESERVED_NAME)
    if _WILDCARD.search(account + role) and not is_reserved:
        invalid(
            f"{where}: {quoted(text)} has a path and a pattern of names or of accounts, and a "
            "session's ARN has no path, so it would fit roles of other paths too; write whole "
            "names and accounts, or leave the path out"
        )
