"""Regions and services that an organization limits, as the evaluator decides about sessions."""

import pytest

pytest.importorskip("aws_cdk")

from botocore.loaders import Loader

from iam_sudo_cdk.session_policy.services import BEYOND_THE_SDK, SIGNED_OTHERWISE, doubt
from tests.cdk.templates import ACCOUNT, base_role, synth
from tests.fidelity.catalogue import Catalogue
from tests.fidelity.evaluator import Evaluator, Request, Side
from tests.fidelity.reach import EVERYTHING

pytestmark = pytest.mark.slow

# Services that the SDK has, and the catalogue has not yet, or not any more.
NEWER_OR_GONE = {"continuum", "iotthingsgraph"}

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


def test_services_that_iam_knows_are_not_doubted_and_others_are():
    catalogue = {action.partition(":")[0] for action in Catalogue.load().actions}
    # The few that have no action.
    assert len(catalogue) > 400
    assert [service for service in sorted(catalogue) if doubt(service) is not None] == []
    assert sorted(BEYOND_THE_SDK - catalogue) == []
    assert set(SIGNED_OTHERWISE.values()) <= catalogue
    names = Loader().list_available_services("service-2")
    assert [n for n in names if doubt(n) is None and n not in catalogue] == sorted(NEWER_OR_GONE)
