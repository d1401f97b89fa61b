"""An AWS account in memory for tests: roles of any shape, and what reaches STS.

Roles are put into moto's store directly, because CreateRole of moto refuses documents that IAM has
stored for years.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import boto3
from moto.iam.models import iam_backends

ACCOUNT = "123456789012"  # moto's
ECS: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Account:
    """The account that moto pretends; use it inside `moto.mock_aws`."""

    def __init__(self) -> None:
        self._iam = boto3.client("iam", region_name="eu-west-1")

    def role(
        self,
        name: str,
        *,
        trust: object = ECS,
        inline: dict[str, Any] | None = None,
        managed: tuple[str, ...] = (),
        boundary: str | None = None,
        path: str = "/",
        tags: dict[str, str] | None = None,
    ) -> None:
        """Add a role; `trust`, `managed` and the documents of `inline` are stored as they are."""
        self._iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(ECS))
        stored = iam_backends[ACCOUNT]["aws"].get_role(name)
        stored.assume_role_policy_document = json.dumps(trust)
        stored.policies = {key: json.dumps(document) for key, document in (inline or {}).items()}
        self.change(name, managed=managed, boundary=boundary)
        self.tag(name, **(tags or {}))

    def change(self, role_name: str, *, managed: tuple[str, ...], boundary: str | None) -> None:
        """Give a role these managed policies and this boundary, in the place of what it has."""
        stored = iam_backends[ACCOUNT]["aws"].get_role(role_name)
        stored.managed_policies = {
            arn: SimpleNamespace(arn=arn, name=arn.rsplit("/")[-1], path="/") for arn in managed
        }
        stored.permissions_boundary_arn = boundary

    def tag(self, role_name: str, **tags: str) -> None:
        """Give a role these tags, `aws:` ones too."""
        stored = iam_backends[ACCOUNT]["aws"].get_role(role_name)
        stored.tags = [{"Key": key, "Value": value} for key, value in tags.items()]

    def managed_policy(self, name: str, *statements: dict[str, Any]) -> str:
        """Add a managed policy, and return its ARN."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        made = self._iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
        arn: str = made["Policy"]["Arn"]
        return arn

    def aws_managed_policy(self, name: str) -> str:
        """Add a policy that is AWS's own, and return its ARN."""
        own = self.managed_policy(name, allow("s3:Get*"))
        stored = iam_backends[ACCOUNT]["aws"].managed_policies
        arn = f"arn:aws:iam::aws:policy/{name}"
        stored[arn] = stored[own]
        return arn


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


Calls = list[tuple[str, dict[str, Any]]]


def record_calls(*clients: Any, into: Calls | None = None) -> Calls:
    """The calls made from now on with `clients`, as (operation, parameters)."""
    calls: Calls = [] if into is None else into

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    for client in clients:
        client.meta.events.register("provide-client-params.*", record)
    return calls
