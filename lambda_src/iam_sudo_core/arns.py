"""Role ARNs of any partition (aws, aws-cn, aws-us-gov and those to come), and the brokers' tag."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Characters of names: IAM and STS quotas, "IAM name requirements".
ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_ROLE_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):role(?P<path>/(?:[!-~]*/)?)"
    r"(?P<name>[A-Za-z0-9_+=,.@-]{1,64})"
)
# Of a session of a role, as STS has it; a role's path is not in it, and its name is unique without.
_SESSION_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>[0-9]{12}):assumed-role/"
    r"(?P<name>[A-Za-z0-9_+=,.@-]{1,64})/[A-Za-z0-9_+=,.@-]{2,64}"
)
ACCOUNT_ID = re.compile(r"[0-9]{12}")
# The key of the tag that all parts of every broker carry: a base role denies itself what has it,
# and no developer is granted a role that has it.
BROKER_TAG = "iam-sudo:broker"
# The base role's inline policy that keeps every session from the broker's own parts.
GUARDRAILS_POLICY = "keep-the-broker"
# Where the managed policies are that the broker makes for sessions that are too large.
CARRIER_PATH = "/iam-sudo/"
# Its inline policies that end sessions which were given out: of all, under the name that the
# console gives it (IAM User Guide, "Revoke IAM role temporary security credentials"), and of some.
REVOKED_ALL, REVOKED_SOME = "AWSRevokeOlderSessions", "iam-sudo-revoked-"


@dataclass(frozen=True)
class RoleArn:
    """The parts of a role's ARN; `path` begins and ends with a slash."""

    partition: str
    account: str
    name: str
    path: str = "/"

    @classmethod
    def parse(cls, text: str) -> RoleArn | None:
        """The ARN in `text`, or None when it is not a role's ARN."""
        found = _ROLE_ARN.fullmatch(text)
        return cls(**found.groupdict()) if found else None

    @classmethod
    def named(cls, text: str) -> RoleArn | None:
        """The role whose ARN, or whose session's, is in `text`; None when it is neither.

        Of a session, as GetCallerIdentity prints it, the role's path cannot be told.
        """
        found = _SESSION_ARN.fullmatch(text)
        return cls(**found.groupdict()) if found else cls.parse(text)

    def is_of_account(self, other: RoleArn) -> bool:
        """Whether both are of one account. The ids of accounts are those of a partition."""
        return (self.partition, self.account) == (other.partition, other.account)

    def sibling(self, name: str) -> RoleArn:
        """The role `name` (with no path) of the same account."""
        return RoleArn(partition=self.partition, account=self.account, name=name)

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.path}{self.name}"


def account_root(partition: str, account: str) -> str:
    """The ARN that stands for a whole account in a `Principal` element."""
    return f"arn:{partition}:iam::{account}:root"
