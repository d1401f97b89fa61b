"""The broker's handler against an account in memory: what reaches STS, or the refusal."""

import importlib
import json
import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto.iam.models import IAMBackend, iam_backends

from iam_sudo_core import Request, errors
from iam_sudo_core.broker import decision
from iam_sudo_core.broker.audit import AuditLine, malformed_rules
from iam_sudo_core.broker.published import Published
from tests.aws_account import ACCOUNT, ECS, Account, Calls, allow
from tests.core.conftest import BASE_ROLE, CONTEXT, ONE, READ_ONLY, Invoke, decided, sent
from tests.fake_sts import ANN

LAMBDA = json.loads(json.dumps(ECS).replace("ecs-tasks", "lambda"))

# What reaches STS.


def test_a_role_without_policies_gets_no_permissions(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task")
    parameters = invoke()
    assert sent(parameters) == [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
    assert "PolicyArns" not in parameters


def test_one_inline_policy(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", inline={"describe-parameters": ONE})
    assert invoke() == {
        "RoleArn": BASE_ROLE,
        "RoleSessionName": "iam-sudo-iam-sudo-demo-task",
        "DurationSeconds": 3600,
        "Policy": '{"Version":"2012-10-17","Statement":'
        '[{"Effect":"Allow","Action":"ssm:DescribeParameters","Resource":"*"}]}',
    }


def test_several_inline_policies_of_every_shape(account: Account, invoke: Invoke) -> None:
    account.role(
        "iam-sudo-demo-task",
        inline={
            "a-list": {"Version": "2012-10-17", "Statement": [allow("s3:*", Sid="Same")]},
            "b-object": {"Version": "2012-10-17", "Statement": allow("sqs:*", Sid="Same")},
            "c-old": {"Version": "2008-10-17", "Statement": allow("sns:*", "arn:x:y:::${aws:y}")},
            "d-none": {"Statement": [allow("ec2:*", "arn:x:y:::${aws:y}")]},
            "e-new": {"Version": "2012-10-17", "Statement": allow("ecr:*", "arn:x:y:::${aws:y}")},
        },
    )
    assert sent(invoke()) == [
        allow("s3:*"),
        allow("sqs:*"),
        allow("sns:*", "arn:x:y:::${$}{aws:y}"),
        allow("ec2:*", "arn:x:y:::${$}{aws:y}"),
        allow("ecr:*", "arn:x:y:::${aws:y}"),
    ]


def test_managed_policies_travel_as_arns_alone(account: Account, invoke: Invoke) -> None:
    own = account.managed_policy("own", allow("sqs:*"))
    account.role("iam-sudo-demo-task", managed=(READ_ONLY, own))
    parameters = invoke()
    assert sorted(p["arn"] for p in parameters["PolicyArns"]) == sorted([READ_ONLY, own])
    assert "Policy" not in parameters


def test_both_kinds_of_policies(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", managed=(READ_ONLY,), inline={"one": ONE})
    parameters = invoke()
    assert parameters["PolicyArns"] == [{"arn": READ_ONLY}]
    assert sent(parameters) == ONE["Statement"]


def test_policy_and_arns_of_2048_characters_are_sent(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", managed=(READ_ONLY,), inline={"one": padded(2_048)})
    assert len(invoke()["Policy"]) + len(READ_ONLY) == 2_048


@pytest.mark.usefixtures("without_carriers")
def test_2049_characters_are_refused(account: Account, refused: Callable[..., None]) -> None:
    own = account.managed_policy("own", allow("sqs:*", "arn:aws:sqs:*:*:" + "y" * 200))
    account.role("iam-sudo-demo-task", managed=(own,), inline={"one": padded(2_049, beside=own)})
    refused(errors.SessionPolicyTooLarge, "2,049")


def padded(characters: int, *, beside: str = READ_ONLY) -> dict[str, Any]:
    """A document that makes policy and ARN together this long."""

    def document(padding: int) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": [allow("s3:*", "x" * padding)]}

    empty = len(json.dumps(document(0), separators=(",", ":")))
    return document(characters - empty - len(beside))


def test_of_eleven_managed_policies_one_moves_inline(account: Account, invoke: Invoke) -> None:
    arns = [account.managed_policy(f"P{n}", allow(f"s3:Get{n}")) for n in range(11)]
    account.role("iam-sudo-demo-task", managed=tuple(arns))
    parameters = invoke()
    assert len(parameters["PolicyArns"]) == 10
    [moved] = sent(parameters)
    [arn] = set(arns) - {policy["arn"] for policy in parameters["PolicyArns"]}
    assert moved == allow(f"s3:Get{arn.rpartition('/P')[2]}")


def test_a_permissions_boundary_is_carried_over(account: Account, invoke: Invoke) -> None:
    boundary = account.managed_policy("boundary", allow("ssm:*"))
    account.role("iam-sudo-demo-task", inline={"one": ONE}, boundary=boundary)
    deny = {"Effect": "Deny", "NotAction": "ssm:*", "Resource": "*"}
    assert sent(invoke()) == [*ONE["Statement"], deny]


def test_a_boundary_that_has_no_exact_form_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    env = {"StringEquals": {"aws:TagKeys": "env"}}
    boundary = account.managed_policy("boundary", allow("ssm:*", "arn:aws:s3:::a:*", Condition=env))
    overlapping = {
        "Version": "2012-10-17",
        "Statement": [allow("ssm:*", "arn:aws:s3:::a*b"), allow("s3:Get*", Condition=env)],
    }
    account.role("iam-sudo-demo-task", inline={"one": overlapping}, boundary=boundary)
    refused(
        errors.PermissionsBoundaryNotExact,
        r"policy/boundary .*: arn:aws:s3:::a\*b and arn:aws:s3:::a:\* overlap in part, .*, in \{",
    )


NARROWING = {"Version": "2012-10-17", "Statement": [allow("ssm:Get*")]}


def test_the_policy_of_a_request_cuts_the_session_as_a_boundary_does(
    account: Account, invoke: Invoke
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE}, managed=(READ_ONLY,))
    parameters = invoke(policy=NARROWING)
    deny = {"Effect": "Deny", "NotAction": "ssm:Get*", "Resource": "*"}
    assert sent(parameters) == [*ONE["Statement"], deny]
    assert parameters["PolicyArns"] == [{"arn": READ_ONLY}]


def test_a_boundary_and_the_policy_of_a_request_both_cut(account: Account, invoke: Invoke) -> None:
    boundary = account.managed_policy("boundary", allow("ssm:*"))
    account.role("iam-sudo-demo-task", inline={"one": ONE}, boundary=boundary)
    assert sent(invoke(policy=NARROWING)) == [
        *ONE["Statement"],
        {"Effect": "Deny", "NotAction": "ssm:*", "Resource": "*"},
        {"Effect": "Deny", "NotAction": "ssm:Get*", "Resource": "*"},
    ]


def test_a_policy_of_a_request_without_an_exact_form_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    env = {"StringEquals": {"aws:TagKeys": "env"}}
    overlapping = {
        "Version": "2012-10-17",
        "Statement": [allow("ssm:*", "arn:aws:s3:::a*b"), allow("s3:Get*", Condition=env)],
    }
    account.role("iam-sudo-demo-task", inline={"one": overlapping})
    refused(
        errors.NarrowingNotExact,
        r"the policy of the request .*: arn:aws:s3:::a\*b and arn:aws:s3:::a:\* overlap in part, ",
        policy={"Statement": [allow("ssm:*", "arn:aws:s3:::a:*", Condition=env)]},
    )


@pytest.mark.usefixtures("without_carriers")
def test_the_size_of_the_policy_of_a_request_counts(
    account: Account, refused: Callable[..., None]
) -> None:
    account.role("iam-sudo-demo-s3", inline={"all": {"Statement": [allow("s3:*")]}})
    many = [allow(f"s3:Get{n}", f"arn:aws:s3:::bucket-{n}/*") for n in range(50)]
    refused(
        errors.SessionPolicyTooLarge,
        "the policy of the request [0-9],",
        role_name="iam-sudo-demo-s3",
        policy={"Version": "2012-10-17", "Statement": many},
    )


def test_a_session_without_the_roles_tags_is_narrowed_as_well(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"team": "orders"})

    def without_tags(params: dict[str, Any], **_: Any) -> None:
        if "Tags" in params["body"] or "Tags.member.1.Key" in params["body"]:
            reason = {"Code": "AccessDenied", "Message": "not authorized: sts:TagSession"}
            raise ClientError({"Error": reason}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", without_tags)
    broker.handler({"role_name": "iam-sudo-demo-task", "policy": NARROWING}, CONTEXT)
    tagged, untagged = [each for operation, each in calls if operation == "AssumeRole"]
    assert "Tags" in tagged
    assert "Tags" not in untagged
    deny = {"Effect": "Deny", "NotAction": "ssm:Get*", "Resource": "*"}
    assert sent(untagged) == sent(tagged) == [*ONE["Statement"], deny]


def test_a_reply_confirms_the_policy_that_the_session_is_cut_by(
    account: Account, broker: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    asked = {"role_name": "iam-sudo-demo-task", "policy": NARROWING}
    confirmed = Request.parse(asked).confirmation()["PolicySha256"]
    for explain in (False, True):
        reply = broker.handler({**asked, "explain": explain}, CONTEXT)
        assert reply["PolicySha256"] == confirmed
        assert json.loads(decided(capfd.readouterr().out)["policy_asked"]) == NARROWING
    assert [each["kind"] for each in reply["cut_by_policy"]] == ["policy"]
    other = Request.parse({**asked, "policy": ONE})
    assert other.confirmation()["PolicySha256"] != confirmed


def test_a_boundary_that_went_away_is_no_reason_to_ignore_it(
    account: Account, refused: Callable[..., None]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE}, boundary=f"{READ_ONLY}-gone")
    refused(errors.RoleChanged, "try again")


def test_an_unknown_element_is_refused(account: Account, refused: Callable[..., None]) -> None:
    account.role("iam-sudo-demo-task", inline={"one": {"Statement": allow("s3:*", Foo="x")}})
    refused(errors.PolicyNotUnderstood, "'Foo'")


@pytest.mark.parametrize(
    ("name", "session"),
    [
        ("iam-sudo-demo-" + "x" * 41, "iam-sudo-iam-sudo-demo-" + "x" * 41),
        ("iam-sudo-demo-" + "x" * 50, "iam-sudo-iam-sudo-demo-" + "x" * 32 + "-fe461695"),
        ("iam-sudo-demo-a+b=c,d.e@f", "iam-sudo-iam-sudo-demo-a+b=c,d.e@f"),
    ],
)
def test_session_names_fit(account: Account, invoke: Invoke, name: str, session: str) -> None:
    account.role(name, inline={"one": ONE})
    assert invoke(name)["RoleSessionName"] == session


# More of what reaches STS.


def test_every_page_of_policies_is_followed(
    account: Account, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    arns = {account.aws_managed_policy(f"P{number}") for number in range(9)}
    account.role("iam-sudo-demo-task", managed=tuple(arns))
    everything = IAMBackend.list_attached_role_policies

    def two_at_a_time(self: IAMBackend, name: str, marker: Any, **_: Any) -> Any:
        return everything(self, name, marker=marker, max_items=2)

    monkeypatch.setattr(IAMBackend, "list_attached_role_policies", two_at_a_time)
    assert {policy["arn"] for policy in invoke()["PolicyArns"]} == arns


# Which roles are selected.


@pytest.mark.parametrize(
    "trust",
    [
        {"Statement": [LAMBDA["Statement"][0], ECS["Statement"][0]]},
        {"Statement": ECS["Statement"][0]},
        {"Statement": {**ECS["Statement"][0], "Condition": {"StringEquals": {"a": "b"}}}},
    ],
    ids=["ecs-tasks in the second statement", "a statement that is an object", "a condition"],
)
def test_trust_policies_that_select(account: Account, invoke: Invoke, trust: object) -> None:
    account.role("iam-sudo-demo-task", trust=trust)
    assert invoke()["RoleArn"] == BASE_ROLE


@pytest.mark.parametrize(
    "trust",
    [
        LAMBDA,
        {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}},
        {"Statement": [*ECS["Statement"], {**ECS["Statement"][0], "Effect": "Deny"}]},
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "NotPrincipal": {"AWS": "1"},
            }
        },
    ],
    ids=["another service", "everybody is not ecs-tasks", "a Deny on ecs-tasks", "NotPrincipal"],
)
def test_trust_policies_that_do_not_select(
    account: Account, refused: Callable[..., None], trust: object
) -> None:
    account.role("iam-sudo-demo-task", trust=trust)
    refused(errors.RoleNotSelected, "no principal that its trust policy allows")


def test_a_trust_policy_that_is_not_understood_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    account.role("iam-sudo-demo-task", trust={"Statement": "Allow"})
    refused(errors.TrustPolicyNotUnderstood, "nothing is granted on a guess")


def test_an_exact_name_is_never_replaced_by_a_longer_one(
    account: Account, refused: Callable[..., None]
) -> None:
    account.role("iam-sudo-demo-a", trust=LAMBDA, inline={"one": ONE})
    account.role("iam-sudo-demo-a-admin", inline={"one": ONE})
    ecs = "Service:ecs-tasks.amazonaws.com"
    refused(errors.RoleNotSelected, "^iam-sudo-demo-a: ", role_name="iam-sudo-demo-a")
    refused(
        errors.RoleNotSelected, "^iam-sudo-demo-a: ", role_name="iam-sudo-demo-a", principal=ecs
    )


@pytest.mark.parametrize(
    "asked",
    [
        f"arn:aws:iam::{ACCOUNT}:role/iam-sudo-demo-a",
        f"arn:aws:iam::{ACCOUNT}:role/of/old/iam-sudo-demo-a",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/iam-sudo-demo-a/ann",
    ],
)
def test_an_arn_means_the_role_of_this_name_and_no_longer_one(
    account: Account, invoke: Invoke, refused: Callable[..., None], asked: str
) -> None:
    account.role("iam-sudo-demo-a-admin", inline={"one": ONE})
    refused(errors.NoSuchRole, "there is no role arn:.*; check its name", role_name=asked)
    account.role("iam-sudo-demo-a", inline={"one": ONE})
    assert invoke(asked)["RoleSessionName"] == "iam-sudo-iam-sudo-demo-a"


@pytest.mark.parametrize("is_there", [True, False])
def test_an_arn_of_another_account_is_never_its_namesake(
    account: Account, refused: Callable[..., None], is_there: bool
) -> None:
    if is_there:
        account.role("iam-sudo-demo-a", inline={"one": ONE})
    refused(
        errors.NoSuchRole,
        f"in account {ACCOUNT}, .*; choose an AWS_PROFILE of account 444455556666",
        role_name="arn:aws:iam::444455556666:role/iam-sudo-demo-a",
    )


def test_a_part_of_a_name_finds_the_one_selected_role(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-orders")
    account.role("other-orders")
    account.role("iam-sudo-demo-orders-lambda", trust=LAMBDA)
    assert invoke("orders")["RoleSessionName"] == "iam-sudo-iam-sudo-demo-orders"


def test_a_part_of_several_names_lists_them(account: Account, refused: Callable[..., None]) -> None:
    for name in ("iam-sudo-demo-b", "iam-sudo-demo-a", "other-demo"):
        account.role(name)
    refused(
        errors.RoleAmbiguous,
        "fits 2 roles.*: iam-sudo-demo-a, iam-sudo-demo-b$",
        role_name="demo",
    )


def test_of_many_names_some_are_listed(account: Account, refused: Callable[..., None]) -> None:
    for number in range(23):
        account.role(f"iam-sudo-demo-{number:02}")
    refused(
        errors.RoleAmbiguous,
        r"fits 23 roles; .*: iam-sudo-demo-00, .*, iam-sudo-demo-19 and 3 more$",
        role_name="demo",
    )


@pytest.mark.parametrize("part", ["secret", "SECRET", "cret-adm"])
def test_a_refusal_names_no_role_that_the_caller_could_not_have(
    account: Account, broker: ModuleType, part: str
) -> None:
    account.role("other-secret-admin")
    account.role("iam-sudo-demo-secret-lambda", trust=LAMBDA)
    with pytest.raises(errors.RoleNotFound) as caught:
        broker.handler({"role_name": part}, CONTEXT)
    assert "admin" not in str(caught.value)
    assert "lambda" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["Iam-sudo-demo-task", "iam-sudo-demO-task", "IAM-SUDO-DEMO-TASK", "xiam-sudo-demo-task"],
)
def test_a_lookalike_name_is_not_selected(
    account: Account, refused: Callable[..., None], name: str
) -> None:
    account.role(name, inline={"one": ONE})
    refused(errors.RoleNotSelected, "matches no allowed pattern", role_name=name)


@pytest.mark.parametrize("pattern", ["[i]am-sudo-demo-*", "[!x]*", "IAM-SUDO-*", "am-sudo-demo-*"])
def test_patterns_are_literal_but_for_star_and_question_mark(
    account: Account, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    policy = {
        "allowed-role-names": [pattern],
        "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        "allowed-base-roles": [BASE_ROLE],
    }
    monkeypatch.setenv("IAM_SUDO_POLICY", json.dumps(policy))
    sys.modules.pop("handler", None)
    broker = importlib.import_module("handler")
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    with pytest.raises(errors.RoleNotSelected):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)


def test_a_principal_that_is_not_allowed_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    both = {"Statement": [*LAMBDA["Statement"], *ECS["Statement"]]}
    account.role("iam-sudo-demo-task", trust=both)
    refused(errors.PrincipalNotAllowed, "lambda", principal="Service:lambda.amazonaws.com")


def test_a_principal_that_the_role_does_not_trust_is_refused(
    account: Account, broker: ModuleType
) -> None:
    account.role("iam-sudo-demo-task", trust=LAMBDA)
    with pytest.raises(errors.RoleNotSelected, match="does not allow Service:ecs-tasks"):
        broker.handler(
            {"role_name": "iam-sudo-demo-task", "principal": "Service:ecs-tasks.amazonaws.com"},
            CONTEXT,
        )


# Base roles.


@pytest.mark.parametrize(
    "base_role",
    [
        "Administrator",
        f"arn:aws:iam::{ACCOUNT}:role/Administrator",
        "arn:aws:iam::444455556666:role/IAMSudoUser",
        f"arn:aws-cn:iam::{ACCOUNT}:role/IAMSudoUser",
        f"arn:aws:iam::{ACCOUNT}:role/path/IAMSudoUser",
        "iamsudouser",
    ],
)
def test_another_base_role_is_refused(
    account: Account, refused: Callable[..., None], base_role: str
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    refused(errors.BaseRoleNotAllowed, "is not allowed", base_role=base_role)


def test_an_empty_base_role_is_refused(account: Account, refused: Callable[..., None]) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    refused(errors.InvalidRequest, "base_role", base_role="")


@pytest.mark.parametrize("base_role", ["IAMSudoUser", BASE_ROLE])
def test_the_allowed_base_role_may_be_named(
    account: Account, invoke: Invoke, base_role: str
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    assert invoke(base_role=base_role)["RoleArn"] == BASE_ROLE


# Calls, failures and the audit trail.


def test_an_exact_name_costs_twelve_calls_with_five_inline_policies(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    for number in range(20):
        account.role(f"iam-sudo-demo-{number}")
    account.role("iam-sudo-demo-task", inline={f"p{number}": ONE for number in range(5)})
    broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert sorted(operation for operation, _ in calls) == [
        "AssumeRole",
        *["GetRole"] * 2,
        *["GetRolePolicy"] * 5,
        *["ListAttachedRolePolicies"] * 2,
        *["ListRolePolicies"] * 2,
    ]


def test_roles_are_listed_in_pages_of_1000(account: Account, invoke: Invoke, calls: Calls) -> None:
    account.role("iam-sudo-demo-task")
    invoke("demo-task")
    [listed] = [parameters for operation, parameters in calls if operation == "ListRoles"]
    assert listed["MaxItems"] == 1_000


def test_a_policy_that_disappears_meanwhile_is_a_clear_error(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})

    def delete(**_: Any) -> None:
        iam_backends[ACCOUNT]["aws"].get_role("iam-sudo-demo-task").policies.clear()

    broker._IAM.meta.events.register("before-call.iam.GetRolePolicy", delete)
    with pytest.raises(errors.RoleChanged, match="try again"):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert "AssumeRole" not in [operation for operation, _ in calls]


def test_a_call_that_aws_refuses_is_one_line(account: Account, broker: ModuleType) -> None:
    def deny(**_: Any) -> None:
        raise ClientError(
            {"Error": {"Code": "AccessDenied", "Message": "not\nyou"}}, "ListRolePolicies"
        )

    account.role("iam-sudo-demo-task")
    broker._IAM.meta.events.register("before-call.iam.ListRolePolicies", deny)
    with pytest.raises(
        errors.AwsCallFailed, match="^ListRolePolicies failed: AccessDenied: not you$"
    ):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)


TWICE = {"Version": "2012-10-17", "Statement": [*ONE["Statement"], *ONE["Statement"]]}


def pack_at_most(broker: ModuleType, characters: int) -> None:
    def too_large(params: dict[str, Any], **_: Any) -> None:
        if len(params["body"]["Policy"]) > characters:
            raise ClientError(
                {"Error": {"Code": "PackedPolicyTooLarge", "Message": "Packed size: 105%"}},
                "AssumeRole",
            )

    broker._STS.meta.events.register("before-call.sts.AssumeRole", too_large)


def test_of_what_sts_cannot_pack_the_next_smaller_plan_is_tried(
    account: Account, broker: ModuleType, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": TWICE})
    pack_at_most(broker, 120)
    broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    tried = [parameters for operation, parameters in calls if operation == "AssumeRole"]
    assert [sent(parameters) for parameters in tried] == [TWICE["Statement"], ONE["Statement"]]
    assert decided(capsys.readouterr().out)["fitted"] == "compacted"


@pytest.mark.usefixtures("without_carriers")
def test_a_session_that_sts_cannot_pack_is_refused(account: Account, broker: ModuleType) -> None:
    account.role("iam-sudo-demo-task", inline={"one": TWICE})
    pack_at_most(broker, 10)
    with pytest.raises(errors.PackedPolicyTooLarge, match=r"105% \(one 174\); make one a managed"):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)


def malformed(broker: ModuleType, message: str) -> None:
    def reject(**_: Any) -> None:
        error = {"Code": "MalformedPolicyDocument", "Message": message}
        raise ClientError({"Error": error}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", reject)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            'Resource q:jobs must be in ARN format or "*".',
            ', in policy "queue": {"Effect":"Allow","Action":"sqs:*","Resource":"q:jobs"}',
        ),
        (
            "Actions/Conditions must be prefixed by a vendor, e.g., iam: get",
            ', in policy "verbs": {"Effect":"Allow","Action":["s3:Get*","get"],"Resource":"*"}',
        ),
        ('Resource another must be in ARN format or "*".', "; correct the role's policy"),
        ("The policy is not in the valid JSON format.", "; correct the role's policy"),
    ],
)
def test_what_sts_takes_for_malformed_is_refused_with_the_statement(
    account: Account,
    broker: ModuleType,
    calls: Calls,
    capsys: pytest.CaptureFixture[str],
    message: str,
    said: str,
) -> None:
    queue = {"Version": "2012-10-17", "Statement": [allow("s3:*"), allow("sqs:*", "q:jobs")]}
    verbs = {"Version": "2012-10-17", "Statement": allow(["s3:Get*", "get"])}  # type: ignore[arg-type]
    account.role("iam-sudo-demo-task", inline={"one": TWICE, "queue": queue, "verbs": verbs})
    malformed(broker, message)
    with pytest.raises(errors.SessionPolicyMalformed) as caught:
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    start = f"iam-sudo-demo-task: STS rejects its policies in a session: {message.rstrip('.')}"
    assert str(caught.value).startswith(start)
    assert str(caught.value).removeprefix(start).startswith(said)
    assert str(caught.value).endswith("and use iam-sudo assume")
    assert isinstance(caught.value, errors.SessionRefused)
    # The same text in another arrangement is no better.
    assert [operation for operation, _ in calls].count("AssumeRole") == 1
    assert decided(capsys.readouterr().out)["error"] == "SessionPolicyMalformed"


def test_a_reply_that_cannot_be_read_shows_nowhere(
    account: Account, broker: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})

    def broken(**_: Any) -> None:
        raise ResponseParserError("invalid XML received: b'<SecretAccessKey>THE-SECRET'")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", broken)
    with pytest.raises(errors.AwsCallFailed, match="AssumeRole failed: UnreadableReply") as caught:
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert caught.value.__suppress_context__
    assert "THE-SECRET" not in "".join(capfd.readouterr())


