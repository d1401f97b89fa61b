"""Roles as they are in the wild, and the real broker: exactly the role, or a refusal."""

import json
from typing import Any

import pytest

from demo.emulator import ACCOUNT
from tests.emulator.conftest import Deployment, Finished, allow, document

pytestmark = pytest.mark.slow

BUCKETS = ("s3api", "list-buckets")
PARAMETERS = ("ssm", "describe-parameters")
TOPICS = ("sns", "list-topics")
NEW_TOPIC = ("sns", "create-topic", "--name", "t")
DENIED = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation")


def may(deployment: Deployment, session: dict[str, str], *command: str) -> bool:
    finished = deployment.run("aws", *command, credentials=session)
    if finished.returncode == 0:
        return True
    assert any(code in finished.stderr for code in DENIED), finished.stderr
    return False


def managed_policy(deployment: Deployment, name: str, *statements: dict[str, Any]) -> str:
    iam = deployment.emulator.client("iam")
    made = iam.create_policy(PolicyName=name, PolicyDocument=document(*statements))
    arn: str = made["Policy"]["Arn"]
    return arn


def explain(deployment: Deployment, role_name: str, *options: str) -> Finished:
    return deployment.run("iam-sudo", "explain", "--role-name", role_name, *options)


def test_a_role_with_a_boundary_may_do_what_both_allow(deployment: Deployment) -> None:
    deployment.role("iam-sudo-demo-bounded", allow("s3:ListAllMyBuckets", "sns:*"))
    boundary = managed_policy(
        deployment, "boundary", allow("s3:*", "sns:List*"), allow("ssm:DescribeParameters")
    )
    iam = deployment.emulator.client("iam")
    iam.put_role_permissions_boundary(
        RoleName="iam-sudo-demo-bounded", PermissionsBoundary=boundary
    )
    session = deployment.simulated("iam-sudo-demo-bounded")
    assert may(deployment, session, *BUCKETS)
    assert may(deployment, session, *TOPICS)
    assert not may(deployment, session, *NEW_TOPIC), "the boundary cuts it"
    assert not may(deployment, session, *PARAMETERS), "the boundary alone allows it"

    explained = explain(deployment, "iam-sudo-demo-bounded", "--json")
    assert explained.returncode == 0, explained.stderr
    [cut] = json.loads(explained.stdout)["cut_by_boundary"]
    assert cut["detail"] == "does not allow all of: sns:*"


def test_a_role_with_fourteen_managed_policies(deployment: Deployment) -> None:
    deployment.role("iam-sudo-demo-fourteen")
    iam = deployment.emulator.client("iam")
    actions = ["s3:ListAllMyBuckets", "ssm:DescribeParameters"]
    actions += [f"dynamodb:Get{number}" for number in range(12)]
    for number, action in enumerate(actions):
        arn = managed_policy(deployment, f"fourteen-{number}", allow(action))
        iam.attach_role_policy(RoleName="iam-sudo-demo-fourteen", PolicyArn=arn)
    session = deployment.simulated("iam-sudo-demo-fourteen")
    assert may(deployment, session, *BUCKETS)
    assert may(deployment, session, *PARAMETERS)
    assert not may(deployment, session, *TOPICS)

    plan = json.loads(explain(deployment, "iam-sudo-demo-fourteen", "--json").stdout)["plan"]
    assert len(plan["policy_arns"]) == 10
    assert [step.endswith("moved inline") for step in plan["how"]] == [False, *[True] * 4]


def test_a_role_of_2600_characters_that_compact_to_fit(deployment: Deployment) -> None:
    repeated = [
        allow("s3:ListAllMyBuckets", f"dynamodb:Get{number}", "sns:List*") for number in range(27)
    ]
    assert 2_600 < len(document(*repeated).replace(" ", "")) < 2_700
    deployment.role("iam-sudo-demo-wordy", *repeated)
    session = deployment.simulated("iam-sudo-demo-wordy")
    assert may(deployment, session, *BUCKETS)
    assert may(deployment, session, *TOPICS)
    assert not may(deployment, session, *NEW_TOPIC)

    shown = explain(deployment, "iam-sudo-demo-wordy", "--diff")
    assert shown.returncode == 0, shown.stderr
    assert "Session policies, compacted: " in shown.stdout
    assert "+++ session policy" in shown.stdout


def test_a_role_that_nothing_can_carry_is_refused_with_its_sizes(deployment: Deployment) -> None:
    away = [f"arn:aws:s3:::bucket-{number}/{'x' * 100}" for number in range(60)]
    denial = {"Effect": "Deny", "Action": "s3:*", "NotResource": away}
    assert 7_000 < len(document(denial)) < 9_900
    deployment.role("iam-sudo-demo-huge", denial)
    for command in ("simulate", "explain"):
        command_line = ["iam-sudo", command, "--role-name", "iam-sudo-demo-huge"]
        if command == "simulate":
            command_line.append("true")
        refused = deployment.run(*command_line)
        assert (refused.returncode, refused.stdout) == (125 if command == "simulate" else 1, "")
        [line] = refused.stderr.splitlines()
        assert "characters and STS accepts 2,048 (p 7," in line
        assert "nor do 10 managed policies of 6,144 characters hold what the role may do" in line


