"""Why AssumeRole was denied, as far as IAM lets the caller look: one line with a next step.

Two halves have to agree: the role's trust policy names the caller, and the caller's own policies
allow sts:AssumeRole on the role, often by its tag. `why_denied` looks, with at most three calls to
IAM, and `explain` says; a look that fails is part of what is said, never an error of its own.

Session policies, and changes that are on their way through IAM, are not seen.
Sources: IAM User Guide, "Policy evaluation logic"; IAM API Reference, "SimulatePrincipalPolicy".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from iam_sudo_client.report import Note
from iam_sudo_client.ways_in.failures import what_can_be_shown, who_denies
from iam_sudo_client.ways_in.trust_policy import Caller, Trust, trust_of
from iam_sudo_core.arns import BROKER_TAG, RoleArn
from iam_sudo_core.errors import one_line

T = TypeVar("T")

# Who waits has been denied already, and there are networks that reach STS but not IAM.
_QUICK = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)
_LONGEST_TAGS = 200
_TAG_KEY = re.compile(r"(?:iam|aws):ResourceTag/(.+)", re.IGNORECASE)
# What AWS may say of its own accord: IAM User Guide, "Troubleshoot access denied error messages".
_REASON = re.compile(r"(?:because|with) (no .+|an explicit deny .+)")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a denial; None is what could not be seen.

    `said` is AWS's own, `reason` what of it is one, `blind` why the role was not seen. `found` is
    the ARN of the role of that name, or empty. `own_half` says what of the caller's own stands in
    the way; empty is nothing.
    """

    asked: RoleArn
    said: str = ""
    reason: str = ""
    blind: str = ""
    caller: Caller | None = None
    found: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    trust: Trust | None = None
    own_half: str | None = None


def why_denied(
    session: Session, asked: RoleArn, *, identity: str | None, said: str, note: Note
) -> str:
    """Why the caller may not assume a role, and what to do; `said` is what AWS says about it."""
    note(AWS_said=one_line(said))
    reason = _REASON.search(one_line(said))
    facts = Facts(asked=asked, said=said, reason=reason[1].rstrip(".") if reason else "")
    try:
        facts = _look(session, facts, identity, note)
    except Exception as error:  # whatever becomes of the look, the denial is what has to be told
        note(not_seen=what_can_be_shown(error))
        facts = replace(facts, blind=_blind(error))
    return explain(facts)


