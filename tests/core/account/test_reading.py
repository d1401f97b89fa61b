"""What AWS does not say is never taken for "there is none"."""

from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto.iam.models import iam_backends

from iam_sudo_core import errors
from iam_sudo_core.account import assuming, calls
from iam_sudo_core.broker import simulate
from tests.aws_account import ACCOUNT, Account, allow
from tests.core.conftest import CONTEXT

NAME = "iam-sudo-demo-task"


def test_a_list_that_is_cut_off_is_not_the_list() -> None:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    iam = boto3.client("iam", region_name="eu-west-1", **keys)
    replies = Stubber(iam)
    replies.add_response("list_role_policies", {"PolicyNames": ["a"], "IsTruncated": True})
    replies.activate()
    with pytest.raises(errors.AwsCallFailed, match="ListRolePolicies failed: UnreadableReply"):
        calls.pages(iam, "list_role_policies", "PolicyNames", RoleName=NAME)


def test_a_role_whose_name_has_another_case_is_not_the_role(
    account: Account, broker: ModuleType
) -> None:
    account.role(NAME, inline={"p": {"Version": "2012-10-17", "Statement": [allow("s3:*")]}})

    def in_another_case(params: dict[str, Any], **_: Any) -> None:
        # As IAM does, which finds a name in any case.
        params["RoleName"] = NAME

    broker._IAM.meta.events.register("before-parameter-build.iam.GetRole", in_another_case)
    assert broker.handler({"role_name": NAME}, CONTEXT)["AccessKeyId"]
    with pytest.raises(errors.RoleNotFound):
        broker.handler({"role_name": NAME.title()}, CONTEXT)


def test_a_boundary_without_an_arn_is_not_no_boundary(account: Account, broker: ModuleType) -> None:
    account.role(NAME, inline={"p": {"Version": "2012-10-17", "Statement": [allow("s3:*")]}})

    def without_an_arn(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Role"]["PermissionsBoundary"] = {}

    broker._IAM.meta.events.register("after-call.iam.GetRole", without_an_arn)
    with pytest.raises(errors.BrokerFailure):
        broker.handler({"role_name": NAME}, CONTEXT)


def test_a_managed_policy_that_was_deleted_and_made_anew_is_another_one(
    account: Account, broker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = iam_backends[ACCOUNT]["aws"]
    boundary = account.managed_policy("boundary", allow("s3:*"))
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*")]}
    account.role(NAME, inline={"p": document}, boundary=boundary)

    def made_anew(*arguments: Any, **more: Any) -> Any:
        stored.managed_policies.pop(boundary)
        assert account.managed_policy("boundary", allow("s3:GetObject")) == boundary
        return assuming.assume_unchanged(*arguments, **more)

    monkeypatch.setattr(simulate, "assume_unchanged", made_anew)
    with pytest.raises(errors.RoleChanged, match="versions"):
        broker.handler({"role_name": NAME}, CONTEXT)


TWICE = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}'
)


def test_a_policy_that_says_something_twice_under_one_key_is_not_understood(
    account: Account, broker: ModuleType
) -> None:
    account.role(NAME, inline={"p": {"Version": "2012-10-17", "Statement": [allow("s3:*")]}})
    role = iam_backends[ACCOUNT]["aws"].get_role(NAME)
    role.policies["p"] = TWICE
    with pytest.raises(errors.PolicyNotUnderstood, match="it is not an object"):
        broker.handler({"role_name": NAME}, CONTEXT)


def test_a_managed_policy_and_a_trust_policy_are_not_understood_either(
    account: Account, broker: ModuleType
) -> None:
    boundary = account.managed_policy("boundary", allow("s3:*"))
    stored = iam_backends[ACCOUNT]["aws"]
    stored.managed_policies[boundary].versions[0].document = TWICE
    account.role(NAME, boundary=boundary)
    with pytest.raises(errors.PolicyNotUnderstood, match="boundary.* it is not an object"):
        broker.handler({"role_name": NAME}, CONTEXT)
    stored.get_role(NAME).assume_role_policy_document = TWICE
    with pytest.raises(errors.TrustPolicyNotUnderstood):
        broker.handler({"role_name": NAME}, CONTEXT)
