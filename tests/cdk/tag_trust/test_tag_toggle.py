"""From one strategy to the other and back: nothing stays behind in the application."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    IamSudo,
    InvalidChoice,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.opened import DEVELOPER, TRUST, app, is_open, roles, task_role
from tests.cdk.templates import ACCOUNT

pytestmark = pytest.mark.slow

SELECTION = RoleSelection(paths=["*"])
STRATEGIES = {
    "session-policy": SessionPolicyStrategy(selection=SELECTION),
    "tag-trust": TagTrustStrategy(selection=SELECTION, scope="app"),
    "both": [
        SessionPolicyStrategy(selection=SELECTION),
        TagTrustStrategy(selection=SELECTION, scope="app"),
    ],
}


def synth(strategy):
    """The templates of an application of two stacks: the one with the construct, the other."""
    both = app()
    sudo, workload = cdk.Stack(both, "sudo"), cdk.Stack(both, "workload")
    task_role(workload)
    iam.CfnRole(workload, "Cfn", assume_role_policy_document=TRUST)
    properties = {"AssumeRolePolicyDocument": TRUST}
    cdk.CfnResource(workload, "Plain", type="AWS::IAM::Role", properties=properties)
    if strategy:
        construct = IamSudo(sudo, "IamSudo", strategy=strategy, development_accounts=[ACCOUNT])
        construct.grant_sudo(iam.Role.from_role_arn(sudo, "Dev", DEVELOPER))
    return Template.from_stack(sudo).to_json(), Template.from_stack(workload).to_json(), workload


@pytest.mark.parametrize("name", ["tag-trust", "both"])
def test_tag_trust_opens_the_applications_roles(name):
    _, _, workload = synth(STRATEGIES[name])
    assert list(map(is_open, roles(workload).values())) == [True, True, True]


def test_with_session_policy_the_application_is_as_it_is_without_us():
    assert synth(STRATEGIES["session-policy"])[1] == synth(None)[1]


def test_both_is_the_sum_of_the_two_and_renames_nothing_of_either():
    broker, both = (synth(STRATEGIES[name])[0]["Resources"] for name in ("session-policy", "both"))
    assert {id_: both[id_] for id_ in broker if "Policy" not in id_} == {
        id_: resource for id_, resource in broker.items() if "Policy" not in id_
    }
    assert synth(STRATEGIES["both"])[1] == synth(STRATEGIES["tag-trust"])[1]


def test_there_and_back_the_templates_are_the_same():
    before = synth(STRATEGIES["session-policy"])[:2]
    assert synth(STRATEGIES["tag-trust"])[:2] != before
    assert synth(STRATEGIES["session-policy"])[:2] == before


@pytest.mark.parametrize("strategy", [None, [], "tag-trust", TagTrustStrategy, [None]])
def test_what_is_no_strategy_is_refused_in_one_line(strategy):
    scope = cdk.Stack(app(), "the-stack")
    with pytest.raises(InvalidChoice, match=r"^strategy: .*TagTrustStrategy\(…\)") as refusal:
        IamSudo(scope, "IamSudo", strategy=strategy, development_accounts=[ACCOUNT])
    assert len(str(refusal.value).splitlines()) == 1