def _look(session: Session, facts: Facts, identity: str | None, note: Note) -> Facts:
    made = boto3.Session(botocore_session=session)
    identity = identity or made.client("sts", config=_QUICK).get_caller_identity()["Arn"]
    caller = Caller(identity=identity, arn=None if ":assumed-role/" in identity else identity)
    facts = replace(facts, caller=caller)
    if caller.account != facts.asked.account or identity.endswith(":root"):
        return facts
    iam = made.client("iam", config=_QUICK)
    try:
        role = iam.get_role(RoleName=facts.asked.name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return replace(facts, found="")
    if role["Arn"] != str(facts.asked):
        return replace(facts, found=role["Arn"])
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", ())}
    if own := caller.role_name:
        arn = _tried(lambda: str(iam.get_role(RoleName=own)["Role"]["Arn"]), note)
        caller = replace(caller, arn=arn)
    trust = trust_of(role["AssumeRolePolicyDocument"], caller)
    facts = replace(facts, caller=caller, found=role["Arn"], tags=tags, trust=trust)
    if caller.arn is None or not trust.allows or trust.denies:
        return facts
    simulation = {
        "PolicySourceArn": caller.arn,
        "ActionNames": ["sts:AssumeRole"],
        "ResourceArns": [role["Arn"]],
        "ContextEntries": [  # the simulator does not look up the tags of a resource
            {"ContextKeyName": f"{prefix}:ResourceTag/{key}", "ContextKeyType": "string"}
            | {"ContextKeyValues": [value]}
            for key, value in tags.items()
            for prefix in ("iam", "aws")
        ]
        # The grant of tag-based trust asks for it as well.
        + [
            {"ContextKeyName": "aws:ResourceAccount", "ContextKeyType": "string"}
            | {"ContextKeyValues": [role["Arn"].split(":")[4]]}
        ],
    }
    return replace(
        facts,
        own_half=_tried(
            lambda: own_half_of(
                iam.simulate_principal_policy(**simulation), directly=trust.directly
            ),
            note,
        ),
    )


def _tried(look: Callable[[], T], note: Note) -> T | None:
    try:
        return look()
    except Exception as error:  # the line says what this leaves open
        note(not_seen=what_can_be_shown(error))
        return None


def _blind(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return f"why could not be looked at ({type(error).__name__})"
    code = error.response.get("Error", {}).get("Code", "Unknown")
    if code == "AccessDenied":
        return f"IAM does not let you look at why (iam:{error.operation_name})"
    return f"why could not be looked at ({error.operation_name}: {code})"


def own_half_of(reply: Mapping[str, Any], *, directly: bool) -> str:
    """What of the caller's own stands in the way, by SimulatePrincipalPolicy; empty: nothing."""
    result = reply["EvaluationResults"][0]
    parts = [result, *result.get("ResourceSpecificResults", ())]
    decision = result["EvalDecision"]
    missing = {key for part in parts for key in part.get("MissingContextValues", ())}
    tags = sorted({found[1] for key in missing if (found := _TAG_KEY.fullmatch(key))})
    tags = [tag for tag in tags if tag.lower() != BROKER_TAG]  # the grant asks that it is not there
    others = sorted(key for key in missing if not _TAG_KEY.fullmatch(key))

    def outside(detail: str, allowed_by: str) -> bool:
        return any(part.get(detail, {}).get(allowed_by) is False for part in parts)

    if decision == "allowed":
        return ""
    if outside("OrganizationsDecisionDetail", "AllowedByOrganizations"):
        return "a service control policy does not allow you sts:AssumeRole on it"
    if outside("PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary"):
        return "your permissions boundary does not allow sts:AssumeRole on it"
    if decision == "explicitDeny":
        return "your own policies deny sts:AssumeRole on it"
    if directly:
        return ""
    because = f", which lacks the tag {', '.join(tags)}" if tags else ""
    without = f", as far as can be seen without {', '.join(others)}" if others else ""
    return f"your own policies do not allow sts:AssumeRole on it{because}{without}"


def explain(facts: Facts) -> str:
    """One line: what is wrong, the value, the next step."""
    problem, step = _elsewhere(facts) or _here(facts)
    if step.startswith("ask its owner"):  # who cannot help where it is not the role that denies
        step = who_denies(f"{one_line(facts.said)} {facts.own_half or ''}", otherwise=step)
    return one_line(f"you may not assume {facts.asked.name}: {problem}; {step}")


def _elsewhere(facts: Facts) -> tuple[str, str] | None:
    asked, caller = facts.asked, facts.caller
    if caller is not None and caller.identity.endswith(":root"):
        return "the root user of an account may not assume roles", "sign in as a user or a role"
    if caller is not None and caller.account != asked.account:
        both = "its trust policy and your own policies both have to allow it"
        return (
            f"it is in account {asked.account}, where you ({caller.arn or caller.identity}) cannot "
            f"look: {_guess(facts, both)}",
            f"ask its owner, or as somebody of that account: {_simulate(facts)}",
        )
    if facts.found == "":
        return (
            f"no role of that name in account {asked.account}",
            "check the spelling and AWS_PROFILE",
        )
    if facts.found is not None and facts.found != str(asked):
        return (
            f"{asked} is not its ARN",
            f"name it in full: iam-sudo assume --role-name {facts.found}",
        )
    return None


def _here(facts: Facts) -> tuple[str, str]:
    caller, trust = facts.caller, facts.trust
    ask = f"ask its owner for grant_sudo, or: {_simulate(facts)}"
    if caller is None or trust is None:
        either = (
            "either its trust policy does not name you, or your policies do not allow "
            "sts:AssumeRole on it"
        )
        return f"{facts.blind}: {_guess(facts, either)}", ask
    you = f"you ({caller.arn or caller.identity})"
    if trust.denies:
        return f"its trust policy denies {you}", ask
    if trust.allows:
        return _own_half(facts, caller, trust), ask
    if trust.excludes:
        return f"a condition of its trust policy excludes {you}", ask
    return (
        f"its trust policy does not name {you}",
        f"deploy it with tag-based trust, or: {_simulate(facts)}",
    )


def _own_half(facts: Facts, caller: Caller, trust: Trust) -> str:
    tags = ", ".join(f"{key}={value}" for key, value in sorted(facts.tags.items()))
    if len(tags) > _LONGEST_TAGS:
        tags = tags[: _LONGEST_TAGS - 1] + "…"
    tags = f"(its tags: {tags})" if tags else "(it has no tags)"
    trusts = "its trust policy names you"
    if trust.unchecked:
        keys = ", ".join(sorted(trust.unchecked))
        trusts += f", if what could not be checked agrees ({keys})"
    if facts.own_half:
        return f"{trusts}, but {facts.own_half} {tags}"
    if facts.own_half is None:
        verb = "deny" if trust.directly else "not allow"
        look = "SimulatePrincipalPolicy" if caller.arn else "GetRole of your own role"
        unseen = f"your own policies may {verb} it, which could not be looked at (iam:{look})"
        return f"{trusts}, but {_guess(facts, unseen)} {tags}"
    unseen = "a session policy may be, or a change is still on its way"
    rest = "" if trust.unchecked and not facts.reason else f"; {_guess(facts, unseen)}"
    return f"{trusts}, and your own policies are not against it{rest}"


def _guess(facts: Facts, guess: str) -> str:
    return f'AWS says "{facts.reason}"' if facts.reason else guess


def _simulate(facts: Facts) -> str:
    return f"iam-sudo simulate --role-name {facts.asked.name}"
