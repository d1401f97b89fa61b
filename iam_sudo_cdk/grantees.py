"""Who a grantee is: its ARNs, whose account it is of, and whether the application makes it."""

from __future__ import annotations

from enum import Enum
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import region_info
from constructs import IConstruct

from .accounts import possible_accounts
from .errors import CannotGrant
from .identities import identity_problem

_ARN_FIELDS = 6
_THIS_ACCOUNT = {"Ref": "AWS::AccountId"}
_MANY = (iam.AnyPrincipal, iam.StarPrincipal, iam.AccountPrincipal, iam.OrganizationPrincipal)


class Whereabouts(Enum):
    """Of several identities, that of the one that is the farthest away counts."""

    ELSEWHERE = "another account"
    UNKNOWN = "an account that is not known, or one of several"
    HERE = "this account"


def principal_arns(grantee: iam.IGrantable) -> list[str]:
    """The ARNs that stand for the grantee in a resource policy, at least one.

    Raises:
        CannotGrant: it stands for many identities, or for none of IAM.
    """
    principal = grantee.grant_principal
    if isinstance(principal, iam.UnknownPrincipal):
        raise CannotGrant(
            grantee=name_of(principal), problem="the role of this imported resource is not known"
        )
    if isinstance(principal, _MANY):
        raise CannotGrant(grantee=name_of(principal), problem="it stands for many identities")
    fragment = principal.policy_fragment
    if fragment.conditions:
        raise CannotGrant(
            grantee=name_of(principal), problem="its conditions cannot be part of the grant"
        )
    named = fragment.principal_json
    arns = [arn for arn in named.get("AWS", []) if arn != "*"]
    if list(named) != ["AWS"] or len(arns) != len(named["AWS"]) or not arns:
        raise CannotGrant(grantee=name_of(principal), problem="it is no identity of IAM")
    return arns


def check_stands_for_one(arn: str) -> None:
    """Let an ARN pass that stands for one role or user wherever it is compared, or is a token.

    Raises:
        CannotGrant: it is another kind's, a pattern's, or not what IAM has for that role.
    """
    problem = identity_problem(arn)
    if problem:
        raise CannotGrant(grantee=arn, problem=problem)


def whereabouts(grantee: iam.IGrantable, stack: cdk.Stack) -> Whereabouts:
    """Whether the grantee is of the account that the stack will be deployed to.

    Raises:
        CannotGrant: it is of another partition.
    """
    found = {
        _whereabouts(grantee.grant_principal, fields_of(arn), stack)
        for arn in principal_arns(grantee)
    }
    return next(where for where in Whereabouts if where in found)


def _whereabouts(principal: iam.IPrincipal, fields: list[str], stack: cdk.Stack) -> Whereabouts:
    partition, here = fields[1] if fields else None, _partition(stack)
    if partition and here and partition != here and not cdk.Token.is_unresolved(partition):
        raise CannotGrant(grantee=":".join(fields), problem=f"it is not of {here}")
    account = principal.principal_account or (fields[4] if fields else None)
    if account is None or cdk.Token.is_unresolved(account):
        is_here = not is_imported(principal) or stack.resolve(account) == _THIS_ACCOUNT
        return Whereabouts.HERE if is_here else Whereabouts.UNKNOWN
    possible = possible_accounts(stack)
    if possible is not None and account not in possible:
        return Whereabouts.ELSEWHERE
    return Whereabouts.HERE if possible == (account,) else Whereabouts.UNKNOWN


def _partition(stack: cdk.Stack) -> str | None:
    """The partition of a stack whose region is known."""
    if cdk.Token.is_unresolved(stack.region):
        return None
    return region_info.RegionInfo.get(stack.region).partition


def is_imported(principal: iam.IPrincipal) -> bool:
    # Of a role in another account only the application that made it may write the policies:
    # for an import the CDK would write them to a user of that name in *this* account.
    return not isinstance(principal, iam.Role | iam.LazyRole | iam.User | iam.Group)


def is_group(principal: iam.IPrincipal) -> bool:
    # An imported one is of no public class.
    return isinstance(principal, iam.Group) or hasattr(principal, "group_name")


def fields_of(arn: str) -> list[str]:
    """The six fields of an ARN that is not one single token, else nothing."""
    fields = arn.split(":", _ARN_FIELDS - 1)
    return fields if len(fields) == _ARN_FIELDS and fields[2] == "iam" else []


def name_of(principal: iam.IPrincipal) -> str:
    if hasattr(principal, "node"):
        return cast(IConstruct, principal).node.path
    return type(principal).__name__
