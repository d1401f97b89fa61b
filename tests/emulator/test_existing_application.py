"""An application that was there before, both ways: nobody's access is lost when stacks come and go.

The tests are the steps of one story, in this order, on examples/existing-application. Somebody of
the support team is an IAM user and not a role's session, see `demo.emulator.CONDITION_KEYS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.blog import Developer
from demo.emulator import ACCOUNT, PROJECT, Emulator
from tests.emulator.conftest import Deployment

pytestmark = pytest.mark.slow

ORDERS, PAYMENTS = "shop-orders", "shop-payments"
ALL = "pipeline/dev/*"
IDENTITY = ("aws", "sts", "get-caller-identity")


@dataclass
class Shop:
    """The application in an account, where `support` may do what it grants and no more."""

    account: Deployment

    def deploy(self, which: str, strategy: str) -> str:
        return self._cdk("deploy", which, strategy)

    def remove(self, which: str, strategy: str) -> None:
        self._cdk("destroy", which, strategy)

    def aws(self, service: str) -> Any:
        return self.account.emulator.client(service)

    def assumes(self) -> set[str]:
        """The roles of the shop that support may assume."""
        return {role for role in self.roles() if self._may_assume(role)}

    def simulates(self) -> set[str]:
        """Those that the broker simulates for support."""
        return {role for role in self.roles() if self._may_simulate(role)}

    def roles(self) -> list[str]:
        """All that the shop's stacks have made, by name."""
        cloudformation = self.aws("cloudformation")
        stacks = cloudformation.describe_stacks()["Stacks"]
        return sorted(
            resource["PhysicalResourceId"]
            for stack in stacks
            if stack["StackName"].startswith("dev-")
            for resource in cloudformation.describe_stack_resources(StackName=stack["StackName"])[
                "StackResources"
            ]
            if resource["ResourceType"] == "AWS::IAM::Role"
        )

    def _may_assume(self, role: str) -> bool:
        sts = self.account.emulator.client("sts", self.account.developer.access_key)
        try:
            sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="ann")
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return False
        return True

    def _may_simulate(self, role: str) -> bool:
        finished = self.account.run("iam-sudo", "simulate", "--role-name", role, *IDENTITY)
        if finished.returncode == 0:
            assert json.loads(finished.stdout)["Arn"].endswith(f"IAMSudoUser/iam-sudo-{role}")
        return finished.returncode == 0

    def _cdk(self, command: str, which: str, strategy: str) -> str:
        return self.account.emulator.cdk(
            command,
            which,
            *("-c", f"strategy={strategy}"),
            *("-c", f"development_account={ACCOUNT}"),
            *("-c", f"support={self.account.developer.arn}"),
            app_dir=PROJECT / "examples" / "existing-application",
            progress=lambda _line: None,
        )


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Emulator.start() as emulator:
        emulator.bootstrap(lambda _line: None)
        iam = emulator.client("iam")
        arn = iam.create_user(UserName="support")["User"]["Arn"]
        support = Developer(arn, iam.create_access_key(UserName="support")["AccessKey"])
        yield Shop(Deployment(emulator, support))


def of_function(roles: set[str]) -> set[str]:
    return {role for role in roles if role.startswith("dev-payments-Notifier")}


def test_tag_trust_opens_what_is_used_and_no_helper(shop: Shop) -> None:
    shop.deploy(ALL, "tag-trust")
    opened = shop.assumes()
    assert opened - of_function(opened) == {ORDERS, PAYMENTS}
    assert len(of_function(opened)) == 1
    assert any("Seeder" in role for role in shop.roles())


def test_deployed_again_nothing_changes(shop: Shop) -> None:
    before = shop.assumes()
    said = shop.deploy(ALL, "tag-trust")
    assert said.count("(no changes)") == 3
    assert shop.assumes() == before


@pytest.mark.parametrize(("gone", "stays"), [("orders", PAYMENTS), ("payments", ORDERS)])
def test_a_stack_that_goes_takes_nobodys_access_to_the_others(
    shop: Shop, gone: str, stays: str
) -> None:
    shop.remove(f"pipeline/dev/{gone}", "tag-trust")
    left = shop.assumes()
    assert stays in left
    assert (ORDERS in left) == (gone != "orders")  # the account's stack has the role of payments
    shop.deploy(ALL, "tag-trust")
    assert {ORDERS, PAYMENTS} <= shop.assumes()


def test_while_people_move_both_ways_are_there(shop: Shop) -> None:
    shop.deploy(ALL, "both")
    assert {ORDERS, PAYMENTS} <= shop.assumes()
    assert shop.simulates() == {ORDERS, PAYMENTS}


def test_session_policy_is_the_broker_alone(shop: Shop) -> None:
    shop.deploy(ALL, "session-policy")
    assert shop.assumes() == set()
    assert shop.simulates() == {ORDERS, PAYMENTS}
    assert shop.deploy(ALL, "session-policy").count("(no changes)") == 3


@pytest.mark.parametrize(("gone", "stays"), [("payments", {ORDERS}), ("orders", {PAYMENTS})])
def test_the_broker_stays_when_another_stack_goes(shop: Shop, gone: str, stays: set[str]) -> None:
    shop.remove(f"pipeline/dev/{gone}", "session-policy")
    assert stays <= shop.simulates()
    shop.deploy(ALL, "session-policy")
    assert shop.simulates() == {ORDERS, PAYMENTS}


def test_and_back(shop: Shop) -> None:
    shop.deploy(ALL, "tag-trust")
    assert shop.simulates() == set()
    assert {ORDERS, PAYMENTS} <= shop.assumes()


def test_without_us_nothing_is_left_of_us(shop: Shop) -> None:
    for stack in ("payments", "orders", "account"):
        shop.remove(f"pipeline/dev/{stack}", "tag-trust")
    iam = shop.aws("iam")
    assert iam.list_user_policies(UserName="support")["PolicyNames"] == []
    policies = [each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]]
    roles = [each["RoleName"] for each in iam.list_roles()["Roles"]]
    assert not any(name.lower().startswith(("iam-sudo", "iamsudo")) for name in policies + roles)
