"""An account that answers at once, with whatever a test puts into it: for thousands of requests.

It has one role, of any name that is asked for; STS takes what can be sent, and gives credentials
that are easily found in whatever is printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from iam_sudo_core.broker.decision import decide
from iam_sudo_core.broker.settings import Settings
from tests.aws_account import ACCOUNT, ECS
from tests.fake_sts import ANN, FUNCTION, REGION

BASE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"
SECRETS = ("ASIATHEKEYID", "the-secret-access-key", "the-session-token")
ECS_TASKS = [{"Service": "ecs-tasks.amazonaws.com"}]
FOR_EVERYBODY = {
    "allowed-role-names": ["*"],
    "allowed-principals": ECS_TASKS,
    "allowed-base-roles": ["*"],
}
EVERY_RULE = {
    "rules": [{"effect": "allow", "callers": ["*"], "role-names": ["*"], "principals": ECS_TASKS}],
    "allowed-base-roles": ["*"],
}


class InMemory:
    """IAM and STS in one; `calls` are the operations that were asked for."""

    def __init__(
        self,
        *,
        inline: Mapping[str, object] | None = None,
        trust: object = None,
        tags: Mapping[str, str] | None = None,
        boundary: object = None,
    ) -> None:
        self.inline = inline or {}
        self.trust = ECS if trust is None else trust
        self.tags = tags or {}
        self.boundary = boundary
        self.calls: list[str] = []
        self.assumed: list[dict[str, Any]] = []

    def get_role(self, **asked: str) -> Any:
        self.calls.append("GetRole")
        name = asked["RoleName"]
        role: dict[str, Any] = {
            "RoleName": name,
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "Path": "/",
            "RoleId": "AROA",
            "AssumeRolePolicyDocument": self.trust,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }
        if self.boundary is not None:
            arn = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
            role["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn}
        return {"Role": role}

    def get_role_policy(self, **asked: str) -> Any:
        self.calls.append("GetRolePolicy")
        return {"PolicyDocument": self.inline[asked["PolicyName"]]}

    def get_policy(self, **_: str) -> Any:
        self.calls.append("GetPolicy")
        return {"Policy": {"DefaultVersionId": "v1", "PolicyId": "ANPA"}}

    def get_policy_version(self, **_: str) -> Any:
        self.calls.append("GetPolicyVersion")
        return {"PolicyVersion": {"Document": self.boundary}}

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: self._pages(operation))

    def _pages(self, operation: str) -> Iterator[Any]:
        self.calls.append(operation)
        yield {"PolicyNames": sorted(self.inline), "AttachedPolicies": [], "Roles": []}

    def assume_role(self, **parameters: Any) -> Any:
        self.calls.append("AssumeRole")
        # As botocore does, which cannot send what has no UTF-8.
        json.dumps(parameters, ensure_ascii=False).encode()
        self.assumed.append(parameters)
        key, secret, token = SECRETS
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "PackedPolicySize": 1,
        }


class SaysAnn:
    """An STS that believes every signature: what else a proof has to be is checked before."""

    region = REGION

    def arn(self, _headers: Mapping[str, str]) -> str:
        return ANN


def ask(
    event: object,
    account: InMemory,
    policy: Mapping[str, object] = FOR_EVERYBODY,
    *,
    base_role: str = BASE_ROLE,
    **more: Any,
) -> dict[str, Any]:
    """Ask a broker in this account, with this role-selection policy."""
    settings = Settings.parse(
        {"IAM_SUDO_POLICY": json.dumps(policy), "IAM_SUDO_BASE_ROLE": base_role}
    )
    client: Any = account
    service: Any = SaysAnn()
    proofs = None
    if settings.selection.asks_who:
        from iam_sudo_core.broker.proof import Proofs  # noqa: PLC0415 - see `test_cost`

        proofs = Proofs(service)
    return decide(
        event,
        request_id="req-1",
        invoked=FUNCTION,
        settings=settings,
        iam=client,
        sts=client,
        proofs=proofs,
        **more,
    )


Asked = Callable[..., dict[str, Any]]
