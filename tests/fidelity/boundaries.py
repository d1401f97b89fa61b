"""Permissions boundaries as they are in the wild, and such as are easy to get wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.fidelity.corpora import Case, managed
from tests.fidelity.evaluator import Document

ARN = "arn:aws:iam::111122223333:policy/boundary"


def document(*statements: Mapping[str, Any]) -> Document:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def if_(operator: str, key: str, *values: Any) -> dict[str, Any]:
    """The Condition element with one test."""
    return {operator: {key: list(values) if len(values) > 1 else values[0]}}


EVERYTHING = allow("*")
SERVICES = ["s3:*", "sqs:*", "dynamodb:*", "logs:*", "kms:*", "lambda:*", "ec2:*", "ssm:*", "sns:*"]
ORDERS = ["arn:aws:s3:::Orders*", "arn:aws:sqs:eu-west-1:*:*", "arn:aws:dynamodb:*:*:table/*"]
IN_REGION = if_("StringEquals", "aws:RequestedRegion", "eu-west-1", "eu-central-1")


BOUNDARIES: dict[str, Document] = {
    "PowerUserAccess": managed("PowerUserAccess"),
    "ReadOnlyAccess": managed("ReadOnlyAccess"),
    "all but iam": document(EVERYTHING, deny(["iam:*", "organizations:*"])),
    "all but iam, by NotAction": document(
        {"Effect": "Allow", "NotAction": ["iam:*", "account:*"], "Resource": "*"}
    ),
    "some services": document(allow(SERVICES)),
    "some actions": document(
        allow(["s3:Get*", "s3:Put*", "sqs:*Message", "logs:*", "dynamodb:*Item"])
    ),
    "some resources": document(allow(["s3:*", "sqs:*", "dynamodb:*"], ORDERS), allow("logs:*")),
    "all but some resources": document(
        {"Effect": "Allow", "Action": "*", "NotResource": ["arn:aws:s3:::Secrets*"]}
    ),
    "one region": document(allow("*", Condition=IN_REGION)),
    "one region, but for what has none": document(
        EVERYTHING,
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*", "cloudfront:*"],
            "Resource": "*",
            "Condition": if_("StringNotEquals", "aws:RequestedRegion", "eu-west-1"),
        },
    ),
    "services, one of them with a condition": document(
        allow(["s3:*", "logs:*"]),
        allow("sqs:*", Condition=if_("Bool", "aws:SecureTransport", "true")),
        allow("kms:*", Condition=if_("StringLike", "kms:ViaService", "s3.*.amazonaws.com")),
    ),
    "two conditions": document(
        allow(
            ["s3:*", "sqs:*", "dynamodb:*"],
            Condition=IN_REGION | if_("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        )
    ),
    "a tag of the principal": document(
        allow("*", Condition=if_("StringEquals", "aws:PrincipalTag/team", "orders")),
    ),
    "a tag of the resource": document(
        allow("*", Condition=if_("StringLike", "aws:ResourceTag/team", "ord*")),
    ),
    "Denies with conditions": document(
        EVERYTHING,
        deny("s3:*", Condition=if_("Bool", "aws:SecureTransport", "false")),
        deny("*", "arn:aws:s3:::Secrets*", Condition=if_("Null", "aws:SourceVpce", "true")),
    ),
    "allowed twice, otherwise": document(
        allow("s3:*", "arn:aws:s3:::Orders/*"),
        allow("s3:Get*", Condition=if_("StringEquals", "aws:RequestedRegion", "eu-west-1")),
        allow("sqs:*"),
    ),
    "several values of one key": document(
        allow("*", Condition=if_("StringEquals", "aws:TagKeys", "team", "env")),
    ),
    "any of several values": document(
        allow("*", Condition=if_("ForAnyValue:StringEquals", "aws:TagKeys", "team", "env")),
    ),
    "all of several values": document(
        allow("*", Condition=if_("ForAllValues:StringEquals", "aws:TagKeys", "team", "env")),
    ),
    "a number": document(
        allow("*", Condition=if_("NumericLessThan", "aws:MultiFactorAuthAge", "3600"))
    ),
    "a date": document(
        allow("*", Condition=if_("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z"))
    ),
    "numbers and dates": document(
        allow(
            ["s3:*", "sqs:*"],
            Condition=if_("DateGreaterThanEquals", "aws:CurrentTime", "2026-01-01T00:00:00Z")
            | if_("DateLessThan", "aws:EpochTime", "1798761600"),
        ),
        allow(
            ["logs:*", "kms:*", "iam:*"],
            Condition=if_("NumericLessThanEqualsIfExists", "aws:MultiFactorAuthAge", "3600")
            | if_("NumericNotEquals", "aws:EpochTime", "1798761600", "1798761601"),
        ),
        allow(
            ["ec2:*", "ssm:*"],
            Condition=if_("DateEquals", "aws:TokenIssueTime", "2026-06-01T12:00:00+02:00"),
        ),
    ),
    "actions that overlap": document(
        allow(["s3:*Object*", "s3:*t", "sqs:*Message", "dynamodb:*Item*", "ec2:*s", "iam:*Role*"]),
        allow(
            ["s3:G*", "logs:*Log*", "ec2:*Instance*", "kms:?e*", "ssm:*et*"], Condition=IN_REGION
        ),
    ),
    "resources that overlap": document(
        allow("*", ["arn:aws:s3:::*/a/*", "arn:aws:s3:::*s/*", "arn:aws:sqs:eu-*:*:*"]),
        allow(
            ["s3:*", "dynamodb:*", "logs:*", "kms:*", "iam:*", "lambda:*", "ssm:*"],
            [
                *("arn:aws:s3:::?rders*", "arn:aws:dynamodb:eu-west-1:111122223333:*"),
                *("arn:aws:logs:eu-west-1:111122223333:*", "arn:aws:iam::111122223333:*"),
                *("arn:aws:kms:*:111122223333:*", "arn:aws:lambda:eu-*:*:function:*"),
                *("arn:aws:ssm:*:*:parameter/*", "arn:aws:ssm:*:*:document/*"),
            ],
        ),
    ),
    "if it exists": document(
        allow("*", Condition=if_("StringEqualsIfExists", "aws:RequestedRegion", "eu-west-1"))
    ),
    "if it is there": document(allow("*", Condition=if_("Null", "aws:SourceVpce", "false"))),
    "an ARN": document(
        allow("*", Condition=if_("ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:*"))
    ),
    "an ARN in a tag": document(
        allow("*", Condition=if_("ArnLike", "aws:ResourceTag/owner", "arn:aws:iam::*:role/*"))
    ),
    "an address in a tag": document(
        allow("*", Condition=if_("IpAddress", "aws:ResourceTag/network", "203.0.113.0/24"))
    ),
    "a boolean in a tag": document(
        allow("*", Condition=if_("Bool", "aws:ResourceTag/public", "true"))
    ),
    "a variable as resource": document(
        allow("s3:*", ["arn:aws:s3:::Orders/${aws:username}/*", "arn:aws:s3:::any"]),
        allow(["sqs:*", "logs:*"]),
    ),
    "a variable as value": document(
        allow("*", Condition=if_("StringEquals", "aws:ResourceTag/owner", "${aws:username}"))
    ),
    "a variable denied": document(
        EVERYTHING, deny("s3:*", "arn:aws:s3:::Orders/${aws:PrincipalTag/team}/*")
    ),
    "nothing": document(deny("*")),
}


def bounded(name: str, cases: Sequence[Case], *, tags: Mapping[str, str]) -> Iterator[Case]:
    """Roles with the boundary of this name, every other one with these tags."""
    for index, case in enumerate(cases):
        snapshot = replace(
            case.snapshot,
            permissions_boundary=ARN,
            documents={**case.snapshot.documents, ARN: BOUNDARIES[name]},
            tags=tags if index % 2 else {},
        )
        yield replace(case, corpus=f"boundary: {name}", snapshot=snapshot, left_out=())
