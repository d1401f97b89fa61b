"""Everything that the core can refuse, as one tree.

IamSudoError
├── InvalidSettings            the broker's environment is wrong: it does not start
├── InvalidRequest             what was asked is not a request
├── Refusal                    a request that gets no credentials
│   ├── RoleNotFound
│   ├── NoSuchRole
│   ├── RoleAmbiguous
│   ├── RoleNotSelected
│   ├── PrincipalNotAllowed
│   ├── BaseRoleNotAllowed
│   ├── TrustPolicyNotUnderstood
│   ├── ProofRequired          there are rules, and who asks has not said who it is
│   ├── ProofRefused           or not in a way that proves it
│   ├── NotAllowedByRules
│   ├── NamePartTooShort
│   ├── ReasonRequired
│   └── SessionRefused         no session policy is exactly the role
│       ├── PermissionsBoundaryNotExact
│       ├── NarrowingNotExact
│       ├── PolicyNotUnderstood
│       ├── PrincipalTagDiffers
│       ├── CallerIdentityTested
│       ├── CharacterNotAccepted
│       ├── ManagedPolicyElsewhere
│       ├── TooManyManagedPolicies
│       ├── SessionPolicyTooLarge
│       ├── PackedPolicyTooLarge
│       ├── CarrierChanged     a managed policy that was to carry a part of it is not as it was made
│       ├── TooManyCarriers
│       └── SessionPolicyMalformed
├── RoleChanged                the role went away, or changed, while it was being read
├── CarriersNotSeen            managed policies were made that AWS does not show yet
├── AwsCallFailed              AWS refused or failed a call that we made
├── RulesUnreadable            the rules that the broker has are none
└── BrokerFailure              a defect: the log has the traceback, the caller gets one line

Long, because it is one tree: what is said of one refusal reads beside what is said of the others.
Each carries its facts as attributes, and `str(error)` is one line for a person, wherever it is
printed: what was wrong, the value, the next step. The class name is the `errorType` of the broker's
reply. No error ever holds a secret.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from .arns import RoleArn

_LONGEST_QUOTE = 100
_MOST_NAMES = 20
# IAM User Guide, "IAM and AWS STS quotas": characters of a managed policy, without white space.
_MAX_MANAGED_POLICY = 6_144
# How the error ends by which a command knows that it may ask again.
NOT_SEEN = "; try again in a few seconds"
_TRUST_YOU = "let the role trust you (tag-based trust), and use iam-sudo assume"


def quoted(value: object) -> str:
    """A value for an error message: in quotes, on one line, never endless."""
    text = _cut(value if isinstance(value, str) else repr(value))
    return printable(json.dumps(text, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def one_line(text: str) -> str:
    """Foreign text (an AWS message, say) with every run of white space as one blank."""
    return " ".join(text.split())


def printable(text: str) -> str:
    r"""Text in which what cannot be seen is written as Python would: \x1b, \u202e.

    A terminal, and a reader of a log, obeys some of these characters. Text of any script stays as
    it is. Source of the kinds: Unicode Standard, "General Category Values".
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def _largest_first(sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(sizes.items(), key=lambda policy: -policy[1])


class IamSudoError(Exception):
    """The root of the tree. Facts are keyword arguments and become attributes."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(printable(one_line(message)))
        self.__dict__.update(facts)


class InvalidSettings(IamSudoError):
    problem: str

    def __init__(self, *, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}", key=key, problem=problem)


class InvalidRequest(IamSudoError):
    def __init__(self, problem: str) -> None:
        super().__init__(f"invalid request: {problem}", problem=problem)


class Refusal(IamSudoError):
    """No credentials for this request; asking again will not help."""


class RoleNotFound(Refusal):
    def __init__(self, *, role_name: str, principal: object = None) -> None:
        of = f" of principal {principal}" if principal else ""
        super().__init__(
            f"no role{of} that may be simulated has {quoted(role_name)} in its name; "
            "check the spelling, the account and the region's broker",
            role_name=role_name,
        )


class NoSuchRole(Refusal):
    """Asked for by its ARN; `account` is that of the roles that can be asked for, if known."""

    def __init__(self, *, arn: RoleArn, account: str | None) -> None:
        problem, step = "", "check its name"
        if account != arn.account:
            here = f"account {account}" if account else "this account"
            problem = f" in {here}, whose roles can be simulated here"
            step = f"choose an AWS_PROFILE of account {arn.account}"
        super().__init__(
            f"there is no role {arn}{problem}; {step}",
            arn=arn,
            account=account,
        )


class RoleAmbiguous(Refusal):
    def __init__(self, *, role_name: str, candidates: Iterable[str]) -> None:
        names = sorted(candidates)
        more = len(names) - _MOST_NAMES
        super().__init__(
            f"{quoted(role_name)} fits {len(names)} roles; name one of them in full: "
            + ", ".join(names[:_MOST_NAMES])
            + (f" and {more:,} more" if more > 0 else ""),
            role_name=role_name,
            candidates=names,
        )


class RoleNotSelected(Refusal):
    def __init__(self, *, role: str, problem: str) -> None:
        super().__init__(
            f"{role}: may not be simulated: {problem}; "
            "the role-selection policy of the broker would have to select it",
            role=role,
            problem=problem,
        )


class PrincipalNotAllowed(Refusal):
    def __init__(self, *, principal: object) -> None:
        super().__init__(
            f"roles of principal {quoted(str(principal))} may not be simulated; "
            "the role-selection policy of the broker would have to allow the principal",
            principal=principal,
        )


class BaseRoleNotAllowed(Refusal):
    """`candidates` are the ARNs that a name may mean, where these are several."""

    def __init__(self, *, base_role: str, candidates: Sequence[str] = ()) -> None:
        problem = (
            f"one of several that are allowed: {', '.join(candidates)}; give the ARN of one, or"
            if candidates
            else "not allowed;"
        )
        super().__init__(
            f"base role {quoted(base_role)} is {problem} leave the base role out to use the "
            "broker's own",
            base_role=base_role,
            candidates=tuple(candidates),
        )


class TrustPolicyNotUnderstood(Refusal):
    def __init__(self, *, role: str, problem: str) -> None:
        super().__init__(
            f"{role}: its trust policy cannot be read: {problem}; nothing is granted on a guess",
            role=role,
            problem=problem,
        )


class ProofRequired(Refusal):
    """`broker` is the ARN of the function for which a proof has to be signed."""

    def __init__(self, *, broker: str) -> None:
        super().__init__(
            f"this broker has rules, and has to know who asks: the request needs a proof for "
            f"{broker}; use the iam-sudo command of iam-sudo-cdk, in its newest version",
            broker=broker,
        )


class ProofRefused(Refusal):
    def __init__(self, *, problem: str) -> None:
        super().__init__(
            f"the proof of who asks is not accepted: {problem}; ask again, with a new one",
            problem=problem,
        )


class NotAllowedByRules(Refusal):
    """The same whether there is such a role or not; `denied_by` are numbers of rules."""

    def __init__(self, *, caller: str, asked: str, denied_by: Iterable[int]) -> None:
        denied_by = tuple(denied_by)
        why = "no rule of the broker allows it"
        if denied_by:
            numbers = ", ".join(str(number) for number in denied_by)
            why = f"rule {numbers} of the broker denies roles of this name"
        super().__init__(
            f"there is no role {quoted(asked)} that {caller} may simulate: {why}; check the "
            "spelling, or ask whoever deploys the broker for a rule",
            caller=caller,
            asked=asked,
            denied_by=denied_by,
        )


class NamePartTooShort(Refusal):
    def __init__(self, *, asked: str) -> None:
        super().__init__(
            f"{quoted(asked)} fits too many roles to look at the tags of each, as the rules of the "
            "broker want; give more of the name, or all of it",
            asked=asked,
        )


class ReasonRequired(Refusal):
    def __init__(self, *, role: str, rule: str) -> None:
        super().__init__(
            f"{role}: {rule} asks for a reason; say why by --reason",
            role=role,
            rule=rule,
        )


class SessionRefused(Refusal):
    """The role is selected, but no session would be exactly the role."""

    def beside(self, line: str) -> Self:
        """The same refusal, with a line more."""
        Exception.__init__(self, printable(one_line(f"{self}; {line}")))
        return self


class PermissionsBoundaryNotExact(SessionRefused):
    """`statement` is the JSON of the one that stands in the way."""

    def __init__(self, *, role: str, boundary: str, statement: str, problem: str) -> None:
        super().__init__(
            f"{role}: its permissions boundary {boundary} cannot be carried over exactly: "
            f"{problem}, in {_cut(statement)}; simplify it, or {_TRUST_YOU}",
            role=role,
            boundary=boundary,
            statement=statement,
            problem=problem,
        )


class NarrowingNotExact(SessionRefused):
    """`statement` is the JSON of the one that stands in the way, of the policy asked for."""

    def __init__(self, *, role: str, statement: str, problem: str) -> None:
        super().__init__(
            f"{role}: the policy of the request cannot be applied to its session exactly: "
            f"{problem}, in {_cut(statement)}; write it with the role's own actions and resources, "
            "or leave it out",
            role=role,
            statement=statement,
            problem=problem,
        )


class PolicyNotUnderstood(SessionRefused):
    def __init__(self, *, role: str, policy: str, problem: str) -> None:
        super().__init__(
            f"{role}: policy {quoted(policy)} cannot be carried over: {problem}; "
            "correct the policy, nothing is granted on a guess",
            role=role,
            policy=policy,
            problem=problem,
        )


class PrincipalTagDiffers(SessionRefused):
    """`keys` are those of the tags, in lower case; `*` for one that a policy computes."""

    def __init__(self, *, role: str, keys: Iterable[str], problem: str) -> None:
        keys = tuple(keys)
        named = ", ".join(f"aws:PrincipalTag/{key}" for key in keys)
        super().__init__(
            f"{role}: its policies test {named}, and {problem}; {_TRUST_YOU}",
            role=role,
            keys=keys,
            problem=problem,
        )


class CallerIdentityTested(SessionRefused):
    def __init__(self, *, role: str, policy: str, key: str) -> None:
        super().__init__(
            f"{role}: policy {quoted(policy)} holds something back by testing {key}, which a "
            f"session has otherwise or not at all, so that it would get through; {_TRUST_YOU}",
            role=role,
            policy=policy,
            key=key,
        )


class CharacterNotAccepted(SessionRefused):
    def __init__(self, *, role: str, character: str) -> None:
        super().__init__(
            f"{role}: its inline policies contain the character U+{ord(character):04X}, which STS "
            "does not accept in a session policy; replace it in the role's policy",
            role=role,
            character=character,
        )


class ManagedPolicyElsewhere(SessionRefused):
    def __init__(self, *, role: str, policy_arn: str, account: str) -> None:
        super().__init__(
            f"{role}: managed policy {policy_arn} is neither AWS's own nor in the base role's "
            f"account {account}, so STS does not accept it; use a base role of that account",
            role=role,
            policy_arn=policy_arn,
            account=account,
        )


class TooManyManagedPolicies(SessionRefused):
    def __init__(self, *, role: str, count: int, limit: int) -> None:
        super().__init__(
            f"{role}: it has {count} managed policies and STS accepts {limit} in a session; "
            "merge some of them",
            role=role,
            count=count,
            limit=limit,
        )


@dataclass(frozen=True)
class PolicySizes:
    """Characters of each policy of a role: `inline` by name, `others` by ARN."""

    inline: Mapping[str, int]
    others: Mapping[str, int]

    def listed(self) -> str:
        sizes = [*_largest_first(self.inline), *_largest_first(self.others)]
        return ", ".join(f"{policy} {size:,}" for policy, size in sizes)

    def way_out(self) -> str:
        """What makes the session smaller and costs nobody a privilege."""
        if not self.inline:
            return f"merge some of the managed policies, or {_TRUST_YOU}"
        largest, size = _largest_first(self.inline)[0]
        into = f"make {largest} a managed policy"
        if size > _MAX_MANAGED_POLICY:
            into = f"split {largest} into managed policies"
        return f"{into} of the role (an ARN takes some 60 characters), or {_TRUST_YOU}"


class SessionPolicyTooLarge(SessionRefused):
    def __init__(self, *, role: str, characters: int, limit: int, sizes: PolicySizes) -> None:
        super().__init__(
            f"{role}: its session needs {characters:,} characters and STS accepts {limit:,} "
            f"({sizes.listed()}); {sizes.way_out()}",
            role=role,
            characters=characters,
            limit=limit,
            sizes=sizes,
        )


class PackedPolicyTooLarge(SessionRefused):
    """`tags` is how many session tags there are, `in_tags` of how many characters."""

    def __init__(
        self, *, role: str, detail: str, sizes: PolicySizes, tags: int, in_tags: int, most: bool
    ) -> None:
        way_out = sizes.way_out()
        if most:
            way_out = (
                f"most of that are the {in_tags:,} characters of its tags: take tags from the "
                f"role, or {_TRUST_YOU}"
            )
        super().__init__(
            f"{role}: STS cannot pack the session policies and {tags} session tags: {detail} "
            f"({sizes.listed()}); {way_out}",
            role=role,
            detail=detail,
            sizes=sizes,
            tags=tags,
            in_tags=in_tags,
        )


class CarrierChanged(SessionRefused):
    def __init__(self, *, role: str, policy_arn: str, problem: str) -> None:
        super().__init__(
            f"{role}: managed policy {policy_arn}, which was to carry a part of its session, is "
            f"not as the broker makes it: {problem}; find out in CloudTrail who did that, and "
            "delete it with all of its versions",
            role=role,
            policy_arn=policy_arn,
            problem=problem,
        )


class TooManyCarriers(SessionRefused):
    """`carriers` is how many managed policies of iam-sudo the account has, if that is known."""

    def __init__(self, *, role: str, carriers: int | None, detail: str) -> None:
        own = "" if carriers is None else f" ({carriers:,} of them are of iam-sudo)"
        super().__init__(
            f"{role}: its session needs managed policies, and the account has no room for more"
            f"{own}: {detail}; delete those that nobody uses",
            role=role,
            carriers=carriers,
            detail=detail,
        )


class SessionPolicyMalformed(SessionRefused):
    """`statement` is the JSON of the one that STS means, of `policy`, where that can be told."""

    def __init__(self, *, role: str, detail: str, policy: str | None, statement: str) -> None:
        where = f", in policy {quoted(policy)}: {_cut(statement)}" if policy else ""
        super().__init__(
            f"{role}: STS rejects its policies in a session: {detail.rstrip('.')}{where}; "
            f"correct the role's policy, or {_TRUST_YOU}",
            role=role,
            detail=detail,
            policy=policy,
            statement=statement,
        )


class RoleChanged(IamSudoError):
    """`what` are the parts of it that did, as far as they are known."""

    def __init__(self, *, role: str, what: Iterable[str] = ()) -> None:
        what = tuple(what)
        parts = f" ({', '.join(what)})" if what else ""
        super().__init__(
            f"{role}: the role was deleted or changed while it was being read{parts}; try again",
            role=role,
            what=what,
        )


class CarriersNotSeen(IamSudoError):
    def __init__(self, *, role: str, detail: str) -> None:
        super().__init__(
            f"{role}: the managed policies that carry its session were made, and are not to be "
            f"seen everywhere yet ({detail}){NOT_SEEN}",
            role=role,
            detail=detail,
        )


class AwsCallFailed(IamSudoError):
    operation: str
    code: str
    detail: str

    def __init__(self, *, operation: str, code: str, detail: str) -> None:
        super().__init__(
            f"{operation} failed: {code}: {detail}", operation=operation, code=code, detail=detail
        )


class RulesUnreadable(IamSudoError):
    """What is wrong with them is for the log alone: they name people and roles."""

    def __init__(self, *, parameter: str, version: int) -> None:
        super().__init__(
            f"version {version} of parameter {parameter}, which has the rules of the broker, "
            "cannot be read as rules, and nobody gets anything without; whoever deploys the "
            "broker finds in its log what is wrong, and the right ones in its template",
            parameter=parameter,
            version=version,
        )


class BrokerFailure(IamSudoError):
    def __init__(self, *, request_id: str) -> None:
        super().__init__(
            "the broker failed unexpectedly and granted nothing; its log has the cause under "
            f"request id {request_id}",
            request_id=request_id,
        )
