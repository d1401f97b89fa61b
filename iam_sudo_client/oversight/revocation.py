"""End sessions of a base role that were given out: a Deny on it for those that began before now.

Nothing but a Deny is ever written, under a name of its own for each choice of sessions, so that
none undoes another; and one is replaced by a later one only, if it is as this module writes it, or
the console. The time is AWS's own, not that of this machine, and half a minute more, as the console
has it: of what is given out until the policy is everywhere, nothing goes on.
Source: IAM User Guide, "Revoke IAM role temporary security credentials" and "Disabling permissions
for temporary security credentials".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.oversight.asking import asking
from iam_sudo_client.ways_in.failures import DENIED
from iam_sudo_core.arns import BROKER_TAG, REVOKED_ALL, REVOKED_SOME, ROLE_NAME, RoleArn
from iam_sudo_core.broker import Identity
from iam_sudo_core.errors import quoted
from iam_sudo_core.session import session_name_patterns

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

# AWS STS API Reference, "AssumeRole" (SourceIdentity).
_SOURCE_IDENTITY = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_BEGAN = ("DateLessThan", "aws:TokenIssueTime")
_UNTIL_IT_HOLDS = timedelta(seconds=30)


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
        by = f" asked for by {self.source_identity}" if self.source_identity else ""
        return f"sessions{of}{by}" if of or by else "all sessions"

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
            time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
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
            # A name that is typed in another case would end nothing.
            found["StringEqualsIgnoreCase"] = {"aws:SourceIdentity": [self.source_identity]}
        return found


@dataclass(frozen=True)
class Revocation:
    """What would be written, to which role; `in_force` is one that is as late already.

    `is_a_broker_s`: the role has the tag by which a broker's stack marks its base role.
    """

    base_role: RoleArn
    is_a_broker_s: bool
    policy_name: str
    document: Mapping[str, Any]
    in_force: datetime | None


def as_iam_has_it(caller: CallerSession, sessions: Sessions) -> Sessions | None:
    """The same, by the role's name as IAM has it; None where there is no such role (any more).

    Who may not look is taken at their word.
    """
    if sessions.role is None:
        return sessions
    iam, _sts = caller.clients()
    with asking(caller, "iam", f"role {sessions.role}", known={}):
        try:
            reply = iam.get_role(RoleName=sessions.role)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code == "NoSuchEntity":
                return None
            if code in DENIED:
                return sessions
            raise
    return replace(sessions, role=str(reply["Role"]["RoleName"]))


def planned(caller: CallerSession, base_role: str, sessions: Sessions) -> Revocation:
    """What ends these sessions, as of now. Nothing is changed.

    Raises:
        ServiceFailed: there is no such role, or one's policy is none that may be replaced.
        NotConfigured: the caller has no usable credentials.
    """
    iam, _sts = caller.clients()
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
    tags = {str(each["Key"]) for each in reply["Role"].get("Tags", ())}
    time = _said_at(reply) + _UNTIL_IT_HOLDS
    in_force = _in_force(caller, iam, name, sessions)
    later = in_force if in_force and in_force >= time else None
    return Revocation(
        found, BROKER_TAG in tags, sessions.policy_name, sessions.document(later or time), later
    )


def write(caller: CallerSession, revocation: Revocation) -> None:
    """Put the policy on the role.

    Raises:
        ServiceFailed, NotConfigured: as `planned`.
    """
    name = revocation.base_role.name
    is_of_all = revocation.policy_name == REVOKED_ALL
    full = (
        f"the inline policies of {name} take no more (IAM's quota of characters for a role), and "
        f"nothing was changed; remove those that begin with {REVOKED_SOME} and are older than a day"
    ) + ("" if is_of_all else ", or end all sessions, whose policy is the shortest")
    iam, _sts = caller.clients()
    with asking(caller, "iam", str(revocation.base_role), known={"LimitExceeded": full}):
        iam.put_role_policy(
            RoleName=name,
            PolicyName=revocation.policy_name,
            PolicyDocument=json.dumps(revocation.document),
        )


def _in_force(caller: CallerSession, iam: Any, role: str, sessions: Sessions) -> datetime | None:
    """The time of the policy that the role has for these sessions, if it has one."""
    name = sessions.policy_name
    with asking(caller, "iam", f"role {role}", known={}):
        try:
            reply = iam.get_role_policy(RoleName=role, PolicyName=name)
        except iam.exceptions.NoSuchEntityException:
            return None
    time = sessions.time_of(reply["PolicyDocument"])
    if time is None:
        raise ServiceFailed(
            f"{role} has an inline policy {name} that neither iam-sudo nor the console has "
            "written; it is left as it is: look at it, and give it another name"
        )
    return time


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
