"""The CDK constructs: developers use the roles of workloads, in development accounts.

It may import of ours the core. Its rooms are `application` (what synthesis knows), `selected`
(which roles are meant), the strategies `session_policy` and `tag_trust`, and `context` (for
`app.py`); each says what it may import, and the modules beside them are what all stand on.
"""

from .oldest_cdk import refuse_older_cdk

try:
    refuse_older_cdk()
    import aws_cdk.aws_lambda  # noqa: F401 - imported to say at once what is missing
    import constructs  # noqa: F401 - likewise
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] not in ("aws_cdk", "constructs"):
        raise
    raise ImportError(
        'iam_sudo_cdk needs the AWS CDK: pip install "iam-sudo-cdk[cdk]"', name=_error.name
    ) from None

from .errors import (
    AccountNotAllowed,
    CannotGrant,
    InvalidChoice,
    InvalidConfiguration,
)
from .iam_sudo import IamSudo, Strategy
from .imported import IIamSudo
from .permission_sets import PermissionSet
from .selection import RoleSelection
from .session_policy import SessionPolicyStrategy, SudoAlarms
from .stack import IamSudoDemoStack, IamSudoStack
from .sudo_rules import SudoRule
from .tag_trust import DeveloperTrust, Tag, TagTrustStrategy

__all__ = [
    "AccountNotAllowed",
    "CannotGrant",
    "DeveloperTrust",
    "IIamSudo",
    "IamSudo",
    "IamSudoDemoStack",
    "IamSudoStack",
    "InvalidChoice",
    "InvalidConfiguration",
    "PermissionSet",
    "RoleSelection",
    "SessionPolicyStrategy",
    "Strategy",
    "SudoAlarms",
    "SudoRule",
    "Tag",
    "TagTrustStrategy",
]
