"""What the broker says of a session, and that it says it without assuming anything."""

import json
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto.iam.models import iam_backends

from iam_sudo_core import errors
from iam_sudo_core.arns import GUARDRAILS_POLICY, REVOKED_ALL, REVOKED_SOME, RoleArn
from iam_sudo_core.policy.statements import parse
from iam_sudo_core.session.caller_keys import Caller
from iam_sudo_core.session.differences import (
    BASE_ROLE,
    PolicyStatement,
    depending_on_the_caller,
    not_allowed,
)
from tests.aws_account import ACCOUNT, ECS, Account, Calls, allow
from tests.core.conftest import BASE_ROLE as BASE_ROLE_ARN
from tests.core.conftest import CONTEXT, decided

POWER_USER = [
    {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"},
    allow(["iam:ListRoles"]),
]
GUARDRAIL = {
    "Effect": "Deny",
    "Action": "lambda:*",
    "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo",
}
GUARDED_ROLE = {
    "Effect": "Deny",
    "NotAction": ["iam:Get*", "iam:List*"],
    "Resource": "arn:aws:iam::111122223333:role/IAMSudoUser",
}

ROLE = RoleArn("aws", ACCOUNT, "iam-sudo-demo-task")


@pytest.fixture
def account(account: Account) -> Account:
    """The account, with a base role of power users."""
    power_user = account.managed_policy("power-user", *POWER_USER)
    account.change("IAMSudoUser", managed=(power_user,), boundary=None)
    return account


def explain(broker: ModuleType, role_name: str = "iam-sudo-demo-task") -> dict[str, Any]:
    answer: dict[str, Any] = broker.handler({"role_name": role_name, "explain": True}, CONTEXT)
    assert json.loads(json.dumps(answer)) == answer
    return answer


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_an_explanation_assumes_nothing_and_is_one_audit_line(
    account: Account, broker: ModuleType, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": document(allow("s3:*"))})
    explain(broker)
    assert "AssumeRole" not in [operation for operation, _ in calls]
    audit = decided(capsys.readouterr().out)
    assert (audit["decision"], audit["role_found"]) == ("explained", "iam-sudo-demo-task")
    assert "access_key_id" not in audit


def test_an_explanation_can_be_shown_to_anybody_who_may_read_the_policies(
    account: Account, broker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The issue form for a refused role says so: no credentials, nothing of the trust policy.
    secrets = [f"secret-of-the-{kind}" for kind in ("key", "token", "trust-policy")]
    for variable, secret in zip(
        ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), secrets, strict=False
    ):
        monkeypatch.setenv(variable, secret)
    with_external_id = {"StringEquals": {"sts:ExternalId": secrets[-1]}}
    trust = {**ECS, "Statement": [{**ECS["Statement"][0], "Condition": with_external_id}]}
    account.role("iam-sudo-demo-task", trust=trust, inline={"one": document(allow("s3:*"))})
    shown = json.dumps(explain(broker))
    assert "s3:*" in shown
    assert not [secret for secret in secrets if secret in shown]


def test_it_has_the_role_the_rule_the_plan_and_the_policies(
    account: Account, broker: ModuleType
) -> None:
    own = account.managed_policy("own", allow("sqs:*"))
    account.role(
        "iam-sudo-demo-task",
        inline={"one": document(allow("s3:*"))},
        managed=(own,),
        tags={"env": "dev", "aws:stack": "x"},
    )
    answer = explain(broker, "demo-task")
    assert answer["role"] == {
        "name": "iam-sudo-demo-task",
        "arn": f"arn:aws:iam::{ACCOUNT}:role/iam-sudo-demo-task",
    }
    assert answer["rule"] == "role name iam-sudo-demo-*, principal Service:ecs-tasks.amazonaws.com"
    assert answer["base_role"] == BASE_ROLE_ARN
    policy = document(allow("s3:*"))
    characters = len(json.dumps(policy, separators=(",", ":")))
    assert answer["plan"] == {
        "policy": policy,
        "policy_characters": characters,
        "policy_arns": [own],
        "characters": characters + len(own),
        "limits": {"characters": 2_048, "policy_arns": 10},
        "tags": {"env": "dev"},
        "tags_not_passed": ["aws:stack"],
        "how": [],
    }
    assert answer["policies"] == {"one": policy, own: document(allow("sqs:*"))}
    assert (answer["differences"], answer["cut_by_boundary"]) == ([], [])


def test_what_the_base_role_lacks_is_a_difference(account: Account, broker: ModuleType) -> None:
    own = account.managed_policy("own", allow("iam:PassRole"), allow("iam:ListRoles"))
    account.role("iam-sudo-demo-task", managed=(own,))
    [difference] = explain(broker)["differences"]
    assert difference == {
        "kind": "base-role",
        "detail": "does not allow all of: iam:PassRole",
        "policy": own,
        "statement": allow("iam:PassRole"),
    }


def test_what_the_boundary_cuts_is_said(account: Account, broker: ModuleType) -> None:
    boundary = account.managed_policy("boundary", allow("s3:Get*"))
    account.role(
        "iam-sudo-demo-task",
        inline={"one": document(allow(["s3:GetObject", "s3:PutObject"]))},
        boundary=boundary,
    )
    answer = explain(broker)
    assert answer["permissions_boundary"] == boundary
    [cut] = answer["cut_by_boundary"]
    assert cut["detail"] == "does not allow all of: s3:PutObject"
    assert answer["plan"]["how"] == ["boundary as its complement"]


def test_a_boundary_of_the_base_role_counts_too(account: Account, broker: ModuleType) -> None:
    everything = account.managed_policy("everything", allow("*"))
    only_s3 = account.managed_policy("only-s3", allow("s3:*"))
    account.change("IAMSudoUser", managed=(everything,), boundary=only_s3)
    account.role("iam-sudo-demo-task", inline={"one": document(allow(["s3:*", "sqs:*"]))})
    [difference] = explain(broker)["differences"]
    assert difference["detail"] == "does not allow all of: sqs:*"


@pytest.mark.parametrize(
    ("role_name", "error"),
    [
        ("other-role", errors.RoleNotSelected),
        ("iam-sudo-demo-nobody", errors.RoleNotFound),
        ("iam-sudo-demo-huge", errors.SessionPolicyTooLarge),
        ("iam-sudo-demo-tag", errors.PrincipalTagDiffers),
    ],
)
@pytest.mark.usefixtures("without_carriers")
def test_a_refused_role_explains_nothing_but_the_refusal(
    account: Account, broker: ModuleType, role_name: str, error: type[Exception]
) -> None:
    account.tag("IAMSudoUser", env="dev")
    account.role("other-role", inline={"secret": document(allow("s3:*"))})
    account.role("iam-sudo-demo-huge", inline={"secret": document(allow("s3:*", "x" * 2_000))})
    tests_env = {"StringEquals": {"aws:PrincipalTag/env": "dev"}}
    account.role(
        "iam-sudo-demo-tag", inline={"secret": document(allow("s3:*", Condition=tests_env))}
    )
    with pytest.raises(error):
        explain(broker, role_name)


@pytest.mark.parametrize("value", ["true", 1, None])
def test_explain_is_true_or_false(broker: ModuleType, value: object) -> None:
    with pytest.raises(errors.InvalidRequest, match="explain has to be true or false"):
        broker.handler({"role_name": "x", "explain": value}, CONTEXT)


def put(role_name: str, policy_name: str, *statements: dict[str, Any]) -> None:
    boto3.client("iam").put_role_policy(
        RoleName=role_name,
        PolicyName=policy_name,
        PolicyDocument=json.dumps(document(*statements)),
    )


KEEP_LOGS = {
    "Effect": "Deny",
    "Action": "logs:*",
    "Resource": f"arn:aws:logs:*:{ACCOUNT}:log-group:/aws/lambda/iam-sudo*",
}


def test_what_the_guardrails_take_is_said_apart_and_is_no_difference(
    account: Account, broker: ModuleType
) -> None:
    put("IAMSudoUser", GUARDRAILS_POLICY, KEEP_LOGS)
    account.role(
        "iam-sudo-demo-task",
        inline={"one": document(allow("logs:PutLogEvents"), allow("iam:PassRole"))},
    )
    answer = explain(broker)
    assert [each["detail"] for each in answer["differences"]] == [
        "does not allow all of: iam:PassRole"
    ]
    [taken] = answer["guardrails"]
    assert taken == {
        "kind": "guardrails",
        "detail": "denies some of: logs:PutLogEvents",
        "policy": "one",
        "statement": allow("logs:PutLogEvents"),
    }


def test_what_another_policy_of_the_base_role_denies_stays_a_difference(
    account: Account, broker: ModuleType
) -> None:
    put("IAMSudoUser", "of-the-team", KEEP_LOGS)
    account.role("iam-sudo-demo-task", inline={"one": document(allow("logs:PutLogEvents"))})
    answer = explain(broker)
    assert [each["kind"] for each in answer["differences"]] == ["base-role"]
    assert answer["guardrails"] == []


def test_what_ends_earlier_sessions_is_no_difference_to_one_that_begins(
    account: Account, broker: ModuleType
) -> None:
    began = {"DateLessThan": {"aws:TokenIssueTime": "2026-01-31T12:00:00Z"}}
    ends = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": began}
    account.role("iam-sudo-demo-task", inline={"one": document(allow("s3:GetObject"))})
    for name in (REVOKED_ALL, f"{REVOKED_SOME}0"):
        put("IAMSudoUser", name, ends)
    assert explain(broker)["differences"] == []
    put("IAMSudoUser", REVOKED_ALL, {**ends, "Condition": {}})
    assert [each["kind"] for each in explain(broker)["differences"]] == ["base-role"]
    put("IAMSudoUser", REVOKED_ALL, ends)
    put("IAMSudoUser", "of-the-team", ends)
    assert [each["kind"] for each in explain(broker)["differences"]] == ["base-role"]


TIME = "2026-01-31T12:00:00Z"
MINE = {"aws:userid": ["*:iam-sudo-iam-sudo-demo-task", "*:iam-sudo-iam-sudo-demo-task,*"]}


@pytest.mark.parametrize(
    ("name", "condition", "is_ended"),
    [
        (REVOKED_ALL, {}, True),
        (f"{REVOKED_SOME}0", {}, True),
        (f"{REVOKED_SOME}0", {"StringLike": MINE}, True),
        (f"{REVOKED_SOME}0", {"stringlike": {"AWS:userId": MINE["aws:userid"][0]}}, True),
        (f"{REVOKED_SOME}0", {"StringLike": {"aws:userid": ["*:iam-sudo-other"]}}, False),
        # Of a person: of whom this broker does not know who asks, it is none.
        (f"{REVOKED_SOME}0", {"StringEquals": {"aws:SourceIdentity": ["ann"]}}, False),
        # What is not known to be met is not told.
        (f"{REVOKED_SOME}0", {"Bool": {"aws:ViaAWSService": "true"}}, False),
        (f"{REVOKED_SOME}0", {"StringNotLike": MINE}, False),
        ("of-the-team", {}, False),
    ],
)
def test_that_sessions_like_this_were_ended_is_told(
    account: Account,
    broker: ModuleType,
    name: str,
    condition: dict[str, Any],
    is_ended: bool,
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": document(allow("s3:GetObject"))})
    statement = ending(TIME)
    statement["Condition"] |= condition
    stored = iam_backends[ACCOUNT]["aws"].get_role("IAMSudoUser")
    stored.policies[name] = json.dumps(document(statement))
    assert explain(broker)["ended"] == ([{"policy": name, "before": TIME}] if is_ended else [])


@pytest.mark.parametrize(
    "time", ["2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00"]
)
def test_the_time_that_ended_them_is_told_in_utc(
    account: Account, broker: ModuleType, time: str
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": document(allow("s3:GetObject"))})
    put("IAMSudoUser", REVOKED_ALL, ending(time))
    assert [each["before"] for each in explain(broker)["ended"]] == [TIME]


@pytest.mark.parametrize(
    "statement",
    [
        lambda: ending("soon"),
        lambda: ending(1),
        lambda: ending(["2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"]),
        lambda: ending("9999-12-31T23:59:59-10:00"),
        lambda: ending(TIME, Action="s3:*"),
        lambda: ending(TIME, Resource="arn:aws:s3:::x"),
        lambda: ending(TIME, Effect="Allow"),
    ],
)
def test_what_ends_no_session_is_not_told(
    account: Account, broker: ModuleType, statement: Any
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": document(allow("s3:GetObject"))})
    stored = iam_backends[ACCOUNT]["aws"].get_role("IAMSudoUser")
    stored.policies[REVOKED_ALL] = json.dumps(document(statement()))
    assert explain(broker)["ended"] == []


def ending(time: object, **other: Any) -> dict[str, Any]:
    began = {"DateLessThan": {"aws:TokenIssueTime": time}}
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": began, **other}


def test_what_aws_never_denies_is_no_difference() -> None:
    nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert found(allow("sts:GetCallerIdentity"), nothing) == []
    assert found(allow("STS:getcalleridentity")) == []
    assert found(allow(["sts:GetCallerIdentity", "s3:*"]), allow("*"), nothing) == [
        "denies some of: s3:*"
    ]
    assert found(allow("sts:Get*")) == ["does not allow all of: sts:Get*"]
    here = {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    statement = PolicyStatement("p", parse([allow("sts:GetCallerIdentity") | here])[0])
    caller = Caller(role=ROLE, base_role=ROLE.sibling("IAMSudoUser"), tags=frozenset())
    assert list(depending_on_the_caller([statement], caller)) == []


def found(statement: dict[str, Any], *by: dict[str, Any]) -> list[str]:
    granted, limits = (
        [PolicyStatement("p", each) for each in parse(statements)]
        for statements in ([statement], by)
    )
    return [each.detail for each in not_allowed(granted, limits, kind=BASE_ROLE)]


@pytest.mark.parametrize(
    ("statement", "details"),
    [
        (allow("s3:*"), []),
        (allow("s3:*", "arn:aws:s3:::${aws:userid}/*"), []),
        (allow("iam:PassRole"), ["does not allow all of: iam:PassRole"]),
        (allow(["*", "s3:*"]), ["does not allow all of: *"]),
        (
            {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
            ["does not allow all of: all but s3:*"],
        ),
        (allow("lambda:InvokeFunction"), ["denies some of: lambda:InvokeFunction"]),
        (allow("l*:InvokeFunction"), ["denies some of: l*:InvokeFunction"]),
        (allow("lambda:*", "arn:aws:lambda:eu-west-1:111122223333:function:other"), []),
        (allow("sts:AssumeRole"), ["denies some of: sts:AssumeRole"]),
        (allow("logs:*", "arn:aws:logs:*:*:log-group:/ecs/*"), []),
        (allow("s3:*", "*"), []),
        ({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}, []),
    ],
)
def test_what_power_users_with_guardrails_lack(
    statement: dict[str, Any], details: list[str]
) -> None:
    assert found(statement, *POWER_USER, GUARDRAIL, GUARDED_ROLE) == details


@pytest.mark.parametrize(
    ("statement", "denied"),
    [
        (allow("s3:*"), "arn:aws:*:::secret/*"),
        (allow("ssm:StartSession"), "arn:aws:ec2:*:*:instance/i-prod"),
        (allow("s3:*"), "*"),
    ],
)
def test_a_denial_of_the_base_role_that_may_reach_is_named(
    statement: dict[str, Any], denied: str
) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": denied}
    assert found(statement, allow("*"), deny) == [f"denies some of: {statement['Action']}"]


@pytest.mark.parametrize(
    "condition",
    [
        {"Null": {"aws:ResourceTag/iam-sudo:broker": "false"}},
        {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": ["iam-sudo:broker"]}},
    ],
)
def test_what_a_base_role_denies_on_the_parts_of_other_brokers_is_not_named(
    condition: dict[str, Any],
) -> None:
    deny = {"Effect": "Deny", "NotAction": "iam:Get*", "Resource": "*", "Condition": condition}
    assert found(allow("s3:*"), allow("*"), deny) == []
    elsewhere = json.loads(json.dumps(deny).replace("iam-sudo:broker", "team"))
    assert found(allow("s3:*"), allow("*"), elsewhere) == ["denies some of: s3:*"]


@pytest.mark.parametrize(
    ("action", "details"),
    [
        ("ssm:DescribeParameters", []),
        ("ec2:*", []),
        ("s3:PutObject", ["denies some of: s3:PutObject"]),
    ],
)
def test_a_denial_on_a_bucket_is_about_the_storage_of_objects(
    action: str, details: list[str]
) -> None:
    deny = {"Effect": "Deny", "NotAction": ["s3:Get*"], "Resource": "arn:aws:s3:::assets/*"}
    assert found(allow(action), allow("*"), deny) == details


def test_what_two_statements_allow_together_is_allowed() -> None:
    both = allow("s3:GetObject", ["arn:a", "arn:b"])
    assert found(both, allow("s3:*", "arn:a"), allow("s3:*", "arn:b")) == []


def test_a_boundary_that_tests_the_callers_network_is_a_difference(
    account: Account, broker: ModuleType
) -> None:
    elsewhere = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    boundary = account.managed_policy(
        "boundary",
        allow("*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"} | {"Condition": elsewhere},
    )
    account.role("iam-sudo-demo-task", inline={"one": document(allow("s3:*"))}, boundary=boundary)
    [difference] = explain(broker)["differences"]
    assert (difference["kind"], difference["policy"]) == ("caller-network", boundary)


def test_a_condition_of_the_base_role_is_a_difference() -> None:
    in_ireland = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    assert found(allow("s3:*"), allow("*", Condition=in_ireland)) == ["does not allow all of: s3:*"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:a"}}}, ["caller-identity"]),
        ({"Resource": "arn:aws:s3:::b/${aws:userid}"}, ["caller-identity"]),
        ({"Condition": {"Bool": {"AWS:PrincipalIsAWSService": "true"}}}, ["caller-identity"]),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, ["caller-network"]),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/Env": "dev"}}}, []),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}}, ["caller-identity"]),
        ({"Condition": {"ArnEquals": {"ssm:SourceInstanceARN": "arn:a"}}}, ["caller-network"]),
        ({"Condition": {"StringEquals": {"glue:RoleAssumedBy": "g"}}}, ["caller-network"]),
        ({"Condition": {"StringEquals": {"aws:SourceIdentity": "ann"}}}, ["caller-identity"]),
        ({"Condition": {"StringEquals": {"saml:sub": "ann"}}}, ["caller-identity"]),
        (
            {"Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "a"}}},
            ["caller-identity"],
        ),
        ({"Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}"}, ["caller-identity"]),
        ({"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}, []),
        ({"Condition": {"StringEquals": {"aws:ResourceTag/saml:sub": "x"}}}, []),
        ({"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}, []),
        (
            {"Effect": "Deny", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
            ["caller-network"],
        ),
    ],
)
def test_what_depends_on_the_caller_is_a_difference(
    more: dict[str, Any], expected: list[str]
) -> None:
    granted = [PolicyStatement("p", each) for each in parse([allow("s3:*") | more])]
    caller = Caller(role=ROLE, base_role=ROLE.sibling("IAMSudoUser"), tags=frozenset({"env"}))
    found = depending_on_the_caller(granted, caller)
    assert [each.kind for each in found] == expected