def test_the_reply_is_the_sts_credentials_object(account: Account, broker: ModuleType) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    reply = broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert sorted(reply) == ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]
    assert reply["Expiration"][10] == "T"
    assert json.loads(json.dumps(reply)) == reply


def test_sts_is_asked_in_the_region_of_the_broker(broker: ModuleType) -> None:
    assert broker._STS.meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


def test_throttling_is_retried(broker: ModuleType) -> None:
    for client in (broker._IAM, broker._STS):
        assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 5}


def test_a_grant_is_one_audit_line_without_a_secret(
    account: Account,
    broker: ModuleType,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    caplog.set_level(logging.DEBUG)  # as a function with log level DEBUG has it
    reply = broker.handler({"role_name": "demo-task"}, CONTEXT)
    captured = capfd.readouterr()
    line = decided(captured.out)
    assert 0 <= line.pop("milliseconds") < 60_000
    about = line.pop("_aws")
    assert about["Timestamp"] > 1_700_000_000_000
    assert about["CloudWatchMetrics"] == [
        {
            "Namespace": "iam-sudo",
            "Dimensions": [[]],
            "Metrics": [
                {"Name": "granted", "Unit": "Count"},
                {"Name": "milliseconds", "Unit": "Milliseconds"},
            ],
        }
    ]
    assert line == {
        "granted": 1,
        "audit": "iam-sudo",
        "request_id": "req-1",
        "role_asked": "demo-task",
        "principal_asked": None,
        "base_role_asked": None,
        "reason_asked": None,
        "caller": "unproven",
        "role_found": "iam-sudo-demo-task",
        "rule": "role name iam-sudo-demo-*, principal Service:ecs-tasks.amazonaws.com",
        "base_role": BASE_ROLE,
        "session_name": "iam-sudo-iam-sudo-demo-task",
        "source_identity": None,
        "duration_seconds": 3600,
        "policy_characters": 106,
        "policy_arns": 0,
        "session_tags": 0,
        "fitted": "as it is",
        "packed_policy_size": 6,
        "decision": "granted",
        "access_key_id": reply["AccessKeyId"],
        "expiration": reply["Expiration"],
    }
    for secret in (reply["SecretAccessKey"], reply["SessionToken"]):
        assert secret not in captured.out + captured.err + caplog.text


def test_without_rules_a_proof_is_not_looked_at_and_nobody_is_named(
    account: Account, invoke: Invoke, broker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    parameters = invoke(proof={"authorization": "whatever"}, reason="ticket 7")
    assert broker._PROOFS is None
    assert "SourceIdentity" not in parameters
    assert parameters["RoleSessionName"] == "iam-sudo-iam-sudo-demo-task"
    facts = decided(capsys.readouterr().out)
    assert (facts["caller"], facts["reason_asked"]) == ("unproven", "ticket 7")


@pytest.mark.parametrize("reason", ["", "  ", 7, None, "x" * 201, ["x"]])
def test_a_reason_is_a_line_of_text(refused: Callable[..., None], reason: Any) -> None:
    refused(errors.InvalidRequest, "reason has to be a text", reason=reason)


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"role_name": "iam-sudo-demo-none"}, "RoleNotFound"),
        ({"role_name": "x\ny"}, "InvalidRequest"),
        ({"role_name": {"a": "b"}}, "InvalidRequest"),
        (None, "InvalidRequest"),
        ({"role_name": "y" * 100_000}, "InvalidRequest"),
    ],
)
def test_a_refusal_is_one_audit_line(
    broker: ModuleType, capsys: pytest.CaptureFixture[str], event: Any, error: str
) -> None:
    with pytest.raises(errors.IamSudoError):
        broker.handler(event, CONTEXT)
    log = capsys.readouterr().out
    facts = decided(log)
    assert (facts["decision"], facts["error"]) == ("refused", error)
    assert facts["refused"] == 1
    assert facts["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[], ["error"]]
    assert facts["reason"]
    assert all(len(line) < 2_000 for line in log.splitlines())


def test_a_request_is_in_the_log_before_anything_is_read(
    account: Account, broker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})

    class Killed(BaseException):
        """What ends an invocation without a word: its timeout."""

    def never_answers(**_: Any) -> None:
        raise Killed

    broker._IAM.meta.events.register("before-call.iam.*", never_answers)
    event = {"role_name": "iam-sudo-demo-task", "base_role": "IAMSudoUser"}
    with pytest.raises(Killed):
        broker.handler(event, CONTEXT)
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "audit": "iam-sudo",
        "request_id": "req-1",
        "role_asked": "iam-sudo-demo-task",
        "principal_asked": None,
        "base_role_asked": "IAMSudoUser",
        "reason_asked": None,
        "caller": "unproven",
        "decision": "asked",
    }