def test_a_session_has_the_tags_of_its_role(deployment: Deployment) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "orders"}}
    for name, team in (("mine", "orders"), ("theirs", "payments")):
        role = f"iam-sudo-demo-tagged-{name}"
        deployment.role(role, allow("s3:ListAllMyBuckets") | {"Condition": condition})
        deployment.emulator.client("iam").tag_role(
            RoleName=role, Tags=[{"Key": "team", "Value": team}]
        )
    assert may(deployment, deployment.simulated("iam-sudo-demo-tagged-mine"), *BUCKETS)
    assert not may(deployment, deployment.simulated("iam-sudo-demo-tagged-theirs"), *BUCKETS)


def test_differences_are_named_and_the_exit_code_is_3(deployment: Deployment) -> None:
    principal = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}
    deployment.role(
        "iam-sudo-demo-different",
        allow("iam:PassRole", "s3:GetObject"),
        allow("sqs:SendMessage") | {"Condition": principal},
    )
    explained = explain(deployment, "iam-sudo-demo-different", "--json")
    assert explained.returncode == 3, explained.stderr
    differences = json.loads(explained.stdout)["differences"]
    assert [(each["kind"], each["detail"]) for each in differences] == [
        ("base-role", "does not allow all of: iam:PassRole"),
        ("caller-identity", "tests aws:principalarn"),
    ]
    in_words = deployment.run(
        "iam-sudo", "simulate", "--explain", "--role-name", "iam-sudo-demo-different"
    )
    assert in_words.returncode == 3
    assert "base-role does not allow all of: iam:PassRole" in in_words.stdout


def test_what_is_not_selected_is_not_explained(deployment: Deployment) -> None:
    refused = explain(deployment, "other-team-task")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "its name matches no allowed pattern" in refused.stderr


def test_a_local_explanation_needs_no_more_than_reading(deployment: Deployment) -> None:
    reader = deployment.user("reader", allow("iam:Get*", "iam:List*"))
    explained = deployment.run(
        "iam-sudo", "explain", "--local", "--role-name", "iam-sudo-demo-my-task", credentials=reader
    )
    assert explained.returncode == 0, explained.stderr
    assert "Base role  arn:aws:iam::111122223333:role/IAMSudoUser" in explained.stdout


def test_a_session_without_tag_session_is_refused_where_a_tag_is_tested(
    deployment: Deployment,
) -> None:
    iam = deployment.emulator.client("iam")
    base = deployment.role("untaggable-base", trust={"AWS": [ACCOUNT]})
    iam.attach_role_policy(
        RoleName="untaggable-base", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess"
    )
    condition = {"StringEquals": {"aws:PrincipalTag/team": "orders"}}
    deployment.role("tests-a-tag", allow("s3:ListAllMyBuckets") | {"Condition": condition})
    deployment.role("tests-none", allow("s3:ListAllMyBuckets"))
    for role in ("tests-a-tag", "tests-none"):
        iam.tag_role(RoleName=role, Tags=[{"Key": "team", "Value": "payments"}])
    caller = deployment.user("untagging", allow("iam:Get*", "iam:List*", "sts:AssumeRole"))

    def simulate(role: str) -> Finished:
        return deployment.run(
            "iam-sudo", "simulate", "--local", "--role-name", role, "--base-role", base,
            "aws", *BUCKETS, credentials=caller,
        )  # fmt: skip

    assert simulate("tests-none").returncode == 0
    refused = simulate("tests-a-tag")
    assert refused.returncode == 125
    assert "without sts:TagSession" in refused.stderr


def test_what_holds_the_role_back_and_not_the_session_is_refused(deployment: Deployment) -> None:
    elsewhere = {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:*:{ACCOUNT}:function:f"}}
    for number, condition in enumerate(
        (elsewhere, {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}})
    ):
        role = f"iam-sudo-demo-held-back-{number}"
        denial = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition}
        deployment.role(role, allow("s3:*"), denial)
        refused = deployment.run("iam-sudo", "simulate", "--role-name", role, "aws", *BUCKETS)
        assert (refused.returncode, refused.stdout) == (125, "")
        [key] = next(iter(condition.values()))
        assert f'policy "p" holds something back by testing {key}' in refused.stderr


def test_fields_that_an_arn_lacks_are_filled_in(deployment: Deployment) -> None:
    deployment.role("iam-sudo-demo-incomplete", allow("sns:*", resource="arn:aws:sns"))
    session = deployment.simulated("iam-sudo-demo-incomplete")
    assert may(deployment, session, *NEW_TOPIC)
    explained = explain(deployment, "iam-sudo-demo-incomplete", "--json")
    [statement] = json.loads(explained.stdout)["plan"]["policy"]["Statement"]
    assert statement["Resource"] == "arn:aws:sns:*:*:*"
