"""Open a role to developers: put the tag on it, and the statements into its trust policy.

A statement that a role has is not added. What cannot be done is said on the role: with an error
where the role or its tag would not mean what was asked for, with a warning where the role is not
the application's to change.

Overrides (`add_property_override`) of the trust policy or the tags are not seen, and win over what
is done here: see `synthesized`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ..application import (
    TRUST_POLICY,
    RoleResource,
    identity,
    is_intrinsic,
    may_be,
    member,
    rendered,
)
from .annotations import add_error, warn
from .extended_policy import Extended, meaning, meanings, statements_of
from .trust_statement import Statements, Tag, Trust

# Of the aspects that open roles: after tags and other aspects that change things (200) and those
# without a priority (500), before those that only read (1,000).
PRIORITY = 900

_VERSION = "2012-10-17"

_REFERS_TO_ITSELF = (
    "it is a developer itself (grant_sudo), and its trust policy would have to refer to itself, "
    "which CloudFormation refuses; leave it out of the selection, or give it a name and grant "
    "iam.Role.from_role_arn(…) of the ARN as text"
)
# IAM User Guide, "IAM and AWS STS quotas": tags on a role.
_TAGS_OF_A_ROLE = 50

# The roles that we have opened, with the statements that they got.
_OPENED: dict[object, Statements] = {}


def open_role(
    role: RoleResource,
    wanted: Statements,
    *,
    stack: cdk.Stack,
    policy: Any,
    problem: str | None = None,
    problem_of_stack: str | None = None,
) -> bool:
    """Add tag and statements, or say on the role why not; whether it is open then.

    A role that was opened before, by another of us, gets the statements of both. `policy` is the
    resolved one; the problems are what speaks against it already.
    """
    trust = wanted.trust
    if not isinstance(policy, Mapping) or is_intrinsic(policy.get("Statement", {"Ref": ""})):
        warn(role.construct, "decided", "its trust policy is decided at deployment")
        return False
    tags = role.tags(stack)
    before = _OPENED.get(identity(role.construct))
    replaced = meanings(before.resolved(stack)) if before else set()
    kept = [each for each in statements_of(policy) if meaning(each) not in replaced]
    wanted = wanted.after(before) if before else wanted
    wanted = wanted.beside(frozenset(str(member(each, "Sid")) for each in kept))
    added = wanted.resolved(stack)
    there = meanings(kept)
    missing = [n for n, each in enumerate(added) if meaning(each) not in there]
    extended = {**policy, "Statement": [*kept, *(added[n] for n in missing)]}
    problem = problem or _tag_problem(tags, trust.tag) or problem_of_stack
    if missing and identity(role.construct) in wanted.targets:
        problem = problem or _REFERS_TO_ITSELF
    if missing and wanted is not before:
        problem = problem or _statement_problem(role, wanted, stack, extended)
    if problem:
        add_error(role.construct, problem)
        return False
    _OPENED[identity(role.construct)] = wanted
    if missing and wanted is not before:
        _write(role, wanted, missing, replaced=before.json if before else [])
    if not any(_is_same_key(item, trust.tag) for item in tags):
        _tag(role, trust, tags)
    # One that had a statement like ours before has it under an id of its own.
    return bool(missing)


def _statement_problem(
    role: RoleResource, wanted: Statements, stack: cdk.Stack, extended: Mapping[str, Any]
) -> str | None:
    # Without it, or of 2008-10-17, a policy has no variables: ${…} is plain text.
    if (
        any(each.marks.source_identity for each in wanted.trusts)
        and extended.get("Version") != _VERSION
    ):
        return (
            f"source_identity needs a trust policy of version {_VERSION}; its own is of "
            f"{rendered(extended.get('Version', 'none'))}"
        )
    limit = max(each.trust_policy_characters for each in wanted.trusts)
    text = json.dumps(rendered(extended), separators=(",", ":"), ensure_ascii=False)
    if len(text) > limit:
        return (
            f"with what it says for developers its trust policy has {len(text):,} characters "
            f"and IAM accepts {limit:,}; shorten it, or raise the quota and "
            "trust_policy_characters"
        )
    # The CDK does not look for references in overrides.
    if not role.is_typed and wanted.refers_beyond(stack):
        return (
            "as a plain CfnResource it cannot refer to a developer of another stack; "
            "make it a CfnRole, or grant the developer by ARN"
        )
    return None


def carries_unopened(role: RoleResource, tag: Tag, *, stack: cdk.Stack) -> bool:
    """Whether a role that was not opened has the tag all the same, or may have it."""
    if identity(role.construct) in _OPENED:
        return False
    return any(
        not (isinstance(item, Mapping) and isinstance(_key(item), str))
        or (_is_same_key(item, tag) and may_be(member(item, "Value"), tag.value))
        for item in role.tags(stack)
    )


def _write(
    role: RoleResource,
    wanted: Statements,
    missing: Sequence[int],
    *,
    replaced: Sequence[Mapping[str, Any]],
) -> None:
    document = role.value(TRUST_POLICY)
    if isinstance(document, iam.PolicyDocument) and not replaced:
        document.add_statements(*(wanted.l2[n] for n in missing))
        return
    # With the tokens that it has: resolved, they would refer to this stack, whatever they mean.
    added = [wanted.json[n] for n in missing]
    extended = Extended(document, added, replaced=replaced).now_or_later()
    if role.is_typed:
        role.construct.assume_role_policy_document = extended
    else:
        role.override(TRUST_POLICY, extended)


def _tag(role: RoleResource, trust: Trust, tags: list[Any]) -> None:
    # On the resource itself: what `Tags.of(…)` adds is another aspect, and one for each role
    # makes synthesis of a hundred of them fail with PossibleInfiniteLoopDetected.
    if role.is_typed:
        trust.tagging.visit(role.construct)
    else:
        role.override("Tags", [*tags, {"Key": trust.tag.key, "Value": trust.tag.value}])


def _tag_problem(tags: Sequence[Any], wanted: Tag) -> str | None:
    ways_out = "choose another tag, or leave the role out of the selection"
    for item in tags:
        if not (isinstance(item, Mapping) and isinstance(_key(item), str)):
            return (
                f"its tags are decided at deployment, and have to be known to be without another "
                f"value of {wanted.key}; {ways_out}"
            )
        value = member(item, "Value")
        if _is_same_key(item, wanted) and value != wanted.value:
            return (
                f"it carries the tag {_key(item)}={rendered(value)}, which would have to be "
                f"{wanted}; {ways_out}"
            )
    if len(tags) >= _TAGS_OF_A_ROLE and not any(_is_same_key(item, wanted) for item in tags):
        return (
            f"it has {len(tags)} tags, and IAM accepts {_TAGS_OF_A_ROLE} with the one that opens "
            "it; take one off, or leave the role out of the selection"
        )
    return None


def _is_same_key(item: Mapping[str, Any], tag: Tag) -> bool:
    # Keys of tags differ in more than case, on IAM resources: IAM User Guide, "Tags for IAM".
    return str(_key(item)).lower() == tag.key.lower()


def _key(item: Mapping[str, Any]) -> Any:
    return member(item, "Key")
