"""Where the broker may not be deployed, and that nothing stays when it goes. Runs last."""

import json

import pytest

from demo.blog import context
from demo.emulator import ACCOUNT, PROJECT, Emulator, EmulatorError
from tests.emulator.conftest import Deployment

pytestmark = pytest.mark.slow


def test_synth_refuses_an_account_that_is_not_a_development_account(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match=f"the stack is for account {ACCOUNT}, which is not"):
        emulator.cdk(
            "deploy",
            *context(development_accounts="444455556666", demo="false"),
            app_dir=PROJECT,
            progress=lambda _: None,
        )


def test_cloudformation_refuses_a_template_that_was_carried_elsewhere(emulator: Emulator) -> None:
    elsewhere = {
        "Rules": {
            "IamSudoDevelopmentAccountsOnly": rule_of_the_template(emulator),
        },
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    cloudformation = emulator.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="development accounts only"):
        cloudformation.create_stack(StackName="elsewhere", TemplateBody=json.dumps(elsewhere))


def rule_of_the_template(emulator: Emulator) -> object:
    """The account rule of the real template, of a list that this account is not in."""
    text = emulator.cdk(
        "synth", "--json", "iam-sudo", *context(), app_dir=PROJECT, progress=lambda _: None
    )
    template, _ = json.JSONDecoder().raw_decode(text, text.index("{"))  # notices surround it
    [rule] = [rule for name, rule in template["Rules"].items() if "Development" in name]
    return json.loads(json.dumps(rule).replace(ACCOUNT, "444455556666"))


def test_destroy_leaves_nothing_behind(deployment: Deployment) -> None:
    emulator = deployment.emulator
    function = emulator.client("lambda").get_function(FunctionName="iam-sudo")
    broker_role = function["Configuration"]["Role"].rsplit("/")[-1]
    emulator.cdk("destroy", "--all", *context(), app_dir=PROJECT, progress=lambda _: None)
    functions = emulator.client("lambda").list_functions()["Functions"]
    assert [f["FunctionName"] for f in functions] == []
    roles = {role["RoleName"] for role in emulator.client("iam").list_roles(MaxItems=1000)["Roles"]}
    assert not roles & {"IAMSudoUser", broker_role, "iam-sudo-demo-my-task"}
    groups = emulator.client("logs").describe_log_groups()["logGroups"]
    assert "/aws/lambda/iam-sudo" not in [group["logGroupName"] for group in groups]
    finished = deployment.run("iam-sudo", "simulate", "--role-name", "x", "true")
    assert finished.returncode == 125
