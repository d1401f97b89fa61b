"""Two developers with rules of their own, by the real command and the real function."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from demo.emulator import ACCOUNT, REGION
from iam_sudo_core.broker import request_hash
from tests.emulator.conftest import Deployment, Finished, allow, document

pytestmark = pytest.mark.slow

LOG = "/aws/lambda/iam-sudo"
PARAMETER = "/iam-sudo/iam-sudo/rules"
IDENTITY = ("aws", "sts", "get-caller-identity")
FUNCTION = "iam-sudo"


@pytest.fixture(scope="module")
def keys(deployment: Deployment) -> Iterator[dict[str, dict[str, str]]]:
    """Ann and Bob, and a broker whose rules give each a role of their own."""
    keys = {}
    for name in ("ann-of-rules", "bob-of-rules"):
        keys[name[:3]] = deployment.user(name, allow("lambda:InvokeFunction", "sts:*"))
        deployment.role(f"{name[:3]}-task", allow("ssm:DescribeParameters"))
    with variables(deployment, {"rules": [own_role(who) for who in keys]}):
        yield keys


def own_role(who: str, names: str = "") -> dict[str, Any]:
    return {
        "effect": "allow",
        "callers": [f"arn:aws:iam::{ACCOUNT}:user/{who}-of-rules"],
        "role-names": [names or f"{who}-*"],
        "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
    }


@contextmanager
def variables(deployment: Deployment, who: Mapping[str, Any]) -> Iterator[None]:
    """The deployed broker with this in the place of its selection."""
    client = deployment.emulator.client("lambda")
    before = client.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    base_roles = json.loads(before["IAM_SUDO_POLICY"])["allowed-base-roles"]
    policy = json.dumps({**who, "allowed-base-roles": base_roles})
    client.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": {**before, "IAM_SUDO_POLICY": policy}}
    )
    try:
        yield
    finally:
        client.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": before}
        )


def simulate(deployment: Deployment, key: dict[str, str], role: str) -> Finished:
    return deployment.run("iam-sudo", "simulate", "--role-name", role, *IDENTITY, credentials=key)


def test_each_gets_their_own_role_and_not_the_other_s(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    for who, other in (("ann", "bob"), ("bob", "ann")):
        finished = simulate(deployment, keys[who], f"{who}-task")
        assert finished.returncode == 0, finished.stderr
        session = json.loads(finished.stdout)["Arn"].rpartition("/")[2]
        assert session == f"iam-sudo-{who}-task,{who}-of-rules"
        refused = simulate(deployment, keys[who], f"{other}-task")
        assert refused.returncode == 125
        assert f'there is no role "{other}-task" that ' in refused.stderr


def test_each_lists_and_explains_their_own_and_learns_nothing_of_the_other_s(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    for who, other in (("ann", "bob"), ("bob", "ann")):
        listed = deployment.run("iam-sudo", "list", credentials=keys[who])
        assert listed.stdout == f"{who}-task yes -\n"
        explained, refused = (
            deployment.run("iam-sudo", "explain", "--role-name", f"{name}-task",
                           credentials=keys[who])
            for name in (who, other)
        )  # fmt: skip
        assert f"Allowed by rule {1 if who == 'ann' else 2}: " in explained.stdout
        assert refused.returncode == 1
        assert f"{other}-task" not in listed.stderr + explained.stdout + explained.stderr


def test_explain_as_says_by_one_s_own_permissions_what_each_gets(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    reads = deployment.user(
        "reads-rules", allow("lambda:GetFunctionConfiguration", "iam:Get*", "iam:List*")
    )

    def explained(who: str, role: str, key: dict[str, str]) -> Finished:
        asked = ("--role-name", role, "--as", f"arn:aws:iam::{ACCOUNT}:user/{who}-of-rules")
        return deployment.run("iam-sudo", "explain", *asked, credentials=key)

    assert "Allowed by rule 1: " in explained("ann", "ann-task", reads).stdout
    refused = explained("ann", "bob-task", reads)
    assert f'no role "bob-task" that arn:aws:iam::{ACCOUNT}:user/ann-of-rules' in refused.stderr
    # Who has asked the broker has read nothing: nobody learns by it what others have.
    assert "you may not read the rules" in explained("bob", "bob-task", keys["ann"]).stderr


def test_a_reason_is_asked_for_by_every_way_and_is_in_the_trail(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    with variables(deployment, {"rules": [{**own_role("ann"), "require-reason": True}]}):
        for command, cmd in (("credential-process", ()), ("serve", IDENTITY)):
            asked = ("iam-sudo", command, "--role-name", "ann-task")
            refused = deployment.run(*asked, *cmd, credentials=keys["ann"])
            assert "asks for a reason; say why by --reason" in refused.stderr
            assert "is this function" not in refused.stderr
            given = deployment.run(*asked, "--reason", f"{command} 7", *cmd,
                                   credentials=keys["ann"])  # fmt: skip
            assert given.returncode == 0, given.stderr
            assert decisions(deployment)[-1]["reason_asked"] == f"{command} 7"


def test_the_ancestor_s_request_is_refused_clearly(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    client = deployment.emulator.client("lambda", keys["ann"])
    reply = client.invoke(FunctionName=FUNCTION, Payload=b'{"role_name": "ann-task"}')
    assert (
        "needs a proof for arn:aws:lambda:" in json.loads(reply["Payload"].read())["errorMessage"]
    )


def decisions(deployment: Deployment) -> list[dict[str, Any]]:
    """The audit lines of decisions, of all requests until now."""
    logs = deployment.emulator.client("logs")
    found = [
        json.loads(event["message"])
        for event in logs.filter_log_events(logGroupName=LOG)["events"]
        if event["message"].startswith("{")
    ]
    no_decisions = ("asked", "proof-required")
    return [line for line in found if line.get("decision", "asked") not in no_decisions]


def test_the_audit_line_and_the_source_identity_name_who_asked(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    for who, key in keys.items():
        assert simulate(deployment, key, f"{who}-task").returncode == 0
        line = [each for each in decisions(deployment) if each["decision"] == "granted"][-1]
        assert line["caller"] == f"arn:aws:iam::{ACCOUNT}:user/{who}-of-rules"
        assert line["source_identity"] == f"{who}-of-rules"
        assert line["role_found"] == f"{who}-task"
        assert line["granted"] == 1


def test_who_is_denied_learns_which_rule_and_whom_to_ask_and_nothing_of_others(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    said = set()
    for name in ("bob-task", "bob-none"):
        refused = simulate(deployment, keys["ann"], name)
        assert refused.returncode == 125
        assert "no rule of the broker allows it" in refused.stderr
        assert "ask whoever deploys the broker for a rule" in refused.stderr
        said.add(refused.stderr.replace(name, "NAME"))
    # In the same words, whether there is such a role or not; and by a part of it neither.
    assert len(said) == 1
    refused = simulate(deployment, keys["ann"], "ob-tas")
    assert "bob-task" not in refused.stdout + refused.stderr


REASONS = itertools.count()


def signed(
    deployment: Deployment, key: Mapping[str, str], event: Mapping[str, Any]
) -> dict[str, Any]:
    """The event with the proof of whose key it is."""
    client = deployment.emulator.client("lambda")
    arn = client.get_function_configuration(FunctionName=FUNCTION)["FunctionArn"]
    event = {**event, "reason": f"number {next(REASONS)}"}
    request = AWSRequest(
        "POST",
        f"{deployment.emulator.client('sts').meta.endpoint_url}/",
        data=b"Action=GetCallerIdentity&Version=2011-06-15",
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "x-iam-sudo-broker": arn,
            "x-iam-sudo-request": request_hash(event),
        },
    )
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    SigV4Auth(credentials, "sts", REGION).add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return {
        **event,
        "proof": {k: v for k, v in headers.items() if k not in ("content-type", "host")},
    }


def ask(deployment: Deployment, key: Mapping[str, str], event: Mapping[str, Any]) -> dict[str, Any]:
    """What the broker answers to somebody."""
    client = deployment.emulator.client("lambda", key)
    reply = client.invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
    answer: dict[str, Any] = json.loads(reply["Payload"].read())
    return answer


def test_a_copied_proof_is_refused(deployment: Deployment, keys: dict[str, dict[str, str]]) -> None:
    event = signed(deployment, keys["ann"], {"role_name": "ann-task"})
    assert ask(deployment, keys["ann"], event)["AccessKeyId"]
    # Bob has seen it, and asks for the same, for more, and for something else.
    for copied, why in (
        (event, "used already"),
        ({**event, "role_name": "ann-task-2"}, "another request"),
        ({**event, "base_role": "IAMSudoUser"}, "another request"),
        ({**event, "explain": True}, "another request"),
    ):
        assert why in ask(deployment, keys["bob"], copied)["errorMessage"]


def test_a_proof_with_somebody_else_s_key_id_is_no_signature(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    event = signed(deployment, keys["bob"], {"role_name": "ann-task"})
    event["proof"]["authorization"] = event["proof"]["authorization"].replace(
        keys["bob"]["AccessKeyId"], keys["ann"]["AccessKeyId"]
    )
    assert "STS says SignatureDoesNotMatch" in ask(deployment, keys["bob"], event)["errorMessage"]


def test_an_explanation_is_by_the_caller_s_rules(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    for name, role in (("ann-task", "ann-task"), ("bob-task", None)):
        event = signed(deployment, keys["ann"], {"role_name": name, "explain": True})
        assert ask(deployment, keys["ann"], event).get("role", {}).get("name") == role


def test_the_ancestor_s_command_is_refused_clearly(
    deployment: Deployment, keys: dict[str, dict[str, str]], ancestor: Path
) -> None:
    refused = deployment.run(
        str(ancestor), "simulate", "--role-name", "ann-task", *IDENTITY, credentials=keys["ann"]
    )
    assert refused.returncode != 0
    assert "needs a proof for arn:aws:lambda:" in refused.stdout + refused.stderr


@pytest.fixture
def published(deployment: Deployment) -> Iterator[Any]:
    """Writes the parameter that the broker's rules are in."""
    ssm, iam = deployment.emulator.client("ssm"), deployment.emulator.client("iam")
    function = deployment.emulator.client("lambda").get_function_configuration(
        FunctionName=FUNCTION
    )
    role = function["Role"].rpartition("/")[2]
    iam.put_role_policy(
        RoleName=role,
        PolicyName="rules",
        PolicyDocument=document(
            allow(
                "ssm:GetParameter", resource=f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{PARAMETER}"
            )
        ),
    )

    def publish(text: str) -> None:
        ssm.put_parameter(Name=PARAMETER, Value=text, Type="String", Overwrite=True)

    yield publish
    iam.delete_role_policy(RoleName=role, PolicyName="rules")
    ssm.delete_parameter(Name=PARAMETER)


