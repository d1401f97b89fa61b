"""What opens a role to developers: a tag, and the statement for its trust policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from .errors import InvalidChoice

# IAM User Guide, "IAM and AWS STS quotas": role trust policy length, and what it can be raised to.
TRUST_POLICY_CHARACTERS = 2_048
_MOST_TRUST_POLICY_CHARACTERS = 4_096

# Of the aspects that open roles: after tags and other aspects that change things (200) and those
# without a priority (500), before those that only read (1,000).
PRIORITY = 900

ACTIONS = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
UNRESOLVED = "${Token["  # asking the CDK (`Token.is_unresolved`) is a round trip to Node for each


@dataclass(frozen=True, kw_only=True)
class Tag:
    """The tag that opens a role to developers: `env=dev`."""

    key: str = "env"
    value: str = "dev"

    @classmethod
    def parse(cls, text: object, *, key: str = "tag") -> Tag:
        """Read `KEY=VALUE`; `key` is what an error calls it.

        Raises:
            InvalidChoice: naming the value.
        """
        name, equals, value = text.partition("=") if isinstance(text, str) else ("", "", "")
        # IAM API Reference, "Tag": lengths, and the prefix that is AWS's own.
        if not (0 < len(name) <= 128 and equals and 0 < len(value) <= 256) or name[:4] == "aws:":  # noqa: PLR2004
            raise InvalidChoice(key=key, value=text, allowed="KEY=VALUE, as in env=dev")
        return cls(key=name, value=value)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What is added to a role.

    `developers` gives the patterns of ARNs that the statement's condition has, when it is needed;
    `trust_whole_account` leaves the condition out.
    """

    tag: Tag
    developers: Callable[[], Sequence[str]]
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

    @cached_property
    def tagging(self) -> cdk.Tag:
        """Tags a resource in one round trip to Node, when it is taken there by hand."""
        return cdk.Tag(self.tag.key, self.tag.value, priority=0)  # tags of others take precedence


class Statement:
    """The statement of a trust: this account's principals, those among them that were granted."""

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        developers = sorted(trust.developers())
        conditions = {"ArnLike": {"aws:PrincipalArn": developers}}
        self.names_nobody = not developers and not trust.trust_whole_account
        self.l2 = iam.PolicyStatement(
            sid="IamSudoDevelopers",
            actions=list(ACTIONS),
            principals=[iam.AccountRootPrincipal()],
            conditions=None if trust.trust_whole_account else conditions,
        )
        self.json: Mapping[str, Any] = self.l2.to_statement_json()
        self._arns = developers
        self._resolved: dict[cdk.Stack, Mapping[str, Any]] = {}

    def refers_beyond(self, stack: cdk.Stack) -> bool:
        """Whether one of the developers is a role or user that another stack makes."""
        tokens = [
            token
            for arn in self._arns
            if UNRESOLVED in arn
            for token in cdk.Tokenization.reverse_string(arn).tokens
        ]
        return any(
            cdk.Stack.of(token.target) is not stack
            for token in tokens
            if isinstance(token, cdk.Reference)
        )

    def resolved(self, stack: cdk.Stack) -> Mapping[str, Any]:
        """The statement as `stack`'s template has it; worked out once for each stack."""
        if stack not in self._resolved:
            self._resolved[stack] = stack.resolve(self.json)
        return self._resolved[stack]


def principal_pattern(arn: str) -> str:
    """The pattern of `aws:PrincipalArn` that a principal has.

    The role of an IAM Identity Center permission set ends in 16 random characters and gets others
    when the set is provisioned anew; they become wildcards. No longer name of a set can match.
    """
    head, separator, name = arn.rpartition("/")
    if name.startswith("AWSReservedSSO_") and name[-17:-16] == "_":
        return f"{head}{separator}{name[:-16]}{'?' * 16}"
    return arn
