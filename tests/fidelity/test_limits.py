"""Regions and services that an organization limits, as the evaluator decides about sessions."""

import pytest

pytest.importorskip("aws_cdk")

from tests.cdk.templates import ACCOUNT, base_role, synth
from tests.fidelity.evaluator import Evaluator, Request, Side
from tests.fidelity.reach import EVERYTHING

pytestmark = pytest.mark.slow

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue"


@pytest.fixture(scope="module")
def session():
    """Of a role that may do everything; tests/fidelity/test_reach.py has the guardrails."""
    role = base_role(synth(allowed_regions=["eu-west-1"], denied_services=["ec2"]))
    [limits] = [each for each in role["Policies"] if each["PolicyName"] == "limits"]
    return Side([EVERYTHING, limits["PolicyDocument"]])


@pytest.mark.parametrize(
    ("action", "resource", "region", "may"),
    [
        ("sqs:SendMessage", QUEUE.replace("us-east-1", "eu-west-1"), "eu-west-1", True),
        ("sqs:SendMessage", QUEUE, "us-east-1", False),
        ("sqs:SendMessage", QUEUE, None, False),
        ("ec2:DescribeInstances", "*", "eu-west-1", False),
        ("ec2:DescribeInstances", "*", "us-east-1", False),
        ("iam:ListUsers", "*", "us-east-1", True),
        ("sts:GetCallerIdentity", "*", "us-east-1", True),
        ("route53:ListHostedZones", "*", "us-east-1", True),
        ("cloudfront:ListDistributions", "*", "us-east-1", True),
        ("organizations:DescribeOrganization", "*", "us-east-1", True),
        ("globalaccelerator:ListAccelerators", "*", "us-west-2", False),
        ("chime:ListAccounts", "*", "us-east-1", False),
    ],
)
def test_sessions_act_where_and_by_what_they_are_let(session, action, resource, region, may):
    request = Request(action, resource, {"aws:RequestedRegion": region} if region else {})
    with Evaluator() as evaluator:
        assert evaluator.decide([request], [session]) == [[may]]
