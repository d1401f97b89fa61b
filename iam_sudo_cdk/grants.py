"""Grant somebody something, by whichever policy really reaches them: first, to ask the broker.

An identity policy for roles, users and groups of the application and for imported ones; it names
the function without versions or aliases. A permission on the function (a resource policy) for
those whose policies are not ours to write: IAM Identity Center and service-linked roles, imports
with `mutable=False`, plain ARN principals, principals of another account.

Where the account of the stack is not known, an ARN is of this account only if its account is the
one development account. A policy is written by *name*, and would else be a namesake's: so an ARN of
no development account is elsewhere, one of several may be, and one that only the deployment knows
(a parameter, an export) as well: these are granted what names that ARN and nobody else.

Not attempted: principals that stand for many (accounts, organizations, services, `*`) or that carry
conditions, since a grant to "everybody like this" should be written out, with
`function.add_permission`. A grantee of another account also needs a permission over there. A
permission names the role of an IAM Identity Center permission set as it is now: provisioned anew,
the set gets another role, and the grant has to be deployed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import reduce
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import region_info
from constructs import Construct, IConstruct

from .accounts import possible_accounts
from .errors import CannotGrant
from .identities import identity_problem

# IAM refuses to change roles in these paths (IAM API Reference, "PutRolePolicy":
# UnmodifiableEntity).
_RESERVED_PATHS = ("aws-reserved/", "aws-service-role/")
_IDENTITY_CENTER_PREFIX = "AWSReservedSSO_"
_ARN_FIELDS = 6
# Of arn:…:stack/name/unique-id, which is a stack's own (CloudFormation User Guide, "Pseudo
# parameters").
_UNIQUE_OF_STACK_ID = 2
_THIS_ACCOUNT = {"Ref": "AWS::AccountId"}
_MANY = (iam.AnyPrincipal, iam.StarPrincipal, iam.AccountPrincipal, iam.OrganizationPrincipal)


class Whereabouts(Enum):
    """Of several identities, that of the one that is the farthest away counts."""

    ELSEWHERE = "another account"
    UNKNOWN = "an account that is not known, or one of several"
    HERE = "this account"


_NO_GROUP = {
    Whereabouts.ELSEWHERE: "a group of another account",
    Whereabouts.UNKNOWN: "a group whose account is not known, or is one of several development "
    "accounts (give the ARN and the stack their account)",
}


def grant_invoke(function: lambda_.Function, grantee: iam.IGrantable) -> iam.Grant:
    """Grant `lambda:InvokeFunction` on `function`; the result is always a success.

    Raises:
        CannotGrant: when nothing would reach the grantee, instead of pretending.
    """
    arns = principal_arns(grantee)
    stack = cdk.Stack.of(function)
    grants = []
    by_policy = grant_by_policy(
        grantee,
        function,
        lambda grantee: iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["lambda:InvokeFunction"],
            resource_arns=[function.function_arn],
        ),
    )
    if by_policy:
        grants.append(by_policy)
    if not by_policy or whereabouts(grantee, stack) is not Whereabouts.HERE:
        grants.extend(_permit(function, arn) for arn in arns)
    result = combined(grants)
    result.assert_success()
    return result


def combined(grants: Sequence[iam.Grant]) -> iam.Grant:
    """Several grants as one."""
    first, *others = grants
    return reduce(iam.Grant.combine, others, first)


def grant_by_policy(
    grantee: iam.IGrantable,
    scope: IConstruct,
    write: Callable[[iam.IGrantable], iam.Grant],
) -> iam.Grant | None:
    """Grant by a policy of the grantee's own, or None when there is none that is ours to `write`.

    `scope` is the construct that grants, in the account that is meant.

    Raises:
        CannotGrant: the grantee is none that can be granted anything.
    """
    principal = grantee.grant_principal
    arns = principal_arns(grantee)
    where = whereabouts(grantee, cdk.Stack.of(scope))
    if where is not Whereabouts.HERE and _is_group(principal):
        raise CannotGrant(grantee=_name(principal), problem=_NO_GROUP[where])
    if not _is_ours_to_write(principal, arns):
        return None
    if not _is_imported(principal):
        grant = write(grantee)
        return grant if _was_written(principal) else None
    if where is not Whereabouts.HERE:
        return None
    policy = _policy_of_ours(scope, principal)
    return write(policy) if policy else None


def _policy_of_ours(scope: IConstruct, principal: iam.IPrincipal) -> iam.Policy | None:
    """The inline policy that `scope` has on an imported identity, or None if it is immutable.

    Its name is no other stack's, in whatever account, region or application: the CDK's own name
    for it is made of construct ids alone, unless a feature flag is set, and CloudFormation would
    write over what another stack has granted the same identity.
    """
    id_ = f"Grant{cast(IConstruct, principal).node.addr[-8:]}"
    policy = scope.node.try_find_child(id_)
    if policy is None:
        stack_id = cdk.Fn.select(_UNIQUE_OF_STACK_ID, cdk.Fn.split("/", cdk.Aws.STACK_ID))
        name = f"iam-sudo-{scope.node.addr[-8:]}-{stack_id}"
        policy = iam.Policy(cast(Construct, scope), id_, policy_name=name)
        cast(iam.IIdentity, principal).attach_inline_policy(policy)
    resource = cast(iam.CfnPolicy, policy.node.default_child)
    attached = cdk.Stack.of(scope).resolve([resource.roles, resource.users, resource.groups])
    return cast(iam.Policy, policy) if any(attached) else None


def principal_arns(grantee: iam.IGrantable) -> list[str]:
    """The ARNs that stand for the grantee in a resource policy, at least one.

    Raises:
        CannotGrant: it stands for many identities, or for none of IAM.
    """
    principal = grantee.grant_principal
    if isinstance(principal, iam.UnknownPrincipal):
        raise CannotGrant(
            grantee=_name(principal), problem="the role of this imported resource is not known"
        )
    if isinstance(principal, _MANY):
        raise CannotGrant(grantee=_name(principal), problem="it stands for many identities")
    fragment = principal.policy_fragment
    if fragment.conditions:
        raise CannotGrant(
            grantee=_name(principal), problem="its conditions cannot be part of the grant"
        )
    named = fragment.principal_json
    arns = [arn for arn in named.get("AWS", []) if arn != "*"]
    if list(named) != ["AWS"] or len(arns) != len(named["AWS"]) or not arns:
        raise CannotGrant(grantee=_name(principal), problem="it is no identity of IAM")
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
        _whereabouts(grantee.grant_principal, _fields(arn), stack)
        for arn in principal_arns(grantee)
    }
    return next(where for where in Whereabouts if where in found)


def _whereabouts(principal: iam.IPrincipal, fields: list[str], stack: cdk.Stack) -> Whereabouts:
    partition, here = fields[1] if fields else None, _partition(stack)
    if partition and here and partition != here and not cdk.Token.is_unresolved(partition):
        raise CannotGrant(grantee=":".join(fields), problem=f"it is not of {here}")
    account = principal.principal_account or (fields[4] if fields else None)
    if account is None or cdk.Token.is_unresolved(account):
        is_here = not _is_imported(principal) or stack.resolve(account) == _THIS_ACCOUNT
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


def _is_ours_to_write(principal: iam.IPrincipal, arns: list[str]) -> bool:
    """Whether an attempt to write an identity policy is safe: a failing deployment is not."""
    if not hasattr(principal, "node"):
        return False  # no construct, so there is nothing to attach a policy to
    fields = _fields(arns[0])
    path = fields[5].partition("/")[2] if fields else ""
    return not path.startswith((*_RESERVED_PATHS, _IDENTITY_CENTER_PREFIX))


def _is_imported(principal: iam.IPrincipal) -> bool:
    # Of a role in another account only the application that made it may write the policies:
    # for an import the CDK would write them to a user of that name in *this* account.
    return not isinstance(principal, iam.Role | iam.LazyRole | iam.User | iam.Group)


def _is_group(principal: iam.IPrincipal) -> bool:
    # An imported one is of no public class.
    return isinstance(principal, iam.Group) or hasattr(principal, "group_name")


def _was_written(principal: iam.IPrincipal) -> bool:
    """Whether an identity of the application really has an inline policy now.

    `Grant.success` does not say: a role that is made elsewhere reports success and drops the
    statement.
    """
    construct = cast(IConstruct, principal)
    return any(isinstance(child, iam.CfnPolicy) for child in construct.node.find_all())


def _permit(function: lambda_.Function, arn: str) -> iam.Grant:
    check_stands_for_one(arn)
    return function.grant_invoke(iam.ArnPrincipal(arn))


def _fields(arn: str) -> list[str]:
    """The six fields of an ARN that is not one single token, else nothing."""
    fields = arn.split(":", _ARN_FIELDS - 1)
    return fields if len(fields) == _ARN_FIELDS and fields[2] == "iam" else []


def _name(principal: iam.IPrincipal) -> str:
    if hasattr(principal, "node"):
        return cast(IConstruct, principal).node.path
    return type(principal).__name__
