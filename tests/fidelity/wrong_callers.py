"""Roles that are refused because of their caller, and the sessions that they would get otherwise.

`HELD_BACK` are statements beside which `ROLE` may do less than a session of the same statements.
"""

from __future__ import annotations

from typing import Any

from tests.fidelity.boundaries import allow, deny, if_
from tests.fidelity.wrong import ORDERS

BASE_ROLE = "arn:aws:iam::111122223333:role/IAMSudoUser"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"

ROLE = allow(["sqs:SendMessage", "s3:*"], ["arn:aws:sqs:eu-west-1:111122223333:jobs", ORDERS])

HELD_BACK: dict[str, dict[str, Any]] = {
    "a Deny on the function": deny(
        "s3:*", Condition=if_("ArnLike", "lambda:SourceFunctionArn", FUNCTION)
    ),
    "a Deny on the instance": deny("s3:*", Condition=if_("Null", "ec2:SourceInstanceArn", "false")),
    "a Deny on the metadata version": deny(
        "s3:*", Condition=if_("NumericLessThan", "ec2:RoleDelivery", "2")
    ),
    "a Deny on the source identity": deny(
        "s3:*", Condition=if_("StringLike", "aws:SourceIdentity", "a*")
    ),
    "a Deny on the service": deny(
        "s3:*", Condition=if_("StringEquals", "glue:RoleAssumedBy", "glue.amazonaws.com")
    ),
    "a Deny on the build": deny(
        "s3:*", Condition=if_("ArnLike", "codebuild:buildArn", "arn:aws:codebuild:*:*:build/x")
    ),
    "a Deny on a subject": deny(
        "s3:*", Condition=if_("StringEquals", "accounts.google.com:sub", "ann")
    ),
    "a Deny on a SAML subject": deny("s3:*", Condition=if_("StringEquals", "saml:sub", "ann")),
    "a Deny on one of many": deny(
        "s3:*", Condition=if_("ForAnyValue:StringEquals", "saml:edupersonaffiliation", "a", "b")
    ),
    "a Deny on what is the subject's": deny("s3:*", "arn:aws:s3:::Orders/${saml:sub}/*"),
    "a Deny on what the source identity owns": deny(
        "sqs:*", Condition=if_("StringEquals", "aws:ResourceTag/owner", "${aws:SourceIdentity}")
    ),
    "an Allow but for the function": allow(
        "kms:Decrypt", Condition=if_("ArnNotLike", "lambda:SourceFunctionArn", FUNCTION)
    ),
    "an Allow without a source identity": allow(
        "kms:Decrypt", Condition=if_("Null", "aws:SourceIdentity", "true")
    ),
    "an Allow if it exists": allow(
        "kms:Decrypt", Condition=if_("StringEqualsIfExists", "accounts.google.com:sub", "ann")
    ),
    "an Allow of all values": allow(
        "kms:Decrypt", Condition=if_("ForAllValues:StringEquals", "saml:edupersonaffiliation", "a")
    ),
    "an Allow for the base role": allow(
        "kms:Decrypt", Condition=if_("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/IAMSudo*")
    ),
    "an Allow but for the role": allow(
        "kms:Decrypt", Condition=if_("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/task")
    ),
    "an Allow for the base role's spelling": allow(
        "kms:Decrypt",
        Condition=if_("StringEqualsIgnoreCase", "aws:PrincipalArn", "*", BASE_ROLE.lower()),
    ),
    "an Allow for a role that is computed": allow(
        "sqs:*", Condition=if_("StringLike", "aws:PrincipalArn", "*:role/${aws:ResourceTag/owner}")
    ),
    "an Allow for what is tagged with the caller's ARN": allow(
        "sqs:*", Condition=if_("StringEquals", "aws:ResourceTag/owner", "${aws:PrincipalArn}")
    ),
    "an Allow for what is named after the caller": allow(
        "s3:*", "arn:aws:s3:::own/${aws:PrincipalArn}/*"
    ),
    "an Allow for the base role's id": allow(
        "kms:Decrypt", Condition=if_("StringLike", "aws:userid", "AROABASE:*")
    ),
    "a Deny for the role": deny(
        "s3:*", Condition=if_("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/task")
    ),
}
