"""The same lines in development and in production: `elsewhere` says what happens there."""

import json
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match, Template

from iam_sudo_cdk import (
    AccountNotAllowed,
    IamSudo,
    IamSudoStack,
    InvalidChoice,
    InvalidConfiguration,
    PermissionSet,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk.opened import DEVELOPER, is_open, role, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, stack

pytestmark = pytest.mark.slow

STRATEGIES = {
    "broker": SessionPolicyStrategy(),
    "tag-trust": TagTrustStrategy(selection=RoleSelection(paths=["*"])),
}


def five_lines(scope, strategy, **options):
    return IamSudo(scope, "IamSudo", strategy=strategy, development_accounts=[ACCOUNT], **options)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
@pytest.mark.parametrize("who", [DEVELOPER, PermissionSet("Developer")])
def test_nothing_is_built_in_another_account_and_that_is_said(strategy, who):
    scope = stack(OTHER_ACCOUNT)
    task_role(scope)
    bare = stack(OTHER_ACCOUNT)
    task_role(bare)
    sudo = five_lines(scope, strategy, elsewhere="nothing")
    grant = sudo.grant_sudo(who)
    assert not grant.principal_statement
    assert Template.from_stack(scope).to_json() == Template.from_stack(bare).to_json()
    annotations = Annotations.from_stack(scope)
    said = annotations.find_info("*", Match.string_like_regexp("nothing is built"))
    assert [each.id for each in said] == ["/the-stack/IamSudo"]
    assert not annotations.find_warning("*", Match.any_value())


@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_in_a_development_account_and_where_none_is_known_it_is_as_ever(account):
    with_it, without = stack(account), stack(account)
    five_lines(with_it, STRATEGIES["broker"], elsewhere="nothing").grant_sudo(DEVELOPER)
    five_lines(without, STRATEGIES["broker"]).grant_sudo(DEVELOPER)
    assert Template.from_stack(with_it).to_json() == Template.from_stack(without).to_json()
    assert "DevelopmentAccountsOnly" in str(Template.from_stack(with_it).to_json()["Rules"])


def test_a_role_in_development_is_opened_by_the_same_lines():
    scope = stack(ACCOUNT)
    task_role(scope)
    five_lines(scope, STRATEGIES["tag-trust"], elsewhere="nothing").grant_sudo(DEVELOPER)
    assert is_open(role(scope))


def test_an_error_is_the_default():
    with pytest.raises(AccountNotAllowed):
        five_lines(stack(OTHER_ACCOUNT), STRATEGIES["broker"])
    with pytest.raises(AccountNotAllowed):
        five_lines(stack(OTHER_ACCOUNT), STRATEGIES["broker"], elsewhere="error")


@pytest.mark.parametrize("value", ["none", None, True, ""])
def test_nothing_else_is_a_choice(value):
    with pytest.raises(InvalidChoice, match="^elsewhere: "):
        five_lines(stack(OTHER_ACCOUNT), STRATEGIES["broker"], elsewhere=value)


@pytest.mark.parametrize("accounts", [[], [int(ACCOUNT)], ACCOUNT])
def test_the_accounts_have_to_be_right_all_the_same(accounts):
    with pytest.raises(InvalidChoice, match="^development_accounts: "):
        IamSudo(
            stack(OTHER_ACCOUNT),
            "IamSudo",
            strategy=SessionPolicyStrategy(),
            development_accounts=accounts,
            elsewhere="nothing",
        )


def test_there_is_no_broker_where_nothing_is_built():
    sudo = five_lines(stack(OTHER_ACCOUNT), STRATEGIES["broker"], elsewhere="nothing")
    assert not sudo.has_broker
    with pytest.raises(InvalidConfiguration, match="there is no broker"):
        assert sudo.function


def test_a_ready_made_stack_is_empty_elsewhere_and_has_no_outputs():
    env = cdk.Environment(account=OTHER_ACCOUNT, region="eu-west-1")
    made = IamSudoStack(
        cdk.App(),
        "ready",
        strategy=SessionPolicyStrategy(),
        development_accounts=[ACCOUNT],
        developers=[DEVELOPER],
        elsewhere="nothing",
        env=env,
    )
    template = Template.from_stack(made).to_json()
    assert "Resources" not in template
    assert "Outputs" not in template


@pytest.mark.parametrize("account", [ACCOUNT, OTHER_ACCOUNT])
def test_the_assembly_says_what_the_construct_is(account):
    scope = stack(account)
    five_lines(scope, STRATEGIES["broker"], elsewhere="nothing")
    folder = Path(scope.node.root.synth().directory)
    # In the manifest, or beside it, whichever the CDK is.
    said = {
        (path, str(entry["data"]))
        for file in folder.glob("*.json")
        for path, entries in metadata(json.loads(file.read_text()))
        for entry in entries
        if entry["type"] == "iam-sudo:IamSudo"
    }
    what = {"strategy": ["SessionPolicyStrategy"], "elsewhere": "nothing"}
    assert said == {("/the-stack/IamSudo", str(what))}


def metadata(document):
    """The lists of entries by path, of a manifest or of a file of metadata."""
    artifacts = document.get("artifacts", {}) if isinstance(document, dict) else {}
    for artifact in artifacts.values():
        yield from artifact.get("metadata", {}).items()
    for path, entries in document.items() if isinstance(document, dict) else ():
        if path.startswith("/"):
            yield path, entries


@pytest.mark.skipif(not hasattr(cdk, "Validations"), reason="older CDKs have no such rule")
@pytest.mark.parametrize("strategy", [STRATEGIES["tag-trust"], STRATEGIES["broker"]])
def test_a_ready_made_stack_without_resources_is_none_that_the_cdk_refuses(strategy):
    app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    account = ACCOUNT if isinstance(strategy, TagTrustStrategy) else OTHER_ACCOUNT
    IamSudoStack(
        app,
        "ready",
        strategy=strategy,
        development_accounts=[ACCOUNT],
        elsewhere="nothing",
        env=cdk.Environment(account=account, region="eu-west-1"),
    )
    app.synth()


@pytest.mark.skipif(not hasattr(cdk, "Validations"), reason="older CDKs have no such rule")
def test_nor_is_a_stack_that_has_the_construct_alone():
    app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    strategy = TagTrustStrategy(selection=RoleSelection(paths=["*"]), scope="app")
    five_lines(cdk.Stack(app, "empty"), strategy)
    task_role(cdk.Stack(app, "full"))
    app.synth()


def test_what_is_not_there_is_said_to_be_of_another_account():
    sudo = IamSudo(
        stack(OTHER_ACCOUNT),
        "IamSudo",
        strategy=SessionPolicyStrategy(),
        development_accounts=[ACCOUNT],
        elsewhere="nothing",
    )
    for name in ("base_role", "function", "log_group"):
        with pytest.raises(InvalidConfiguration, match="nothing is built in this account"):
            getattr(sudo, name)
