"""`iam-sudo why`: the texts of AWS, and which side each comes from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client.command_line import EXPLANATION, Run, Service, one_error

BASE = "arn:aws:iam::111122223333:role/IAMSudoUser"
SIMULATED = "arn:aws:sts::111122223333:assumed-role/IAMSudoUser/iam-sudo-orders-task"
ITSELF = "arn:aws:sts::111122223333:assumed-role/orders-task/iam-sudo-orders-task"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
OBJECT = "arn:aws:s3:::orders/1"


def denied(action: str, why: str = "", *, who: str = SIMULATED, resource: str = OBJECT) -> bytes:
    """What the AWS CLI prints."""
    operation = action.partition(":")[2]
    return (
        f"An error occurred (AccessDenied) when calling the {operation} operation: User: {who} "
        f"is not authorized to perform: {action} on resource: {resource}{why and ' ' + why}\n"
    ).encode()


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def says(effect: str, *actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource}


ALLOWS = says("Allow", "s3:Get*", "s3:PutObject", "iam:PassRole", "lambda:*")
LOOKED_UP = EXPLANATION | {
    "permissions_boundary": BOUNDARY,
    "policies": {
        "own": policy(ALLOWS, says("Deny", "s3:GetObject", resource="arn:aws:s3:::secrets/*")),
        BOUNDARY: policy(says("Allow", "s3:Get*", "s3:Delete*", "iam:*", "lambda:*")),
    },
    "differences": [
        {
            "kind": "base-role",
            "detail": "does not allow all of: iam:PassRole",
            "policy": "own",
            "statement": ALLOWS,
        }
    ],
    "guardrails": [
        {
            "kind": "guardrails",
            "detail": "denies some of: lambda:*",
            "policy": "own",
            "statement": ALLOWS,
        }
    ],
}
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo"


@pytest.mark.parametrize(
    ("text", "who"),
    [
        # Which policy it is, AWS says; whose it is, the policies tell.
        (denied("s3:DeleteObject", "because no session policy allows the s3:DeleteObject action"),
         "the role orders-task"),
        (denied("s3:PutObject", "because no session policy allows the s3:PutObject action"),
         "the permissions boundary of orders-task"),
        (denied("s3:PutObject", "with an explicit deny in a session policy"),
         "the permissions boundary of orders-task"),
        (denied("s3:GetObject", "with an explicit deny in a session policy",
                resource="arn:aws:s3:::secrets/1"),
         "the role orders-task"),
        (denied("s3:GetObject", "because no session policy allows the s3:GetObject action"),
         "the role orders-task, or --policy"),
        (denied("sqs:SendMessage", "because no identity-based policy allows the sqs:X action"),
         "the role orders-task"),
        (denied("s3:PutObject", "because no identity-based policy allows the s3:X action"),
         "the permissions boundary of orders-task"),
        (denied("iam:PassRole", "because no identity-based policy allows the iam:PassRole action"),
         f"the base role {BASE}"),
        (denied("lambda:InvokeFunction", "with an explicit deny in an identity-based policy",
                resource=FUNCTION),
         "the guardrails"),
        (denied("s3:GetObject", "with an explicit deny in an identity-based policy"),
         f"the base role {BASE}"),
        (denied("s3:GetObject", "because no permissions boundary allows the s3:GetObject action"),
         f"the base role {BASE}"),
        # It says no more than that.
        (denied("s3:DeleteObject"), "the role orders-task"),
        (denied("s3:GetObject", resource="arn:aws:s3:::secrets/1"), "the role orders-task"),
        (denied("s3:PutObject"), "the permissions boundary of orders-task"),
        (denied("iam:PassRole"), f"the base role {BASE}"),
        (denied("lambda:InvokeFunction", resource=FUNCTION), "the guardrails"),
        (denied("s3:GetObject"), "none of the role's policies"),
    ],
)  # fmt: skip
def test_which_side_denies_a_simulated_session(
    run: Run, service: Service, text: bytes, who: str
) -> None:
    service.body = LOOKED_UP
    told = run("why", stdin=text)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[0] == f"Denied by  {who}"
    assert service.asked == [{"role_name": "orders-task", "explain": True}]


def ended(minutes: int) -> dict[str, Any]:
    """The explanation of a session whose like were ended so long ago."""
    before = datetime.now(UTC) - timedelta(minutes=minutes)
    time = before.strftime("%Y-%m-%dT%H:%M:%SZ")
    return LOOKED_UP | {"ended": [{"policy": "AWSRevokeOlderSessions", "before": time}]}


BY_IDENTITY = "with an explicit deny in an identity-based policy"


@pytest.mark.parametrize(
    ("text", "otherwise"),
    [
        (denied("s3:GetObject", BY_IDENTITY), f"the base role {BASE}"),
        (denied("lambda:InvokeFunction", BY_IDENTITY, resource=FUNCTION), "the guardrails"),
        (denied("s3:GetObject"), "none of the role's policies"),
    ],
)
def test_that_a_session_was_ended_is_said_and_what_it_is_otherwise(
    run: Run, service: Service, text: bytes, otherwise: str
) -> None:
    service.body = ended(5)
    told = run("why", stdin=text).stdout
    assert told.startswith("Denied by  the end of the session\n")
    assert service.body["ended"][0]["before"] in told
    assert "iam-sudo logout" in told
    assert f"if it began later, it is {otherwise}: " in told


@pytest.mark.parametrize(
    ("explanation", "text"),
    [
        # All of them are over by themselves.
        (ended(61), denied("s3:GetObject", BY_IDENTITY)),
        # AWS names what it cannot be, or the role itself has not.
        (ended(5), denied("s3:GetObject", "because no session policy allows the s3:X action")),
        (ended(5), denied("iam:PassRole", "because no identity-based policy allows the X action")),
        (ended(5), denied("s3:DeleteObject")),
        # It is the session of somebody else, whose end is not known.
        (ended(5), denied("s3:GetObject", BY_IDENTITY, who=f"{SIMULATED},bob")),
        (LOOKED_UP | {"ended": []}, denied("s3:GetObject", BY_IDENTITY)),
    ],
)
def test_that_a_session_was_ended_is_said_of_no_other(
    run: Run, service: Service, explanation: dict[str, Any], text: bytes
) -> None:
    service.body = explanation
    told = run("why", stdin=text)
    assert told.returncode == 0
    assert "the end of the session" not in told.stdout


@pytest.mark.parametrize(
    "spoilt", [1, "x", [1], [{}], [{"before": 1}], [{"before": "soon"}], [{"before": "\x1b[31m"}]]
)
def test_an_end_that_cannot_be_read_is_no_answer_of_the_broker(
    run: Run, service: Service, spoilt: object
) -> None:
    service.body = LOOKED_UP | {"ended": spoilt}
    assert "cannot be read" in one_error(run("why", stdin=denied("s3:GetObject", BY_IDENTITY)), 254)


def test_of_the_role_itself_its_end_may_be_what_denies(run: Run) -> None:
    told = run("why", stdin=denied("s3:GetObject", BY_IDENTITY, who=ITSELF)).stdout
    assert "if its sessions were revoked in the IAM console, assume it anew" in told


@pytest.mark.parametrize("who", [SIMULATED, ITSELF])
@pytest.mark.parametrize(
    "kind",
    ["resource-based policy", "service control policy", "resource control policy",
     "VPC endpoint policy"],
)  # fmt: skip
def test_what_no_policy_of_the_role_tells_needs_no_look(
    run: Run, service: Service, who: str, kind: str
) -> None:
    for why in (f"with an explicit deny in a {kind}", f"because no {kind} allows the s3:X action"):
        told = run("why", stdin=denied("s3:GetObject", why, who=who))
        assert told.stdout.startswith("Denied by  none of the role's policies\n")
        assert kind in told.stdout
    assert service.asked == []


@pytest.mark.parametrize(
    ("why", "who"),
    [
        ("because no identity-based policy allows the s3:X action", "the role orders-task"),
        ("with an explicit deny in an identity-based policy", "the role orders-task"),
        ("with an explicit deny in a permissions boundary",
         "the permissions boundary of orders-task"),
        ("because no session policy allows the s3:X action", "the policy of --policy"),
    ],
)  # fmt: skip
def test_of_the_role_itself_the_words_are_enough(
    run: Run, service: Service, why: str, who: str
) -> None:
    told = run("why", stdin=denied("s3:GetObject", why, who=ITSELF))
    assert told.stdout.startswith(f"Denied by  {who}\n")
    assert service.asked == []


def test_the_last_denial_of_a_long_output_counts_and_its_shape_may_vary(
    run: Run, service: Service
) -> None:
    service.body = LOOKED_UP
    text = (
        b"Traceback (most recent call last):\n" + denied("sqs:SendMessage")
        + b"AccessDeniedException: User: " + SIMULATED.encode()
        + b' is not authorized to perform "s3:PutObject"\n  on the resource "' + OBJECT.encode()
        + b'" because no session\npolicy allows the s3:PutObject action\n\xff\n'
    )  # fmt: skip
    told = run("why", stdin=text)
    assert told.stdout.startswith("Denied by  the permissions boundary of orders-task\n")


@pytest.mark.parametrize("caller", ["ann", "ann@example.com", "build-0123"])
def test_a_session_with_its_caller_s_name_tells_its_role(
    run: Run, service: Service, caller: str
) -> None:
    service.body = LOOKED_UP
    told = run("why", stdin=denied("s3:DeleteObject", who=f"{SIMULATED},{caller}"))
    assert told.stdout.startswith("Denied by  the role orders-task\n")
    assert service.asked == [{"role_name": "orders-task", "explain": True}]


def test_the_role_may_be_named_where_the_session_does_not_tell(run: Run, service: Service) -> None:
    for name in ("a" * 46, f"{'a' * 20},{'b' * 25}", "orders-task,ann-smith"):
        cut = SIMULATED.rpartition("/")[0] + f"/iam-sudo-{name}-0123abcd"
        text = denied("s3:DeleteObject", who=cut)
        assert "give --role-name" in one_error(run("why", stdin=text), 2)
    service.body = LOOKED_UP
    told = run("why", "--role-name", "orders-task", stdin=text)
    assert told.stdout.startswith("Denied by  the role orders-task\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "does not say who"),
        (b"An error occurred (AccessDenied) when calling the ListBuckets operation: Access Denied",
         "does not say who"),
        (b"You are not authorized to perform this operation. Encoded authorization failure "
         b"message: abc", "aws sts decode-authorization-message"),
        (denied("s3:GetObject", who="arn:aws:iam::111122223333:user/ann"),
         "is no session of a role"),
        (denied("s3:GetObject", who=SIMULATED.replace("iam-sudo-orders-task", "ann")),
         "give --role-name"),
    ],
)  # fmt: skip
def test_what_is_no_denial_of_a_session_is_said(
    run: Run, service: Service, text: bytes, said: str
) -> None:
    assert said in one_error(run("why", stdin=text), 2)
    assert service.asked == []


@pytest.mark.parametrize("text", [b"arn:", b",arn:", b"arn:,"])
def test_a_text_that_was_made_to_last_is_read(run: Run, text: bytes) -> None:
    # It took hours: no test waits so long.
    one_error(run("why", stdin=text * 200_000), 2)
