"""Rules: who may have the sessions of which roles, as in a sudoers file.

A rule is about callers and about roles: their names, whom they trust and, if it says so, their tags
and paths. A deny wins over every allow, and what no rule allows is refused. The order of rules
means nothing: of several that allow, the shortest duration holds, and a reason is asked for if one
of them asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import NotAllowedByRules, TrustPolicyNotUnderstood, quoted
from ..policy.patterns import fold, matches, matching
from ..policy.principals import Principal
from ..session.plan import DURATION_SECONDS
from ..session.role import Role
from . import fields
from .callers import CallerPattern, Identity

ALLOW, DENY = "allow", "deny"
_REQUIRED = ("effect", "callers", "role-names", "principals")
_LIMITS = ("max-duration-seconds", "require-reason")
_FIELDS = (*_REQUIRED, "role-tags", "role-paths", *_LIMITS)
# STS API Reference, "AssumeRole" (DurationSeconds). More than an hour is never given.
SHORTEST, LONGEST = 900, 43_200


@dataclass(frozen=True)
class Rule:
    """One rule; `number` counts from one. `tags` has patterns of values by folded keys."""

    number: int
    effect: str
    callers: tuple[CallerPattern, ...]
    role_names: tuple[str, ...]
    principals: tuple[Principal, ...]
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    max_duration_seconds: int | None = None
    require_reason: bool = False

    @classmethod
    def parse(cls, entry: object, *, number: int) -> Rule:
        """Read one entry of `rules`.

        Raises:
            InvalidSettings: naming the rule, the field and what is wrong.
        """
        where = f"rule {number}"
        rule = fields.checked_fields(entry, fields=_FIELDS, where=where)
        if missing := [name for name in _REQUIRED if name not in rule]:
            fields.invalid(f"{where}: {missing[0]} is missing")
        effect = rule["effect"]
        if effect not in (ALLOW, DENY):
            fields.invalid(f"{where}: effect is {quoted(effect)} and has to be allow or deny")
        if effect == DENY and (limits := [name for name in _LIMITS if name in rule]):
            fields.invalid(f"{where}: {limits[0]} has no meaning where it denies; leave it out")
        return cls(
            number=number,
            effect=str(effect),
            callers=tuple(
                CallerPattern.parse(text, where=f"{where}: callers", is_allow=effect == ALLOW)
                for text in fields.patterns(rule["callers"], f"{where}: callers")
            ),
            role_names=fields.patterns(rule["role-names"], f"{where}: role-names"),
            principals=tuple(fields.principals(rule["principals"], f"{where}: principals")),
            tags=_tags(rule["role-tags"], f"{where}: role-tags") if "role-tags" in rule else {},
            paths=_paths(rule["role-paths"], f"{where}: role-paths")
            if "role-paths" in rule
            else (),
            max_duration_seconds=_duration(rule, where),
            require_reason=_truth(rule, "require-reason", where),
        )

    def caller(self, caller: Identity) -> str | None:
        """The pattern that fits the caller, or None."""
        return next((each.text for each in self.callers if each.matches(caller)), None)

    def fits(
        self, role: Role, principals: Collection[Principal], tags: Mapping[str, str] | None
    ) -> bool:
        """Whether it is about a role that trusts these; None are tags that are not known yet.

        They are taken to be what an allow wants and what a deny does not: who looks at them then
        decides again.
        """
        return (
            matching(self.role_names, role.name) is not None
            and (not self.paths or matching(self.paths, role.arn.path) is not None)
            and self.principal(principals) is not None
            and (self.effect == ALLOW or not self.tags if tags is None else self._fits_tags(tags))
        )

    def principal(self, principals: Iterable[Principal]) -> Principal | None:
        """The first of these, in their order of names, that it is about."""
        return next(
            (
                each
                for each in sorted(principals)
                if any(
                    matches(own.type, each.type) and matches(own.id, each.id)
                    for own in self.principals
                )
            ),
            None,
        )

    def _fits_tags(self, tags: Mapping[str, str]) -> bool:
        # IAM User Guide, "Tags for AWS IAM resources": keys of roles are the same in any case.
        folded = {fold(key): value for key, value in tags.items()}
        return all(
            key in folded and matching(values, folded[key]) is not None
            for key, values in self.tags.items()
        )


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
        except TrustPolicyNotUnderstood:
            return None
        wanted = principal.canonical(role.arn.partition) if principal else None
        asked = trusted if wanted is None else trusted & {wanted}
        if any(rule.effect == DENY and rule.fits(role, trusted, tags) for rule in self.own):
            return None
        allowing = [
            rule for rule in self.own if rule.effect == ALLOW and rule.fits(role, asked, tags)
        ]
        if not allowing:
            return None
        first = allowing[0]
        return Grant(
            f"rule {first.number}: caller {first.caller(self.caller)}, "
            f"role name {matching(first.role_names, role.name)}, "
            f"principal {first.principal(asked)}",
            min(
                [DURATION_SECONDS]
                + [each.max_duration_seconds for each in allowing if each.max_duration_seconds]
            ),
            any(each.require_reason for each in allowing),
        )

    def refusal(self, asked: str) -> NotAllowedByRules:
        """Why the caller gets nothing by a name: the same, whether there is such a role or not."""
        denying = [
            rule.number
            for rule in self.own
            if rule.effect == DENY and matching(rule.role_names, asked) is not None
        ]
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


def _tags(value: object, where: str) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping) or not value:
        fields.invalid(f"{where} has to be an object such as {{KEY: PATTERN}}")
    tags: dict[str, tuple[str, ...]] = {}
    for key, values in value.items():
        if not key or fold(key) in tags:
            fields.invalid(f"{where}: {quoted(key)} is empty, or there in another case as well")
        tags[fold(key)] = ("",) if values == "" else fields.one_or_more(values, f"{where}: {key}")
    return tags


def _paths(value: object, where: str) -> tuple[str, ...]:
    paths = fields.patterns(value, where)
    for path in paths:
        if not path.startswith(("/", "*")) or not path.endswith(("/", "*")):
            fields.invalid(f"{where}: {quoted(path)} fits no path; they begin and end with a slash")
    return paths


def _duration(rule: Mapping[str, object], where: str) -> int | None:
    name = "max-duration-seconds"
    if name not in rule:
        return None
    value = rule[name]
    if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST <= value <= LONGEST:
        fields.invalid(
            f"{where}: {name} is {quoted(value)} and has to be a whole number, of "
            f"{SHORTEST} to {LONGEST} (a session has {DURATION_SECONDS} at most)"
        )
    return value


def _truth(rule: Mapping[str, object], name: str, where: str) -> bool:
    value = rule.get(name, False)
    if not isinstance(value, bool):
        fields.invalid(f"{where}: {name} is {quoted(value)} and has to be true or false")
    return value
