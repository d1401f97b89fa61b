"""Rules: who may have the sessions of which roles, as in a sudoers file.

A rule is about callers and about roles: their names, whom they trust and, if it says so, their tags
and paths. A deny wins over every allow, and what no rule allows is refused. The order of rules
means nothing: of several that allow a role, the shortest duration holds, and a reason is asked for
if one of them asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..errors import NotAllowedByRules, TrustPolicyNotUnderstood
from ..policy.patterns import matching
from ..policy.principals import Principal
from ..session.plan import DURATION_SECONDS
from ..session.role import Role
from . import fields
from .callers import Identity
from .rule import ALLOW, DENY, Rule

__all__ = ["ALLOW", "DENY", "CallerRules", "Grant", "Rule", "parsed_rules"]


@dataclass(frozen=True)
class Grant:
    """What rules give: by which one, in words, for how long, and whether a reason is needed."""

    rule: str
    duration_seconds: int
    require_reason: bool


@dataclass(frozen=True)
class CallerRules:
    """The rules as they are for one caller; `who` and `rules` answer when that is known."""

    rules: Callable[[], tuple[Rule, ...]]
    base_roles: tuple[str, ...]
    who: Callable[[], Identity]

    @property
    def caller(self) -> Identity:
        """Who asks.

        Raises:
            ProofRefused: STS does not know who it is.
            AwsCallFailed: STS was asked and gave no answer.
        """
        return self.who()

    @property
    def look_at_tags(self) -> bool:
        return any(rule.tags for rule in self.own)

    def grant(
        self, role: Role, *, tags: Mapping[str, str] | None, principal: Principal | None
    ) -> Grant | None:
        """What the caller gets of a role, of the given principal if any; None is nothing.

        With `tags=None`, which is before they are known, what the caller may get at best.
        """
        try:
            trusted = role.principals()
            about = [rule for rule in self.own if rule.fits(role, trusted, tags)]
        except TrustPolicyNotUnderstood:
            return None
        if any(rule.effect == DENY for rule in about):
            return None
        wanted = principal.canonical(role.arn.partition) if principal else None
        asked = trusted if wanted is None else trusted & {wanted}
        first = next((rule for rule in about if rule.principal(asked)), None)
        if first is None:
            return None
        # Whichever principal is asked for, it is the same role: no limit is got round by that.
        return Grant(
            f"rule {first.number}: caller {first.caller(self.caller)}, "
            f"role name {matching(first.role_names, role.name)}, "
            f"principal {first.principal(asked)}",
            min(
                [DURATION_SECONDS]
                + [each.max_duration_seconds for each in about if each.max_duration_seconds]
            ),
            any(each.require_reason for each in about),
        )

    def denied_by(self, role: Role, *, tags: Mapping[str, str]) -> tuple[int, ...]:
        """The numbers of the rules that deny a role to the caller: for the log alone."""
        try:
            return tuple(
                rule.number
                for rule in self.own
                if rule.effect == DENY and rule.fits(role, (), tags)
            )
        except TrustPolicyNotUnderstood:
            return ()

    def refusal(self, asked: str) -> NotAllowedByRules:
        """Why the caller gets nothing by a name: the same, whether there is such a role or not."""
        denying = [rule.number for rule in self.own if rule.effect == DENY and rule.names(asked)]
        return NotAllowedByRules(caller=self.caller.arn, asked=asked, denied_by=denying)

    def allows_base_role(self, arn: str) -> bool:
        return matching(self.base_roles, arn) is not None

    @cached_property
    def own(self) -> list[Rule]:
        """Those that are about the caller."""
        # Who asks comes first: nobody whose name is not known learns anything of the rules.
        caller = self.caller
        return [rule for rule in self.rules() if rule.caller(caller)]


def parsed_rules(entries: object) -> tuple[Rule, ...]:
    """Read `rules`.

    Raises:
        InvalidSettings: naming the rule and what is wrong.
    """
    if not isinstance(entries, list) or not entries:
        fields.invalid("rules has to be a list with at least one rule")
    return tuple(Rule.parse(entry, number=number) for number, entry in enumerate(entries, 1))
