"""The role-selection policy and the broker's settings."""

import json
from typing import Any

import pytest

from iam_sudo_core import Principal, RoleSelectionPolicy, Settings
from iam_sudo_core.errors import InvalidSettings

BASE_ROLE = "arn:aws:iam::111122223333:role/IAMSudoUser"
ECS = Principal("Service", "ecs-tasks.amazonaws.com")


def policy(**changes: Any) -> str:
    document = {
        "allowed-role-names": ["iam-sudo-demo-*"],
        "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        "allowed-base-roles": [BASE_ROLE],
    }
    document |= {key.replace("_", "-"): value for key, value in changes.items()}
    return json.dumps({key: value for key, value in document.items() if value != "absent"})


def test_the_contract_of_the_design_parses() -> None:
    parsed = RoleSelectionPolicy.parse(policy())
    assert parsed == RoleSelectionPolicy(("iam-sudo-demo-*",), (ECS,), (BASE_ROLE,))


def test_an_entry_holds_one_pattern_or_a_list() -> None:
    principals = [{"Service": ["a.*", "b.*"], "AWS": "*"}, {"Federated": "c"}]
    parsed = RoleSelectionPolicy.parse(policy(allowed_principals=principals))
    assert [str(p) for p in parsed.principals] == [
        "Service:a.*",
        "Service:b.*",
        "AWS:*",
        "Federated:c",
    ]


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_an_allowed_account_id_is_its_root(partition: str) -> None:
    parsed = RoleSelectionPolicy.parse(policy(allowed_principals=[{"AWS": "111122223333"}]))
    assert parsed.allows_principal(Principal("AWS", "111122223333").canonical(partition))
    assert not parsed.allows_principal(Principal("AWS", "444455556666").canonical(partition))


def test_principals_match_by_type_and_by_pattern() -> None:
    parsed = RoleSelectionPolicy.parse(policy(allowed_principals=[{"Service": "*.amazonaws.com"}]))
    assert parsed.allows_principal(ECS)
    assert not parsed.allows_principal(Principal("Federated", "ecs-tasks.amazonaws.com"))
    assert not parsed.allows_principal(Principal("service", "ecs-tasks.amazonaws.com"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not set"),
        ("{", "not JSON"),
        ("allowed-role-names: ['*']", "not JSON"),
        ("[]", "has to be an object"),
        (policy(allowed_roles=["*"]), 'unknown field "allowed-roles"'),
        (policy(allowed_base_roles="absent"), "allowed-base-roles is missing"),
        (policy(allowed_role_names=[]), "at least one pattern"),
        (policy(allowed_role_names="*"), "has to be a list"),
        (policy(allowed_role_names=[""]), "not empty"),
        (policy(allowed_role_names=[7]), "has to be a pattern"),
        (policy(allowed_principals=[]), "at least one entry"),
        (policy(allowed_principals={"Service": "*"}), "has to be a list"),
        (policy(allowed_principals=["Service"]), "has to be an object"),
        (policy(allowed_principals=[{}]), "has to be an object"),
        (policy(allowed_principals=[{"Service": []}]), "at least one pattern"),
        (policy(allowed_principals=[{"Service": None}]), "has to be a list"),
        (policy(allowed_principals=[{"service": "*"}]), "no principal type"),
        (policy(allowed_base_roles=[]), "at least one pattern"),
        (policy()[:-1] + ', "allowed-role-names": ["*"]}', "stands twice"),
    ],
)
def test_a_policy_with_a_slip_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(InvalidSettings, match=problem) as caught:
        Settings.parse({"IAM_SUDO_POLICY": text, "IAM_SUDO_BASE_ROLE": BASE_ROLE})
    assert str(caught.value).startswith("IAM_SUDO_POLICY: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("variable", ["IAM_SUDO_POLICY", "IAM_SUDO_BASE_ROLE"])
def test_the_broker_needs_both_settings(variable: str) -> None:
    environ = {"IAM_SUDO_POLICY": policy(), "IAM_SUDO_BASE_ROLE": BASE_ROLE}
    assert Settings.parse(environ).base_role.name == "IAMSudoUser"
    del environ[variable]
    with pytest.raises(InvalidSettings, match=f"{variable}: it is not set"):
        Settings.parse(environ)


@pytest.mark.parametrize("value", ["IAMSudoUser", "arn:aws:iam::111122223333:user/ann", "*"])
def test_the_base_role_is_an_arn_of_a_role(value: str) -> None:
    with pytest.raises(InvalidSettings, match="not the ARN of a role"):
        Settings.parse({"IAM_SUDO_POLICY": policy(), "IAM_SUDO_BASE_ROLE": value})


def test_the_base_role_has_to_be_an_allowed_one() -> None:
    other = "arn:aws:iam::111122223333:role/Other"
    with pytest.raises(InvalidSettings, match="not one of allowed-base-roles"):
        Settings.parse({"IAM_SUDO_POLICY": policy(), "IAM_SUDO_BASE_ROLE": other})
