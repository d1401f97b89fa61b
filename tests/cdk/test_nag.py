"""The rules of cdk-nag find nothing that is not acknowledged with a reason.

Two versions of it read two forms of acknowledgements: cdk-nag 3 here, and cdk-nag 2 where the tests
run on the oldest CDK (`make test`).
"""

import contextlib
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")
pytest.importorskip("cdk_nag")

import aws_cdk as cdk
import cdk_nag
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    IamSudoDemoStack,
    IamSudoStack,
    RoleSelection,
    SessionPolicyStrategy,
    SudoAlarms,
    TagTrustStrategy,
)
from iam_sudo_cdk.acknowledgements import acknowledge
from tests.cdk.templates import ACCOUNT, REGION, iam_sudo, stack

pytestmark = pytest.mark.slow

IS_VERSION_2 = hasattr(cdk_nag, "NagSuppressions")
PACKS = (
    "AwsSolutionsChecks",
    "HIPAASecurityChecks",
    "NIST80053R4Checks",
    "NIST80053R5Checks",
    "PCIDSS321Checks",
)
STANDARDS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
TAG_TRUST = TagTrustStrategy(selection=RoleSelection(), scope="app", protect_tag=True)


def ignore(*_args, **_keywords):
    """For what is not to be acknowledged."""


def application(tmp_path):
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    for name in PACKS:
        pack = getattr(cdk_nag, name)
        if IS_VERSION_2:
            cdk.Aspects.of(app).add(pack(reports=False))
        else:
            cdk.Validations.of(app).add_plugins(pack(app))
    return app


def findings(tmp_path, *, account=None, tag_trust=None, **strategy):
    """The ids of what cdk-nag reports for all our stacks."""
    app = application(tmp_path)
    env = cdk.Environment(account=account, region=REGION) if account else None
    IamSudoStack(
        app,
        "iam-sudo",
        strategy=tag_trust or SessionPolicyStrategy(**strategy),
        development_accounts=[ACCOUNT],
        developers=[
            f"arn:aws:iam::{ACCOUNT}:role/dev",
            f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_a_0",
        ],
        env=env,
    )
    IamSudoDemoStack(app, "iam-sudo-demo", env=env)
    return reported(app)


def reported(app):
    if IS_VERSION_2:
        return {
            str(entry.entry.data).partition(": ")[0]
            for each in app.synth().stacks
            for entry in each.messages
            if "-" in str(entry.entry.data).partition(": ")[0]
        }
    with contextlib.suppress(RuntimeError):  # "Validation failed"; the report is there either way
        app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    return {
        violation["ruleName"]
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    }


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_every_finding_is_acknowledged(tmp_path, account):
    assert findings(tmp_path, account=account) == set()


def test_other_names_and_policies_are_acknowledged_too(tmp_path):
    assert (
        findings(
            tmp_path,
            function_name="sudo",
            base_role_managed_policies=["job-function/ViewOnlyAccess", "AdministratorAccess"],
            allow_local_simulation=True,
        )
        == set()
    )


def test_what_watches_the_broker_is_acknowledged_too(tmp_path):
    assert findings(tmp_path, alarms=SudoAlarms(), dashboard=True) == set()


def test_limits_of_an_organization_are_acknowledged_too(tmp_path):
    limits = {
        "allowed_regions": [REGION],
        "denied_services": ["ec2"],
        "permissions_boundary": "boundary",
        "role_path": "/team/",
    }
    assert findings(tmp_path, **limits) == set()


def test_alarms_that_tell_a_topic_need_no_acknowledgement(tmp_path, monkeypatch):
    monkeypatch.setattr("iam_sudo_cdk.session_policy.metrics.acknowledge_in_packs", ignore)
    app = application(tmp_path)
    scope = cdk.Stack(app, "stack")
    iam_sudo(scope, alarms=SudoAlarms(topic=sns.Topic(scope, "Topic")))
    assert not [each for each in reported(app) if "CloudWatchAlarm" in each]


@pytest.mark.parametrize("account", [None, ACCOUNT])
@pytest.mark.parametrize("strategies", [TAG_TRUST, [SessionPolicyStrategy(), TAG_TRUST]])
def test_every_finding_of_tag_trust_is_acknowledged_too(tmp_path, account, strategies):
    assert findings(tmp_path, account=account, tag_trust=strategies) == set()
    assert "iam-sudo-developers" in (tmp_path / "iam-sudo.template.json").read_text()


