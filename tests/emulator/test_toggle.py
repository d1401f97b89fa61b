"""The toggle on a real application: examples/fargate-service, there, both, and back.

The developer is an IAM user and not a role's session, see `demo.emulator.CONDITION_KEYS`.
The tests are the steps of one story, in this order. It has an emulator of its own, because the
broker's names are one a account.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.blog import Developer
from demo.emulator import ACCOUNT, PROJECT, REGION, Emulator
from tests.emulator.conftest import Deployment, Finished, allow, document

pytestmark = pytest.mark.slow

ROLE = "orders-task"
IDENTITY = ("aws", "sts", "get-caller-identity")
ITSELF = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/iam-sudo-{ROLE}"
SIMULATED = f"arn:aws:sts::{ACCOUNT}:assumed-role/IAMSudoUser/iam-sudo-{ROLE}"
TAG = {"iam-sudo:developers": "allowed"}
OTHERS: dict[str, dict[str, str]] = {
    # They trust the whole account, so it is the developer's own policy that keeps them closed.
    "untagged": {},
    "of-prod": {"iam-sudo:developers": "prod"},
    "tagged-otherwise": {"team": "allowed"},
    # With the tag, all of them, as `cdk bootstrap --tags` or a stack's own tags would put it there.
    f"cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}": TAG,
    "cdk-mine-deploy-role": TAG,
    "brokers-own": TAG | {"iam-sudo:broker": "yes"},
}


@dataclass
class Story:
    """The example in an account, where `ann` may do nothing but what the example grants."""

    account: Deployment
    deployed: dict[str, Any] = field(default_factory=dict)

    def deploy(self, strategy: str) -> None:
        self._cdk("deploy", strategy)
        self.deployed.setdefault(strategy, self.facts())

    def diff(self, strategy: str) -> str:
        return self._cdk("diff", strategy)

    def facts(self) -> dict[str, Any]:
        """All that the application is, as CloudFormation and IAM have it now."""
        stack = self.aws("cloudformation")
        resources = stack.describe_stack_resources(StackName="orders")["StackResources"]
        return {
            "template": stack.get_template(StackName="orders")["TemplateBody"],
            "resources": {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources},
            "trust": self.trust(),
            "tags": self.tags(),
            "roles": sorted(r["RoleName"] for r in self.aws("iam").list_roles()["Roles"]),
            "policies": self.aws("iam").list_user_policies(UserName="ann")["PolicyNames"],
            "functions": [
                f["FunctionName"] for f in self.aws("lambda").list_functions()["Functions"]
            ],
            "logs": [
                g["logGroupName"] for g in self.aws("logs").describe_log_groups()["logGroups"]
            ],
        }

    def trust(self) -> list[dict[str, Any]]:
        role = self.aws("iam").get_role(RoleName=ROLE)["Role"]
        statements: list[dict[str, Any]] = role["AssumeRolePolicyDocument"]["Statement"]
        return statements

    def tags(self) -> dict[str, str]:
        tags = self.aws("iam").list_role_tags(RoleName=ROLE)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}

    def aws(self, service: str) -> Any:
        return self.account.emulator.client(service)

    def may_assume(self, role: str = ROLE) -> bool:
        finished = self.account.run("iam-sudo", "assume", "--role-name", role, *IDENTITY)
        return _succeeded(finished, f"assumed-role/{role}/iam-sudo-{role}")

    def assume(self, role: str) -> None:
        sts = self.account.emulator.client("sts", self.account.developer.access_key)
        sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="ann")

    def may_simulate(self) -> bool:
        finished = self.account.run("iam-sudo", "simulate", "--role-name", ROLE, *IDENTITY)
        return _succeeded(finished, SIMULATED)

    def _cdk(self, command: str, strategy: str) -> str:
        return self.account.emulator.cdk(
            command,
            *("-c", f"strategy={strategy}"),
            *("-c", f"development_account={ACCOUNT}"),
            *("-c", f"developer={self.account.developer.arn}"),
            app_dir=PROJECT / "examples" / "fargate-service",
            progress=lambda _line: None,
        )


def _succeeded(finished: Finished, identity: str) -> bool:
    if finished.returncode == 0:
        assert json.loads(finished.stdout)["Arn"].endswith(identity)
        return True
    assert (finished.returncode, finished.stdout) == (125, "")
    assert finished.stderr.startswith("ERROR: ")
    assert "Traceback" not in finished.stderr
    return False


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with Emulator.start() as emulator:
        emulator.bootstrap(lambda _line: None)
        iam = emulator.client("iam")
        arn = iam.create_user(UserName="ann")["User"]["Arn"]
        ann = Developer(arn, iam.create_access_key(UserName="ann")["AccessKey"])
        account = Deployment(emulator, ann)
        there = {role["RoleName"] for role in iam.list_roles()["Roles"]}
        for name, tags in (OTHERS | {"reached": TAG}).items():
            if name not in there:
                account.role(name, trust={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
            iam.tag_role(RoleName=name, Tags=_listed(tags))
        account.role("tagged-but-not-trusting")
        iam.tag_role(RoleName="tagged-but-not-trusting", Tags=_listed(TAG))
        yield Story(account)


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_tag_trust_is_deployed_and_the_developer_is_the_role(story: Story) -> None:
    story.deploy("tag-trust")
    assert story.tags() == TAG
    assert len(story.trust()) == 2
    assert story.may_assume()


@pytest.mark.parametrize("role", OTHERS)
def test_roles_with_another_tag_or_none_are_closed(story: Story, role: str) -> None:
    assert not story.may_assume(role)
    with pytest.raises(ClientError, match="no identity-based policy allows the sts:AssumeRole"):
        story.assume(role)


def test_what_the_grant_does_not_leave_out_is_reached_by_the_tag(story: Story) -> None:
    # So it is for their names and their tag that the others are closed.
    story.assume("reached")


def test_a_base_role_that_trusts_the_account_is_left_out_too(story: Story) -> None:
    # As with allow_local_simulation, under a tag of its stack.
    story.account.role("IAMSudoUser", trust={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    story.aws("iam").tag_role(RoleName="IAMSudoUser", Tags=_listed(TAG))
    with pytest.raises(ClientError, match="no identity-based policy allows the sts:AssumeRole"):
        story.assume("IAMSudoUser")
    story.aws("iam").delete_role(RoleName="IAMSudoUser")  # the story deploys one


def test_a_session_of_the_role_is_given_no_tags(story: Story) -> None:
    sts = story.account.emulator.client("sts", story.account.developer.access_key)
    session = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", "RoleSessionName": "ann"}
    assert sts.assume_role(**session)["Credentials"]
    with pytest.raises(ClientError, match="sts:TagSession on resource"):
        sts.assume_role(**session, Tags=_listed({"tenant": "green"}))


def test_a_role_with_the_tag_alone_is_closed(story: Story) -> None:
    assert not story.may_assume("tagged-but-not-trusting")
    # It is the role that denies: the words for a policy of one's own are others.
    with pytest.raises(ClientError, match="sts:AssumeRole on resource: .*tagged-but-not-trusting"):
        story.assume("tagged-but-not-trusting")


def test_the_service_can_still_be_its_role(story: Story) -> None:
    assert story.trust()[0] == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    }
    [task] = story.aws("ecs").list_task_definitions()["taskDefinitionArns"]
    definition = story.aws("ecs").describe_task_definition(taskDefinition=task)["taskDefinition"]
    assert definition["taskRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


def test_the_role_is_open_to_nobody_else_in_the_account(story: Story) -> None:
    somebody = story.account.user("ann-2", allow("sts:*", "iam:*"))
    finished = story.account.run(
        "iam-sudo", "assume", "--role-name", ROLE, *IDENTITY, credentials=somebody
    )
    assert not _succeeded(finished, ITSELF)


def test_tag_trust_has_no_broker_to_ask(story: Story) -> None:
    assert not story.may_simulate()
    assert story.facts()["functions"] == []


def test_the_developer_may_do_what_the_role_may_do(story: Story) -> None:
    iam = story.aws("iam")
    text = document(allow("ssm:DescribeParameters"))
    iam.put_role_policy(RoleName=ROLE, PolicyName="describe", PolicyDocument=text)
    assume = ("iam-sudo", "assume", "--role-name", ROLE, "aws")
    assert story.account.run(*assume, "ssm", "describe-parameters").returncode == 0
    assert "AccessDenied" in story.account.run(*assume, "s3api", "list-buckets").stderr
    iam.delete_role_policy(RoleName=ROLE, PolicyName="describe")


def test_session_policy_takes_the_statement_and_the_tag_away(story: Story) -> None:
    story.deploy("session-policy")
    assert story.tags() == {}
    assert [statement["Principal"] for statement in story.trust()] == [
        {"Service": "ecs-tasks.amazonaws.com"}
    ]


def test_session_policy_simulates_and_does_not_assume(story: Story) -> None:
    assert story.may_simulate()
    assert not story.may_assume()


@pytest.fixture
def ann_may_look(story: Story) -> Iterator[None]:
    """What AWS's ViewOnlyAccess has of Amazon ECS and CloudFormation."""
    iam = story.aws("iam")
    looks = document(allow("ecs:Describe*", "ecs:List*", "cloudformation:List*"))
    iam.put_user_policy(UserName="ann", PolicyName="looks", PolicyDocument=looks)
    yield
    iam.delete_user_policy(UserName="ann", PolicyName="looks")


