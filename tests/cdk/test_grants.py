import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template
from constructs import Construct

from iam_sudo_cdk import (
    CannotGrant,
    IamSudoStack,
    InvalidChoice,
    SessionPolicyStrategy,
)
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, REGION, iam_sudo, render, stack

pytestmark = pytest.mark.slow

IDENTITY_CENTER = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{REGION}/"
    "AWSReservedSSO_Developer_0123456789abcdef"
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/developers/dev"
THEIR_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/dev"
THEIR_USER = f"arn:aws:iam::{OTHER_ACCOUNT}:user/dev"


def service_role(scope):
    return iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))


def function_with_role(scope):
    return lambda_.Function(
        scope,
        "Fn",
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )


def precreated(scope):
    theirs = Construct(scope, "Theirs")
    iam.Role.customize_roles(theirs, use_precreated_roles={"the-stack/Theirs/Role": "ready-made"})
    return service_role(theirs)


WRITTEN = {
    "a role of the app": (service_role, "Roles"),
    "a lazy role": (
        lambda s: iam.LazyRole(s, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
        "Roles",
    ),
    "a function's role": (function_with_role, "Roles"),
    "a user of the app": (lambda s: iam.User(s, "User"), "Users"),
    "a group of the app": (lambda s: iam.Group(s, "Group"), "Groups"),
    "an imported role": (lambda s: iam.Role.from_role_arn(s, "Role", ROLE), "Roles"),
    "a role by name": (lambda s: iam.Role.from_role_name(s, "Role", "dev"), "Roles"),
    "an imported user": (
        lambda s: iam.User.from_user_arn(s, "User", f"arn:aws:iam::{ACCOUNT}:user/ann"),
        "Users",
    ),
    "an imported group": (lambda s: iam.Group.from_group_name(s, "Group", "devs"), "Groups"),
}

PERMITTED = {
    "an Identity Center role": (
        lambda s: iam.Role.from_role_arn(s, "Role", IDENTITY_CENTER),
        IDENTITY_CENTER,
    ),
    "an immutable role": (lambda s: iam.Role.from_role_arn(s, "Role", ROLE, mutable=False), ROLE),
    "an immutable role that grants to resources": (
        lambda s: iam.Role.from_role_arn(
            s, "Role", ROLE, mutable=False, add_grants_to_resources=True
        ),
        ROLE,
    ),
    "a role of another account": (
        lambda s: iam.Role.from_role_arn(s, "Role", THEIR_ROLE),
        THEIR_ROLE,
    ),
    "a user of another account": (
        lambda s: iam.User.from_user_arn(s, "User", THEIR_USER),
        THEIR_USER,
    ),
    "an ARN": (lambda _: iam.ArnPrincipal(ROLE), ROLE),
    "an ARN of this account": (
        lambda _: iam.ArnPrincipal(f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:user/ann"),
        f"arn:aws:iam::{ACCOUNT}:user/ann",
    ),
    "a precreated role": (precreated, f"arn:aws:iam::{ACCOUNT}:role/ready-made"),
}


def granted(make, *, account=ACCOUNT):
    """The policies and permissions that a grant leaves in the template, and the function's id."""
    scope = stack(account)
    sudo = iam_sudo(scope)
    grant = sudo.grant_sudo(make(scope))
    assert isinstance(grant, iam.Grant)
    assert grant.success
    template = Template.from_stack(scope)
    policies = render(list(template.find_resources("AWS::IAM::Policy").values()))
    permissions = render(list(template.find_resources("AWS::Lambda::Permission").values()))
    function = f"<{scope.get_logical_id(sudo.function.node.default_child)}.Arn>"
    return (
        [policy["Properties"] for policy in policies],
        [permission["Properties"] for permission in permissions],
        function,
    )


@pytest.mark.parametrize(("make", "kind"), WRITTEN.values(), ids=WRITTEN)
def test_an_identity_that_we_may_write_to_gets_a_policy_for_this_function_alone(make, kind):
    (policy,), permissions, function = granted(make)
    assert permissions == []
    assert len(policy[kind]) == 1
    assert policy["PolicyDocument"]["Statement"] == [
        {"Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": function}
    ]


@pytest.mark.parametrize(("make", "arn"), PERMITTED.values(), ids=PERMITTED)
def test_an_identity_that_we_cannot_write_to_gets_a_permission_on_the_function(make, arn):
    policies, (permission,), function = granted(make)
    assert policies == []
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": arn,
    }


@pytest.mark.parametrize("make", [WRITTEN["an imported role"][0], WRITTEN["a role by name"][0]])
def test_without_a_known_account_an_imported_role_gets_its_policy_too(make):
    policies, permissions, _ = granted(make, account=None)
    assert (len(policies), permissions) == (1, [])


def test_a_role_whose_policies_are_not_to_be_updated_gets_a_permission():
    scope = stack(ACCOUNT)
    role = service_role(scope)
    iam_sudo(scope).grant_sudo(role.without_policy_updates())
    template = Template.from_stack(scope)
    template.resource_count_is("AWS::IAM::Policy", 0)
    template.has_resource_properties(
        "AWS::Lambda::Permission",
        {"Principal": scope.resolve(role.role_arn), "Action": "lambda:InvokeFunction"},
    )


def test_a_role_of_the_app_in_another_account_gets_both_halves():
    app = cdk.App()
    here = cdk.Stack(app, "Here", env=cdk.Environment(account=ACCOUNT, region=REGION))
    there = cdk.Stack(app, "There", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION))
    role = iam.Role(
        there, "Role", role_name="dev", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")
    )
    assert iam_sudo(here).grant_sudo(role).success
    (permission,) = Template.from_stack(here).find_resources("AWS::Lambda::Permission").values()
    assert render(permission["Properties"]["Principal"]) == THEIR_ROLE
    (policy,) = Template.from_stack(there).find_resources("AWS::IAM::Policy").values()
    (statement,) = render(policy["Properties"]["PolicyDocument"]["Statement"])
    assert statement["Resource"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:iam-sudo"


def test_several_arns_at_once_get_a_permission_each():
    two = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("a", "b")]
    _, permissions, _ = granted(lambda _: iam.CompositePrincipal(*map(iam.ArnPrincipal, two)))
    assert sorted(permission["Principal"] for permission in permissions) == two