def test_a_long_value_in_the_log_keeps_its_end(
    account: Account, broker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE})
    path = "/".join(["p" * 60] * 8)
    base_role = f"arn:aws:iam::{ACCOUNT}:role/{path}/{'R' * 63}2"
    with pytest.raises(errors.BaseRoleNotAllowed):
        broker.handler({"role_name": "iam-sudo-demo-task", "base_role": base_role}, CONTEXT)
    asked = decided(capsys.readouterr().out)["base_role_asked"]
    assert len(asked) == 256
    assert asked.startswith(f"arn:aws:iam::{ACCOUNT}:role/pp")
    assert asked.endswith("…" + base_role[-64:])


@pytest.mark.parametrize(
    "value",
    [10**4_000, -(10**4_000), 10**5_000, "x" * 4_000, ["x" * 4_000], {"x": 10**4_000}],
    ids=["number", "less than none", "more than Python prints", "text", "list", "object"],
)
def test_nobody_fills_the_log_by_a_value_of_any_type(
    broker: ModuleType, value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = ("role_name", "principal", "base_role", "reason")
    with pytest.raises(errors.InvalidRequest):
        broker.handler(dict.fromkeys(keys, value), CONTEXT)
    for line in capsys.readouterr().out.splitlines():
        assert json.loads(line)["audit"] == "iam-sudo"
        assert len(line) < 2_000


def test_the_log_has_how_long_it_took() -> None:
    times = iter((10.0, 11.25))
    audit = AuditLine(request_id="req-1", event={}, clock=lambda: next(times))
    audit.asked()
    line = json.loads(audit.explained())
    assert (line["milliseconds"], line["_aws"]["Timestamp"]) == (1_250, 11_250)


def test_nor_by_many_long_values_or_by_rules() -> None:
    audit = AuditLine(request_id="req-1", event={}, clock=lambda: 0)
    audit.note(several=("x" * 4_000, 7))
    long, seven = json.loads(audit.listed())["several"]
    assert (len(long), seven) == (256, 7)
    slip = Published(f"/iam-sudo/{'x' * 4_000}", 7, None, None, problem="x" * 4_000)
    line = json.loads(malformed_rules(slip, request_id="req-1", now=0))
    assert (len(line["parameter"]), len(line["problem"])) == (256, 256)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x85", "\x00", "\x1b[2K", "\ud800"])
def test_what_is_asked_is_no_line_of_the_log(
    broker: ModuleType, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = f'x{end}{{"audit": "iam-sudo", "decision": "granted", "caller": "{ANN}"}}{end}'
    for event in (
        dict.fromkeys(("role_name", "principal", "base_role", "reason"), forged),
        {"role_name": "a", "policy": {forged: forged}},
        {"role_name": "a", forged: forged},
        {"list": True, forged: 1},
    ):
        with pytest.raises(errors.InvalidRequest):
            broker.handler(event, CONTEXT)
        log = capsys.readouterr().out
        assert log.replace("\n", "").isprintable()
        assert log.isascii()
        asked, refused = map(json.loads, log.splitlines())
        assert (asked["decision"], refused["decision"]) == ("asked", "refused")


def test_nobody_is_named_by_what_they_ask(
    broker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("caller", "decision", "request_id", "audit", "_aws", "granted", "source_identity")
    for name in names:
        with pytest.raises(errors.InvalidRequest, match="unknown key"):
            broker.handler({"role_name": "iam-sudo-demo-task", name: ANN}, CONTEXT)
        log = capsys.readouterr().out
        line = decided(log)
        assert (line["caller"], line["decision"]) == ("unproven", "refused")
        assert ANN not in log


def test_a_defect_grants_nothing_and_tells_the_caller_where_to_look(
    account: Account,
    broker: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    detail = "a detail that is nobody's business"

    def broken(*_: object, **__: object) -> None:
        raise KeyError(detail)

    monkeypatch.setattr(decision, "simulate", broken)
    with pytest.raises(errors.BrokerFailure, match="req-1") as caught:
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert "nobody's business" not in str(caught.value)
    assert caught.value.__suppress_context__
    log = capsys.readouterr().out
    assert "KeyError" in log
    assert "in _answer" in log
    assert "nobody's business" not in log
    line = json.loads(log.splitlines()[-1])
    assert (line["decision"], line["error"], line["failed"]) == ("refused", "BrokerFailure", 1)


@pytest.mark.parametrize("variable", ["IAM_SUDO_POLICY", "IAM_SUDO_BASE_ROLE"])
def test_the_broker_does_not_start_without_its_settings(
    account: Account, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    sys.modules.pop("handler", None)
    with pytest.raises(errors.InvalidSettings, match=variable):
        importlib.import_module("handler")