RUNS_THE_PROGRAM = (
    *("iam-sudo", "simulate", "--role-of", "ecs:orders/web"),
    *("--environment", "--", "python", "app.py"),
)


def in_its_folder(story: Story, *command: str) -> Finished:
    return subprocess.run(
        command,
        env=story.account.emulator.environment(story.account.developer.access_key),
        cwd=PROJECT / "examples" / "fargate-service" / "orders",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_service_s_program_runs_with_what_its_task_gets(
    story: Story, ann_may_look: None
) -> None:
    finished = in_its_folder(story, *RUNS_THE_PROGRAM)
    assert finished.stderr == ""
    stage, currency, user, password = finished.stdout.splitlines()
    assert (stage, currency, user) == ("STAGE=dev", "CURRENCY=EUR", "DATABASE_USER=orders")
    assert re.fullmatch(r"DATABASE_PASSWORD=\*{8,}", password)
    assert finished.returncode == 0


def test_the_service_s_program_is_the_task_role_and_not_the_execution_role(
    story: Story, ann_may_look: None
) -> None:
    finished = in_its_folder(story, *RUNS_THE_PROGRAM[:-2], *IDENTITY)
    assert _succeeded(finished, SIMULATED)


def test_other_ways_to_the_role_are_the_same_role(story: Story, ann_may_look: None) -> None:
    [arn] = story.aws("ecs").list_task_definitions()["taskDefinitionArns"]
    resources = story.facts()["resources"]
    [logical_id] = [id for id, physical in resources.items() if physical == ROLE]
    for workload in ("ecs:orders/web", arn, f"stack:orders/{logical_id}"):
        finished = story.account.run("iam-sudo", "explain", "--role-of", workload)
        assert f"Role       {ROLE} (" in finished.stdout, finished.stderr


def test_who_may_not_look_the_service_up_is_told_the_call(story: Story) -> None:
    finished = in_its_folder(story, *RUNS_THE_PROGRAM)
    assert (finished.returncode, finished.stdout) == (125, "")
    assert finished.stderr.startswith("ERROR: ecs:orders/web: DescribeServices failed: AccessDen")
    assert "ask for ecs:DescribeServices, or name the role itself by --role-name" in finished.stderr


def test_secrets_are_not_read_as_oneself_unless_one_may(story: Story, ann_may_look: None) -> None:
    finished = in_its_folder(story, *RUNS_THE_PROGRAM[:-3], "--secrets-as", "caller", "env")
    assert (finished.returncode, finished.stdout) == (125, "")
    [line] = finished.stderr.splitlines()
    assert "CURRENCY (arn:aws:ssm:" in line or "DATABASE_" in line
    assert "cannot be read as you: " in line


def test_session_policy_leaves_ann_no_permission_to_assume(story: Story) -> None:
    iam = story.aws("iam")
    names = iam.list_user_policies(UserName="ann")["PolicyNames"]
    policies = [iam.get_user_policy(UserName="ann", PolicyName=name) for name in names]
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    assert [statement["Action"] for statement in statements] == ["lambda:InvokeFunction"]


def test_both_has_both_ways_while_people_move(story: Story) -> None:
    story.deploy("both")
    assert story.may_simulate()
    assert story.may_assume()


def test_back_at_tag_trust_everything_is_as_it_was(story: Story) -> None:
    story.deploy("tag-trust")
    assert story.facts() == story.deployed["tag-trust"]
    assert story.may_assume()
    assert not story.may_simulate()


def test_cdk_diff_finds_no_difference_after_toggling_back(story: Story) -> None:
    said = story.diff("tag-trust")
    assert "There were no differences" in said
    assert "Number of stacks with differences: 0" in said


def test_cdk_diff_would_have_found_one(story: Story) -> None:
    assert "Number of stacks with differences: 1" in story.diff("session-policy")
