"""What a session is asked about its caller: the role's tags go with it, and nothing gets round."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core import errors
from tests.aws_account import ACCOUNT, Account, Calls, allow
from tests.core.conftest import CONTEXT, ONE, Invoke, sent

# The principal's tags.

DEV = {"StringEquals": {"aws:PrincipalTag/env": "dev"}}
TESTS_ENV = {"Version": "2012-10-17", "Statement": [allow("s3:*", Condition=DEV)]}


def test_the_tags_of_the_role_are_the_tags_of_the_session(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV}, tags={"env": "prod", "a": ""})
    parameters = invoke()
    assert parameters["Tags"] == [{"Key": "env", "Value": "prod"}, {"Key": "a", "Value": ""}]
    assert sent(parameters) == TESTS_ENV["Statement"]


def test_a_tag_of_the_base_role_opens_no_role_that_lacks_it(
    account: Account, refused: Callable[..., None]
) -> None:
    account.tag("IAMSudoUser", Env="dev")
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/env, and .* base role's tags")


def test_the_tags_of_a_namesake_are_not_those_of_the_base_role(
    account: Account, refused: Callable[..., None]
) -> None:
    iam_backends[ACCOUNT]["aws"].get_role("IAMSudoUser").path = "/elsewhere/"
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/env")


def test_the_same_in_a_managed_policy(account: Account, refused: Callable[..., None]) -> None:
    managed = account.managed_policy("tests-env", *TESTS_ENV["Statement"])
    account.tag("IAMSudoUser", env="dev")
    account.role("iam-sudo-demo-task", managed=(managed,))
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/env")


def test_managed_policies_and_the_base_roles_tags_are_read_and_nothing_more(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    arns = (account.managed_policy("a", allow("s3:*")), account.managed_policy("b", allow("sqs:*")))
    account.role("iam-sudo-demo-task", managed=arns)
    broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert sorted(operation for operation, _ in calls) == [
        "AssumeRole",
        *["GetPolicy"] * 2,
        *["GetPolicyVersion"] * 2,
        *["GetRole"] * 2,
        "ListAttachedRolePolicies",
        "ListRolePolicies",
    ]


def test_a_role_that_is_not_tagged_is_as_the_base_role_without_tags(
    account: Account, invoke: Invoke
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV})
    assert "Tags" not in invoke()


def test_a_tag_that_nobody_can_pass_is_not_passed(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"aws:x": "y", "env": "dev"})
    assert invoke()["Tags"] == [{"Key": "env", "Value": "dev"}]


def test_a_test_of_a_tag_that_nobody_can_pass_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    stack = {"StringEquals": {"aws:PrincipalTag/aws:stack": "dev"}}
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*", Condition=stack)]}
    account.role("iam-sudo-demo-task", inline={"one": document}, tags={"aws:stack": "dev"})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/aws:stack")


def deny_tag_session(broker: ModuleType) -> None:
    def deny(params: dict[str, Any], **_: Any) -> None:
        if "Tags.member.1.Key" in params["body"]:
            message = "User: me is not authorized to perform: sts:TagSession on resource: it"
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", deny)


def test_without_tag_session_a_role_that_tests_no_tag_goes_without_tags(
    account: Account, broker: ModuleType, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    deny_tag_session(broker)
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"env": "dev"})
    broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    first, second = [parameters for operation, parameters in calls if operation == "AssumeRole"]
    assert first.pop("Tags")
    assert first == second
    audit = json.loads(capsys.readouterr().out)
    assert "sts:TagSession" in audit["tags_denied"]
    assert audit["session_tags"] == 0


def test_another_denial_is_not_taken_for_one_of_tags(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    def deny(**_: Any) -> None:
        message = "User: me is not authorized to perform: sts:AssumeRole on resource: it"
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", deny)
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"env": "dev"})
    with pytest.raises(errors.AwsCallFailed, match="sts:AssumeRole"):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert [operation for operation, _ in calls].count("AssumeRole") == 1


@pytest.mark.parametrize("kind", ["inline", "managed"])
def test_without_tag_session_a_role_that_tests_a_tag_is_refused(
    account: Account, broker: ModuleType, calls: Calls, kind: str
) -> None:
    deny_tag_session(broker)
    managed = (account.managed_policy("tests-env", *TESTS_ENV["Statement"]),)
    policies: Any = {"managed": managed} if kind == "managed" else {"inline": {"one": TESTS_ENV}}
    account.role("iam-sudo-demo-task", tags={"env": "prod"}, **policies)
    with pytest.raises(errors.PrincipalTagDiffers, match="without sts:TagSession"):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert [operation for operation, _ in calls].count("AssumeRole") == 1


def test_a_document_that_came_as_text_is_refused(
    account: Account, refused: Callable[..., None], broker: ModuleType
) -> None:
    managed = account.managed_policy("odd", *TESTS_ENV["Statement"])
    account.role("iam-sudo-demo-task", managed=(managed,))

    def as_text(parsed: dict[str, Any], **_: Any) -> None:
        # What botocore leaves of a document that it cannot decode.
        parsed["PolicyVersion"]["Document"] = "%7B%22Statement%22%3A%20...aws%3APrincipalTag%2Fenv"

    broker._IAM.meta.events.register("after-call.iam.GetPolicyVersion", as_text)
    refused(errors.PolicyNotUnderstood, "policy/odd.* it is not an object")


# Who is calling.

ME = "arn:aws:iam::*:role/iam-sudo-demo-*"


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Condition": {"ArnLike": {"aws:PrincipalArn": ME}}},
        {"Effect": "Deny", "Condition": {"ForAnyValue:ArnLike": {"AWS:principalarn": [ME]}}},
        {"Effect": "Deny", "Resource": "arn:aws:s3:::b/${aws:userid}/*"},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": ME}}},
        {"Condition": {"StringEqualsIfExists": {"aws:userid": "AROAX:me"}}},
        {"Condition": {"Null": {"aws:userid": "true"}}},
        {"Condition": {"StringNotEquals": {"aws:ResourceTag/owner": "${aws:userid}"}}},
    ],
)
@pytest.mark.parametrize("where", ["inline", "managed", "boundary"])
def test_what_holds_the_role_back_and_not_the_session_is_refused(
    account: Account, refused: Callable[..., None], statement: dict[str, Any], where: str
) -> None:
    odd = allow("s3:DeleteObject") | statement
    policies: dict[str, Any] = {"inline": {"one": ONE}}
    if where == "inline":
        policies["inline"]["two"] = {"Version": "2012-10-17", "Statement": [allow("*"), odd]}
    elif where == "managed":
        policies["managed"] = (account.managed_policy("two", odd),)
    else:
        policies["boundary"] = account.managed_policy("two", allow("ssm:*"), odd)
    account.role("iam-sudo-demo-task", **policies)
    refused(errors.CallerIdentityTested, "two")


def test_a_not_resource_with_the_callers_id_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    others = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/${aws:userid}"}
    document = {"Version": "2012-10-17", "Statement": [others]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    refused(errors.CallerIdentityTested, "aws:userid")


def test_an_allow_for_the_caller_is_a_difference_and_no_refusal(
    account: Account, invoke: Invoke
) -> None:
    mine = allow("s3:*", Condition={"ArnLike": {"aws:PrincipalArn": ME}})
    account.role(
        "iam-sudo-demo-task", inline={"one": {"Version": "2012-10-17", "Statement": [mine]}}
    )
    assert sent(invoke()) == [mine]
