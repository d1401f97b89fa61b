"""Roles that are too large for a session, and the real broker: exactly the role, by carriers."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.emulator import ACCOUNT
from tests.emulator.conftest import Deployment, allow, document

pytestmark = pytest.mark.slow

PATH = f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/"
BUCKETS = ("s3api", "list-buckets")
PARAMETERS = ("ssm", "describe-parameters")
TOPICS = ("sns", "list-topics")
NEW_TOPIC = ("sns", "create-topic", "--name", "t")
DENIED = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation")


def may(deployment: Deployment, session: dict[str, str], *command: str) -> bool:
    finished = deployment.run("aws", *command, credentials=session)
    if finished.returncode == 0:
        return True
    assert any(code in finished.stderr for code in DENIED), finished.stderr
    return False


def carriers(deployment: Deployment) -> set[str]:
    """The ARNs of the managed policies that brokers have made."""
    iam = deployment.emulator.client("iam")
    pages = iam.get_paginator("list_policies").paginate(Scope="Local", PathPrefix="/iam-sudo/")
    return {policy["Arn"] for page in pages for policy in page["Policies"]}


def decided(deployment: Deployment, role_name: str) -> dict[str, Any]:
    """The broker's last decision about a role."""
    logs = deployment.emulator.client("logs")
    for _ in range(50):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="/aws/lambda/iam-sudo"
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        found = [json.loads(line) for line in lines if '"audit"' in line and role_name in line]
        if found and found[-1]["decision"] != "asked":
            last: dict[str, Any] = found[-1]
            return last
        time.sleep(0.1)
    raise AssertionError("no decision in the log")


def filler(number: int, *, effect: str = "Allow") -> list[dict[str, Any]]:
    return [
        allow(f"s3:Get{n:03}", resource=f"arn:aws:s3:::bucket-{n:03}/{'x' * 100}")
        | {"Effect": effect}
        for n in range(number)
    ]


def managed_policy(deployment: Deployment, name: str, *statements: dict[str, Any]) -> str:
    iam = deployment.emulator.client("iam")
    made = iam.create_policy(PolicyName=name, PolicyDocument=document(*statements))
    arn: str = made["Policy"]["Arn"]
    return arn


def test_a_role_of_9000_characters_is_carried_and_found_again(deployment: Deployment) -> None:
    name = "iam-sudo-demo-9000"
    # The shortest ones come last.
    deployment.role(name, *filler(52), allow("s3:ListAllMyBuckets"), allow("sns:List*"))
    before = carriers(deployment)
    session = deployment.simulated(name)
    made = carriers(deployment) - before
    assert len(made) == 2
    assert may(deployment, session, *BUCKETS)
    assert may(deployment, session, *TOPICS), "of the last carrier"
    assert not may(deployment, session, *NEW_TOPIC)
    assert not may(deployment, session, *PARAMETERS)
    audit = decided(deployment, name)
    assert {f"{PATH}{carrier}" for carrier in audit["carriers"]} == made

    again = deployment.simulated(name)
    assert carriers(deployment) - before == made
    assert may(deployment, again, *BUCKETS)

    explained = deployment.run("iam-sudo", "explain", "--role-name", name, "--diff")
    assert explained.returncode == 0, explained.stderr
    assert all(f"+# {arn}" in explained.stdout for arn in made)


def test_a_role_with_25_managed_policies(deployment: Deployment) -> None:
    name = "iam-sudo-demo-25"
    deployment.role(name)
    iam = deployment.emulator.client("iam")
    for number in range(25):
        more = {0: allow("s3:ListAllMyBuckets"), 24: allow("ssm:DescribeParameters")}.get(number)
        own = [allow(f"dynamodb:Get{number}", resource=f"arn:aws:dynamodb:*:*:table/{'x' * 150}")]
        arn = managed_policy(deployment, f"of-25-{number}", *own * 2, *([more] if more else []))
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    session = deployment.simulated(name)
    assert may(deployment, session, *BUCKETS)
    assert may(deployment, session, *PARAMETERS)
    assert not may(deployment, session, *TOPICS)
    plan = json.loads(deployment.run("iam-sudo", "explain", "--role-name", name, "--json").stdout)
    assert len(plan["plan"]["policy_arns"]) == 10


def test_a_role_and_a_boundary_that_are_too_large_together(deployment: Deployment) -> None:
    name = "iam-sudo-demo-large-boundary"
    deployment.role(name, allow("s3:*", "sns:*", "ssm:DescribeParameters"))
    boundary = managed_policy(
        deployment, "large-boundary", *filler(40), allow("s3:ListAllMyBuckets", "sns:List*")
    )
    deployment.emulator.client("iam").put_role_permissions_boundary(
        RoleName=name, PermissionsBoundary=boundary
    )
    session = deployment.simulated(name)
    assert may(deployment, session, *BUCKETS)
    assert may(deployment, session, *TOPICS)
    assert not may(deployment, session, *NEW_TOPIC), "the boundary cuts it"
    assert not may(deployment, session, *PARAMETERS), "the boundary cuts it"