def test_rules_in_a_parameter_hold_from_the_next_request_on_and_a_slip_changes_nothing(
    deployment: Deployment, keys: dict[str, dict[str, str]], published: Any
) -> None:
    published(json.dumps({"rules": [own_role("ann")]}))
    with variables(deployment, {"rules-parameter": PARAMETER}):

        def gets(who: str, role: str) -> bool:
            event = signed(deployment, keys[who], {"role_name": role})
            return "AccessKeyId" in ask(deployment, keys[who], event)

        assert gets("ann", "ann-task")
        assert not gets("bob", "bob-task")
        published(json.dumps({"rules": [own_role("bob")]}))
        assert not gets("ann", "ann-task")
        assert gets("bob", "bob-task")
        published('{"rules": [{"effect": "allow"}]}')
        assert not gets("ann", "ann-task")
        # The rules before it, in an instance that knows them; nothing in one that starts now.
        event = signed(deployment, keys["bob"], {"role_name": "bob-task"})
        answer = ask(deployment, keys["bob"], event)
        assert "AccessKeyId" in answer or "cannot be read as rules" in answer["errorMessage"]


def test_a_session_may_neither_read_nor_write_the_rules(
    deployment: Deployment, keys: dict[str, dict[str, str]], published: Any
) -> None:
    published(json.dumps({"rules": [own_role("ann")]}))
    deployment.role("ann-everything", allow("ssm:*"))
    event = signed(deployment, keys["ann"], {"role_name": "ann-everything"})
    ssm = deployment.emulator.client("ssm", ask(deployment, keys["ann"], event))
    ssm.put_parameter(Name="/orders/x", Value="x", Type="String")
    with pytest.raises(ssm.exceptions.ClientError, match="AccessDenied"):
        ssm.put_parameter(Name=PARAMETER, Value="{}", Type="String", Overwrite=True)
    with pytest.raises(ssm.exceptions.ClientError, match="AccessDenied"):
        ssm.get_parameter(Name=PARAMETER)
