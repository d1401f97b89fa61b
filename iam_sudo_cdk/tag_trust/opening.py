"""A role as CloudFormation will see it, whatever made it, and how it is opened.

Every shape that a role has in an application will do: `Role` and `LazyRole`, `CfnRole`, roles of
included templates, and a plain `CfnResource`. A statement that a role has is not added. What
cannot be done is said on the role: with an error where the role or its tag would not mean what was
asked for, with a warning where the role is not the application's to change.

Overrides (`add_property_override`) of the trust policy or the tags are not seen, and win over what
is done here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from ..application.cdk_insides import identity
from ..application.intrinsics import is_intrinsic, rendered
from .trust_statement import (
    UNRESOLVED,
    Statements,
    Tag,
    Trust,
)

ROLE_TYPE = "AWS::IAM::Role"
_VERSION = "2012-10-17"
_DOCUMENT = "AssumeRolePolicyDocument"
_TYPED = (iam.CfnRole, iam.CfnPolicy, iam.CfnRolePolicy, iam.CfnManagedPolicy)


class IamResource:
    """A resource as CloudFormation will see it; reading it costs one round trip to Node."""

    def __init__(self, resource: Any) -> None:
        self.construct = resource  # of a class of its type or a CfnResource, which differ
        self._is_typed = isinstance(resource, _TYPED)
        # Tokens and all. Overrides are not among them, so ours are remembered.
        self._properties: Mapping[str, Any] = resource._cfn_properties
        if not self._is_typed:
            self._properties = {**self._properties, **_OVERRIDDEN.get(resource, {})}

    def value(self, name: str) -> Any:
        """A property by CloudFormation's name for it."""
        return member(self._properties, name) if self._is_typed else self._properties.get(name)

    def values(self, *names: str) -> dict[str, Any]:
        """Those of the properties that there are, tokens and all."""
        return {name: value for name in names if (value := self.value(name))}