def test_granting_twice_is_granting_once():
    scope = stack(ACCOUNT)
    sudo = iam_sudo(scope)
    role, arn = service_role(scope), iam.ArnPrincipal(ROLE)
    for grantee in (role, arn, role, arn):
        assert sudo.grant_sudo(grantee).success
    template = Template.from_stack(scope)
    template.resource_count_is("AWS::Lambda::Permission", 1)
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    assert len(policy["Properties"]["PolicyDocument"]["Statement"]) == 1


def unknown(scope):
    return lambda_.Function.from_function_arn(
        scope, "Imported", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    )


def in_another_account(scope):
    there = cdk.Stack(
        scope.node.root, "There", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION)
    )
    return iam.Group(there, "Group", group_name="devs")


@pytest.mark.parametrize(
    "make",
    [
        lambda _: iam.AnyPrincipal(),
        lambda _: iam.StarPrincipal(),
        lambda _: iam.AccountRootPrincipal(),
        lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
        lambda _: iam.OrganizationPrincipal("o-1234567890"),
        lambda _: iam.ServicePrincipal("ec2.amazonaws.com"),
        lambda _: iam.FederatedPrincipal(f"arn:aws:iam::{ACCOUNT}:saml-provider/x"),
        lambda _: iam.ArnPrincipal("*"),
        lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:root"),
        lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/*"),
        lambda _: iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:group/devs"),
        lambda _: iam.ArnPrincipal(f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/ann"),
        lambda _: iam.PrincipalWithConditions(
            iam.ArnPrincipal(ROLE), {"StringEquals": {"aws:PrincipalTag/team": "orders"}}
        ),
        lambda s: iam.Group.from_group_arn(s, "G", f"arn:aws:iam::{OTHER_ACCOUNT}:group/devs"),
        in_another_account,
        unknown,
        # Without its path this is no ARN that Lambda would take.
        lambda s: iam.Role.from_role_name(s, "R", "AWSReservedSSO_Developer_0123456789abcdef"),
    ],
)
def test_a_grant_that_would_reach_nobody_or_everybody_is_refused_in_one_line(make):
    scope = stack(ACCOUNT)
    sudo = iam_sudo(scope)
    grantee = make(scope)
    with pytest.raises(CannotGrant, match=r"^grant_sudo: ") as refusal:
        sudo.grant_sudo(grantee)
    assert len(str(refusal.value).splitlines()) == 1
    template = Template.from_stack(scope)
    template.resource_count_is("AWS::Lambda::Permission", 0)
    template.resource_count_is("AWS::IAM::Policy", 0)


def test_the_stack_grants_to_developers_by_their_arns():
    app = cdk.App()
    ready = IamSudoStack(
        app,
        "Ready",
        strategy=SessionPolicyStrategy(),
        development_accounts=[ACCOUNT],
        developers=[
            ROLE,
            f"arn:aws:iam::{ACCOUNT}:user/people/ann",
            f"arn:aws:iam::{ACCOUNT}:group/people/devs",
            IDENTITY_CENTER,
            ROLE,
        ],
        env=cdk.Environment(account=ACCOUNT, region=REGION),
    )
    template = Template.from_stack(ready)
    attached = [
        (kind, policy["Properties"][kind])
        for policy in template.find_resources("AWS::IAM::Policy").values()
        for kind in ("Roles", "Users", "Groups")
        if kind in policy["Properties"]
    ]
    assert sorted(attached) == [("Groups", ["devs"]), ("Roles", ["dev"]), ("Users", ["ann"])]
    template.has_resource_properties("AWS::Lambda::Permission", {"Principal": IDENTITY_CENTER})


def test_a_developer_that_is_no_arn_of_an_identity_is_refused():
    with pytest.raises(InvalidChoice, match=r'^developers: "ann" is not allowed'):
        IamSudoStack(
            cdk.App(),
            "Ready",
            strategy=SessionPolicyStrategy(),
            development_accounts=[ACCOUNT],
            developers=["ann"],
        )


def test_a_path_and_a_hyphen_are_two_developers():
    scope = stack(ACCOUNT)
    sudo = iam_sudo(scope)
    names = ["team/dev", "team-dev", "team/dev"]
    for name in names:
        sudo.grant_sudo(f"arn:aws:iam::{ACCOUNT}:role/{name}")
    policies = Template.from_stack(scope).find_resources("AWS::IAM::Policy")
    granted = [each["Properties"]["Roles"] for each in policies.values()]
    assert sorted(granted) == [["dev"], ["team-dev"]]


@pytest.mark.parametrize("who", ["role/*", "role/a\nb", "user/a b", "group/*", "role/a?"])
def test_an_arn_of_no_identity_is_granted_nothing(who):
    with pytest.raises(CannotGrant, match="is not the ARN of one"):
        iam_sudo(stack(ACCOUNT)).grant_sudo(f"arn:aws:iam::{ACCOUNT}:{who}")


def test_a_class_is_nobody():
    with pytest.raises(CannotGrant, match="neither a role"):
        iam_sudo(stack(ACCOUNT)).grant_sudo(iam.Role)
