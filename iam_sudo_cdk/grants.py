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
from functools import reduce
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from .acknowledgements import acknowledge_in_packs
from .errors import CannotGrant
from .grantees import (
    Whereabouts,
    check_stands_for_one,
    fields_of,
    is_group,
    is_imported,
    name_of,
    principal_arns,
    whereabouts,
)

# IAM refuses to change roles in these paths (IAM API Reference, "PutRolePolicy":
# UnmodifiableEntity).
_RESERVED_PATHS = ("aws-reserved/", "aws-service-role/")
_IDENTITY_CENTER_PREFIX = "AWSReservedSSO_"
# Of arn:…:stack/name/unique-id, which is a stack's own (CloudFormation User Guide, "Pseudo
# parameters").
_UNIQUE_OF_STACK_ID = 2


_NO_GROUP = {
    Whereabouts.ELSEWHERE: "a group of another account",
    Whereabouts.UNKNOWN: "a group whose account is not known, or is one of several development "
    "accounts (give the ARN and the stack their account)",
}


def grant_invoke(
    function: lambda_.IFunction, grantee: iam.IGrantable, *, arn: str | None = None
) -> iam.Grant:
    """Grant `lambda:InvokeFunction` on `function`; the result is always a success.

    `arn` is the function's as text, for a grantee of another stack that must not depend on it.

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
            resource_arns=[
                arn if arn and _is_of_another_stack(grantee, stack) else function.function_arn
            ],
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
    if where is not Whereabouts.HERE and is_group(principal):
        raise CannotGrant(grantee=name_of(principal), problem=_NO_GROUP[where])
    if not _is_ours_to_write(principal, arns):
        return None
    if not is_imported(principal):
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
        acknowledge_in_packs(
            policy,
            "IAMNoInlinePolicy",
            "It grants one identity what this stack has, and goes along with the stack.",
        )
    resource = cast(iam.CfnPolicy, policy.node.default_child)
    attached = cdk.Stack.of(scope).resolve([resource.roles, resource.users, resource.groups])
    return cast(iam.Policy, policy) if any(attached) else None


def _is_ours_to_write(principal: iam.IPrincipal, arns: list[str]) -> bool:
    """Whether an attempt to write an identity policy is safe: a failing deployment is not."""
    if not hasattr(principal, "node"):
        return False  # no construct, so there is nothing to attach a policy to
    fields = fields_of(arns[0])
    path = fields[5].partition("/")[2] if fields else ""
    return not path.startswith((*_RESERVED_PATHS, _IDENTITY_CENTER_PREFIX))


def _is_of_another_stack(grantee: iam.IGrantable, stack: cdk.Stack) -> bool:
    # Of what is written to: a principal, or a policy of ours that is attached to one.
    construct = grantee if hasattr(grantee, "node") else grantee.grant_principal
    return cdk.Stack.of(cast(IConstruct, construct)) is not stack


def _was_written(principal: iam.IPrincipal) -> bool:
    """Whether an identity of the application really has an inline policy now.

    `Grant.success` does not say: a role that is made elsewhere reports success and drops the
    statement.
    """
    construct = cast(IConstruct, principal)
    return any(isinstance(child, iam.CfnPolicy) for child in construct.node.find_all())


def _permit(function: lambda_.IFunction, arn: str) -> iam.Grant:
    check_stands_for_one(arn)
    region, here = function.env.region, cdk.Stack.of(function).region
    if region == here or any(map(cdk.Token.is_unresolved, (region, here))):
        try:
            return function.grant_invoke(iam.ArnPrincipal(arn))
        except RuntimeError as error:
            # Of a function that the CDK does not know to be of the stack's account.
            if "Cannot modify permission" not in str(error):
                raise
    raise CannotGrant(
        grantee=arn,
        problem="it takes a permission on the broker, and that is another stack's: grant it there, "
        "or say same_environment",
    )