def test_a_large_role_within_a_boundary_that_overlaps_it(deployment: Deployment) -> None:
    name = "iam-sudo-demo-overlap"
    # The shortest ones come last.
    deployment.role(
        name, *filler(52), allow("sns:*Topic*"), allow("s3:List*"), allow("ssm:Describe*")
    )
    # The last has no opposite, so the boundary meets the role statement by statement.
    tagged = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["env"]}}
    boundary = managed_policy(
        deployment,
        "overlapping",
        allow("s3:Get*", "s3:*Buckets", "sns:List*"),
        allow("iam:TagUser") | {"Condition": tagged},
    )
    deployment.emulator.client("iam").put_role_permissions_boundary(
        RoleName=name, PermissionsBoundary=boundary
    )
    session = deployment.simulated(name)
    made = carriers(deployment)
    assert may(deployment, session, *BUCKETS), "s3:List* and s3:*Buckets"
    assert may(deployment, session, *TOPICS), "sns:*Topic* and sns:List*"
    assert not may(deployment, session, *NEW_TOPIC), "the role has it, and the boundary has not"
    assert not may(deployment, session, *PARAMETERS), "the role has it, and the boundary has not"
    explained = deployment.run("iam-sudo", "explain", "--role-name", name, "--diff")
    assert explained.returncode == 0, explained.stderr
    assert "boundary as a product, compacted, carried by 2 managed policies" in explained.stdout
    assert "s3:List*Buckets" in explained.stdout
    deployment.simulated(name)
    assert carriers(deployment) == made


def test_a_denial_in_one_carrier_holds_for_all(deployment: Deployment) -> None:
    name = "iam-sudo-demo-large-denials"
    no_topics = allow("sns:*") | {"Effect": "Deny"}
    deployment.role(name, *filler(30), *filler(25, effect="Deny"), allow("*"), no_topics)
    session = deployment.simulated(name)
    assert may(deployment, session, *BUCKETS)
    assert not may(deployment, session, *TOPICS)


def test_a_carrier_that_was_given_a_second_version_is_refused(deployment: Deployment) -> None:
    name = "iam-sudo-demo-tampered"
    deployment.role(name, *filler(30), allow("s3:ListAllMyBuckets"))
    before = carriers(deployment)
    deployment.simulated(name)
    [carrier] = carriers(deployment) - before
    iam = deployment.emulator.client("iam")
    iam.create_policy_version(
        PolicyArn=carrier, PolicyDocument=document(allow("*")), SetAsDefault=True
    )
    refused = deployment.run("iam-sudo", "simulate", "--role-name", name, "aws", *TOPICS)
    assert (refused.returncode, refused.stdout) == (125, "")
    assert f"managed policy {carrier}, which was to carry a part of its session" in refused.stderr
    assert 'its version "v2" is in force' in refused.stderr
    assert decided(deployment, name)["decision"] == "refused"


def test_carriers_of_three_days_ago_are_gone_after_the_next_one_and_todays_are_not(
    deployment: Deployment,
) -> None:
    iam = deployment.emulator.client("iam")
    now = datetime.now(UTC)

    def of(days: int) -> str:
        made = iam.create_policy(
            PolicyName=f"{now - timedelta(days=days):%Y%m%d}-{'a' * 20}",
            Path="/iam-sudo/",
            PolicyDocument=document(allow("*")),
        )
        arn: str = made["Policy"]["Arn"]
        return arn

    old, kept = of(3), of(0)
    deployment.role("iam-sudo-demo-cleaning", *filler(29), allow("sns:List*"))
    before = carriers(deployment)
    deployment.simulated("iam-sudo-demo-cleaning")
    after = carriers(deployment)
    assert old not in after
    assert kept in after
    assert before - after == {old}


def test_who_may_not_make_managed_policies_is_refused_with_the_size(deployment: Deployment) -> None:
    deployment.role("too-large", *filler(31))
    base = deployment.role("base-of-who-may-not", trust={"AWS": [ACCOUNT]})
    reader = deployment.user("may-not", allow("iam:Get*", "iam:List*", "sts:AssumeRole"))
    refused = deployment.run(
        "iam-sudo", "simulate", "--local", "--role-name", "too-large", "--base-role", base, "true",
        credentials=reader,
    )  # fmt: skip
    assert refused.returncode == 125
    assert "characters and STS accepts 2,048" in refused.stderr
    assert (
        "; managed policies could carry it, but CreatePolicy failed: AccessDenied" in refused.stderr
    )
