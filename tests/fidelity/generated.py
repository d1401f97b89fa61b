"""Roles made by hypothesis of a small vocabulary, so that their statements meet one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iam_sudo_core.session.role import RoleSnapshot
from tests.fidelity.boundaries import ARN, BOUNDARIES, document, if_
from tests.fidelity.corpora import Case, managed_policies, role

ACTIONS = [
    "*", "s3:*", "s3:Get*", "s3:GetObject", "s3:getobject", "S3:GetObject", "s3:GetObject?*",
    "s3:GetObjectAcl", "s3:Put*", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket",
    "sqs:*", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:*Message", "kms:Decrypt", "kms:*",
    "dynamodb:GetItem", "dynamodb:*Item", "iam:PassRole", "iam:*", "logs:PutLogEvents",
    "ec2:DescribeInstances", "ec2:Describe*", "sts:AssumeRole",
]  # fmt: skip
RESOURCES = [
    "*", "arn:aws:s3:::Orders/*", "arn:aws:s3:::Orders/*", "arn:aws:s3:::orders/*",
    "arn:aws:s3:::Orders", "arn:aws:s3:::Orders*", "arn:aws:s3:::Orders/????", "arn:aws:s3:::*",
    "arn:aws:s3:::Orders/a/*", "arn:aws:s3:::*/a/*", "arn:aws:s3:::Orders/${aws:username}/*",
    "arn:aws:s3:::Orders/${aws:PrincipalTag/team}/*", "arn:aws:s3:::Orders/${$}{aws:username}",
    "arn:aws:sqs:eu-west-1:111122223333:jobs", "arn:aws:sqs:*:111122223333:*",
    "arn:aws:sqs:eu-west-1:*:*", "arn:aws:dynamodb:eu-west-1:111122223333:table/Orders",
    "arn:aws:dynamodb:*:*:table/*", "arn:aws:iam::111122223333:role/*",
    "arn:aws:kms:eu-west-1:111122223333:key/*", "arn:aws:logs:*:*:log-group:*:log-stream:*",
    # Incomplete, with a wildcard in the resource type, with a key that the role alone has.
    "arn:aws:sqs", "arn:aws:dynamodb:*", "arn:aws:logs:eu-west-1",
    "arn:aws:dynamodb:*:111122223333:*/Orders", "arn:aws:logs:eu-west-1:111122223333:*:Orders*",
    "arn:aws:s3:::Orders/${saml:sub}/*", "arn:aws:s3:::Orders/${accounts.google.com:sub}",
]  # fmt: skip
CONDITIONS = [
    if_("StringEquals", "aws:RequestedRegion", "eu-west-1"),
    if_("StringEquals", "aws:RequestedRegion", "eu-west-1", "us-east-1"),
    if_("StringEquals", "aws:requestedregion", "us-east-1"),
    if_("StringNotEquals", "aws:RequestedRegion", "eu-west-1"),
    if_("StringEqualsIfExists", "aws:RequestedRegion", "eu-west-1"),
    if_("StringEquals", "aws:PrincipalTag/team", "orders"),
    if_("StringEquals", "aws:ResourceTag/owner", "${aws:username}"),
    if_("StringLike", "aws:ResourceTag/team", "ord*"),
    if_("Bool", "aws:SecureTransport", "true"),
    if_("Bool", "aws:SecureTransport", "false"),
    if_("Null", "aws:SourceVpce", "true"),
    if_("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    if_("NumericLessThan", "aws:MultiFactorAuthAge", "3600"),
    if_("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
    if_("ForAllValues:StringEquals", "aws:TagKeys", "team", "env"),
    if_("ForAnyValue:StringLike", "aws:TagKeys", "te*"),
    if_("ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:*"),
]
# Of keys that the role alone has, or has otherwise.
MARKS = [
    *(
        if_(operator, key, value)
        for key, value in {
            "aws:SourceIdentity": "ann",
            "saml:sub": "ann",
            "accounts.google.com:sub": "ann",
            "glue:RoleAssumedBy": "glue.amazonaws.com",
        }.items()
        for operator in ("StringEquals", "StringNotEquals", "StringLikeIfExists")
    ),
    if_("ArnLike", "lambda:SourceFunctionArn", "arn:aws:lambda:*:*:function:orders"),
    if_("ArnNotLike", "lambda:SourceFunctionArn", "arn:aws:lambda:*:*:function:orders"),
    if_("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/task"),
    if_("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/IAMSudo*"),
    if_("Null", "ec2:SourceInstanceArn", "true"),
    if_("Null", "ec2:SourceInstanceArn", "false"),
    if_("ForAllValues:StringEquals", "saml:edupersonaffiliation", "staff", "student"),
    if_("ForAnyValue:StringEquals", "saml:edupersonaffiliation", "staff", "student"),
    if_("StringEquals", "aws:ResourceTag/owner", "${aws:SourceIdentity}"),
    if_("StringEquals", "aws:ResourceTag/owner", "${aws:PrincipalArn}"),
    if_("StringLike", "aws:PrincipalArn", "*:role/${aws:ResourceTag/owner}"),
    if_("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/admin-*"),
    if_("StringEqualsIgnoreCase", "aws:PrincipalArn", "*", "arn:aws:iam::*:role/iamsudouser"),
]
TAGS = {"team": "orders"}
ATTACHED = [
    f"arn:aws:iam::aws:policy/{name}"
    for name in (
        "AmazonS3ReadOnlyAccess", "AmazonS3FullAccess", "AmazonSQSFullAccess",
        "AmazonSQSReadOnlyAccess", "AmazonSNSReadOnlyAccess", "AWSKeyManagementServicePowerUser",
        "CloudWatchLogsReadOnlyAccess", "AmazonKinesisReadOnlyAccess", "IAMReadOnlyAccess",
        "AmazonSSMReadOnlyAccess", "SecretsManagerReadWrite", "AmazonEC2ReadOnlyAccess",
        "service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess",
    )
]  # fmt: skip


def documents() -> st.SearchStrategy[Mapping[str, Any]]:
    """Policies of one to four statements."""
    return st.lists(_statements(), min_size=1, max_size=4).map(lambda found: document(*found))


@st.composite
def roles(draw: st.DrawFn) -> RoleSnapshot:
    """Roles with inline and managed policies, half of them with a boundary."""
    least, most = draw(st.sampled_from([(0, 2), (0, 2), (0, 2), (11, 13)]))
    some = st.lists(st.sampled_from(ATTACHED), min_size=least, max_size=most, unique=True)
    attached = draw(some)
    known = {arn: managed_policies()[arn] for arn in attached}
    boundary = draw(st.none() | st.sampled_from(list(BOUNDARIES.values())) | documents())
    inline = draw(st.lists(documents(), min_size=0 if attached else 1, max_size=3))
    return role(
        inline_policies={f"policy{number}": each for number, each in enumerate(inline)},
        managed_policy_arns=tuple(attached),
        permissions_boundary=ARN if boundary else None,
        documents=known | ({ARN: boundary} if boundary else {}),
        tags=draw(st.sampled_from([{}, TAGS, {"team": "web"}])),
    )


def generated_cases(number: int, *, seed: int) -> Iterator[Case]:
    """So many generated roles, the same for the same seed."""
    found: list[RoleSnapshot] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,  # `make fidelity` loads no profile
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(roles())
    def collect(snapshot: RoleSnapshot) -> None:
        found.append(snapshot)

    collect()
    for index, snapshot in enumerate(found):
        yield Case("generated", f"generated {index}", snapshot)


def _statements() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda effect, action, actions, resource, resources, condition: {
            "Effect": effect,
            action: actions,
            resource: resources,
            **({"Condition": condition} if condition else {}),
        },
        st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
        st.sampled_from(["Action", "Action", "Action", "NotAction"]),
        _one_or_more(ACTIONS),
        st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]),
        _one_or_more(RESOURCES),
        # Few of the marks: one is enough to refuse most roles.
        st.none() | st.none() | st.sampled_from(CONDITIONS) | st.sampled_from(CONDITIONS + MARKS),
    )


def _one_or_more(values: list[str]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return one | st.lists(one, min_size=1, max_size=3, unique=True)
