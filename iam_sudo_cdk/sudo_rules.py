"""Rules of the broker, from Python to what it reads: who may have the sessions of which roles.

They are in its environment, or where that has no room in a parameter. The core's own parser reads
them at synth, so that what deploys is what the broker accepts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import aws_cdk as cdk

from iam_sudo_core import Principal
from iam_sudo_core.broker import published_rules
from iam_sudo_core.broker.rules import Rule
from iam_sudo_core.broker.selection import POLICY_VARIABLE
from iam_sudo_core.errors import InvalidSettings, quoted

from .environment import ENVIRONMENT_BYTES, broker_variables, environment_bytes
from .errors import InvalidConfiguration
from .values import is_known

_UNSET: Any = object()
# Systems Manager User Guide, "Managing parameter tiers": bytes of an advanced parameter.
PARAMETER_BYTES = 8192


@dataclass(frozen=True, kw_only=True)
class SudoRule:
    """Who may have the sessions of which roles, or must not. A deny wins over every allow.

    Attributes:
        effect: `allow` or `deny`; default: allow.
        callers: who asks, as `aws sts get-caller-identity` prints it, with `*` and `?`:
            `arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_*/ann@example.com`,
            `arn:aws:iam::111122223333:user/ann`; the ARN of a role means all sessions of it, and
            `*` everybody.
        role_names: patterns of whole names of roles.
        principals: patterns of whom the roles trust, `TYPE:ID`; default: for an allow
            `Service:ecs-tasks.amazonaws.com`, for a deny anybody.
        role_tags: tags that the roles have, by their keys, with a pattern of the value or a list;
            default: None, for any. An empty one is refused, as everywhere here.
        role_paths: patterns of the roles' paths, as in `/team/*`; default: None, for any.
        max_duration_seconds: of a session, 900 or more; default: an hour, which is the most. Of
            several rules that allow a role, the shortest holds.
        require_reason: whether the request has to say why (`--reason`); default: False.

    Raises:
        InvalidConfiguration: naming the field and what is wrong.
    """

    effect: Literal["allow", "deny"] = "allow"
    callers: Sequence[str]
    role_names: Sequence[str]
    principals: Sequence[str] = _UNSET
    role_tags: Mapping[str, str | Sequence[str]] | None = None
    role_paths: Sequence[str] | None = None
    max_duration_seconds: int | None = None
    require_reason: bool = False

    def __post_init__(self) -> None:
        if self.principals is _UNSET:
            anybody = "*:*" if self.effect == "deny" else "Service:ecs-tasks.amazonaws.com"
            object.__setattr__(self, "principals", (anybody,))
        if problem := self._problem():
            raise InvalidConfiguration(f"SudoRule: {problem}", problem=problem)

    @classmethod
    def parse(cls, entry: object) -> SudoRule:
        """A rule in the broker's own JSON; `effect` and `principals` have the defaults from above.

        Raises:
            InvalidConfiguration: naming the field and what is wrong.
        """
        try:
            whole = {"effect": "allow", "principals": [{"*": "*"}]}
            Rule.parse({**whole, **entry} if isinstance(entry, Mapping) else entry, number=1)
        except InvalidSettings as error:
            problem = str(error).removeprefix(f"{POLICY_VARIABLE}: ")
            raise InvalidConfiguration(f"rules: {problem}", problem=problem) from None
        values = {name.replace("-", "_"): value for name, value in cast(Any, entry).items()}
        if "principals" in values:
            values["principals"] = [
                f"{type_}:{id_}"
                for each in values["principals"]
                for type_, ids in each.items()
                for id_ in ([ids] if isinstance(ids, str) else ids)
            ]
        return cls(**values)

    def entry(self) -> dict[str, object]:
        """The rule as the broker reads it."""
        entry: dict[str, object] = {
            "effect": self.effect,
            "callers": _listed(self.callers),
            "role-names": _listed(self.role_names),
            "principals": [*map(_principal, self.principals)]
            if isinstance(self.principals, list | tuple)
            else self.principals,
        }
        if isinstance(self.role_tags, Mapping):
            entry["role-tags"] = {key: _listed(value) for key, value in self.role_tags.items()}
        elif self.role_tags is not None:
            entry["role-tags"] = self.role_tags
        if self.role_paths is not None:
            entry["role-paths"] = _listed(self.role_paths)
        if self.max_duration_seconds is not None:
            entry["max-duration-seconds"] = self.max_duration_seconds
        if self.require_reason is not False:
            entry["require-reason"] = self.require_reason
        return entry

    def _problem(self) -> str:
        try:
            entry = self.entry()
            if not is_known(str(entry)):
                return "all of it has to be known at synth, and it has a token or {{resolve:…}}"
            Rule.parse(entry, number=1)
        except (InvalidSettings, ValueError) as error:
            return str(error).removeprefix(f"{POLICY_VARIABLE}: rule 1: ")
        return ""


def rules_fit(rules: Sequence[SudoRule], *, name: str, large_roles: bool) -> bool:
    """Whether the broker's environment has room for them; `name` is that of the base role."""
    who = {"rules": _entries(rules)}
    return environment_bytes(who, name=name, large_roles=large_roles) <= ENVIRONMENT_BYTES


def rules_environment(
    rules: Sequence[SudoRule],
    stack: cdk.Stack,
    *,
    base_role: str,
    parameter: str | None,
    large_roles: bool,
) -> dict[str, str]:
    """The broker's environment with rules, or with the name of the `parameter` that has them.

    `base_role` is the base role's ARN.
    """
    who = {"rules-parameter": parameter} if parameter else {"rules": _entries(rules)}
    return broker_variables(
        who,
        base_role=base_role,
        large_roles=large_roles,
        to_json=stack.to_json_string,
    )


def rules_text(rules: Sequence[SudoRule]) -> str:
    """The text of the parameter, in ASCII.

    Raises:
        InvalidConfiguration: it is larger than a parameter may be.
    """
    text = json.dumps({"rules": _entries(rules)}, separators=(",", ":"))
    # Two of them begin the name of another parameter (Systems Manager API Reference,
    # "PutParameter": Value); only within a string does JSON have them.
    text = text.replace("{{", "{\\u007b")
    published_rules(text)
    size = len(text.encode())
    if size > PARAMETER_BYTES:
        raise InvalidConfiguration(
            f"rules: they need {size:,} bytes and a parameter of Systems Manager has "
            f"{PARAMETER_BYTES:,}; use fewer and wider rules, or a broker for each team "
            "(function_name=…)",
            bytes=size,
            limit=PARAMETER_BYTES,
        )
    return text


def _entries(rules: Sequence[SudoRule]) -> list[dict[str, object]]:
    return [rule.entry() for rule in rules]


def _principal(value: object) -> dict[str, str]:
    try:
        principal = Principal.parse(cast(str, value))
    except (AttributeError, ValueError):
        problem = f"principals: {quoted(value)} is not TYPE:ID, as in Service:lambda.amazonaws.com"
        raise ValueError(problem) from None
    return {principal.type: principal.id}


def _listed(values: object) -> object:
    # A single text is none: the core's parser says so.
    return list(values) if isinstance(values, list | tuple) else values
