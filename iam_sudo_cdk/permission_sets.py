"""Permission sets of IAM Identity Center, by name: their roles are named otherwise in each account.

A role of the set is `AWSReservedSSO_NAME_` and 16 characters that only the account knows, and it
gets others when the set is provisioned anew. Patterns stand for it; see `PermissionSet.role_arns`
for why no other set's role fits them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import aws_cdk as cdk

from .errors import InvalidChoice

# IAM Identity Center API Reference, "CreatePermissionSet": Name.
_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,32}")
# IAM Identity Center User Guide, "Referencing permission sets in resource policies": the folder of
# the region is left out in us-east-1.
_FOLDERS = ("aws-reserved/sso.amazonaws.com", "aws-reserved/sso.amazonaws.com/*")
_SUFFIX = "?" * 16


@dataclass(frozen=True)
class PermissionSet:
    """The people who sign in with a permission set, in whichever account.

    Raises:
        InvalidChoice: no permission set can have this name.
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise InvalidChoice(
                key="PermissionSet",
                value=self.name,
                allowed="the name of a permission set: 1 to 32 letters, digits and _+=,.@-",
            )

    def __str__(self) -> str:
        return f"the permission set {self.name}"

    @property
    def role_arns(self) -> tuple[str, ...]:
        """Patterns of the role's ARN, in the account that they are deployed to.

        As many `?` as the suffix has characters, and a slash before the name: a set with a longer
        name that begins or ends like this one does not fit. IAM lets nobody else make roles there.
        """
        account = f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}"
        return tuple(
            f"{account}:role/{folder}/AWSReservedSSO_{self.name}_{_SUFFIX}" for folder in _FOLDERS
        )
