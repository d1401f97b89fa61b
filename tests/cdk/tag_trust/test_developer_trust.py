"""The mixin: one role, opened where it stands."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    AccountNotAllowed,
    DeveloperTrust,
    InvalidChoice,
    RoleSelection,
    Tag,
)
from tests.cdk.opened import (
    DEVELOPER,
    KEY,
    STATEMENT,
    TRUST,
    is_open,
    messages,
    role,
    roles,
    statements,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, REGION, render, stack

pytestmark = pytest.mark.slow


def mixin(*developers, **options):
    options = {"development_accounts": [ACCOUNT], **options}
    return DeveloperTrust(developers=developers or [DEVELOPER], **options)


def cfn_role(scope, id="Role"):
    return iam.CfnRole(scope, id, assume_role_policy_document=TRUST)


def plain(scope, id="Role"):
    properties = {"AssumeRolePolicyDocument": TRUST}
    return cdk.CfnResource(scope, id, type="AWS::IAM::Role", properties=properties)


def lazy(scope):
    return iam.LazyRole(scope, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))


@pytest.mark.parametrize("make", [task_role, cfn_role, plain])
def test_one_role_is_opened_and_its_neighbour_is_not(make):
    scope = stack()
    make(scope).with_(mixin())
    make(scope, "Neighbour")
    opened = {id_.startswith("Role"): is_open(each) for id_, each in roles(scope).items()}
    assert opened == {True: True, False: False}


@pytest.mark.parametrize("made_before", [True, False])
def test_a_lazy_role_is_opened_whether_it_is_made_before_or_after(made_before):
    scope = stack()
    role_ = lazy(scope)
    if made_before:
        assert role_.role_arn
    role_.with_(mixin())
    assert role_.role_arn
    assert is_open(role(scope))


def test_the_task_role_of_a_task_definition_is_opened_and_not_its_execution_role():
    scope = stack()
    task = ecs.FargateTaskDefinition(scope, "Task")
    task.add_container(
        "web",
        image=ecs.ContainerImage.from_registry("nginx"),
        logging=ecs.LogDrivers.aws_logs(stream_prefix="web"),
    )
    task.task_role.with_(mixin())
    opened = {id_: is_open(each) for id_, each in roles(scope).items()}
    assert [id_[:12] for id_, each in opened.items() if each] == ["TaskTaskRole"]
    assert len(opened) == 2


def test_all_roles_of_a_construct_are_opened_when_it_is_mixed_into_that():
    scope = stack()
    for make in (task_role, cfn_role, plain):
        make(scope, make.__name__)
    scope.with_(mixin())
    assert list(map(is_open, roles(scope).values())) == [True, True, True]


@pytest.mark.parametrize(
    "imported",
    [
        lambda s: iam.Role.from_role_arn(s, "Role", DEVELOPER),
        lambda s: iam.Role.from_role_arn(s, "Role", DEVELOPER, mutable=False),
        lambda s: iam.Role.from_role_name(s, "Role", "developer"),
    ],
)
def test_an_imported_role_is_a_warning_that_names_it(imported):
    scope = stack()
    imported(scope).with_(mixin())
    assert list(messages(scope)) == ["the-stack/Role"]


def test_a_role_tagged_otherwise_is_an_error_and_stays_as_it_is():
    scope = stack()
    tagged = task_role(scope)
    cdk.Tags.of(tagged).add(KEY, "prod")
    tagged.with_(mixin())
    assert role(scope)["Tags"] == [{"Key": KEY, "Value": "prod"}]
    assert len(statements(role(scope))) == 1
    assert (
        f"error: iam-sudo: it carries the tag {KEY}=prod"
        in messages(scope)["the-stack/Role/Resource"]
    )


def test_tag_and_quota_may_be_chosen():
    scope = stack()
    many = [f"arn:aws:iam::{ACCOUNT}:role/developer-{number:04}" for number in range(40)]
    task_role(scope).with_(
        mixin(*many, tag=Tag(key="access", value="dev"), trust_policy_characters=4096)
    )
    assert role(scope)["Tags"] == [{"Key": "access", "Value": "dev"}]
    task_role(other := stack()).with_(mixin(*many))
    assert not is_open(role(other))
    assert "IAM accepts 2,048" in messages(other)["the-stack/Role/Resource"]


def test_an_identity_center_role_stands_for_its_permission_set():
    arn = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{REGION}/AWSReservedSSO_Dev_"
    scope = stack()
    task_role(scope).with_(mixin(f"{arn}0123456789abcdef"))
    (_, statement) = statements(role(scope))
    assert statement["Condition"]["ArnLike"]["aws:PrincipalArn"] == [arn + "?" * 16]


def test_the_whole_account_is_trusted_on_request_and_that_is_a_warning():
    scope = stack()
    task_role(scope).with_(mixin(trust_whole_account=True))
    bare = {key: value for key, value in STATEMENT.items() if key != "Condition"}
    assert render(statements(role(scope))[1]) == bare
    assert "everybody in the account" in messages(scope)["the-stack/Role/Resource"]


def test_nobody_is_refused_in_one_line():
    with pytest.raises(InvalidChoice, match="^developers: it is missing; .*$"):
        DeveloperTrust(development_accounts=[ACCOUNT])


@pytest.mark.parametrize(
    "developer", ["*", "ann", f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:group/devs"]
)
def test_a_developer_that_is_no_role_and_no_user_is_refused(developer):
    with pytest.raises(InvalidChoice, match="^developers: .* is not allowed; "):
        mixin(developer)


def test_a_developer_of_the_app_may_be_a_reference():
    scope = stack()
    developer = iam.User(scope, "Ann")
    task_role(scope).with_(mixin(developer.user_arn))
    assert "Ann" in str(statements(role(scope))[1]["Condition"])


@pytest.mark.parametrize("make", [task_role, cfn_role, plain])
def test_synthesized_twice_the_template_is_the_same(make):
    scope = stack()
    make(scope).with_(mixin())
    first = Template.from_stack(scope).to_json()
    cdk.Stage.of(scope).synth(force=True)
    assert Template.from_stack(scope).to_json() == first
    assert is_open(role(scope))


@pytest.mark.parametrize("make", [task_role, cfn_role, plain])
def test_a_role_with_mixin_and_strategy_is_opened_once(make):
    scope = stack()
    make(scope).with_(mixin())
    tag_trust(scope, selection=RoleSelection(paths=["*"]))
    assert is_open(role(scope))


@pytest.mark.parametrize("make", [task_role, cfn_role, plain])
def test_mixin_and_strategy_with_other_developers_both_count(make):
    scope = stack()
    make(scope).with_(mixin(DEVELOPER + "2"))
    tag_trust(scope, selection=RoleSelection(paths=["*"]))
    trusted = [
        each["Condition"]["ArnLike"]["aws:PrincipalArn"] for each in statements(role(scope))[1:]
    ]
    assert trusted == [[DEVELOPER, DEVELOPER + "2"]]
    assert len(role(scope)["Tags"]) == 1


def guards(scope):
    rules = Template.from_stack(scope).to_json().get("Rules", {})
    return [rule for name, rule in rules.items() if "DevelopmentAccountsOnly" in name]


def test_the_development_accounts_are_required():
    with pytest.raises(TypeError, match="development_accounts"):
        DeveloperTrust(developers=[DEVELOPER])
    with pytest.raises(InvalidChoice, match="^development_accounts: "):
        mixin(development_accounts=[])


@pytest.mark.parametrize("make", [task_role, cfn_role, plain, lazy])
def test_where_there_are_no_mixins_apply_to_does_the_same(make):
    scope = stack()
    made = make(scope)
    mixin().apply_to(made)
    assert getattr(made, "role_arn", "made already")
    assert is_open(role(scope))


@pytest.mark.parametrize("make", [task_role, cfn_role, plain, lazy])
def test_a_role_of_an_account_that_is_not_named_fails_the_synthesis(make):
    scope = stack("999999999999")
    # By way of Node, as mixins go, an error of ours is a RuntimeError with its text.
    errors = (RuntimeError, AccountNotAllowed)
    with pytest.raises(errors, match="the stack is for account 999999999999, which is not"):
        make(scope).with_(mixin())


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_the_template_refuses_other_accounts_by_one_rule_for_all_roles(account):
    scope = stack(account)
    for make in (task_role, cfn_role, plain):
        make(scope, make.__name__).with_(mixin())
    (rule,) = guards(scope)
    assert rule["Assertions"][0]["Assert"] == {
        "Fn::Contains": [[ACCOUNT], {"Ref": "AWS::AccountId"}]
    }


def test_each_list_of_accounts_has_its_rule_in_each_stack():
    app = cdk.App()
    first, second = cdk.Stack(app, "first"), cdk.Stack(app, "second")
    task_role(first, "One").with_(mixin())
    task_role(first, "Two").with_(mixin(development_accounts=[ACCOUNT, "444455556666"]))
    task_role(second).with_(mixin())
    assert [len(guards(scope)) for scope in (first, second)] == [2, 1]


def test_an_imported_role_binds_no_stack():
    scope = stack()
    iam.Role.from_role_name(scope, "Role", "developer").with_(mixin())
    assert guards(scope) == []


def test_a_developer_of_an_account_that_is_not_named_is_refused():
    with pytest.raises(InvalidChoice, match="^developers: .*999999999999.*development_accounts"):
        mixin("arn:aws:iam::999999999999:role/ci")
    assert mixin("arn:aws:iam::*:role/ci")
