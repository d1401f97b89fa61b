"""A denial of AWS as its text tells it, and which side of a session of ours it comes from.

A simulated session may do what the base role allows AND what its session policies say, which are
the role's policies, cut by its boundary. AWS names the kind of policy, mostly; whose it is tells
the explanation of the session, and where AWS names none, what the explanation has of both sides.
Conditions are not decided: where they may, it is said so. Nor is when a session began: of one that
may have been ended, the end is said and what it is otherwise.
Source of the texts: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iam_sudo_client.ways_in.ended import ended_before
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import one_line
from iam_sudo_core.policy import ALLOW, DENY, Statement, documents, matches, parse
from iam_sudo_core.session import session_name

# The name of a session may have a comma, as one with its caller does.
_WHAT = re.compile(
    r"(?<![:\w/])(?P<principal>arn:(?:[^\s,\"']|,(?!arn:)){1,700}) is not authorized to perform:? "
    r"\"?(?P<action>[\w-]+:[\w*]+)\"?"
    r"(?:,? on (?:the )?resources?:? \"?(?P<resource>[^\s\"]+)\"?)?"
)
_POLICIES = (
    "identity-based policy",
    "session policy",
    "permissions boundary",
    "resource-based policy",
    "service control policy",
    "resource control policy",
    "VPC endpoint policy",
)
_WHY = re.compile(
    rf"because no (?P<lacking>{'|'.join(_POLICIES)}) allows"
    rf"|with an explicit deny in an? (?P<denying>{'|'.join(_POLICIES)})"
)
_ALL_BUT = "all but "
_OURS = "iam-sudo-"
# A name that was cut ends with a hash of the role's whole name: `session_name`.
_CUT = re.compile(r"-[0-9a-f]{8}$")
_LONGEST_SESSION_NAME = 64


@dataclass(frozen=True)
class Denial:
    """Who was denied what. `policy` is the kind of policy that AWS names, or empty."""

    base: RoleArn
    session: str
    action: str
    resource: str | None = None
    policy: str = ""
    is_explicit: bool = False

    @classmethod
    def parse(cls, text: str) -> Denial:
        """The last denial in a text that names a session of a role.

        Raises:
            ValueError: there is none; says what is lacking.
        """
        text = one_line(text)
        found = [
            (match, RoleArn.named(match["principal"]), match["principal"].rpartition("/")[2])
            for match in _WHAT.finditer(text)
        ]
        if not found:
            if "ncoded authorization failure" in text:
                raise ValueError(
                    "it is encoded: aws sts decode-authorization-message reads it, as yourself"
                )
            raise ValueError("it does not say who is not authorized to perform what")
        match, role, session = found[-1]
        if role is None or ":assumed-role/" not in match["principal"]:
            raise ValueError(f"{match['principal']} is no session of a role")
        why = _WHY.search(text, match.end())
        return cls(
            role,
            session,
            match["action"],
            (match["resource"] or "").rstrip(".,") or None,
            (why["lacking"] or why["denying"]) if why else "",
            bool(why and why["denying"]),
        )

    @property
    def is_of_the_role_itself(self) -> bool:
        return self.session == session_name(self.base.name)

    def role_name(self) -> str | None:
        """The role whose session it is, by the session's name; None where that does not tell."""
        if self.is_of_the_role_itself:
            return self.base.name
        if not self.session.startswith(_OURS):
            return None
        # With a caller after a comma; one that is cut, or has commas of its own, ends with a hash.
        role, comma, _ = self.session.removeprefix(_OURS).partition(",")
        is_whole = len(self.session) < _LONGEST_SESSION_NAME and not comma
        return role if is_whole or not _CUT.search(self.session) else None

    def what(self) -> str:
        return f"{self.action} on {self.resource}" if self.resource else self.action


@dataclass(frozen=True)
class Side:
    """Who denies, why, and the next step."""

    who: str
    why: str
    step: str


def told_by_aws(denial: Denial, role: str) -> Side | None:
    """The side, where AWS's own words are enough; None where a look at the policies is needed."""
    what = denial.what()
    denies, do = ("denies", "deny") if denial.is_explicit else ("does not allow", "do not allow")
    if denial.policy in _POLICIES[3:]:
        return Side(
            "none of the role's policies",
            f"a {denial.policy} {denies} {what}",
            "no policy of the role tells; ask whoever has the resource, the network or the "
            "organization. Resource policies that name the role do not apply to its session",
        )
    if not denial.is_of_the_role_itself:
        return None
    if denial.policy == "permissions boundary":
        return Side(f"the permissions boundary of {role}", f"it {denies} {what}", "widen it")
    if denial.policy == "identity-based policy":
        revoked = "; if its sessions were revoked in the IAM console, assume it anew"
        step = f"change its policies{revoked if denial.is_explicit else ''}"
        return Side(f"the role {role}", f"its policies {do} {what}", step)
    if denial.policy == "session policy":
        return Side("the policy of --policy", f"it {denies} {what}", "leave --policy out")
    return None


