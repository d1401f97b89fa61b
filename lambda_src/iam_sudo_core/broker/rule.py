"""One rule: its callers, its roles, and what it gives or takes.

A pattern that can fit nothing is an error, since a deny with one would be in vain. An allow is by
the letter, and about whom a role trusts with `sts:AssumeRole`. A deny rather fits one too many:
names and keys of tags are the same to it in any case, as they are to IAM (IAM User Guide, "IAM and
AWS STS quotas", "Tags for AWS IAM resources"), and it is about everybody whom a role lets in at
all, by a web identity say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import quoted
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
# IAM User Guide, "IAM and AWS STS quotas"; IAM API Reference, "Role" (Path), "Tag".
_NAME, _LONGEST_NAME = re.compile(r"[A-Za-z0-9_+=,.@*?-]+"), 64
_PRINTABLE = re.compile("[!-~]+")
_TAG_SIGNS, _TAG_CATEGORIES = "_.:/=+-@", ("L", "Z", "N")
_LONGEST_KEY, _LONGEST_VALUE = 128, 256


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
            role_names=_names(rule["role-names"], f"{where}: role-names"),
            principals=_principals(rule["principals"], f"{where}: principals"),
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
        """Whether it is about a role, and if it allows about one of these who may assume it.

        None are tags that are not known yet. They are taken to be what an allow wants and what a
        deny does not: who looks at them then decides again.

        Raises:
            TrustPolicyNotUnderstood: as `Role.principals`.
        """
        trusted = principals if self.effect == ALLOW else role.named_principals()
        return (
            self.names(role.name)
            and (not self.paths or matching(self.paths, role.arn.path) is not None)
            and self.principal(trusted) is not None
            and (self.effect == ALLOW or not self.tags if tags is None else self._fits_tags(tags))
        )

    def names(self, role_name: str) -> bool:
        """Whether it is about roles of this name."""
        if self.effect == ALLOW:
            return matching(self.role_names, role_name) is not None
        return matching(map(fold, self.role_names), fold(role_name)) is not None

    def principal(self, principals: Iterable[Principal]) -> Principal | None:
        """The first of these, in their order of names, that it is about."""
        return next(
            (
                each
                for each in sorted(principals)
                if any(
                    matches(own.type, each.type)
                    and (matches(own.id, each.id) or (self.effect == DENY and each.is_everybody))
                    for own in self.principals
                )
            ),
            None,
        )

    def _fits_tags(self, tags: Mapping[str, str]) -> bool:
        # Which letters are one to IAM is not said beyond ASCII.
        folded = fold if self.effect == ALLOW else str.casefold
        return all(
            any(folded(key) == folded(own) and matching(values, tags[key]) for key in tags)
            for own, values in self.tags.items()
        )


def _names(values: object, where: str) -> tuple[str, ...]:
    names = fields.patterns(values, where)
    for name in names:
        if not _NAME.fullmatch(name) or not fields.can_have_length(name, 1, _LONGEST_NAME):
            fields.invalid(
                f"{where}: {quoted(name)} fits no name of a role; write names, without account "
                "and path (role-paths)"
            )
    return names


def _principals(values: object, where: str) -> tuple[Principal, ...]:
    principals = tuple(fields.principals(values, where))
    for each in principals:
        if not _PRINTABLE.fullmatch(each.id):
            fields.invalid(f"{where}: {quoted(str(each))} fits no principal; look for blanks")
    return principals


def _tags(value: object, where: str) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping) or not value:
        fields.invalid(f"{where} has to be an object such as {{KEY: PATTERN}}")
    tags: dict[str, tuple[str, ...]] = {}
    for key, values in value.items():
        if not isinstance(key, str) or not _is_key(key):
            fields.invalid(f"{where}: {quoted(key)} is no key of a tag, which is never a pattern")
        if fold(key) in tags:
            fields.invalid(f"{where}: {quoted(key)} is there in another case as well")
        name = f"{where}: {key}"
        tags[fold(key)] = ("",) if values == "" else fields.one_or_more(values, name)
        for each in tags[fold(key)]:
            literal = each.replace("*", "").replace("?", "")
            if not _is_of_tags(literal) or not fields.can_have_length(each, 0, _LONGEST_VALUE):
                fields.invalid(f"{name}: {quoted(each)} fits no value; of several make a list")
    return tags


def _is_key(text: str) -> bool:
    return bool(text) and _is_of_tags(text) and len(text) <= _LONGEST_KEY


def _is_of_tags(text: str) -> bool:
    return all(
        each in _TAG_SIGNS or unicodedata.category(each)[0] in _TAG_CATEGORIES for each in text
    )


def _paths(value: object, where: str) -> tuple[str, ...]:
    paths = fields.patterns(value, where)
    for path in paths:
        if (
            not path.startswith(("/", "*"))
            or not path.endswith(("/", "*"))
            or not _PRINTABLE.fullmatch(path)
        ):
            fields.invalid(f"{where}: {quoted(path)} fits no path; they begin and end with a slash")
    return paths


def _duration(rule: Mapping[str, object], where: str) -> int | None:
    name = "max-duration-seconds"
    if name not in rule:
        return None
    value = rule[name]
    if not isinstance(value, int) or not SHORTEST <= value <= LONGEST:
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
