"""What a role's trust policy says about the caller, as far as the policy alone can tell.

Of its conditions those on aws:PrincipalArn and aws:PrincipalAccount are evaluated; of all others
the keys are named, and so is what hangs on a role's path that the caller cannot see. It explains a
denial that AWS has decided; it decides nothing.
Sources: IAM User Guide, "AWS JSON policy elements: Principal" and "… Condition operators".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from iam_sudo_core.arns import account_root
from iam_sudo_core.policy import matches, trusted_principals

_OPERATOR = re.compile(
    r"(?:ForAnyValue:)?(?P<type>String|Arn)(?P<not>Not)?(?P<how>Equals|Like)(?:IfExists)?"
)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The ARN of GetCallerIdentity, and that of `aws:PrincipalArn`: None if its path is unknown."""

    identity: str
    arn: str | None

    @property
    def account(self) -> str:
        return self.identity.split(":")[4]

    @property
    def role_name(self) -> str | None:
        """Of an assumed role."""
        return self.identity.split("/")[1] if ":assumed-role/" in self.identity else None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What a trust policy says about the caller.

    `directly`: it names the caller and not the account alone, so that no policy of the caller's own
    has to allow it. `excludes`: it would name the caller but for a condition. `unchecked`: what it
    hangs on and could not be evaluated.
    """

    allows: bool = False
    directly: bool = False
    excludes: bool = False
    denies: bool = False
    unchecked: frozenset[str] = frozenset()


def trust_of(document: Mapping[str, Any], caller: Caller) -> Trust:
    """What a trust policy says about the caller.

    Raises:
        ValueError: the document is not a trust policy.
    """
    trusted_principals(document, partition="aws")  # it says what is wrong with a document
    listed = document["Statement"]
    trust = Trust()
    perhaps: list[Trust] = []
    for statement in listed if isinstance(listed, list) else [listed]:
        directly, unchecked = _names(statement, caller)
        if directly is None:
            continue
        agrees = _agrees(statement.get("Condition") or {}, caller)
        if agrees is None:
            trust = replace(trust, excludes=trust.excludes or statement["Effect"] == "Allow")
            continue
        unchecked |= agrees
        if statement["Effect"] == "Allow":
            perhaps.append(Trust(allows=True, directly=directly, unchecked=unchecked))
        elif unchecked:
            trust = replace(trust, unchecked=trust.unchecked | unchecked)
        else:
            trust = replace(trust, denies=True)
    if not perhaps:
        return replace(trust, unchecked=frozenset())
    # The best statement is the one with least to doubt, and of those the one that names the caller.
    best = min(perhaps, key=lambda each: (len(each.unchecked), not each.directly))
    return replace(best, denies=trust.denies, unchecked=best.unchecked | trust.unchecked)


def _names(statement: Mapping[str, Any], caller: Caller) -> tuple[bool | None, frozenset[str]]:
    """Whether a statement names the caller directly (None: not at all), and what that hangs on."""
    if "NotPrincipal" in statement:  # with Allow it names nobody, see `principals`
        return (None if statement["Effect"] == "Allow" else True), frozenset({"NotPrincipal"})
    partition = caller.identity.split(":")[1]
    principals = trusted_principals(
        {"Statement": {**statement, "Effect": "Allow"}}, partition=partition
    )
    named = {principal.id for principal in principals if principal.type == "AWS"}
    if named & {"*", caller.identity, caller.arn}:
        return True, frozenset()
    if account_root(partition, caller.account) in named:
        return False, frozenset()
    if caller.arn is None and any(arn.endswith(f"/{caller.role_name}") for arn in named):
        return True, frozenset({"the path of your role"})
    return None, frozenset()


def _agrees(condition: Mapping[str, Any], caller: Caller) -> frozenset[str] | None:
    """The keys that could not be evaluated; None when a condition excludes the caller."""
    known = {"aws:principalarn": caller.arn, "aws:principalaccount": caller.account}
    unchecked = set()
    for operator, keys in condition.items():
        kind = _OPERATOR.fullmatch(operator)
        for key, values in keys.items():
            value = known.get(key.lower())
            patterns = [str(each) for each in (values if isinstance(values, list) else [values])]
            if kind is None or value is None or any("${" in pattern for pattern in patterns):
                unchecked.add(key)
                continue
            literally = kind["type"] == "String" and kind["how"] == "Equals"
            fits = value in patterns if literally else any(matches(p, value) for p in patterns)
            if fits == bool(kind["not"]):
                return None
    return frozenset(unchecked)
