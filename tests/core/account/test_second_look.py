"""A role that changes while it is being read: STS gives out credentials, and nobody gets them."""

import json
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core import errors
from iam_sudo_core.broker import simulate
from tests.aws_account import ACCOUNT, ECS, Account, Calls, allow
from tests.core.conftest import CONTEXT, ONE, READ_ONLY, decided

NAME = "iam-sudo-demo-task"
NARROW = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject")]}
WIDE = {"Version": "2012-10-17", "Statement": [allow("s3:*")]}
NO_DELETE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}],
}
TESTS_ENV = allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/env": "dev"}})

Change = Callable[[Account], None]


def stored(name: str = NAME) -> Any:
    return iam_backends[ACCOUNT]["aws"].get_role(name)


def put(policy: str, document: dict[str, Any]) -> None:
    stored().policies[policy] = json.dumps(document)


@pytest.fixture
def given(broker: ModuleType) -> list[dict[str, Any]]:
    """The credentials that STS gave out."""
    seen: list[dict[str, Any]] = []

    def see(parsed: dict[str, Any], **_: Any) -> None:
        if "Credentials" in parsed:
            seen.append(parsed["Credentials"])

    broker._STS.meta.events.register("after-call.sts.AssumeRole", see)
    return seen


@pytest.fixture
def thrown_away(
    broker: ModuleType,
    given: list[dict[str, Any]],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., dict[str, Any]]:
    """Invoke the broker, which gets credentials and throws them away; returns the audit line."""

    def thrown_away(error: type[errors.IamSudoError], match: str) -> dict[str, Any]:
        with pytest.raises(error, match=match) as caught:
            broker.handler({"role_name": NAME}, CONTEXT)
        assert given, "STS was not asked"
        said = capfd.readouterr()
        told = said.out + said.err + caplog.text + str(caught.value) + repr(vars(caught.value))
        for credentials in given:
            for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
                assert credentials[name] not in told
        audit = decided(said.out)
        assert (audit["decision"], audit["error"]) == ("refused", error.__name__)
        return audit

    return thrown_away


