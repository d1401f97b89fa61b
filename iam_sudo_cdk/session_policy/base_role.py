"""The base role: what sessions are made of, and the most that one may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from iam_sudo_core.arns import BROKER_TAG, GUARDRAILS_POLICY

from ..acknowledgements import acknowledge, acknowledge_in_packs
from ..owners import own
from .customized import refuse_customized
from .guardrails import policy_denial


def base_role_arn(stack: cdk.Stack, name: str) -> str:
    """By name, behind its path: a reference to the role would close circles."""
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)


def base_role(
    scope: Construct,
    *,
    name: str,
    path: str,
    boundary: iam.IManagedPolicy | None,
    limits: Mapping[str, iam.PolicyDocument],
    managed_policies: Sequence[str | iam.IManagedPolicy],
    broker_role: iam.Role,
    function_name: str,
    denials: iam.PolicyDocument,
    trust_whole_account: bool,
    other_brokers: Sequence[str],
    with_source_identity: bool = False,
) -> iam.Role:
    """Trusted by the broker's role and those of other brokers (ARNs), unless the account is to be.

    `denials` get a statement more, if there are managed policies; `limits` are further inline
    policies, by their names.
    """
    own(
        scope,
        "the role",
        name,
        way_out="let one of them make it and say base_role=… in the other, or role_name=… for "
        "another name",
    )
    brokers = (broker_role.role_arn, *other_brokers)
    trusted: list[iam.PrincipalBase] = [iam.ArnPrincipal(arn) for arn in brokers]
    if trust_whole_account:
        trusted.append(iam.AccountRootPrincipal())
    policies = [
        _managed_policy(policy, scope=scope, id=f"BaseRolePolicy{number}")
        for number, policy in enumerate(managed_policies, start=1)
    ]
    role = iam.Role(
        scope,
        "BaseRole",
        role_name=name,
        path=path,
        permissions_boundary=boundary,
        description="Base of the sessions that iam-sudo hands out; limited by session policies",
        # Sessions carry the tags of the role that they simulate.
        assumed_by=iam.CompositePrincipal(*(each.with_session_tags() for each in trusted)),
        # Role chaining allows no more (IAM User Guide, "Roles terms and concepts").
        max_session_duration=cdk.Duration.hours(1),
        managed_policies=policies,
        inline_policies={GUARDRAILS_POLICY: denials, **limits},
    )
    refuse_customized(role)
    if with_source_identity:
        # Of the brokers alone: with it anybody else could say to be somebody.
        cast(iam.PolicyDocument, role.assume_role_policy).add_statements(
            iam.PolicyStatement(
                actions=["sts:SetSourceIdentity"],
                principals=[iam.ArnPrincipal(arn) for arn in brokers],
            )
        )
    resource = cast(iam.CfnRole, role.node.default_child)
    # Tags of the application would be tags of every session (`aws:PrincipalTag/…`). Of an
    # override nothing is merged: it is this one tag.
    resource.add_property_override("Tags", [{"Key": BROKER_TAG, "Value": function_name}])
    if policies:
        # The role's own list, so that what is added to the role later is in it as well: a token
        # of a list, in the place of a single text.
        arns = cdk.Tokenization.reverse_list(cast(list[str], resource.managed_policy_arns))
        denials.add_statements(policy_denial([cdk.Token.as_string(arns)]))
    acknowledge_in_packs(
        role,
        "IAMNoInlinePolicy",
        "What keeps the broker from its sessions is part of the role itself, so that there is no "
        "role without it.",
    )
    for policy in policies:
        acknowledge(
            role,
            "AwsSolutions-IAM4",
            "The base role is the upper bound of what may be simulated; the session policy of "
            "each session limits it to one role's own permissions.",
            finding=f"Policy::{policy.managed_policy_arn}",
        )
    return role


def _managed_policy(
    policy: str | iam.IManagedPolicy, *, scope: Construct, id: str
) -> iam.IManagedPolicy:
    if not isinstance(policy, str):
        return policy
    if policy.startswith("arn:") or cdk.Token.is_unresolved(policy):
        return iam.ManagedPolicy.from_managed_policy_arn(scope, id, policy)
    return iam.ManagedPolicy.from_aws_managed_policy_name(policy)
