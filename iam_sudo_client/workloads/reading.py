"""Reads secrets and environment files as one role, or as the caller; and says what goes wrong.

An environment file has lines of NAME=VALUE, which nothing is done to: a value keeps its blanks and
quotation marks, is no shell's, and may be empty. Lines that begin with `#` and lines without `=`
set nothing.
Source: AWS CloudFormation Template Reference, "AWS::ECS::TaskDefinition EnvironmentFile": "handled
like a native Docker env-file".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.waiting import waiting_for
from iam_sudo_client.ways_in.failures import DENIED, translated
from iam_sudo_client.workloads import secrets
from iam_sudo_core.errors import one_line

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_client.workloads.roles import Found
    from iam_sudo_core.arns import RoleArn
    from iam_sudo_core.credentials import Credentials

AS_CALLER = "--secrets-as caller reads it by your own permissions"


class Reader:
    """Reads secrets and files as one role, or as the caller (`role` is None)."""

    def __init__(
        self,
        caller: CallerSession,
        found: Found,
        role: RoleArn | None,
        assumed: Callable[[RoleArn], Credentials],
    ) -> None:
        self._caller = caller
        self._found = found
        self._role = role
        self._assumed = assumed
        self._credentials: Credentials | None = None
        self._clients: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        if self._role and self._credentials is None:
            self._credentials = self._assumed(self._role)
        if (service, region) not in self._clients:
            self._clients[service, region] = self._caller.client(
                service, region=region, credentials=self._credentials
            )
        return self._clients[service, region]

    def secret(self, name: str, value_from: str) -> str:
        with self._named(name, value_from):
            return secrets.read(value_from, self.client)

    def file(self, arn: str) -> dict[str, str]:
        with self._named("the environment file", arn):
            bucket, slash, key = arn.partition(":::")[2].partition("/")
            if not (bucket and slash and key):
                raise secrets.NotThere("it is no ARN of an object in Amazon S3")
            content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            try:
                return variables_of_file(content)
            except ValueError as error:
                raise secrets.NotThere(f"{error}; correct the file") from None

    @contextmanager
    def _named(self, name: str, source: str) -> Iterator[None]:
        """Raise what goes wrong with the variable, what it is read from, and who reads it."""
        who = f"the execution role {self._role.name}" if self._role else "you"
        what = f"{self._found.workload}: {name} ({source}) cannot be read as {who}"
        try:
            with translated(self._caller, source=what), waiting_for(source):
                try:
                    yield
                except ClientError as error:
                    raise ServiceFailed(f"{what}: {self._why(error)}") from error
                except ParamValidationError:
                    raise secrets.NotThere("there can be none of that name or version") from None
        except secrets.NotThere as error:
            raise ServiceFailed(f"{what}: {error}") from None

    def _why(self, error: ClientError) -> str:
        reason = error.response.get("Error", {})
        code, message = str(reason.get("Code", "Unknown")), one_line(str(reason.get("Message", "")))
        said = f"{error.operation_name} failed: {code}: {message.rstrip('.')}"
        if code not in DENIED:
            return said
        if self._role is None:
            return f"{said}; ask for the permission, or leave --secrets-as out"
        return (
            f"{said}; it may not where it is deployed either, or the base role may not (iam-sudo "
            f"why reads the text); {AS_CALLER}"
        )


def variables_of_file(content: bytes) -> dict[str, str]:
    """The variables of a file; of a name that stands there twice the last one counts, as in Docker.

    Raises:
        ValueError: a line cannot be used; it is named by its number, since it may be a secret.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeError:
        raise ValueError("it is not UTF-8") from None
    found = {}
    for number, line in enumerate(text.split("\n"), start=1):
        name, equals, value = line.removesuffix("\r").lstrip().partition("=")
        if name.startswith("#") or not equals:
            continue
        if not name or any(character.isspace() for character in name):
            raise ValueError(f"line {number} has no name of a variable before its =")
        found[name] = value
    return found
