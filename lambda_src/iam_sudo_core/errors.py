"""Everything that the core can refuse, as one tree.

IamSudoError
├── InvalidSettings            the broker's environment is wrong: it does not start
├── InvalidRequest             what was asked is not a request
├── Refusal                    a request that gets no credentials
│   ├── RoleNotFound
│   ├── RoleAmbiguous
│   ├── RoleNotSelected
│   ├── PrincipalNotAllowed
│   ├── BaseRoleNotAllowed
│   ├── TrustPolicyNotUnderstood
│   └── SessionRefused         no session policy is exactly the role
│       ├── PermissionsBoundaryNotSupported
│       ├── PolicyNotUnderstood
│       ├── PrincipalTagNotSupported
│       ├── CharacterNotAccepted
│       ├── ManagedPolicyElsewhere
│       ├── TooManyManagedPolicies
│       ├── SessionPolicyTooLarge
│       └── PackedPolicyTooLarge
├── RoleChanged                the role went away, or changed, while it was being read
├── AwsCallFailed              AWS refused or failed a call that we made
└── BrokerFailure              a defect: the log has the traceback, the caller gets one line

Each carries its facts as attributes, and `str(error)` is one line for a person: what was wrong, the
value, the next step. The class name is the `errorType` of the broker's reply. No error ever holds
a secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_LONGEST_QUOTE = 100


def quoted(value: object) -> str:
    """A value for an error message: in quotes, on one line, never endless."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) > _LONGEST_QUOTE:
        text = text[: _LONGEST_QUOTE - 1] + "…"
    return json.dumps(text, ensure_ascii=False)


def one_line(text: str) -> str:
    """Foreign text (an AWS message, say) with every run of white space as one blank."""
    return " ".join(text.split())


def _largest_first(sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(sizes.items(), key=lambda policy: -policy[1])


class IamSudoError(Exception):
    """The root of the tree. Facts are keyword arguments and become attributes."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(one_line(message))
        self.__dict__.update(facts)


class InvalidSettings(IamSudoError):
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


class RoleAmbiguous(Refusal):
    def __init__(self, *, role_name: str, candidates: Iterable[str]) -> None:
        names = sorted(candidates)
        super().__init__(
            f"{quoted(role_name)} fits {len(names)} roles; name one of them in full: "
            + ", ".join(names),
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
    def __init__(self, *, base_role: str) -> None:
        super().__init__(
            f"base role {quoted(base_role)} is not allowed; leave the base role out to use the "
            "broker's own",
            base_role=base_role,
        )


class TrustPolicyNotUnderstood(Refusal):
    def __init__(self, *, role: str, problem: str) -> None:
        super().__init__(
            f"{role}: its trust policy cannot be read: {problem}; nothing is granted on a guess",
            role=role,
            problem=problem,
        )


class SessionRefused(Refusal):
    """The role is selected, but no session would be exactly the role."""


class PermissionsBoundaryNotSupported(SessionRefused):
    def __init__(self, *, role: str, boundary: str) -> None:
        super().__init__(
            f"{role}: it has the permissions boundary {boundary}, which a session policy made of "
            "the role's policies alone would exceed; use a role without one, or let the role trust "
            "you, and use iam-sudo assume",
            role=role,
            boundary=boundary,
        )


class PolicyNotUnderstood(SessionRefused):
    def __init__(self, *, role: str, policy: str, problem: str) -> None:
        super().__init__(
            f"{role}: inline policy {quoted(policy)} cannot be carried over: {problem}; "
            "correct the policy, nothing is granted on a guess",
            role=role,
            policy=policy,
            problem=problem,
        )


class PrincipalTagNotSupported(SessionRefused):
    def __init__(self, *, role: str) -> None:
        super().__init__(
            f"{role}: its inline policies test aws:PrincipalTag/, and a simulated session has the "
            "tags of the base role; let the role trust you, and use iam-sudo assume",
            role=role,
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


class SessionPolicyTooLarge(SessionRefused):
    """`inline` and `managed` have the characters of each policy, by its name or ARN."""

    def __init__(
        self,
        *,
        role: str,
        characters: int,
        limit: int,
        inline: Mapping[str, int],
        managed: Mapping[str, int],
    ) -> None:
        sizes = [*_largest_first(inline), *_largest_first(managed)]
        listed = ", ".join(f"{policy} {size:,}" for policy, size in sizes)
        way_out = "merge some of the managed policies"
        if inline:
            largest, _ = _largest_first(inline)[0]
            way_out = f"make {largest} a managed policy of the role: its ARN takes some 60 of them"
        super().__init__(
            f"{role}: its session needs {characters:,} characters and STS accepts {limit:,} "
            f"({listed}); {way_out}",
            role=role,
            characters=characters,
            limit=limit,
            inline=inline,
            managed=managed,
        )


class PackedPolicyTooLarge(SessionRefused):
    def __init__(self, *, role: str, detail: str) -> None:
        super().__init__(
            f"{role}: STS cannot pack the session policies: {detail}; make the largest inline "
            "policy a managed policy of the role",
            role=role,
            detail=detail,
        )


class RoleChanged(IamSudoError):
    def __init__(self, *, role: str) -> None:
        super().__init__(
            f"{role}: the role was deleted or changed while it was being read; try again",
            role=role,
        )


class AwsCallFailed(IamSudoError):
    operation: str
    code: str
    detail: str

    def __init__(self, *, operation: str, code: str, detail: str) -> None:
        super().__init__(
            f"{operation} failed: {code}: {detail}", operation=operation, code=code, detail=detail
        )


class BrokerFailure(IamSudoError):
    def __init__(self, *, request_id: str) -> None:
        super().__init__(
            "the broker failed unexpectedly and granted nothing; its log has the cause under "
            f"request id {request_id}",
            request_id=request_id,
        )