class RoleResource(IamResource):
    """A role, of whatever shape."""

    @property
    def name(self) -> str | None:
        """The role's name, when synthesis knows it."""
        name = self.value("RoleName")
        return name if isinstance(name, str) and UNRESOLVED not in name else None

    def resolved(self, stack: cdk.Stack) -> tuple[Any, str, str]:
        """The trust policy as it will be in the template, and name and path as far as known."""
        found = stack.resolve(self.values(_DOCUMENT, "RoleName", "Path"))
        name, path = (str(rendered(found.get(key, ""))) for key in ("RoleName", "Path"))
        return found.get(_DOCUMENT), name, path

    def carries(self, tag: Tag, stack: cdk.Stack) -> bool:
        """Whether a role that was not opened has the tag all the same, or may have it."""
        if identity(self.construct) in _OPENED:
            return False
        return any(
            not (isinstance(item, Mapping) and isinstance(_key(item), str))
            or (_is_same_key(item, tag) and may_be(member(item, "Value"), tag.value))
            for item in self.tags(stack)
        )

    def open(
        self, wanted: Statements, stack: cdk.Stack, policy: Any, *, problem: str | None = None
    ) -> None:
        """Add tag and statements, or say on the role why not; `policy` is the resolved one.

        `problem` is what speaks against it already.
        """
        trust = wanted.trust
        if not isinstance(policy, Mapping) or is_intrinsic(policy.get("Statement", {"Ref": ""})):
            warn(self.construct, "decided", "its trust policy is decided at deployment")
            return
        tags = self.tags(stack)
        added = wanted.resolved(stack)
        statements = policy["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        there = set(map(_canonical, statements))
        missing = [n for n, each in enumerate(added) if _canonical(each) not in there]
        extended = {**policy, "Statement": [*statements, *(added[n] for n in missing)]}
        problem = problem or _tag_problem(tags, trust.tag)
        if missing:
            problem = problem or self._statement_problem(wanted, stack, extended)
        if problem:
            add_error(self.construct, problem)
            return
        _OPENED.add(identity(self.construct))
        if missing:
            self._write(wanted, missing)
        if not any(_is_same_key(item, trust.tag) for item in tags):
            self._tag(trust, tags)

    def _statement_problem(
        self, wanted: Statements, stack: cdk.Stack, extended: Mapping[str, Any]
    ) -> str | None:
        # Without it, or of 2008-10-17, a policy has no variables: ${…} is plain text.
        if wanted.trust.marks.source_identity and extended.get("Version") != _VERSION:
            return (
                f"source_identity needs a trust policy of version {_VERSION}; its own is of "
                f"{rendered(extended.get('Version', 'none'))}"
            )
        limit = wanted.trust.trust_policy_characters
        text = json.dumps(rendered(extended), separators=(",", ":"), ensure_ascii=False)
        if len(text) > limit:
            return (
                f"with what it says for developers its trust policy has {len(text):,} characters "
                f"and IAM accepts {limit:,}; shorten it, or raise the quota and "
                "trust_policy_characters"
            )
        # The CDK does not look for references in overrides.
        if not self._is_typed and wanted.refers_beyond(stack):
            return (
                "as a plain CfnResource it cannot refer to a developer of another stack; "
                "make it a CfnRole, or grant the developer by ARN"
            )
        return None

    def tags(self, stack: cdk.Stack) -> list[Any]:
        """The tags; what synthesis does not know is left as intrinsic functions."""
        tags = self.value("Tags") or []
        if not (isinstance(tags, list) and all(map(_is_plain_tag, tags))):
            tags = stack.resolve(tags)
        return tags if isinstance(tags, list) else [tags]

    def _write(self, wanted: Statements, missing: Sequence[int]) -> None:
        document = self.value(_DOCUMENT)
        if isinstance(document, iam.PolicyDocument):
            document.add_statements(*(wanted.l2[n] for n in missing))
            return
        # With the tokens that it has: resolved, they would refer to this stack, whatever they mean.
        extended = _Extended(document, [wanted.json[n] for n in missing]).now_or_later()
        if self._is_typed:
            self.construct.assume_role_policy_document = extended
        else:
            self._override(_DOCUMENT, extended)

    def _tag(self, trust: Trust, tags: list[Any]) -> None:
        # On the resource itself: what `Tags.of(…)` adds is another aspect, and one for each role
        # makes synthesis of a hundred of them fail with PossibleInfiniteLoopDetected.
        if self._is_typed:
            trust.tagging.visit(self.construct)
        else:
            self._override("Tags", [*tags, {"Key": trust.tag.key, "Value": trust.tag.value}])

    def _override(self, name: str, value: object) -> None:
        self.construct.add_property_override(name, value)
        _OVERRIDDEN.setdefault(self.construct, {})[name] = value


# What we have overridden of plain resources: the CDK does not tell, and two strategies, or a
# strategy and a mixin, may both open a role.
_OVERRIDDEN: MutableMapping[object, dict[str, object]] = WeakKeyDictionary()
# The roles that one of us has opened.
_OPENED: set[object] = set()


@jsii.implements(cdk.IAnyProducer)
class _Extended:
    """A trust policy with statements more, when it is a token itself once that is resolved."""

    def __init__(self, document: Any, added: Sequence[Mapping[str, Any]]) -> None:
        self._document = document
        self._added = added

    def now_or_later(self) -> object:
        if isinstance(self._document, Mapping):
            statements = self._document["Statement"]
            if isinstance(statements, list) or _is_statement(statements):
                return self._with(self._document)
        return cdk.Lazy.uncached_any(self)

    def produce(self, context: cdk.IResolveContext) -> object:
        return self._with(context.resolve(self._document))

    def _with(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        statements = document["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        return {**document, "Statement": [*statements, *self._added]}


def _is_statement(value: object) -> bool:
    return isinstance(value, Mapping) and "Effect" in value


def is_role_resource(construct: object) -> bool:
    """Whether a construct is the CloudFormation resource of a role."""
    if isinstance(construct, iam.CfnRole):
        return True
    # Of the typed resources, whose classes the CDK has in modules of their own, none is a role.
    return (
        isinstance(construct, cdk.CfnResource)
        and not type(construct).__module__.startswith("aws_cdk.")
        and construct.cfn_resource_type == ROLE_TYPE
    )


def is_beyond_reach(construct: IConstruct) -> bool:
    """Whether a construct stands for a role that the application cannot change."""
    if isinstance(construct, iam.Role):
        # A pre-created one (`Role.customize_roles`) has a name that is text, others a reference.
        return UNRESOLVED not in construct.role_name
    # An imported role is of no public class; of others, this attribute is a role's alone.
    return (
        not isinstance(construct, iam.LazyRole | cdk.CfnElement)
        and hasattr(construct, "role_arn")
        and hasattr(construct, "role_name")
        and hasattr(construct, "assume_role_action")
        and construct.node.default_child is None  # not `Role.without_policy_updates()`
    )


def warn_beyond_reach(construct: IConstruct) -> None:
    warn(construct, "imported", "it is imported or created elsewhere, and stays as it is")


def warn_whole_account(construct: IConstruct) -> None:
    cdk.Annotations.of(construct).add_warning_v2(
        "iam-sudo:trustWholeAccount",
        "everybody in the account who may sts:AssumeRole on it gets in (trust_whole_account)",
    )


def warn_tag_elsewhere(construct: IConstruct, tag: Tag, what: str) -> None:
    cdk.Annotations.of(construct).add_warning_v2(
        "iam-sudo:tagElsewhere",
        f"the tag {tag}, by which developers may assume roles, is also on {what}: they may assume "
        "whatever carries it and trusts the account; choose another tag",
    )


def warn(construct: IConstruct, id: str, problem: str) -> None:
    cdk.Annotations.of(construct).add_warning_v2(
        f"iam-sudo:{id}", f"developers get no access to this role: {problem}"
    )


def add_error(construct: IConstruct, problem: str) -> None:
    cdk.Annotations.of(construct).add_error(f"iam-sudo: {problem}")


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
    return None


def _is_plain_tag(item: object) -> bool:
    return isinstance(item, Mapping) and all(
        isinstance(text, str) and UNRESOLVED not in text for text in item.values()
    )


def _is_same_key(item: Mapping[str, Any], tag: Tag) -> bool:
    # Keys of tags differ in more than case, on IAM resources: IAM User Guide, "Tags for IAM".
    return str(_key(item)).lower() == tag.key.lower()


def may_be(value: object, text: str) -> bool:
    """Whether a resolved value is the text, or something that only the deployment knows."""
    return value == text or is_intrinsic(value)


def _key(item: Mapping[str, Any]) -> Any:
    return member(item, "Key")


def member(item: Mapping[str, Any], name: str) -> Any:
    """A member by CloudFormation's name for it, or by that of the CDK's classes."""
    return item.get(name[0].lower() + name[1:], item.get(name))


def _canonical(statement: object) -> str:
    """A statement's meaning as text: the order of members and of lists does not matter."""
    return json.dumps(_sorted(rendered(statement)), sort_keys=True)


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in value.items() if key != "Sid"}
    items = value if isinstance(value, list) else [value]
    return sorted((_sorted(i) if isinstance(i, Mapping) else str(i) for i in items), key=str)
