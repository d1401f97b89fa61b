"""Linters of others find nothing in the templates and policies that we generate."""

import json

import pytest

pytest.importorskip("aws_cdk")
pytest.importorskip("cfnlint")
pytest.importorskip("parliament")

import parliament
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from cfnlint import api

from iam_sudo_cdk import (
    IamSudoDemoStack,
    IamSudoStack,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.opened import DEVELOPER, app, tag_trust, task_role
from tests.cdk.templates import ACCOUNT, REGION, iam_sudo, render, stack

pytestmark = pytest.mark.slow

# The CDK writes dependencies that CloudFormation would find by itself.
ACCEPTED = {"W3005"}

IDENTITY_CENTER = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_a_0123456789abcdef"
)
TAG_TRUST = TagTrustStrategy(
    selection=RoleSelection(paths=["*"]),
    scope="app",
    protect_tag=True,
    session_tag_keys=["ticket"],
    source_identity=True,
)


def ready(strategy):
    return IamSudoStack(
        app(),
        "ready",
        strategy=strategy,
        development_accounts=[ACCOUNT],
        developers=[DEVELOPER, IDENTITY_CENTER],
    )


def with_extras():
    scope = stack(ACCOUNT)
    key = kms.Key(scope, "Key")
    iam_sudo(
        scope,
        log_encryption_key=key,
        environment_encryption=key,
        reserved_concurrent_executions=5,
        dead_letter_queue=sqs.Queue(scope, "Queue"),
    )
    return scope


def opened_twice():
    scope = stack(ACCOUNT)
    task_role(scope)
    tag_trust(scope, session_tag_keys=["ticket"], source_identity=True)
    tag_trust(scope, DEVELOPER + "2", id="Other")
    return scope


MADE = {
    "a broker": lambda: ready(SessionPolicyStrategy()),
    "a broker for --local": lambda: ready(SessionPolicyStrategy(allow_local_simulation=True)),
    "tag-trust": lambda: ready(TAG_TRUST),
    "both": lambda: ready([SessionPolicyStrategy(), TAG_TRUST]),
    "the demo": lambda: IamSudoDemoStack(app(), "demo"),
    "extras": with_extras,
    "an opened role": opened_twice,
}


def template(make):
    return Template.from_stack(make()).to_json()


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_cfn_lint_finds_nothing(make):
    config = api.ManualArgs(regions=[REGION])
    found = api.lint(json.dumps(template(make), default=str), config=config)
    assert [str(each) for each in found if each.rule.id not in ACCEPTED] == []


def is_accepted(finding):
    """Whether a finding is of what parliament cannot know."""
    match finding.issue:
        case "UNKNOWN_ACTION" | "UNKNOWN_PREFIX":
            # Its catalogue is older than what we deny for the sake of tomorrow.
            return True
        case "UNKNOWN_CONDITION_FOR_ACTION":
            # A Deny of whole services by a key that some actions have, and keys with tags' names.
            return True
        case "INVALID_ARN":
            return "arn:aws:iam::aws:" in str(finding.location)  # AWS's own policies
    return False


def policies(resources):
    for resource in resources.values():
        properties = resource.get("Properties", {})
        inline = [each["PolicyDocument"] for each in properties.get("Policies", ())]
        yield from inline
        if "PolicyDocument" in properties:
            yield properties["PolicyDocument"]


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_parliament_finds_nothing(make):
    resources = render(template(make)["Resources"])
    # What stands for a reference to a resource is to look like an ARN.
    text = json.dumps(list(policies(resources)))
    for name in resources:
        type_ = resources[name]["Type"].split("::")[1].lower()
        resource = {"lambda": "function:f", "kms": "key/k", "sqs": "q"}.get(type_, "role/r")
        account = f"{'' if type_ == 'iam' else REGION}:{ACCOUNT}"
        text = text.replace(f"<{name}.Arn>", f"arn:aws:{type_}:{account}:{resource}")
        text = text.replace(f"<{name}>", f"arn:aws:{type_}:{account}:{resource}")
    found = [
        f"{each.issue}: {each.detail} {each.location}"
        for document in json.loads(text)
        for each in parliament.analyze_policy_string(json.dumps(document)).findings
        if not is_accepted(each)
    ]
    assert found == []


def test_a_fault_is_found():
    broken = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": 5}}}}
    assert api.lint(json.dumps(broken), config=api.ManualArgs(regions=[REGION]))
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}
    assert parliament.analyze_policy_string(json.dumps(document)).findings
