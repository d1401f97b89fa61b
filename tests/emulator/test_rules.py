"""Two developers with rules of their own, by the real command and the real function."""

import json
from collections.abc import Iterator

import pytest

from demo.emulator import ACCOUNT
from tests.emulator.conftest import Deployment, Finished, allow

pytestmark = pytest.mark.slow

IDENTITY = ("aws", "sts", "get-caller-identity")
FUNCTION = "iam-sudo"


@pytest.fixture(scope="module")
def keys(deployment: Deployment) -> Iterator[dict[str, dict[str, str]]]:
    """Ann and Bob, and a broker whose rules give each a role of their own."""
    client = deployment.emulator.client("lambda")
    keys = {}
    for name in ("ann-of-rules", "bob-of-rules"):
        keys[name[:3]] = deployment.user(name, allow("lambda:InvokeFunction", "sts:*"))
        deployment.role(f"{name[:3]}-task", allow("ssm:DescribeParameters"))
    before = client.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    rules = [
        {
            "effect": "allow",
            "callers": [f"arn:aws:iam::{ACCOUNT}:user/{who}-of-rules"],
            "role-names": [f"{who}-*"],
            "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        }
        for who in keys
    ]
    base_roles = json.loads(before["IAM_SUDO_POLICY"])["allowed-base-roles"]
    policy = json.dumps({"rules": rules, "allowed-base-roles": base_roles})
    variables = {**before, "IAM_SUDO_POLICY": policy}
    client.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": variables}
    )
    yield keys
    client.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": before})


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


def test_the_ancestor_s_request_is_refused_clearly(
    deployment: Deployment, keys: dict[str, dict[str, str]]
) -> None:
    client = deployment.emulator.client("lambda", keys["ann"])
    reply = client.invoke(FunctionName=FUNCTION, Payload=b'{"role_name": "ann-task"}')
    assert (
        "needs a proof for arn:aws:lambda:" in json.loads(reply["Payload"].read())["errorMessage"]
    )
