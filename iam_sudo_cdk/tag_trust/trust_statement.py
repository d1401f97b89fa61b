"""What opens a role to developers: a tag, and the statements for its trust policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from iam_sudo_core.arns import BROKER_TAG

from ..application import has_token
from ..errors import InvalidChoice
from .session_marks import Conditions, SessionMarks, is_tag_text

# IAM User Guide, "IAM and AWS STS quotas": role trust policy length, and what it can be raised to.
TRUST_POLICY_CHARACTERS = 2_048
_MOST_TRUST_POLICY_CHARACTERS = 4_096


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
        limit = self.trust_policy_characters
        if not TRUST_POLICY_CHARACTERS <= limit <= _MOST_TRUST_POLICY_CHARACTERS:
            raise InvalidChoice(
                key="trust_policy_characters",
                value=limit,
                allowed=f"{TRUST_POLICY_CHARACTERS} to {_MOST_TRUST_POLICY_CHARACTERS}",
            )

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
    """The statements of a trust: this account's principals, those among them that were granted.

    One for `sts:AssumeRole`, and one for each of the marks that sessions may be given.
    """

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        developers = sorted(trust.developers())
        self.names_nobody = not developers and not trust.trust_whole_account
        who: Conditions = {"ArnLike": {"aws:PrincipalArn": developers}}
        if trust.trust_whole_account:
            who = {}
        self.l2 = [
            iam.PolicyStatement(
                sid=f"IamSudoDevelopers{name}",
                actions=[action],
                principals=[iam.AccountRootPrincipal()],
                conditions={**who, **conditions} or None,
            )
            for name, action, conditions in permitted(trust.marks)
        ]
        self.json: list[Mapping[str, Any]] = [each.to_statement_json() for each in self.l2]
        self._arns = developers
        self._resolved: dict[cdk.Stack, list[Mapping[str, Any]]] = {}

    def refers_beyond(self, stack: cdk.Stack) -> bool:
        """Whether one of the developers is a role or user that another stack makes."""
        tokens = [
            token
            for arn in self._arns
            if has_token(arn)
            for token in cdk.Tokenization.reverse_string(arn).tokens
        ]
        return any(
            cdk.Stack.of(token.target) is not stack
            for token in tokens
            if isinstance(token, cdk.Reference)
        )

    def resolved(self, stack: cdk.Stack) -> list[Mapping[str, Any]]:
        """The statements as `stack`'s template has them; worked out once for each stack."""
        if stack not in self._resolved:
            self._resolved[stack] = stack.resolve(self.json)
        return self._resolved[stack]


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
