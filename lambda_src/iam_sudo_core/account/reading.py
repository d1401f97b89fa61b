"""The calls that we make to IAM and STS, and nothing else that reaches outside.

Reading an exact name takes two sequential round trips whatever the account's size: GetRole,
ListRolePolicies and ListAttachedRolePolicies side by side, then every GetRolePolicy side by side.
Several calls are no snapshot, see `second_look`. Clients are passed in; `clients` makes them.
Throttling is retried by botocore (`retries` below).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from ..arns import RoleArn
from ..credentials import Credentials
from ..errors import AwsCallFailed, RoleChanged
from ..session.plan import DURATION_SECONDS, SessionPlan, session_name
from ..session.role import Outline, Role, RoleSnapshot

T = TypeVar("T")

# The most that IAM gives: IAM API Reference, "ListRoles" (MaxItems).
_PAGE_SIZE = 1_000
# As many side by side as botocore keeps connections for.
_CONNECTIONS = 10


class Client(Protocol):
    """A boto3 client, as far as we use one. boto3 makes its methods at run time."""

    def __getattr__(self, name: str) -> Callable[..., Any]: ...


@dataclass(frozen=True)
class AssumedRole:
    """What AssumeRole answers; of what STS can pack, the session policies take so many percent."""

    credentials: Credentials
    packed_policy_size: int | None


def clients(session: Session | None = None, **options: Any) -> tuple[Client, Client]:
    """IAM and STS clients of a botocore session; `options` go to both (`region_name`, …)."""
    session = session or Session()
    # At DEBUG botocore writes every reply out, and STS replies with secrets.
    logging.getLogger("botocore").setLevel(logging.INFO)
    # The global STS endpoint is one region far away, and its tokens fail in opt-in regions.
    session.set_config_variable("sts_regional_endpoints", "regional")
    made = boto3.Session(botocore_session=session)
    config = Config(
        connect_timeout=5,
        read_timeout=10,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 5},
    )
    iam, sts = (made.client(name, config=config, **options) for name in ("iam", "sts"))
    return iam, sts


def read_role(iam: Client, name: str) -> RoleSnapshot | None:
    """Everything about the role `name`, or None when no role has exactly this name.

    Raises:
        RoleChanged: it, or one of its policies, went away between two calls.
        AwsCallFailed: IAM refused or failed a call.
    """
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        role, inline, attached = _begin_reading(pool, iam, name)
        reply = role.result()
        # IAM finds names without regard to case, and a lookalike is not the role.
        if reply is None or reply["RoleName"] != name:
            return None
        documents: dict[str, Future[Mapping[str, Any]]] = {
            policy: pool.submit(_call, iam, "get_role_policy", RoleName=name, PolicyName=policy)
            for policy in _still_there(name, inline)
        }
        return RoleSnapshot(
            role=Role.parse(reply),
            inline_policies={
                policy: _still_there(name, document)["PolicyDocument"]
                for policy, document in documents.items()
            },
            managed_policy_arns=tuple(p["PolicyArn"] for p in _still_there(name, attached)),
            permissions_boundary=_boundary(reply),
            tags=_tags(reply),
        )


def read_outline(iam: Client, name: str, *, managed_policies: Iterable[str]) -> Outline:
    """The role without its documents, and the versions of these managed policies: one round trip.

    Raises:
        RoleChanged: it, or one of the managed policies, is gone.
        AwsCallFailed: IAM refused or failed a call.
    """
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        role, inline, attached = _begin_reading(pool, iam, name)
        versions = {arn: pool.submit(_version, iam, arn) for arn in managed_policies}
        reply = role.result()
        if reply is None:
            raise RoleChanged(role=name, what=["it is gone"])
        return Outline(
            Role.parse(reply),
            inline_policies=frozenset(policy for policy in _still_there(name, inline)),
            managed_policies=frozenset(p["PolicyArn"] for p in _still_there(name, attached)),
            permissions_boundary=_boundary(reply),
            tags=_tags(reply),
            versions={arn: _still_there(name, version) for arn, version in versions.items()},
        )


def read_documents(iam: Client, snapshot: RoleSnapshot) -> RoleSnapshot:
    """The role with the documents of all its managed policies, the boundary's too.

    Two round trips more, whatever their number.

    Raises:
        RoleChanged: one of them went away.
        AwsCallFailed: IAM refused or failed a call.
    """
    unread = sorted(snapshot.policy_arns - snapshot.documents.keys())
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        found = {arn: pool.submit(_document, iam, arn) for arn in unread}
        read = {arn: _still_there(snapshot.name, each) for arn, each in found.items()}
    return replace(
        snapshot,
        documents={**snapshot.documents, **{arn: each for arn, (_, each) in read.items()}},
        versions={**snapshot.versions, **{arn: version for arn, (version, _) in read.items()}},
    )


def read_documents_and_tags(
    iam: Client, snapshot: RoleSnapshot, tagged: RoleArn
) -> tuple[RoleSnapshot, Mapping[str, str] | None]:
    """The role with its documents, and side by side the tags of another role, `tagged`.

    The tags are None when this account has no such role.

    Raises:
        RoleChanged: a managed policy of the role went away.
        AwsCallFailed: IAM refused or failed a call.
    """
    with ThreadPoolExecutor(1) as pool:
        tags = pool.submit(read_tags, iam, tagged)
        return read_documents(iam, snapshot), tags.result()


def read_tags(iam: Client, role: RoleArn) -> Mapping[str, str] | None:
    """The tags of a role, or None when this account has no such role.

    Raises:
        AwsCallFailed: IAM refused or failed the call.
    """
    reply = _get_role(iam, role.name)
    return _tags(reply) if reply is not None and reply["Arn"] == str(role) else None


def list_roles(iam: Client) -> Iterator[Role]:
    """Every role of the account.

    Raises:
        AwsCallFailed: IAM refused or failed a call.
    """
    paging = {"PageSize": _PAGE_SIZE}
    for reply in _pages(iam, "list_roles", "Roles", PaginationConfig=paging):
        yield Role.parse(reply)


def assume_role(
    sts: Client, *, base_role: RoleArn, role_name: str, plan: SessionPlan
) -> AssumedRole:
    """Assume `base_role` within the session policies of `plan`.

    Raises:
        AwsCallFailed: STS refused or failed the call.
    """
    parameters: dict[str, Any] = {
        "RoleArn": str(base_role),
        "RoleSessionName": session_name(role_name),
        "DurationSeconds": DURATION_SECONDS,
    }
    if plan.policy:
        parameters["Policy"] = plan.policy
    if plan.policy_arns:
        parameters["PolicyArns"] = [{"arn": arn} for arn in plan.policy_arns]
    if plan.tags:
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in plan.tags.items()]
    reply = _call(sts, "assume_role", **parameters)
    return AssumedRole(credentials(reply), reply.get("PackedPolicySize"))


def credentials(reply: Mapping[str, Any]) -> Credentials:
    """The credentials in the reply of AssumeRole."""
    given = reply["Credentials"]
    expiration: datetime = given["Expiration"]
    return Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        expiration=expiration.isoformat(),
    )


def _begin_reading(
    pool: ThreadPoolExecutor, iam: Client, name: str
) -> tuple[Future[Mapping[str, Any] | None], Future[list[Any]], Future[list[Any]]]:
    """GetRole, and the lists of its inline and its managed policies."""
    return (
        pool.submit(_get_role, iam, name),
        pool.submit(_pages, iam, "list_role_policies", "PolicyNames", RoleName=name),
        pool.submit(_pages, iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name),
    )


def _get_role(iam: Client, name: str) -> Mapping[str, Any] | None:
    try:
        role: Mapping[str, Any] = _call(iam, "get_role", RoleName=name)["Role"]
    except AwsCallFailed as error:
        if error.code == "NoSuchEntity":
            return None
        raise
    return role


def _version(iam: Client, arn: str) -> str:
    version: str = _call(iam, "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return version


def _document(iam: Client, arn: str) -> tuple[str, object]:
    """The version of a managed policy that is in force, and its document."""
    version = _version(iam, arn)
    reply = _call(iam, "get_policy_version", PolicyArn=arn, VersionId=version)
    return version, reply["PolicyVersion"]["Document"]


def _boundary(reply: Mapping[str, Any]) -> str | None:
    boundary = reply.get("PermissionsBoundary")
    return boundary["PermissionsBoundaryArn"] if boundary else None


def _tags(reply: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in reply.get("Tags", ())}


def _still_there(role_name: str, answer: Future[T]) -> T:
    try:
        return answer.result()
    except AwsCallFailed as error:
        if error.code == "NoSuchEntity":
            raise RoleChanged(role=role_name) from None
        raise


def _call(client: Client, operation: str, **parameters: Any) -> Mapping[str, Any]:
    with _translated_errors(operation):
        reply: Mapping[str, Any] = getattr(client, operation)(**parameters)
        return reply


def _pages(client: Client, operation: str, key: str, **parameters: Any) -> list[Any]:
    with _translated_errors(operation):
        pages = client.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page[key]]


@contextmanager
def _translated_errors(operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        reason = error.response.get("Error", {})
        raise AwsCallFailed(
            operation=error.operation_name,
            code=reason.get("Code", "Unknown"),
            detail=reason.get("Message", "no message"),
        ) from None
    except ResponseParserError:
        # Its message holds all of the reply, secrets included.
        raise AwsCallFailed(
            operation=operation.title().replace("_", ""),
            code="UnreadableReply",
            detail="the reply cannot be read",
        ) from None