def told_by_policies(denial: Denial, role: str, explanation: Mapping[str, Any]) -> Side:
    """The side, by what the explanation of the role's session has of each."""
    what, policy = denial.what(), denial.policy
    boundary = explanation.get("permissions_boundary")
    found = {
        name: parse(documents.statements(document))
        for name, document in explanation["policies"].items()
    }
    bounds = list(found.pop(boundary, []))
    own = [statement for statements in found.values() for statement in statements]
    the_role = Side(f"the role {role}", f"its policies deny {what}", "change its policies")
    # Where several sides lack it AWS names one of them, and the role is the one to change.
    is_lacking = policy == "identity-based policy" and not denial.is_explicit
    if denial.is_of_the_role_itself or is_lacking or policy in ("", "session policy"):
        if _any(own, DENY, denial) and (denial.is_explicit or not policy):
            return the_role
        if not _any(own, ALLOW, denial):
            return Side(the_role.who, f"none of its policies allows {what}", the_role.step)
        if boundary and (not _any(bounds, ALLOW, denial) or _any(bounds, DENY, denial)):
            why = f"{boundary} does not allow {what}"
            return Side(f"the permissions boundary of {role}", why, "widen it")
    if policy == "session policy":
        return Side(
            f"the role {role}, or --policy",
            f"its policies allow {what} under a condition alone, or --policy narrows it",
            "look at the conditions, with iam-sudo explain --diff; leave --policy out",
        )
    return _side_of_base_role(denial, role, explanation)


def _side_of_base_role(denial: Denial, role: str, explanation: Mapping[str, Any]) -> Side:
    side = _lasting_side(denial, role, explanation)
    before = ended_before(explanation)
    is_of_others = denial.session != explanation["session_name"]
    if before is None or is_of_others or (denial.policy and not denial.is_explicit):
        return side
    return Side(
        "the end of the session",
        f"sessions of this name that began before {before:%Y-%m-%dT%H:%M:%SZ} were revoked",
        "take a new session, after iam-sudo logout or with --no-cache; if it began later, it is "
        f"{side.who}: {side.why}; {side.step}",
    )


def _lasting_side(denial: Denial, role: str, explanation: Mapping[str, Any]) -> Side:
    what, base = denial.what(), explanation["base_role"]
    is_named = bool(denial.policy)
    kept = _named(explanation.get("guardrails", ()), denial)
    if kept and (denial.is_explicit or not is_named):
        return Side(
            "the guardrails",
            f"{base} denies {what} on the broker's own parts to every session",
            "there is no way round; the role itself may do it where it is deployed",
        )
    if is_named or _named(explanation["differences"], denial):
        return Side(
            f"the base role {base}",
            f"it {'denies' if denial.is_explicit else 'does not allow'} {what}",
            f"the role {role} may do it where it is deployed; to try it here, give the base role "
            "such a policy, or use tag-based trust",
        )
    return Side(
        "none of the role's policies",
        f"{role} and {base} both allow {what}, as far as their policies tell",
        "look at conditions, at the resource's own policy and its key's, and at those of the "
        "organization and the network",
    )


def _any(statements: list[Statement], effect: str, denial: Denial) -> bool:
    """Whether one of this effect may be about what was denied, whatever its condition."""
    asked = parse(
        [{"Effect": effect, "Action": denial.action, "Resource": denial.resource or "*"}]
    )[0]
    return any(
        each.effect == effect
        and not each.action.apart(asked.action)
        and not each.resource.apart(asked.resource)
        for each in statements
    )


def _named(differences: Any, denial: Denial) -> bool:
    """Whether one of the differences names the action, of a statement about the resource."""
    return any(
        any(_is_about(text, denial.action) for text in _actions(each["detail"]))
        and _any(parse(documents.statements(_document(each["statement"]))), ALLOW, denial)
        for each in differences
    )


def _document(statement: object) -> Mapping[str, object]:
    return {"Version": documents.VERSION, "Statement": statement}


def _actions(detail: str) -> Iterator[str]:
    """The actions in a difference's words: `does not allow all of: a, b; denies some of: c`."""
    for part in detail.split("; "):
        actions = part.partition(": ")[2]
        yield from [actions] if actions.startswith(_ALL_BUT) else actions.split(", ")


def _is_about(text: str, action: str) -> bool:
    excluded = text.removeprefix(_ALL_BUT).split(", ") if text.startswith(_ALL_BUT) else None
    found = any(matches(each.lower(), action.lower()) for each in excluded or [text])
    return found is (excluded is None)
