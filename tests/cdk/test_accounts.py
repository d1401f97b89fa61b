import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    AccountNotAllowed,
    IamSudo,
    InvalidChoice,
    SessionPolicyStrategy,
)
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, stack

pytestmark = pytest.mark.slow


def build(scope, accounts):
    return IamSudo(
        scope, "IamSudo", strategy=SessionPolicyStrategy(), development_accounts=accounts
    )


def rule_of(scope):
    ((_, rule),) = (
        (name, rule)
        for name, rule in Template.from_stack(scope).to_json()["Rules"].items()
        if name != "CheckBootstrapVersion"
    )
    return rule


def test_synth_fails_for_an_account_that_is_no_development_account():
    with pytest.raises(AccountNotAllowed) as refusal:
        build(stack(OTHER_ACCOUNT), [ACCOUNT, "000000000000"])
    assert str(refusal.value) == (
        f"development_accounts: the stack is for account {OTHER_ACCOUNT}, which is not one of "
        f"{ACCOUNT}, 000000000000; the broker is for development accounts only"
    )


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_every_template_carries_a_rule_that_refuses_other_accounts(account):
    scope = stack(account)
    build(scope, [ACCOUNT, OTHER_ACCOUNT])
    rule = rule_of(scope)
    assert "RuleCondition" not in rule
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {
        "Fn::Contains": [[ACCOUNT, OTHER_ACCOUNT], {"Ref": "AWS::AccountId"}]
    }
    assert f"for development accounts only: {ACCOUNT}" in assertion["AssertDescription"]


def test_a_nested_stack_carries_the_rule_itself():
    nested = cdk.NestedStack(stack(), "Nested")
    build(nested, [ACCOUNT])
    assert rule_of(nested)["Assertions"]


@pytest.mark.parametrize(
    "accounts",
    [
        [],
        None,
        ACCOUNT,
        ["12345678901"],
        [int(ACCOUNT)],
        ["prod"],
        [cdk.Aws.ACCOUNT_ID],
        [ACCOUNT, "*"],
        [ACCOUNT + "\n"],
    ],
)
def test_the_list_of_development_accounts_has_to_be_one(accounts):
    with pytest.raises(InvalidChoice, match=r"^development_accounts: .* 12-digit") as refusal:
        build(stack(), accounts)
    assert len(str(refusal.value).splitlines()) == 1


def test_the_list_cannot_be_left_out():
    with pytest.raises(TypeError, match="development_accounts"):
        IamSudo(stack(), "IamSudo", strategy=SessionPolicyStrategy())
