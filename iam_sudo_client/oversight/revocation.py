"""End sessions of a base role that were given out: a Deny on it for those that began before now.

Nothing but a Deny is ever written, under a name of its own for each choice of sessions, so that
none undoes another; and one is replaced by a later one only, if it is as this module writes it, or
the console. The time is AWS's own, not that of this machine, and one second more, so that what was
given out in this second is ended too.
Source: IAM User Guide, "Revoke IAM role temporary security credentials" and "Disabling permissions
for temporary security credentials".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.oversight.asking import asking
from iam_sudo_core.arns import REVOKED_ALL, REVOKED_SOME, ROLE_NAME, RoleArn
from iam_sudo_core.broker import Identity
from iam_sudo_core.errors import quoted
from iam_sudo_core.session import session_name_patterns

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

# AWS STS API Reference, "AssumeRole" (SourceIdentity).
_SOURCE_IDENTITY = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_BEGAN = ("DateLessThan", "aws:TokenIssueTime")


@dataclass(frozen=True)
class Sessions:
    """Which are meant: of a simulated role, of a person, both, or all."""

    role: str | None = None
    source_identity: str | None = None

    @classmethod
    def parse(
        cls, role: str | None, *, caller: str | None, source_identity: str | None
    ) -> Sessions:
        """The sessions that options name; a role by its name, a caller by their ARN.

        Raises:
            InvalidOption: one is none, so that it would end nothing.
        """
        arn = RoleArn.named(role or "")
        role = arn.name if arn else role
        if role is not None and not ROLE_NAME.fullmatch(role):
            raise InvalidOption(f"{quoted(role)} is no role's name; give all of it, no pattern")
        if caller is not None:
            identity = Identity.parse(caller)
            if identity is None:
                raise InvalidOption(
                    f"{quoted(caller)} is no caller; give the ARN as aws sts get-caller-identity "
                    "prints it, or --source-identity"
                )
            source_identity = identity.source_identity
        if source_identity is not None and not _SOURCE_IDENTITY.fullmatch(source_identity):
            raise InvalidOption(
                f"{quoted(source_identity)} is no source identity; give all of it, no pattern: the "
                "field source_identity of iam-sudo log has it"
            )
        return cls(role, source_identity)

    def __str__(self) -> str:
        of = f" of {self.role}" if self.role else ""
        by = f" that {self.source_identity} has asked for" if self.source_identity else ""
        return f"the sessions{of}{by}" if of or by else "all sessions"

    @property
    def policy_name(self) -> str:
        condition = self._condition()
        if not condition:
            return REVOKED_ALL
        text = json.dumps(condition, sort_keys=True)
        return REVOKED_SOME + hashlib.sha256(text.encode()).hexdigest()[:16]

    def document(self, began_before: datetime) -> dict[str, Any]:
        """The policy that ends them."""
        operator, key = _BEGAN
        time = began_before.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        statement = {
            "Effect": "Deny",
            "Action": ["*"],
            "Resource": ["*"],
            "Condition": {operator: {key: time}, **self._condition()},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    def time_of(self, document: object) -> datetime | None:
        """The time in a policy of these sessions; None of every other policy."""
        try:
            [statement] = _listed(document["Statement"])  # type: ignore[index]
            operator, key = _BEGAN
            [text] = _listed(statement["Condition"][operator][key])
            time = datetime.fromisoformat(text)
        except (KeyError, TypeError, ValueError):
            return None
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        [ours] = self.document(time)["Statement"]
        theirs = {**statement, "Action": _listed(statement.get("Action"))}
        theirs["Resource"] = _listed(statement.get("Resource"))
        theirs.pop("Sid", None)
        theirs["Condition"] = {**statement["Condition"], operator: ours["Condition"][operator]}
        is_whole = statement["Condition"][operator].keys() == {key}
        return time if is_whole and theirs == ours else None

    def _condition(self) -> dict[str, dict[str, list[str]]]:
        found = {}
        if self.role:
            # `aws:userid` of a session is the role's id, a colon and the session's name.
            names = [f"*:{pattern}" for pattern in session_name_patterns(self.role)]
            found["StringLike"] = {"aws:userid": names}
        if self.source_identity:
            found["StringEquals"] = {"aws:SourceIdentity": [self.source_identity]}
        return found


@dataclass(frozen=True)
class Revocation:
    """What would be written, to which role; `in_force` is one that is as late already."""

    base_role: RoleArn
    policy_name: str
    document: Mapping[str, Any]
    in_force: datetime | None


def planned(caller: CallerSession, base_role: str, sessions: Sessions) -> Revocation:
    """What ends these sessions, as of now. Nothing is changed.

    Raises:
        ServiceFailed: there is no such role, or one's policy is none that may be replaced.
        NotConfigured: the caller has no usable credentials.
    """
    iam = caller.client("iam")
    named = RoleArn.named(base_role)
    name = named.name if named else base_role
    none = f"there is no role {quoted(base_role)} in this account; name it by --base-role"
    if not ROLE_NAME.fullmatch(name):
        raise InvalidOption(none)
    with asking(caller, "iam", f"role {name}", known={"NoSuchEntity": none}):
        reply = iam.get_role(RoleName=name)
    found = RoleArn.parse(str(reply["Role"]["Arn"]))
    if found is None or (named and (named.account, named.name) != (found.account, found.name)):
        raise ServiceFailed(none)
    now = _said_at(reply) + timedelta(seconds=1)
    policy = sessions.policy_name
    in_force = None
    if (written := _written(caller, iam, name, policy)) is not None:
        in_force = sessions.time_of(written)
        if in_force is None:
            raise ServiceFailed(
                f"{name} has an inline policy {policy} that neither iam-sudo nor the console has "
                "written; it is left as it is: look at it, and give it another name"
            )
    later = in_force if in_force and in_force >= now else None
    return Revocation(found, policy, sessions.document(later or now), later)


def write(caller: CallerSession, revocation: Revocation) -> None:
    """Put the policy on the role.

    Raises:
        ServiceFailed, NotConfigured: as `planned`.
    """
    name = revocation.base_role.name
    full = (
        f"the inline policies of {name} take no more (IAM's quota for a role); end all sessions, "
        f"without --role-name, or remove policies of it that begin with {REVOKED_SOME} and are "
        "older than a day"
    )
    iam = caller.client("iam")
    with asking(caller, "iam", str(revocation.base_role), known={"LimitExceeded": full}):
        iam.put_role_policy(
            RoleName=name,
            PolicyName=revocation.policy_name,
            PolicyDocument=json.dumps(revocation.document),
        )


def _written(caller: CallerSession, iam: Any, role: str, policy: str) -> object | None:
    """The policy that the role has under this name, if it has one."""
    with asking(caller, "iam", f"role {role}", known={}):
        try:
            reply = iam.get_role_policy(RoleName=role, PolicyName=policy)
        except iam.exceptions.NoSuchEntityException:
            return None
    found: object = reply["PolicyDocument"]
    return found


def _said_at(reply: Mapping[str, Any]) -> datetime:
    """When AWS has answered, by its clock; by that of this machine, where it does not say."""
    date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        time = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        time = datetime.now(UTC)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).replace(microsecond=0)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
