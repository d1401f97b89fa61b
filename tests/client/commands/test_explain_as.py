"""`explain --as`: which rule decides for somebody else, by what one may read oneself."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from iam_sudo_client.cli import cli
from iam_sudo_client.errors import CommandLineError, InvalidOption, Refused, ServiceFailed
from iam_sudo_client.report import Report
from iam_sudo_client.ways_in import as_caller
from iam_sudo_core.errors import AwsCallFailed
from tests.aws_account import ACCOUNT, ECS

ANN, BOB = f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:user/bob"
BASE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"
RULES = [
    {
        "effect": "allow",
        "callers": [ANN],
        "role-names": ["orders-*"],
        "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        "max-duration-seconds": 1800,
        "require-reason": True,
    }
]
Explain = Callable[..., Any]


@pytest.fixture
def policy() -> dict[str, Any]:
    return {"rules": RULES, "allowed-base-roles": [BASE_ROLE]}


@pytest.fixture
def explain(monkeypatch: pytest.MonkeyPatch, policy: dict[str, Any]) -> Iterator[Explain]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "IAM_SUDO_BASE_ROLE"):
        monkeypatch.delenv(name, raising=False)
    variables = {"IAM_SUDO_POLICY": json.dumps(policy), "IAM_SUDO_BASE_ROLE": BASE_ROLE}

    def call(_client: object, operation: str, **asked: Any) -> Any:
        # Nothing but its settings is asked of the function.
        assert (operation, asked) == ("get_function_configuration", {"FunctionName": "iam-sudo"})
        return {"Environment": {"Variables": variables}}

    monkeypatch.setattr(as_caller, "call", call)
    with mock_aws():
        iam = boto3.client("iam")
        for name in ("IAMSudoUser", "orders-task", "payments-task"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ECS))

        def explain(role: str, who: str, *more: str) -> Any:
            words = ["explain", "--role-name", role, "--as", who, *more]
            return cli.main(words, standalone_mode=False, obj=Report())

        yield explain


def test_the_rule_that_decides_is_named(
    explain: Explain, capsys: pytest.CaptureFixture[str]
) -> None:
    explain("orders-task", ANN)
    printed = capsys.readouterr().out
    assert f"Allowed by rule 1: caller {ANN}, role name orders-*" in printed
    ending = "for 1,800 seconds at most, and asks for a reason (--reason)\n"
    assert f"Session    iam-sudo-orders-task,ann, {ending}" in printed
    explain("orders-task", ANN, "--json")
    assert json.loads(capsys.readouterr().out)["source_identity"] == "ann"


@pytest.mark.parametrize(("role", "who"), [("orders-task", BOB), ("payments-task", ANN)])
def test_who_gets_nothing_is_said_as_the_broker_would(
    explain: Explain, role: str, who: str
) -> None:
    with pytest.raises(Refused, match=f'there is no role "{role}" that {who} may simulate'):
        explain(role, who)


@pytest.mark.parametrize("who", [f"arn:aws:iam::{ACCOUNT}:role/Developer", "ann", "*"])
def test_who_is_nobody_is_told_how_somebody_is_written(explain: Explain, who: str) -> None:
    with pytest.raises(InvalidOption, match=":assumed-role/ROLE/SESSION"):
        explain("orders-task", who)


def test_what_is_not_there_is_no_matter_of_trying_again(
    explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise AwsCallFailed(operation="GetFunctionConfiguration",
                            code="ResourceNotFoundException", detail="none")  # fmt: skip

    monkeypatch.setattr(as_caller, "call", missing)
    with pytest.raises(ServiceFailed, match='^there is no function "iam-sudo" in eu-west-1; .*'):
        explain("orders-task", ANN)


@pytest.mark.parametrize(
    ("who", "more"), [("ann", ()), (ANN, ("--local",)), (ANN, ("--reason", "x"))]
)
def test_what_cannot_be_meant_is_wrong_usage(
    explain: Explain, who: str, more: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidOption):
        explain("orders-task", who, *more)


def test_who_may_not_read_the_rules_learns_nothing(
    explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise AwsCallFailed(operation="GetFunctionConfiguration", code="AccessDeniedException",
                            detail="not you")  # fmt: skip

    monkeypatch.setattr(as_caller, "call", denied)
    with pytest.raises(ServiceFailed, match="you may not read the rules of"):
        explain("orders-task", ANN)


@pytest.mark.parametrize(
    "policy",
    [
        {
            "allowed-role-names": ["*"],
            "allowed-principals": [{"*": "*"}],
            "allowed-base-roles": [BASE_ROLE],
        },
        {"rules-of-tomorrow": 1},
    ],
)
def test_a_broker_without_rules_and_one_that_is_none(explain: Explain) -> None:
    with pytest.raises(CommandLineError, match="has no rules|are no broker's"):
        explain("orders-task", ANN)


class TestRulesInAParameter:
    NAME = "/iam-sudo/iam-sudo/rules"

    @pytest.fixture
    def policy(self) -> dict[str, Any]:
        return {"rules-parameter": self.NAME, "allowed-base-roles": [BASE_ROLE]}

    def test_they_decide_as_well(
        self, explain: Explain, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = json.dumps({"rules": RULES})
        boto3.client("ssm", region_name="eu-west-1").put_parameter(
            Name=self.NAME, Value=text, Type="String"
        )
        explain("orders-task", ANN)
        assert f"Allowed by rule 1: caller {ANN}" in capsys.readouterr().out
        with pytest.raises(Refused):
            explain("orders-task", BOB)

    def test_what_cannot_be_read_allows_nothing(self, explain: Explain) -> None:
        with pytest.raises(ServiceFailed, match=f'no parameter "{self.NAME}" in eu-west-1; tell'):
            explain("orders-task", ANN)
        boto3.client("ssm", region_name="eu-west-1").put_parameter(
            Name=self.NAME, Value='{"rules": 1}', Type="String"
        )
        with pytest.raises(ServiceFailed, match="cannot be read: rules has to be a list"):
            explain("orders-task", ANN)
