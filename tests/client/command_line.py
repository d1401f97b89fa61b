"""The command line under test, and the service that answers it."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from iam_sudo_client.cli import COMMANDS, cli

CLI = {name: cli.get_command(click.Context(cli), name) or cli for name in COMMANDS}
GIVEN = {
    "AccessKeyId": "ASIAGIVEN",
    "SecretAccessKey": "given-secret",
    "SessionToken": "given-token",
    "Expiration": "2026-11-22T13:00:00+00:00",
}
PLAN = {
    "policy": {"Version": "2012-10-17", "Statement": []},
    "policy_characters": 300,
    "policy_arns": ["arn:aws:iam::aws:policy/X"],
    "characters": 1_325,
    "limits": {"characters": 2_048, "policy_arns": 10},
    "tags": {"env": "dev"},
    "tags_not_passed": ["aws:stack"],
    "how": ["compacted"],
}
EXPLANATION: dict[str, Any] = {
    "role": {"name": "orders-task", "arn": "arn:aws:iam::111122223333:role/orders-task"},
    "rule": "role name orders-*, principal Service:ecs-tasks.amazonaws.com",
    "base_role": "arn:aws:iam::111122223333:role/IAMSudoUser",
    "session_name": "iam-sudo-orders-task",
    "plan": PLAN,
    "permissions_boundary": None,
    "cut_by_boundary": [],
    "differences": [],
    "policies": {"one": {"Version": "2012-10-17", "Statement": [{"Sid": "Mine"}]}},
}


@dataclass
class Service:
    """An AWS endpoint that says always the same, and keeps what it was asked.

    But for operations in `operations`, of services that name them in a header (ECS, SSM, …).
    """

    url: str = ""
    status: int = 200
    body: Any = field(default_factory=lambda: dict(GIVEN))
    headers: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    operations: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0  # until it answers
    # Whether the broker has rules: then it wants a proof of whatever it is asked.
    has_rules: bool = False

    def fails(self, status: int, code: str, message: str = "so it is") -> None:
        self.status, self.body = status, {"Message": message}
        self.headers = {"x-amzn-ErrorType": code}

    def proofs(self) -> list[dict[str, str]]:
        """The proofs that the broker was given."""
        return [asked["proof"] for asked in self.asked if "proof" in asked]

    def refuses(self, error_type: str, message: str) -> None:
        self.body = {"errorType": error_type, "errorMessage": message}
        self.headers = {"X-Amz-Function-Error": "Unhandled"}


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def one_error(finished: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line of a failure; `code` is its kind's, with which what runs no CMD ends."""
    runs = {"simulate", "assume"} & set(finished.args) and "--explain" not in finished.args
    ends_with = 125 if runs and code not in (126, 127) else code
    assert (finished.returncode, finished.stdout) == (ends_with, "")
    [line] = finished.stderr.splitlines()
    assert line.startswith("ERROR: ")
    return line.removeprefix("ERROR: ")
