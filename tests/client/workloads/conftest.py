"""An account in memory with one workload of each type, and the caller's session in it."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from iam_sudo_client.ways_in.session import CallerSession, open_session
from tests.aws_account import ACCOUNT, ECS

REGION = "eu-west-1"


@dataclass
class Made:
    """Makes workloads; every role is trusted by whoever it is."""

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    def role(self, name: str, *, path: str = "/") -> str:
        arn: str = self.client("iam").create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(ECS)
        )["Role"]["Arn"]
        return arn

    def task(self, family: str, *containers: dict[str, Any], **roles: str) -> str:
        definition = self.client("ecs").register_task_definition(
            family=family,
            containerDefinitions=[
                {"name": "web", "image": "i", "memory": 10} | container
                for container in containers or ({},)
            ],
            **roles,
        )["taskDefinition"]
        return str(definition["taskDefinitionArn"])

    def service(self, cluster: str, name: str, definition: str) -> str:
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName=cluster)
        made = ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=definition)
        return str(made["service"]["serviceArn"])

    def function(self, name: str, role: str, **variables: str) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as bundle:
            bundle.writestr("index.py", "")
        return str(
            self.client("lambda").create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=role,
                Handler="index.handler",
                Code={"ZipFile": archive.getvalue()},
                Environment={"Variables": variables},
            )["FunctionArn"]
        )


class Stacks:
    """CloudFormation, as it answers of stacks; moto's needs what is not installed."""

    def __init__(self) -> None:
        self.templates: dict[str, dict[str, Any]] = {}

    def add(self, name: str, **resources: dict[str, Any]) -> None:
        self.templates[name] = resources

    def physical(self, stack: str, logical_id: str) -> str:
        return f"{stack}-{logical_id}-1A2B3C"

    def get_paginator(self, operation: str) -> "Stacks":
        assert operation == "list_stack_resources"
        return self

    def paginate(self, *, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS's name
        for logical_id, resource in self._stack(StackName).items():
            yield {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": logical_id,
                        "PhysicalResourceId": self.physical(StackName, logical_id),
                        "ResourceType": resource["Type"],
                    }
                ]
            }

    def get_template(self, *, StackName: str, TemplateStage: str) -> dict[str, Any]:  # noqa: N803
        assert TemplateStage == "Processed"
        return {"TemplateBody": {"Resources": self._stack(StackName)}}

    def _stack(self, name: str) -> dict[str, Any]:
        if name not in self.templates:
            reason = {"Code": "ValidationError", "Message": f"Stack with id {name} does not exist"}
            raise ClientError({"Error": reason}, "ListStackResources")
        return self.templates[name]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield Made()


@pytest.fixture
def caller(made: Made) -> CallerSession:
    return open_session(REGION, {})


def arn_of(role: str, path: str = "/") -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{path}{role}"


@pytest.fixture
def stacks(made: Made, monkeypatch: pytest.MonkeyPatch) -> Stacks:
    found, make = Stacks(), CallerSession.client

    def client(self: CallerSession, service: str, **options: Any) -> Any:
        return found if service == "cloudformation" else make(self, service, **options)

    monkeypatch.setattr(CallerSession, "client", client)
    return found
