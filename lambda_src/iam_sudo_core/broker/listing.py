"""Which roles may be simulated: every role of the account, asked of the selection, in one answer.

Named are those that a caller could have. Of the others there is a number for each reason, of the
whole account whatever the pattern: who may invoke the broker shall not read, by it, what else is in
the account, and the number for `a*` would tell that. Where rules say who may have what, there is no
such number either. Whether a session of a role fits into what STS accepts is not looked at;
`explain` says that of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..account.calls import Client
from ..account.reading import list_roles
from ..arns import RoleArn
from ..errors import RoleNotSelected, TrustPolicyNotUnderstood
from .request import ListRequest
from .ruled import roles_of
from .rules import ALLOW, CallerRules, Rule
from .target import Selection, selecting_rule

# Of the distribution; a test compares it with pyproject.toml.
VERSION = "0.1.0"
_NOT_READ = "its trust policy cannot be read"


@dataclass(frozen=True)
class Listing:
    """The roles that are selected, each with its rule, and how many are not, by reason.

    The pattern is of the first alone. Where there are rules: who asks, and what the rules allow
    them, in words.
    """

    roles: Mapping[RoleArn, str]
    others: Mapping[str, int]
    caller: str | None = None
    allowed: Sequence[str] = ()

    def to_reply(self) -> dict[str, Any]:
        return {
            "roles": [
                {"name": arn.name, "arn": str(arn), "rule": rule}
                for arn, rule in self.roles.items()
            ],
            "others": dict(self.others),
            "version": VERSION,
            **({"caller": self.caller, "allowed": list(self.allowed)} if self.caller else {}),
        }


def list_selected(
    request: ListRequest, *, selection: Selection | CallerRules, iam: Client
) -> Listing:
    """The roles that may be simulated, by the caller where there are rules.

    Raises:
        ProofRefused, NamePartTooShort: as `ruled.roles_of`.
        AwsCallFailed: IAM refused or failed a call.
    """
    if isinstance(selection, CallerRules):
        grants = roles_of(selection, iam=iam, wanted=request.wants, asked=request.pattern or "*")
        found = {arn: grant.rule for arn, grant in grants.items()}
        allowed = [_in_words(rule) for rule in selection.own if rule.effect == ALLOW]
        return Listing(_by_name(found), {}, selection.caller.arn, allowed)
    roles: dict[RoleArn, str] = {}
    others: Counter[str] = Counter()
    for role in list_roles(iam):
        try:
            rule = selecting_rule(role, None, selection)
        except RoleNotSelected as error:
            others[str(error.__dict__["problem"])] += 1
        except TrustPolicyNotUnderstood:
            others[_NOT_READ] += 1
        else:
            if request.wants(role.name):
                roles[role.arn] = rule
    return Listing(_by_name(roles), others)


def _by_name(roles: Mapping[RoleArn, str]) -> dict[RoleArn, str]:
    return dict(sorted(roles.items(), key=lambda each: each[0].name))


def _in_words(rule: Rule) -> str:
    """What a rule allows. What one denies is told to nobody: it may name roles."""
    words = [
        f"rule {rule.number}: role name {' or '.join(rule.role_names)}",
        f"principal {' or '.join(str(each) for each in rule.principals)}",
    ]
    if rule.paths:
        words.append(f"path {' or '.join(rule.paths)}")
    words += [f"tag {key} {' or '.join(values)}" for key, values in rule.tags.items()]
    if rule.max_duration_seconds:
        words.append(f"for {rule.max_duration_seconds:,} seconds at most")
    if rule.require_reason:
        words.append("with a reason")
    return ", ".join(words)
