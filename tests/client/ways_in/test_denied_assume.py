"""What `assume` says when it is denied: from facts, and from what IAM shows or does not show."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.session import Session

from iam_sudo_client.ways_in.denied_assume import (
    Facts,
    explain,
    own_half_of,
    why_denied,
)
from iam_sudo_client.ways_in.trust_policy import Caller, Trust
from iam_sudo_core.arns import RoleArn
from tests.aws_account import ACCOUNT, Account
from tests.client.ways_in.callers import (
    ANN,
    DEVELOPER,
    ECS_ALONE,
    ROOT,
    SESSION,
    SOMEBODY,
    SSO,
    USER,
    granted,
    statement,
)

TASK = RoleArn("aws", ACCOUNT, "orders-task")
SIMULATE = "iam-sudo simulate --role-name orders-task"


def simulated(decision: str, *missing: str, **details: Any) -> dict[str, Any]:
    specific = {"EvalResourceName": str(TASK), "MissingContextValues": list(missing)}
    result = {"EvalActionName": "sts:AssumeRole", "EvalDecision": decision, **details}
    return {"EvaluationResults": [{**result, "ResourceSpecificResults": [specific]}]}


@pytest.mark.parametrize(
    ("reply", "directly", "against"),
    [
        (simulated("allowed", "aws:SourceIp"), False, ""),
        (simulated("implicitDeny"), True, ""),
        (simulated("implicitDeny"), False, "your own policies do not allow sts:AssumeRole on it"),
        (simulated("explicitDeny"), True, "your own policies deny sts:AssumeRole on it"),
        (
            simulated("implicitDeny", "iam:ResourceTag/env", "iam:ResourceTag/iam-sudo:broker"),
            False,
            "your own policies do not allow sts:AssumeRole on it, which lacks the tag env",
        ),
        (
            simulated("implicitDeny", "aws:SourceIp"),
            False,
            "your own policies do not allow sts:AssumeRole on it, as far as can be seen without "
            "aws:SourceIp",
        ),
        (
            simulated(
                "implicitDeny",
                PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False},
            ),
            True,
            "your permissions boundary does not allow sts:AssumeRole on it",
        ),
        (
            simulated(
                "explicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False}
            ),
            False,
            "a service control policy does not allow you sts:AssumeRole on it",
        ),
    ],
)
def test_what_a_simulation_says(reply: dict[str, Any], directly: bool, against: str) -> None:
    assert own_half_of(reply, directly=directly) == against


def seen(**facts: Any) -> Facts:
    return Facts(**({"asked": TASK, "found": str(TASK), "caller": USER} | facts))


NAMED, DOUBT = Trust(allows=True), frozenset({"sts:ExternalId"})
CASES = {
    "trust does not name": (
        seen(trust=Trust()),
        f"its trust policy does not name you ({ANN}); deploy it with tag-based trust, or: ",
    ),
    "trust excludes": (
        seen(trust=Trust(excludes=True), caller=DEVELOPER),
        f"a condition of its trust policy excludes you ({SSO}); ask its owner for grant_sudo, or: ",
    ),
    "trust denies": (
        seen(trust=Trust(allows=True, denies=True), caller=SOMEBODY),
        f"its trust policy denies you ({SESSION}); ask its owner for grant_sudo, or: ",
    ),
    "own half, tag": (
        seen(trust=NAMED, tags={"env": "prod", "app": "x"}, own_half="your own policies do not …"),
        "its trust policy names you, but your own policies do not … (its tags: app=x, env=prod); "
        "ask its owner for grant_sudo, or: ",
    ),
    "own half, no tag": (
        seen(trust=Trust(allows=True, unchecked=DOUBT), own_half="your own policies deny it"),
        "its trust policy names you, if what could not be checked agrees (sts:ExternalId), but "
        "your own policies deny it (it has no tags); ask its owner for grant_sudo, or: ",
    ),
    "own half not seen": (
        seen(trust=NAMED, tags={"env": "dev"}),
        "its trust policy names you, but your own policies may not allow it, which could "
        "not be looked at (iam:SimulatePrincipalPolicy) (its tags: env=dev); "
        "ask its owner for grant_sudo, or: ",
    ),
    "own half not seen, named directly": (
        seen(trust=Trust(allows=True, directly=True), caller=SOMEBODY),
        "its trust policy names you, but your own policies may deny it, which could not be "
        "looked at (iam:GetRole of your own role) (it has no tags); "
        "ask its owner for grant_sudo, or: ",
    ),
    "a condition": (
        seen(trust=Trust(allows=True, unchecked=DOUBT), own_half=""),
        "its trust policy names you, if what could not be checked agrees (sts:ExternalId), and "
        "your own policies are not against it; ask its owner for grant_sudo, or: ",
    ),
    "nothing found": (
        seen(trust=NAMED, own_half=""),
        "its trust policy names you, and your own policies are not against it; a session policy "
        "may be, or a change is still on its way; ask its owner for grant_sudo, or: ",
    ),
    "nothing found, but AWS says": (
        seen(trust=NAMED, own_half="", reason="an explicit deny in a …"),
        "its trust policy names you, and your own policies are not against it; AWS says "
        '"an explicit deny in a …"; ask its owner for grant_sudo, or: ',
    ),
    "blind": (
        Facts(asked=TASK, blind="IAM does not let you look at why (iam:GetRole)"),
        "IAM does not let you look at why (iam:GetRole): either its trust policy does not name "
        "you, or your policies do not allow sts:AssumeRole on it; "
        "ask its owner for grant_sudo, or: ",
    ),
    "blind, but AWS says": (
        Facts(asked=TASK, blind="blind", reason="no identity-based policy allows it"),
        'blind: AWS says "no identity-based policy allows it"; ask its owner for grant_sudo, or: ',
    ),
    "own half not seen, but AWS says": (
        seen(trust=NAMED, tags={"env": "prod"}, reason="no identity-based policy allows it"),
        'its trust policy names you, but AWS says "no identity-based policy allows it" (its tags: '
        "env=prod); ask its owner for grant_sudo, or: ",
    ),
    "elsewhere": (
        seen(asked=RoleArn("aws", "444455556666", "orders-task", "/p/"), found=None),
        f"it is in account 444455556666, where you ({ANN}) cannot look: its trust policy and "
        "your own policies both have to allow it; ask its owner, or as somebody of that account: ",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_line_says_what_is_wrong_and_how_else(case: str) -> None:
    facts, problem = CASES[case]
    assert explain(facts) == f"you may not assume orders-task: {problem}{SIMULATE}"


def test_the_line_when_simulate_would_not_do_either() -> None:
    assert explain(seen(found="")) == (
        f"you may not assume orders-task: no role of that name in account {ACCOUNT}; "
        "check the spelling and AWS_PROFILE"
    )
    assert "; sign in as a user or a role" in explain(seen(caller=Caller(identity=ROOT, arn=ROOT)))


def test_many_tags_are_cut() -> None:
    line = explain(seen(trust=NAMED, tags={f"key{n}": "value\n" for n in range(50)}))
    assert len(line) < 600
    assert "\n" not in line
    assert "…" in line


Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def calls(session: Session) -> Calls:
    made: Calls = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append((model.name, params))

    session.register("provide-client-params.*", record)
    return made


def answer(session: Session, operation: str, reply: dict[str, Any] | Callable[[], None]) -> None:
    """Have IAM answer, or a function raise, in place of one operation."""

    def before(**_: Any) -> Any:
        if callable(reply):
            return reply()
        return SimpleNamespace(status_code=200), reply

    session.register(f"before-call.*.{operation}", before)


def fails(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "so it is"}}, operation)


def why(
    session: Session,
    asked: RoleArn = TASK,
    *,
    identity: str | None = ANN,
    said: str = f"User: {ANN} is not authorized to perform: sts:AssumeRole on resource: {TASK}",
    noted: list[str] | None = None,
) -> str:
    def note(**facts: object) -> None:
        if noted is not None:
            noted.extend(f"{name}: {fact}" for name, fact in facts.items())

    return why_denied(session, asked, identity=identity, said=said, note=note)


def test_a_role_that_trusts_its_service_alone_takes_one_look(
    account: Account, session: Session, calls: Calls
) -> None:
    account.role("orders-task")
    assert f"its trust policy does not name you ({ANN})" in why(session)
    assert [operation for operation, _ in calls] == ["GetRole"]


def test_the_tags_of_the_role_go_into_the_simulation(
    account: Account, session: Session, calls: Calls
) -> None:
    account.role("orders-task", trust={"Statement": [ECS_ALONE, granted(ANN)]})
    boto3.client("iam").tag_role(RoleName="orders-task", Tags=[{"Key": "env", "Value": "prod"}])
    calls.clear()
    answer(session, "SimulatePrincipalPolicy", simulated("implicitDeny"))
    assert (
        "its trust policy names you, but your own policies do not allow sts:AssumeRole on it "
        "(its tags: env=prod); ask its owner"
    ) in why(session)
    operation, asked = calls[-1]
    assert [name for name, _ in calls] == ["GetRole", operation]
    assert (asked["PolicySourceArn"], asked["ResourceArns"]) == (ANN, [str(TASK)])
    assert asked["ActionNames"] == ["sts:AssumeRole"]
    context = {each["ContextKeyName"]: each["ContextKeyValues"] for each in asked["ContextEntries"]}
    assert context == {
        "iam:ResourceTag/env": ["prod"],
        "aws:ResourceTag/env": ["prod"],
        "aws:ResourceAccount": [TASK.account],
    }


def test_a_developer_with_a_role_is_looked_up_with_its_path(
    account: Account, session: Session, calls: Calls
) -> None:
    account.role("orders-task", trust={"Statement": granted(SSO[:-16] + "?" * 16)})
    prefix, name = SSO.rsplit("/", 1)
    account.role(name, path=prefix.partition(":role")[2] + "/")
    answer(session, "SimulatePrincipalPolicy", simulated("allowed"))
    calls.clear()
    assert "your own policies are not against it" in why(session, identity=SESSION)
    assert [operation for operation, _ in calls] == ["GetRole"] * 2 + ["SimulatePrincipalPolicy"]
    assert calls[-1][1]["PolicySourceArn"] == SSO


def test_a_developer_whose_own_role_cannot_be_read(account: Account, session: Session) -> None:
    account.role("orders-task", trust={"Statement": granted(SSO)})  # and theirs is not there
    line = why(session, identity=SESSION)
    assert "if what could not be checked agrees (aws:PrincipalArn)" in line
    assert "(iam:GetRole of your own role)" in line


def test_a_role_with_a_path_is_named_in_full(account: Account, session: Session) -> None:
    account.role("orders-task", path="/apps/")
    assert why(session) == (
        f"you may not assume orders-task: {TASK} is not its ARN; name it in full: iam-sudo assume "
        f"--role-name arn:aws:iam::{ACCOUNT}:role/apps/orders-task"
    )


def test_a_role_that_is_not_there(account: Account, session: Session) -> None:
    assert f"no role of that name in account {ACCOUNT};" in why(session)


def test_other_accounts_and_root_are_not_looked_at(
    account: Account, session: Session, calls: Calls
) -> None:
    assert "444455556666" in why(session, RoleArn("aws", "444455556666", "orders-task"))
    assert "root user" in why(session, identity=ROOT)
    assert calls == []


def test_who_the_caller_is_gets_asked_when_it_is_not_known(
    account: Account, session: Session, calls: Calls
) -> None:
    account.role("orders-task")
    why(session, identity=None)
    assert [operation for operation, _ in calls] == ["GetCallerIdentity", "GetRole"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("because no identity-based\npolicy allows it", "no identity-based policy allows it"),
        ("with an explicit deny in a resource policy", "an explicit deny in a resource policy"),
    ],
)
def test_what_aws_says_by_itself_is_passed_on(
    account: Account, session: Session, said: str, reason: str
) -> None:
    answer(session, "GetRole", fails(refusal("AccessDenied", "GetRole")))
    noted: list[str] = []
    assert f'at why (iam:GetRole): AWS says "{reason}"; ask' in why(
        session, said=f"User: x is not authorized {said}.", noted=noted
    )
    assert noted[0].startswith("AWS_said: User: x is not authorized ")


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("with an explicit deny in a service control policy", "that is your organization's: ask"),
        ("because no service control policy allows it", "that is your organization's: ask"),
        ("because no permissions boundary allows it", "that is yours: ask whoever gave it"),
        ("because no session policy allows it", "that is of the session you are in: choose"),
    ],
)
def test_the_owner_of_the_role_is_not_asked_for_what_others_deny(
    account: Account, session: Session, said: str, step: str
) -> None:
    answer(session, "GetRole", fails(refusal("AccessDenied", "GetRole")))
    line = why(session, said=f"User: x is not authorized {said}.")
    assert f"; {step}" in line
    assert "its owner" not in line


def test_who_is_in_a_session_of_ours_already_is_told_so(account: Account, session: Session) -> None:
    you = f"arn:aws:sts::{ACCOUNT}:assumed-role/IAMSudoUser/iam-sudo-payments-task"
    answer(session, "GetRole", fails(refusal("AccessDenied", "GetRole")))
    said = f"User: {you} is not authorized with an explicit deny in an identity-based policy"
    assert "you are in a session of iam-sudo already" in why(session, said=said)


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "GetRole", "SimulatePrincipalPolicy"])
@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDenied", "X"),
        refusal("Throttling", "X"),
        ClientError({}, "X"),
        EndpointConnectionError(endpoint_url="https://iam.amazonaws.com"),
        KeyError("x\ny"),
    ],
)
def test_a_look_that_fails_leaves_a_line_that_says_so(
    account: Account, session: Session, operation: str, error: Exception
) -> None:
    account.role("orders-task", trust={"Statement": [statement({"AWS": ROOT})]})
    answer(session, "GetCallerIdentity", {"Arn": ANN})
    answer(session, operation, fails(error))
    noted: list[str] = []
    line = why(session, identity=None if operation == "GetCallerIdentity" else ANN, noted=noted)
    assert line.startswith("you may not assume orders-task: ")
    assert line.endswith(f"; ask its owner for grant_sudo, or: {SIMULATE}")
    assert "could not be looked at (" in line or "IAM does not let you look at why (" in line
    assert "testing" not in line
    assert noted[-1].startswith("not_seen: ")
    assert "\n" not in line + noted[-1]


@pytest.mark.parametrize("reply", [{"EvaluationResults": []}, {}])
def test_a_simulation_that_says_nothing_is_none(
    account: Account, session: Session, reply: dict[str, Any]
) -> None:
    account.role("orders-task", trust={"Statement": [statement({"AWS": ROOT})]})
    answer(session, "SimulatePrincipalPolicy", reply)
    assert "(iam:SimulatePrincipalPolicy)" in why(session)


def test_a_trust_policy_that_is_not_understood_is_none(account: Account, session: Session) -> None:
    account.role("orders-task", trust={"Statement": "x"})
    assert "why could not be looked at (ValueError): either" in why(session)
