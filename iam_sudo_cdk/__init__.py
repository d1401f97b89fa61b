"""The CDK constructs: developers use the roles of workloads, in development accounts."""

try:
    import aws_cdk.aws_lambda  # noqa: F401 - imported to say at once what is missing
    import constructs  # noqa: F401 - likewise
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("aws_cdk", "constructs"):
        raise
    raise ImportError(
        'iam_sudo_cdk needs the AWS CDK: pip install "iam-sudo-cdk[cdk]"', name=error.name
    ) from None

from .errors import (
    AccountNotAllowed,
    CannotGrant,
    InvalidChoice,
    InvalidConfiguration,
)
from .iam_sudo import IamSudo, Strategy
from .selection import RoleSelection
from .session_policy.strategy import SessionPolicyStrategy
from .stack import IamSudoDemoStack, IamSudoStack
from .tag_trust.developer_trust import DeveloperTrust
from .tag_trust.strategy import TagTrustStrategy
from .tag_trust.trust_statement import Tag

__all__ = [
    "AccountNotAllowed",
    "CannotGrant",
    "DeveloperTrust",
    "IamSudo",
    "IamSudoDemoStack",
    "IamSudoStack",
    "InvalidChoice",
    "InvalidConfiguration",
    "RoleSelection",
    "SessionPolicyStrategy",
    "Strategy",
    "Tag",
    "TagTrustStrategy",
]
