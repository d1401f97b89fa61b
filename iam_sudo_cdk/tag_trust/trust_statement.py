"""What opens a role to developers: a tag, and the statements for its trust policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from iam_sudo_core.arns import BROKER_TAG

from ..application import has_token, identity
from ..errors import InvalidChoice
from .session_marks import Conditions, SessionMarks, is_tag_text

# IAM User Guide, "IAM and AWS STS quotas": role trust policy length, and what it can be raised to.
TRUST_POLICY_CHARACTERS = 2_048
_MOST_TRUST_POLICY_CHARACTERS = 4_096


# How the ids of our statements begin.
SID = "IamSudoDevelopers"


@dataclass(frozen=True, kw_only=True)
class Tag:
    """The tag that opens a role to developers, by default one that nobody else writes.

    A tag that is in use for something else, such as `env=dev`, is also on roles that were never
    opened, and those of them that trust the account are then the developers' too.

    Raises:
        InvalidChoice: IAM would not take it, or it marks what is a broker's.
    """

    key: str = "iam-sudo:developers"
    value: str = "allowed"

    def __post_init__(self) -> None:
        _check_tag(self.key, self.value, text=f"{self.key}={self.value}", key="tag")

    @classmethod
    def parse(cls, text: object, *, key: str = "tag") -> Tag:
        """Read `KEY=VALUE`; `key` is what an error calls it.

        Raises:
            InvalidChoice: naming the value.
        """
        name, equals, value = text.partition("=") if isinstance(text, str) else ("", "", "")
        _check_tag(name, value if equals else "", text=text, key=key)
        return cls(key=name, value=value)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What is added to a role.

    `developers` gives the patterns of ARNs that the statements' condition has, when it is needed;
    `trust_whole_account` leaves that condition out. `marks` is what sessions may be given.

    Raises:
        InvalidChoice: a quota that IAM does not have, or the tag's own key among the marks.
    """

    tag: Tag
    developers: Callable[[], Sequence[str]]
    marks: SessionMarks = field(default_factory=SessionMarks)
    trust_whole_account: bool = False
    trust_policy_characters: int = TRUST_POLICY_CHARACTERS

    def __post_init__(self) -> None:
        check_quota(self.trust_policy_characters)
        self.check_marks(self.tag, self.marks)

    @staticmethod
    def check_marks(tag: Tag, marks: SessionMarks) -> None:
        """Let session tags pass that are not the tag that opens roles."""
        for key in marks.tag_keys:
            if key.lower() == tag.key.lower():
                raise InvalidChoice(
                    key="session_tag_keys",
                    value=key,
                    allowed="keys that no role has; this one opens them",
                )

    @cached_property
    def tagging(self) -> cdk.Tag:
        """Tags a resource in one round trip to Node, when it is taken there by hand."""
        return cdk.Tag(self.tag.key, self.tag.value, priority=0)  # tags of others take precedence