def test_without_the_acknowledgements_there_would_be_findings(tmp_path, monkeypatch):
    for module in ("session_policy.broker", "session_policy.base_role", "stack"):
        monkeypatch.setattr(f"iam_sudo_cdk.{module}.acknowledge", ignore)
    monkeypatch.setattr("iam_sudo_cdk.acknowledgements._PACKS", ())
    # For cdk-nag 2 there was no newer Python than ours when it was made.
    newer = set() if IS_VERSION_2 else {"AwsSolutions-L1"}
    assert findings(tmp_path) == newer | {
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/PowerUserAccess]",
        "AwsSolutions-IAM5[Resource::*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:role/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:policy/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:policy/iam-sudo/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::aws:policy/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>"
        ":log-group:/aws/lambda/iam-sudo:*]",
        *(
            f"{pack}-{rule}"
            for pack in STANDARDS
            for rule in ("CloudWatchLogGroupEncrypted", "IAMNoInlinePolicy", "LambdaInsideVPC")
        ),
        *(
            f"{pack}-{rule}"
            for pack in ("HIPAA.Security", "NIST.800.53.R5")
            for rule in ("LambdaConcurrency", "LambdaDLQ")
        ),
    }


def test_what_is_acknowledged_because_it_is_absent_can_be_had_by_a_property(tmp_path, monkeypatch):
    monkeypatch.setattr("iam_sudo_cdk.session_policy.extras.acknowledge_in_packs", ignore)
    app = application(tmp_path)
    scope = cdk.Stack(app, "stack")
    iam_sudo(
        scope,
        log_encryption_key=kms.Key(scope, "Key"),
        reserved_concurrent_executions=5,
        vpc=ec2.Vpc(scope, "Vpc"),
        dead_letter_queue=sqs.Queue(scope, "Queue"),
    )
    absent = "CloudWatchLogGroupEncrypted|LambdaConcurrency|LambdaDLQ|LambdaInsideVPC"
    found = reported(app)
    assert found  # of the VPC and the queue, which are none of ours
    assert not [each for each in found if re.search(absent, each)]


def test_a_wildcard_that_is_added_later_is_a_finding(tmp_path):
    app = application(tmp_path)
    scope = IamSudoStack(
        app, "iam-sudo", strategy=SessionPolicyStrategy(), development_accounts=[ACCOUNT]
    )
    scope.iam_sudo.base_role.add_to_policy(
        iam.PolicyStatement(actions=["iam:Pass*"], resources=["arn:aws:iam::111122223333:role/a"])
    )
    found = {each for each in reported(app) if each.startswith("AwsSolutions")}
    assert found == {"AwsSolutions-IAM5[Action::iam:Pass*]"}


# Both forms are there, whichever cdk-nag is installed.


def for_cdk_nag_2(template):
    """What cdk-nag 2 reads, as `rule[finding]`, with the reasons."""
    return {
        f"{rule['id']}[{finding}]" if finding else rule["id"]: rule["reason"]
        for resource in template.to_json()["Resources"].values()
        for rule in resource.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", [])
        for finding in rule.get("applies_to", [None])
    }


def test_what_is_acknowledged_for_one_version_is_acknowledged_for_the_other():
    scope = stack()
    iam_sudo(scope)
    written = for_cdk_nag_2(Template.from_stack(scope))
    assert "AwsSolutions-IAM5[Resource::*]" in written
    if IS_VERSION_2:
        return  # such a CDK has no other form
    for_version_3 = {
        id_.partition("::")[2]
        for construct in scope.node.find_all()
        for entry in construct.node.metadata
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for id_ in entry.data
    }
    assert for_version_3 == set(written)


def test_reasons_are_of_characters_that_cdk_nag_2_takes():
    scope = stack()
    iam_sudo(scope)
    for reason in for_cdk_nag_2(Template.from_stack(scope)).values():
        assert len(reason) >= 10
        assert reason.isascii()


def test_what_others_have_acknowledged_stays():
    scope = stack()
    sudo = iam_sudo(scope)
    theirs = {"id": "Theirs-1", "reason": "because they said so"}
    resource = sudo.function.node.default_child
    before = resource.get_metadata("cdk_nag")["rules_to_suppress"]
    resource.add_metadata("cdk_nag", {"rules_to_suppress": [theirs]})
    acknowledge(sudo.function, "Ours-1", "because we say so too")
    after = resource.get_metadata("cdk_nag")["rules_to_suppress"]
    assert before
    assert [each["id"] for each in after] == ["Theirs-1", "Ours-1"]