@pytest.fixture
def once_read(account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Have something happen when the role was read, and before it is looked at again."""

    def once_read(change: Change) -> None:
        assume = simulate.assume_unchanged
        left = [change]

        def changed(*clients: Any, **more: Any) -> Any:
            if left:
                left.pop()(account)
            return assume(*clients, **more)

        monkeypatch.setattr(simulate, "assume_unchanged", changed)

    return once_read


def test_who_adds_a_denial_and_then_widens_a_policy_is_not_undone_by_the_order_of_reads(
    account: Account, broker: ModuleType, thrown_away: Callable[..., dict[str, Any]]
) -> None:
    account.role(NAME, inline={"allow": NARROW})

    def change(**_: Any) -> None:
        put("deny", NO_DELETE)
        put("allow", WIDE)

    broker._IAM.meta.events.register("before-call.iam.GetRolePolicy", change)
    audit = thrown_away(errors.RoleChanged, r"^iam-sudo-demo-task: .*inline policies.*; try again$")
    assert "inline policies" in audit["reason"]


def anew(account: Account) -> None:
    iam_backends[ACCOUNT]["aws"].roles.pop(stored().id)
    account.role(NAME, inline={"one": ONE}, managed=(READ_ONLY,), tags={"env": "dev"})


CHANGES: dict[str, tuple[str, Change]] = {
    "a policy is added": ("inline policies", lambda _: put("two", NO_DELETE)),
    "a policy is taken away": ("inline policies", lambda _: stored().policies.clear()),
    "a policy is renamed": (
        "inline policies",
        lambda _: setattr(stored(), "policies", {"One": stored().policies["one"]}),
    ),
    "a managed policy is added": (
        "managed policies",
        lambda account: account.change(
            NAME, managed=(READ_ONLY, account.managed_policy("m", allow("s3:*"))), boundary=None
        ),
    ),
    "a managed policy is taken away": (
        "managed policies",
        lambda account: account.change(NAME, managed=(), boundary=None),
    ),
    "a boundary is set": (
        "permissions boundary",
        lambda account: account.change(NAME, managed=(READ_ONLY,), boundary=READ_ONLY),
    ),
    "another service is trusted": (
        "trust policy",
        lambda _: setattr(
            stored(),
            "assume_role_policy_document",
            json.dumps(ECS).replace("ecs-tasks", "lambda"),
        ),
    ),
    "a tag has another value": ("tags", lambda account: account.tag(NAME, env="prod")),
    "a tag is added": ("tags", lambda account: account.tag(NAME, env="dev", more="x")),
    "it is moved to another path": ("arn", lambda _: setattr(stored(), "path", "/elsewhere/")),
    "it is deleted and made anew": ("role id", anew),
    "it is gone": ("it is gone", lambda _: iam_backends[ACCOUNT]["aws"].roles.pop(stored().id)),
}


@pytest.mark.parametrize(("what", "change"), CHANGES.values(), ids=CHANGES)
def test_nobody_gets_the_session_of_a_role_that_changed(
    account: Account,
    thrown_away: Callable[..., dict[str, Any]],
    once_read: Callable[[Change], None],
    what: str,
    change: Change,
) -> None:
    account.role(NAME, inline={"one": ONE}, managed=(READ_ONLY,), tags={"env": "dev"})
    once_read(change)
    assert f"({what})" in thrown_away(errors.RoleChanged, "try again")["reason"]


BUCKETS = "arn:aws:s3:::"


@pytest.mark.parametrize(
    "what",
    [
        "its boundary",
        "its boundary, which is attached as well",
        "one that moved inline",
        "one in the product with its boundary",
        "one in the complement within its boundary as it is",
    ],
)
def test_nobody_gets_the_session_when_a_document_that_is_written_out_is_of_an_old_version(
    account: Account,
    thrown_away: Callable[..., dict[str, Any]],
    once_read: Callable[[Change], None],
    what: str,
) -> None:
    arns = [account.managed_policy(f"P{n}", allow(f"s3:Get{n}")) for n in range(11)]
    boundary = None
    changed = arns[:1]
    if what.startswith("its boundary"):
        changed = [boundary := account.managed_policy("boundary", allow("s3:*"))]
        arns = changed if what.endswith("as well") else []
    elif what.startswith("one in"):
        # No complement has its opposite; how these two overlap is not sure, so no product either.
        tested = {"StringEquals": {"aws:TagKeys": "env"}}
        resource, other = ("*", "*") if "product" in what else (f"{BUCKETS}a*b", f"{BUCKETS}a:*")
        boundary = account.managed_policy("boundary", allow("s3:*", other, Condition=tested))
        arns = changed = [account.managed_policy("own", allow("s3:Get0", resource))]
    else:
        changed = arns
    account.role(NAME, managed=tuple(arns), boundary=boundary)

    def new_version(_: Account) -> None:
        for arn in changed:
            iam_backends[ACCOUNT]["aws"].managed_policies[arn].default_version_id = "v2"

    once_read(new_version)
    assert "(versions)" in thrown_away(errors.RoleChanged, "try again")["reason"]


def test_nobody_gets_the_session_when_the_base_role_was_given_a_tag_that_a_policy_tests(
    account: Account,
    thrown_away: Callable[..., dict[str, Any]],
    once_read: Callable[[Change], None],
) -> None:
    account.role(NAME, inline={"one": {"Version": "2012-10-17", "Statement": [TESTS_ENV]}})
    once_read(lambda account: account.tag("IAMSudoUser", env="dev"))
    thrown_away(errors.PrincipalTagDiffers, "aws:PrincipalTag/env")


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied"])
@pytest.mark.parametrize("operation", ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"])
def test_nobody_gets_the_session_when_the_role_cannot_be_looked_at_again(
    account: Account,
    broker: ModuleType,
    thrown_away: Callable[..., dict[str, Any]],
    once_read: Callable[[Change], None],
    operation: str,
    code: str,
) -> None:
    account.role(NAME, inline={"one": ONE})

    def fail(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "not now"}}, operation)

    once_read(lambda _: broker._IAM.meta.events.register(f"before-call.iam.{operation}", fail))
    thrown_away(errors.AwsCallFailed, f"^{operation} failed: {code}: not now$")


@pytest.mark.parametrize("why", ["PackedPolicyTooLarge", "AccessDenied"])
def test_each_attempt_has_its_own_look(
    account: Account,
    broker: ModuleType,
    thrown_away: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    twice = {"Version": "2012-10-17", "Statement": ONE["Statement"] * 2}
    account.role(NAME, inline={"one": twice}, tags={"env": "dev"})
    attempts: list[str] = []

    def the_first_fails(**_: Any) -> None:
        attempts.append(why)
        if len(attempts) == 1:
            error = {"Code": why, "Message": "You may not sts:TagSession"}
            raise ClientError({"Error": error}, "AssumeRole")

    assume = simulate.assume_unchanged

    def changed_afterwards(*clients: Any, **more: Any) -> Any:
        try:
            return assume(*clients, **more)
        finally:
            put("two", NO_DELETE)

    broker._STS.meta.events.register("before-call.sts.AssumeRole", the_first_fails)
    monkeypatch.setattr(simulate, "assume_unchanged", changed_afterwards)
    thrown_away(errors.RoleChanged, "inline policies")
    assert len(attempts) == 2


def test_the_look_and_assume_role_are_side_by_side_and_after_all_that_is_read(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    account.role(NAME, inline={f"p{number}": ONE for number in range(5)})
    both = threading.Barrier(2, timeout=60)
    operations: list[str] = []

    def meet(**_: Any) -> None:
        if operations.count("GetRolePolicy") == 5:
            both.wait()

    def end(model: Any, **_: Any) -> None:
        operations.append(model.name)

    broker._IAM.meta.events.register("after-call.iam.*", end)
    broker._STS.meta.events.register("before-call.sts.AssumeRole", meet)
    broker._IAM.meta.events.register("before-call.iam.GetRole", meet)
    broker.handler({"role_name": NAME}, CONTEXT)
    made = [operation for operation, _ in calls]
    assert sorted(made) == [
        "AssumeRole",
        *["GetRole"] * 2,
        *["GetRolePolicy"] * 5,
        *["ListAttachedRolePolicies"] * 2,
        *["ListRolePolicies"] * 2,
    ]
    assert "GetRolePolicy" not in made[-4:]


def test_policies_that_travel_as_arns_cost_no_call_more(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    own = account.managed_policy("own", allow("sqs:*"))
    boundary = account.managed_policy("boundary", allow("*"))
    account.role(NAME, managed=(own,), boundary=boundary)
    broker.handler({"role_name": NAME}, CONTEXT)
    looked_at = [more["PolicyArn"] for operation, more in calls if operation == "GetPolicy"]
    assert sorted(looked_at) == sorted([own, boundary, boundary])


def test_an_explanation_looks_once(account: Account, broker: ModuleType, calls: Calls) -> None:
    account.role(NAME, inline={"one": ONE})
    broker.handler({"role_name": NAME, "explain": True}, CONTEXT)
    assert [more for operation, more in calls if operation == "GetRole"] == [
        {"RoleName": NAME},
        {"RoleName": "IAMSudoUser"},
    ]
