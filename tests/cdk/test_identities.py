"""Who is named as a developer is named in full: what would stand for others is refused."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from iam_sudo_cdk import CannotGrant, DeveloperTrust, InvalidChoice
from iam_sudo_cdk.identities import identity_problem
from tests.cdk.opened import tag_trust, task_role
from tests.cdk.templates import ACCOUNT, stack

pytestmark = pytest.mark.slow

IAM = f"arn:aws:iam::{ACCOUNT}"
ONE = [
    f"{IAM}:role/developer",
    f"{IAM}:user/people/ann@example.com",
    f"arn:aws-us-gov:iam::{ACCOUNT}:role/x+=,.@_-",
    f"{IAM}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef",
]
NOT_ONE = [
    f"{IAM}:role/${{aws:PrincipalTag/name}}",
    f"{IAM}:user/${{aws:username}}",
    f"{IAM}:role/x ",
    f" {IAM}:role/x",
    f"{IAM}:role/x\n",
    f"{IAM}:role/",
    f"{IAM}:role",
    f"{IAM}:root",
    f"{IAM}:group/developers",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/x/y",
    f"arn:*:iam::{ACCOUNT}:role/x",
    "arn:aws:iam::11112222333?:role/x",
    "arn:aws:iam::1111:role/x",
    f"{IAM}:role/AWSReservedSSO_Dev_0123456789abcdef",
    f"{IAM}:role/na\u00efve",
    "developer",
    "",
]
SOME = ["arn:aws:iam::*:role/x", f"{IAM}:role/dev*", f"{IAM}:user/people/?nn", f"{IAM}:role/*"]


def tokens():
    own = cdk.Aws.ACCOUNT_ID
    return [own, f"arn:{cdk.Aws.PARTITION}:iam::{own}:role/x", f"{IAM}:role/{own}-x"]


@pytest.mark.parametrize("arn", ONE)
def test_the_arn_of_one_passes(arn):
    assert identity_problem(arn) is None
    assert identity_problem(arn, wildcards=True) is None


def test_what_only_the_deployment_knows_passes():
    assert [identity_problem(each) for each in tokens()] == [None] * 3


@pytest.mark.parametrize("arn", [*NOT_ONE, *SOME])
def test_what_stands_for_many_or_nobody_is_granted_nothing(arn):
    scope = stack(ACCOUNT)
    task_role(scope)
    with pytest.raises(CannotGrant):
        tag_trust(scope, arn)


@pytest.mark.parametrize("arn", NOT_ONE)
def test_the_mixin_refuses_what_grant_sudo_refuses(arn):
    with pytest.raises(InvalidChoice, match="^developers: "):
        DeveloperTrust(developers=[arn], development_accounts=[ACCOUNT])


@pytest.mark.parametrize("arn", SOME)
def test_the_mixin_takes_patterns_of_names(arn):
    scope = stack(ACCOUNT)
    task_role(scope).with_(DeveloperTrust(developers=[arn], development_accounts=[ACCOUNT]))


def test_an_arn_principal_that_is_a_pattern_by_a_variable_is_refused():
    scope = stack(ACCOUNT)
    task_role(scope)
    sudo = tag_trust(scope)
    with pytest.raises(CannotGrant, match="one role or user"):
        sudo.grant_sudo(iam.ArnPrincipal(f"{IAM}:role/${{aws:PrincipalTag/name}}"))
