"""Who asks, and what trust policies say about them."""

from typing import Any

from iam_sudo_client.ways_in.trust_policy import Caller
from tests.aws_account import ACCOUNT, ECS

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
USER = Caller(identity=ANN, arn=ANN)
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/ann@example.com"
SSO = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
    "AWSReservedSSO_Dev_0123456789abcdef"
)
DEVELOPER = Caller(identity=SESSION, arn=SSO)
SOMEBODY = Caller(identity=SESSION, arn=None)  # their role's path is unknown

ECS_ALONE = ECS["Statement"][0]
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def statement(principal: object, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    return {"Effect": effect, "Action": actions, "Principal": principal, **more}


def granted(*patterns: str, operator: str = "ArnLike", key: str = "aws:PrincipalArn") -> Any:
    """The statement that the tag-trust strategy adds."""
    return statement({"AWS": ROOT}, Condition={operator: {key: list(patterns)}})
