"""What tests of large roles ask, look at and have fail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from types import ModuleType
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core import Request
from iam_sudo_core.broker.simulate import simulate
from tests.aws_account import ACCOUNT, Calls, allow
from tests.core.conftest import CONTEXT

NAME = "iam-sudo-demo-task"
TODAY = date(2026, 11, 25)
PATH = f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/"
READS = {"GetRole": 2, "ListRolePolicies": 2, "ListAttachedRolePolicies": 2, "GetRolePolicy": 1}


def document(statements: int, *, service: str = "s3") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow(f"{service}:Get{n:03}", f"arn:aws:s3:::bucket-{n:03}/{'x' * 80}")
            for n in range(statements)
        ],
    }


def operations(calls: Calls) -> Counter[str]:
    return Counter(operation for operation, _ in calls)


def assumed(calls: Calls) -> list[str]:
    """The ARNs of the last request to AssumeRole, which has no document."""
    last = [parameters for operation, parameters in calls if operation == "AssumeRole"][-1]
    assert "Policy" not in last
    return [each["arn"] for each in last["PolicyArns"]]


def stored() -> dict[str, Any]:
    """The managed policies of the account under the path of the carriers."""
    policies = iam_backends[ACCOUNT]["aws"].managed_policies
    return {arn: policy for arn, policy in policies.items() if arn.startswith(PATH)}


def said(arns: list[str]) -> list[Any]:
    documents = [json.loads(stored()[arn].versions[0].document) for arn in arns]
    return [each for one in documents for each in one["Statement"]]


def ask(broker: ModuleType, role_name: str = NAME, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = broker.handler({"role_name": role_name, **more}, CONTEXT)
    return answer


def fails(
    broker: ModuleType, operation: str, code: str, *, message: str = "no", times: int = 1_000
) -> None:
    """Have the next calls of an operation fail."""
    left = [times]
    client = broker._STS if operation == "AssumeRole" else broker._IAM

    def fail(**_: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    client.meta.events.register(f"before-call.*.{operation}", fail)


def iam() -> Any:
    return boto3.client("iam", region_name="eu-west-1")


def written(*statements: dict[str, Any], **layout: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, **layout)


def simulated(broker: ModuleType, wait: Callable[[float], None]) -> Any:
    settings = broker._SETTINGS
    return simulate(
        Request(NAME),
        selection=settings.selection,
        base_role=settings.base_role,
        iam=broker._IAM,
        sts=broker._STS,
        note=lambda **_: None,
        day=TODAY,
        wait=wait,
    )
