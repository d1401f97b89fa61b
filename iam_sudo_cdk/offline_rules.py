"""Who may have which role by a role-selection policy, without AWS: for people who write rules.

The policy is a file, JSON text, or what a broker has in a synthesized template. The core's own
parser reads it, and its rules decide, so the answer is the broker's. Of a template, references are
stand-ins (`role/LogicalId` in account 000000000000), since it has no account yet.

Not attempted: to read the role. Whom it trusts, its tags and its path are what is said of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iam_sudo_core import Principal, Role, RoleSelectionPolicy
from iam_sudo_core.arns import ROLE_NAME, RoleArn
from iam_sudo_core.broker import Identity, Rule
from iam_sudo_core.errors import InvalidSettings, quoted
from iam_sudo_core.policy.patterns import fold

from .errors import InvalidConfiguration

_NO_ACCOUNT = "000000000000"
_PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": _NO_ACCOUNT}
# What every role-selection policy has, and what one of rules has that stands apart from it.
_BASE_ROLES, _RULES = "allowed-base-roles", "rules"
_DENY = "deny"


@dataclass(frozen=True, kw_only=True)
class AskedRole:
    """What is said of a role: a name or an ARN, whom it trusts, and its tags."""

    role: Role
    tags: Mapping[str, str]

    @classmethod
    def of(
        cls,
        name: str,
        *,
        path: str | None,
        principals: Sequence[str],
        tags: Sequence[tuple[str, str]],
    ) -> AskedRole:
        """A role by its name and path, or by its ARN, which has both.

        Raises:
            ValueError: it is neither, a principal is not `TYPE:ID`, or a tag is there twice.
        """
        arn = RoleArn.parse(name)
        if arn is None and ROLE_NAME.fullmatch(name):
            arn = RoleArn.parse(f"arn:aws:iam::{_NO_ACCOUNT}:role{path or '/'}{name}")
        elif path is not None:
            raise ValueError("--role-path is for names: an ARN has its path, and a path no name")
        if arn is None:
            raise ValueError(f"{quoted(name)} is no role's name or ARN, or {quoted(path)} no path")
        if len({fold(key) for key, _ in tags}) < len(tags):
            raise ValueError("--tag: a role has a key once, in whatever case")
        trusted = map(Principal.parse, principals)
        trust = [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {each.type: each.id}}
            for each in trusted
        ]
        document = {"Version": "2012-10-17", "Statement": trust}
        return cls(role=Role(arn.name, arn, document), tags=dict(tags))


@dataclass(frozen=True)
class Answer:
    """What is printed, and whether it is a refusal."""

    lines: Sequence[str]
    allowed: bool = True


def read_policy(source: str, *, resource: str | None = None) -> RoleSelectionPolicy:
    """The policy in JSON text, in a file, or in the template of a file.

    `resource` is the logical id of what has it, in a template with several.

    Raises:
        InvalidConfiguration: there is none, there are several, or the broker would not start with
            it.
    """
    text = source
    if not source.lstrip().startswith("{"):
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise InvalidConfiguration(f"{quoted(source)} cannot be read: {reason}") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidConfiguration(
            "that is no JSON; give a role-selection policy, or a template that `cdk synth` wrote"
        ) from None
    if not isinstance(document, Mapping):
        raise InvalidConfiguration(
            'that is no object; a role-selection policy is one, as in {"rules": [...]}'
        )
    if isinstance(document.get("Resources"), Mapping):
        text = _of_template(document["Resources"], resource)
        document = json.loads(text)
    elif resource is not None:
        raise InvalidConfiguration("--resource is for templates, and that is a policy")
    if set(document) == {_RULES}:
        text = f'{{"{_BASE_ROLES}": ["*"], {text.lstrip()[1:]}'
    try:
        policy = RoleSelectionPolicy.parse(text)
    except InvalidSettings as error:
        # Not by the name of the function's variable, which nobody here has typed.
        raise InvalidConfiguration(f"the broker would not start: {error.problem}") from None
    if policy.rules_parameter:
        raise InvalidConfiguration(
            f"its rules are not in it, but in parameter {quoted(policy.rules_parameter)}; give the "
            "text of that, or the template that makes it"
        )
    return policy


def decided(policy: RoleSelectionPolicy, caller: Identity, asked: AskedRole) -> Answer:
    """What the broker would decide, and by which rule."""
    role = asked.role
    if not policy.rules:
        rule, principal = policy.rule(role.arn), policy.allowed(role.principals())
        if rule is None or principal is None:
            return Answer(["refused: the selection for everybody does not have it"], False)
        return Answer([f"allowed to everybody who may invoke: {rule}, principal {principal}"])
    denying = [each for each in _about(policy, caller, asked) if each.effect == _DENY]
    if denying:
        return Answer([f"refused by {_described(each)}" for each in denying], False)
    grant = policy.of(lambda: caller).grant(role, tags=asked.tags, principal=None)
    if grant is None:
        return Answer(["refused: no rule allows it"], False)
    reason = "; a reason is asked for" if grant.require_reason else ""
    return Answer([f"allowed by {grant.rule}; {grant.duration_seconds:,} seconds{reason}"])


def listed(policy: RoleSelectionPolicy, caller: Identity | None, asked: AskedRole | None) -> Answer:
    """The rules that are about a caller or a role, as far as these are given."""
    if not policy.rules:
        roles = ", ".join([*policy.role_names, *map(str, sorted(policy.role_arns, key=str))])
        principals = ", ".join(map(str, policy.principals))
        return Answer([f"everybody who may invoke: roles {roles}; principals {principals}"])
    lines = [*map(_described, _about(policy, caller, asked))]
    return Answer(lines or ["no rule is about that"])


def _about(
    policy: RoleSelectionPolicy, caller: Identity | None, asked: AskedRole | None
) -> list[Rule]:
    return [
        rule
        for rule in policy.rules
        if (caller is None or rule.caller(caller))
        and (asked is None or rule.fits(asked.role, asked.role.principals(), asked.tags))
    ]


def _described(rule: Rule) -> str:
    """A rule on one line."""
    parts = [
        ", ".join(each.text for each in rule.callers),
        f"role names {', '.join(rule.role_names)}",
        f"principals {', '.join(map(str, rule.principals))}",
    ]
    if rule.tags:
        tags = (f"{key}={'|'.join(values)}" for key, values in rule.tags.items())
        parts.append(f"role tags {', '.join(tags)}")
    if rule.paths:
        parts.append(f"role paths {', '.join(rule.paths)}")
    if rule.max_duration_seconds is not None:
        parts.append(f"at most {rule.max_duration_seconds:,} seconds")
    if rule.require_reason:
        parts.append("with a reason")
    return (
        f"rule {rule.number}, {'denies' if rule.effect == _DENY else 'allows'}: {'; '.join(parts)}"
    )


def _of_template(resources: Mapping[str, Any], wanted: str | None) -> str:
    found = {
        id_: text for id_, each in resources.items() for text in _texts(each) if _is_policy(text)
    }
    # A policy whose rules are elsewhere is not the one that is looked for.
    found = {id_: text for id_, text in found.items() if _RULES in json.loads(text)} or found
    if wanted is not None:
        found = {id_: text for id_, text in found.items() if id_ == wanted}
    if not found:
        where = "the template" if wanted is None else f"{quoted(wanted)} of the template"
        raise InvalidConfiguration(f"{where} has no role-selection policy")
    if len(found) > 1:
        raise InvalidConfiguration(
            f"the template has several role-selection policies; say --resource, one of "
            f"{', '.join(found)}"
        )
    return next(iter(found.values()))


def _is_policy(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return _BASE_ROLES in document or set(document) == {_RULES}


def _texts(value: object) -> Iterator[str]:
    """Every text below a resource, intrinsic functions rendered."""
    if (text := _rendered(value)) is not None:
        yield text
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _rendered(value: object) -> str | None:
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return _PSEUDO.get(name, name)
        case {"Fn::GetAtt": [str(name), *_]}:
            return f"arn:aws:iam::{_NO_ACCOUNT}:role/{name}"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_rendered(part) or _elsewhere() for part in parts)
        case {"Fn::ImportValue": _}:
            return _elsewhere()
    return None


def _elsewhere() -> str:
    """Stands for a role that another stack, or only the deployment, knows."""
    return f"arn:aws:iam::{_NO_ACCOUNT}:role/elsewhere"
