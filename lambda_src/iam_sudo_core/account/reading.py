"""Read roles: what the broker asks of IAM, and how far.

An exact name takes two round trips one after the other, whatever the account's size: GetRole,
ListRolePolicies and ListAttachedRolePolicies side by side, then every GetRolePolicy side by side.
What else decides about a session is read by `read_whole`, on demand and nowhere else. Several calls
are no snapshot, see `assuming`. Clients are passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from ..arns import RoleArn
from ..errors import AwsCallFailed, RoleChanged
from ..session import tags as session_tags
from ..session.role import Outline, Role, RoleSnapshot, WholeRole
from .calls import CONNECTIONS, Client, call, pages

T = TypeVar("T")

# The most that IAM gives: IAM API Reference, "ListRoles" (MaxItems).
_PAGE_SIZE = 1_000


def read_role(
    iam: Client, name: str, *, may_fail: Callable[[Role, Mapping[str, str]], bool] | None = None
) -> RoleSnapshot | None:
    """Everything about the role `name`, or None when no role has exactly this name.

    Of a role, with these tags, that `may_fail` does not want, what fails is as if it were not
    there: that something failed would tell that it is.

    Raises:
        RoleChanged: it, or one of its policies, went away between two calls.
        AwsCallFailed: IAM refused or failed a call.
    """
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found, inline, attached = _begin_reading(pool, iam, name)
        reply = found.result()
        # IAM finds names without regard to case, and a lookalike is not the role.
        if reply is None or reply["RoleName"] != name:
            return None
        role, tags = Role.parse(reply), _tags(reply)
        try:
            documents: dict[str, Future[Mapping[str, Any]]] = {
                policy: pool.submit(call, iam, "get_role_policy", RoleName=name, PolicyName=policy)
                for policy in _still_there(name, inline)
            }
            return RoleSnapshot(
                role=role,
                inline_policies={
                    policy: _still_there(name, document)["PolicyDocument"]
                    for policy, document in documents.items()
                },
                managed_policy_arns=tuple(p["PolicyArn"] for p in _still_there(name, attached)),
                permissions_boundary=_boundary(reply),
                tags=tags,
            )
        except Exception:
            if may_fail is None or may_fail(role, tags):
                raise
            return None


def read_outline(iam: Client, name: str, *, managed_policies: Iterable[str]) -> Outline:
    """The role without its documents, and the versions of these managed policies: one round trip.

    Raises:
        RoleChanged: it, or one of the managed policies, is gone.
        AwsCallFailed: IAM refused or failed a call.
    """
    with ThreadPoolExecutor(CONNECTIONS) as pool:
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
            versions={arn: _still_there(name, version)[1] for arn, version in versions.items()},
        )


def read_documents(iam: Client, snapshot: RoleSnapshot) -> RoleSnapshot:
    """The role with the documents of all its managed policies, the boundary's too.

    Two round trips more, whatever their number.

    Raises:
        RoleChanged: one of them went away.
        AwsCallFailed: IAM refused or failed a call.
    """
    unread = sorted(snapshot.policy_arns - snapshot.documents.keys())
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = {arn: pool.submit(_document, iam, arn) for arn in unread}
        read = {arn: _still_there(snapshot.name, each) for arn, each in found.items()}
    return replace(
        snapshot,
        documents={**snapshot.documents, **{arn: each for arn, (_, each) in read.items()}},
        versions={**snapshot.versions, **{arn: version for arn, (version, _) in read.items()}},
    )


def read_whole(iam: Client, snapshot: RoleSnapshot, *, base_role: RoleArn) -> WholeRole:
    """The role with all that decides about a session of `base_role` for it.

    A role without managed policies, of whose others none tests a principal tag, costs no call.
    Another one costs two round trips: the documents of its managed policies and its boundary, and
    side by side the tags of the base role.

    Raises:
        RoleChanged: a managed policy of the role went away.
        AwsCallFailed: IAM refused or failed a call.
    """
    if not snapshot.policy_arns and not session_tags.tested(snapshot.inline_policies):
        return WholeRole(snapshot, base_role, base_tags={})
    with ThreadPoolExecutor(1) as pool:
        tags = pool.submit(read_tags, iam, base_role)
        return WholeRole(read_documents(iam, snapshot), base_role, base_tags=tags.result())


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
    for reply in pages(iam, "list_roles", "Roles", PaginationConfig=paging):
        yield Role.parse(reply)


def _begin_reading(
    pool: ThreadPoolExecutor, iam: Client, name: str
) -> tuple[Future[Mapping[str, Any] | None], Future[list[Any]], Future[list[Any]]]:
    """GetRole, and the lists of its inline and its managed policies."""
    return (
        pool.submit(_get_role, iam, name),
        pool.submit(pages, iam, "list_role_policies", "PolicyNames", RoleName=name),
        pool.submit(pages, iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name),
    )


def _get_role(iam: Client, name: str) -> Mapping[str, Any] | None:
    try:
        role: Mapping[str, Any] = call(iam, "get_role", RoleName=name)["Role"]
    except AwsCallFailed as error:
        if error.code == "NoSuchEntity":
            return None
        raise
    return role


def _version(iam: Client, arn: str) -> tuple[str, str]:
    """The version of a managed policy that is in force, and what tells it from all others.

    A policy that is deleted and made anew has its versions again, but another id.
    """
    policy = call(iam, "get_policy", PolicyArn=arn)["Policy"]
    version: str = policy["DefaultVersionId"]
    return version, f"{version} of {policy['PolicyId']}"


def _document(iam: Client, arn: str) -> tuple[str, object]:
    """The version of a managed policy that is in force, and its document."""
    version, fingerprint = _version(iam, arn)
    reply = call(iam, "get_policy_version", PolicyArn=arn, VersionId=version)
    return fingerprint, reply["PolicyVersion"]["Document"]


def _boundary(reply: Mapping[str, Any]) -> str | None:
    boundary = reply.get("PermissionsBoundary")
    return None if boundary is None else boundary["PermissionsBoundaryArn"]


def _tags(reply: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in reply.get("Tags", ())}


def _still_there(role_name: str, answer: Future[T]) -> T:
    try:
        return answer.result()
    except AwsCallFailed as error:
        if error.code == "NoSuchEntity":
            raise RoleChanged(role=role_name) from None
        raise
