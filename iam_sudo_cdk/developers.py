"""Whom the application calls a developer: an object, an ARN, or a permission set."""

from __future__ import annotations

from hashlib import sha256
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from .errors import CannotGrant
from .identities import identity_problem
from .permission_sets import PermissionSet
from .values import has_attribute

# What an ARN may be of.
KINDS = "ARNs of roles, users and groups"
_ARN_FIELDS = 6


# Whom `grant_sudo` takes: roles, users, groups, their ARNs, and permission sets.
Developer = iam.IGrantable | str | PermissionSet


def grantee_of(scope: Construct, who: object) -> iam.IGrantable | PermissionSet:
    """The grantee that is meant; an ARN is imported into `scope`, once.

    Raises:
        CannotGrant: it is neither a grantee nor the ARN of one.
    """
    if isinstance(who, PermissionSet):
        return who
    if has_attribute(who, "grant_principal"):
        return cast(iam.IGrantable, who)
    if not isinstance(who, str):
        raise CannotGrant(
            grantee=f"an object of {type(who).__name__}",
            problem="it is neither a role, a user or a group nor the ARN of one",
        )
    fields = who.split(":", _ARN_FIELDS - 1)
    if len(fields) < _ARN_FIELDS:
        if cdk.Token.is_unresolved(who):  # a whole ARN that only the deployment knows
            return iam.ArnPrincipal(who)
        raise CannotGrant(grantee=who or "a text that is empty", problem="it is not the ARN of one")
    return _imported(scope, who, fields)


def _imported(scope: Construct, arn: str, fields: list[str]) -> iam.IGrantable:
    kind, _, name = fields[-1].partition("/")
    # The id comes from the ARN, not from its place in a list: reordering changes nothing.
    id_ = f"Developer-{fields[4]}-{kind}-{name}".replace("/", "-")
    if cdk.Token.is_unresolved(id_):
        return iam.ArnPrincipal(arn)
    if kind == "group":
        # The CDK would take the path for a part of the name; only the name matters here.
        arn = ":".join([*fields[:-1], f"group/{name.rpartition('/')[2]}"])
    known = scope.node.try_find_child(id_)
    if known is not None and getattr(known, f"{kind}_arn", None) != arn:
        # One has a slash where the other has a hyphen.
        id_ += f"-{sha256(arn.encode()).hexdigest()[:8]}"
        known = scope.node.try_find_child(id_)
    if known is not None:
        return cast(iam.IGrantable, known)
    # A policy is written by name, so it has to be the name of one.
    problem = identity_problem(arn.replace(":group/", ":user/", 1))
    if problem and name and kind in ("role", "user", "group"):
        raise CannotGrant(grantee=arn, problem=problem)
    match kind if name else "":
        case "role":
            return iam.Role.from_role_arn(scope, id_, arn)
        case "user":
            return iam.User.from_user_arn(scope, id_, arn)
        case "group":
            return iam.Group.from_group_arn(scope, id_, arn)
    raise CannotGrant(grantee=arn, problem="it is not the ARN of a role, a user or a group")
