"""The AwsSolutions rules of cdk-nag find nothing that is not acknowledged with a reason."""

import contextlib
import json

import pytest

pytest.importorskip("aws_cdk")
pytest.importorskip("cdk_nag")

import aws_cdk as cdk
import cdk_nag
from aws_cdk import aws_iam as iam

from iam_sudo_cdk import (
    IamSudoDemoStack,
    IamSudoStack,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.templates import ACCOUNT, REGION

pytestmark = pytest.mark.slow


TAG_TRUST = TagTrustStrategy(selection=RoleSelection(), scope="app", protect_tag=True)


def findings(tmp_path, *, account=None, tag_trust=None, **strategy):
    """The ids of what cdk-nag reports for all our stacks."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
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
    with contextlib.suppress(RuntimeError):  # "Validation failed"; the report is there either way
        app.synth()
    return reported(tmp_path)


def reported(folder):
    (report,) = folder.glob("validation-report.json")
    return {
        violation["ruleName"]
        for plugin in json.loads(report.read_text())["pluginReports"]
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


@pytest.mark.parametrize("account", [None, ACCOUNT])
@pytest.mark.parametrize("strategies", [TAG_TRUST, [SessionPolicyStrategy(), TAG_TRUST]])
def test_every_finding_of_tag_trust_is_acknowledged_too(tmp_path, account, strategies):
    assert findings(tmp_path, account=account, tag_trust=strategies) == set()
    assert "iam-sudo-developers" in (tmp_path / "iam-sudo.template.json").read_text()


def test_without_the_acknowledgements_there_would_be_findings(tmp_path, monkeypatch):
    for module in ("session_policy.broker", "session_policy.base_role", "stack"):
        monkeypatch.setattr(f"iam_sudo_cdk.{module}.acknowledge", lambda *_args, **_keywords: None)
    assert findings(tmp_path) == {
        "AwsSolutions-L1",
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/PowerUserAccess]",
        "AwsSolutions-IAM5[Resource::*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:role/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:policy/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::aws:policy/*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>"
        ":log-group:/aws/lambda/iam-sudo:*]",
    }


def test_a_wildcard_that_is_added_later_is_a_finding(tmp_path):
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    stack = IamSudoStack(
        app, "iam-sudo", strategy=SessionPolicyStrategy(), development_accounts=[ACCOUNT]
    )
    stack.iam_sudo.base_role.add_to_policy(
        iam.PolicyStatement(actions=["iam:Pass*"], resources=["arn:aws:iam::111122223333:role/a"])
    )
    with pytest.raises(RuntimeError, match="alidation"):
        app.synth()
    assert reported(tmp_path) == {"AwsSolutions-IAM5[Action::iam:Pass*]"}