class Statements:
    """The statements of trusts: this account's principals, those among them that were granted.

    One for `sts:AssumeRole`, and one for each of the marks that sessions may be given. Trusts that
    allow the same by one tag share a statement. Sids differ from each other and from `taken`.
    """

    def __init__(self, *trusts: Trust, taken: Iterable[str] = ()) -> None:
        self.trusts: tuple[Trust, ...] = trusts
        self.trust: Trust = trusts[-1]
        shared: dict[str, _Shared] = {}
        for trust in trusts:
            for name, action, conditions in permitted(trust.marks):
                same = json.dumps([str(trust.tag), action, conditions], sort_keys=True)
                shared.setdefault(same, _Shared(name, action, conditions, [])).trusts.append(trust)
        sids = _Sids(taken)
        self.l2: list[iam.PolicyStatement] = [
            iam.PolicyStatement(
                sid=sids.free(f"{SID}{each.name}", of=same),
                actions=[each.action],
                principals=[iam.AccountRootPrincipal()],
                conditions={**each.who(), **each.conditions} or None,
            )
            for same, each in shared.items()
        ]
        self.json: list[Mapping[str, Any]] = [each.to_statement_json() for each in self.l2]
        self._arns = [arn for trust in trusts for arn in trust.developers()]
        self.names_nobody: bool = not (
            self._arns or any(each.trust_whole_account for each in trusts)
        )
        self._resolved: dict[cdk.Stack, list[Mapping[str, Any]]] = {}
        self._others: dict[object, Statements] = {}

    def after(self, before: Statements) -> Statements:
        """Those of a role that has the statements of `before` already: they are replaced."""
        if before not in self._others:
            new = [each for each in self.trusts if each not in before.trusts]
            of_both = Statements(*before.trusts, *new)
            self._others[before] = before if of_both.says_the_same(before) else of_both
        return self._others[before]

    def says_the_same(self, other: Statements) -> bool:
        return [{**each, "Sid": ""} for each in self.json] == [
            {**each, "Sid": ""} for each in other.json
        ]

    def beside(self, sids: frozenset[str]) -> Statements:
        """The same for a role that has other statements with these Sids."""
        clashing = sids & {each["Sid"] for each in self.json}
        if not clashing:
            return self
        if clashing not in self._others:
            self._others[clashing] = Statements(*self.trusts, taken=clashing)
        return self._others[clashing]

    def refers_beyond(self, stack: cdk.Stack) -> bool:
        """Whether one of the developers is a role or user that another stack makes."""
        return any(cdk.Stack.of(target) is not stack for target in self.targets.values())

    @cached_property
    def targets(self) -> Mapping[object, IConstruct]:
        """The resources of the application that developers are, by identity."""
        tokens = [
            token
            for arn in self._arns
            if has_token(arn)
            for token in cdk.Tokenization.reverse_string(arn).tokens
        ]
        found = [token.target for token in tokens if isinstance(token, cdk.Reference)]
        return {identity(target): target for target in found}

    def resolved(self, stack: cdk.Stack) -> list[Mapping[str, Any]]:
        """The statements as `stack`'s template has them; worked out once for each stack."""
        if stack not in self._resolved:
            self._resolved[stack] = stack.resolve(self.json)
        return self._resolved[stack]


@dataclass(frozen=True)
class _Shared:
    """What some trusts allow alike."""

    name: str
    action: str
    conditions: Conditions
    trusts: list[Trust]

    def who(self) -> Conditions:
        if any(each.trust_whole_account for each in self.trusts):
            return {}
        developers = sorted({arn for each in self.trusts for arn in each.developers()})
        return {"ArnLike": {"aws:PrincipalArn": developers}}


class _Sids:
    """Hands out Sids, each once: IAM refuses a policy that has one twice."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def free(self, sid: str, *, of: str) -> str:
        """The Sid itself, or with a hash `of` what its statement is about."""
        found = sid
        while found in self._taken:
            of = sha256(of.encode()).hexdigest()
            found = f"{sid}{of[:8]}"
        self._taken.add(found)
        return found


def check_quota(characters: object) -> None:
    """Let a quota pass that IAM may have for trust policies."""
    least, most = TRUST_POLICY_CHARACTERS, _MOST_TRUST_POLICY_CHARACTERS
    if type(characters) is not int or not least <= characters <= most:
        raise InvalidChoice(
            key="trust_policy_characters", value=characters, allowed=f"{least} to {most}"
        )


def permitted(marks: SessionMarks) -> list[tuple[str, str, Conditions]]:
    """What developers may do with an opened role: names, actions, and their conditions.

    The same in the trust policy and in the policy of the developer.
    """
    return [("", "sts:AssumeRole", {}), *marks.actions()]


def _check_tag(name: str, value: str, *, text: object, key: str) -> None:
    # IAM API Reference, "Tag": lengths, characters, and the prefix that is AWS's own.
    if not (is_tag_text(name, at_most=128) and is_tag_text(value, at_most=256)) or (
        name.lower().startswith("aws:") or name.lower() == BROKER_TAG
    ):
        raise InvalidChoice(
            key=key, value=text, allowed=f"KEY=VALUE, as in env=dev, and not {BROKER_TAG}"
        )


def principal_pattern(arn: str) -> str:
    """The pattern of `aws:PrincipalArn` that a principal has.

    The role of an IAM Identity Center permission set ends in 16 random characters and gets others
    when the set is provisioned anew; they become wildcards. No longer name of a set can match.
    """
    head, separator, name = arn.rpartition("/")
    if name.startswith("AWSReservedSSO_") and name[-17:-16] == "_":
        return f"{head}{separator}{name[:-16]}{'?' * 16}"
    return arn
