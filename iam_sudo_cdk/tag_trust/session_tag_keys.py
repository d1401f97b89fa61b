"""Refuse session tags by which a developer would be more than the role.

A session tag overrides the role's tag of that key (IAM User Guide, "Pass session tags in AWS STS"),
and decides wherever one of its policies tests `aws:PrincipalTag/key`. So no listed key may be a tag
of a role that is opened, nor be tested by what is, or may be, a policy of it: inline, attached, by
a resource of its own, by its boundary. Keys are compared without case. What synthesis cannot read
refuses the role too; AWS's own managed policies are known by name, see `_OF_AWS`.

Not seen: overrides (`add_property_override`), policies that another application attaches, resource
policies and service control policies, and a variable within a parameter's value.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from iam_sudo_core.session.tags import tested

from ..application import (
    NamedRole,
    Policy,
    PolicyResources,
    RoleResource,
    identity,
    is_intrinsic,
    is_undecided,
    member,
    rendered,
)

# The families of AWS's managed policies in which there are tests of principal tags. Families rather
# than names: where AWS has one that tests them, it adds others. Source: AWS Managed Policy
# Reference Guide; tests/cdk/tag_trust/test_session_tag_keys.py compares it with moto's copy.
_OF_AWS = (
    "AIDevOps*",
    "AWSElasticBeanstalkEKS*",
    "AWSIdentityCenterExternal*",
    "AWSQuickSetup*",
    "AWSTransform*",
    "AccountManagementFrom*",
    "AmazonEBSCSIDriverEKS*",
    "AmazonEKS*",
    "AmazonRedshiftQueryEditorV2*",
    "AmazonSageMakerSpaces*",
    "AwsGlueSession*",
    "SageMakerStudio*",
)
_AWS_MANAGED = re.compile(r"arn:[^:]+:iam::aws:policy/(?:.*/)?([^/]+)")
# Functions whose value is all in their arguments, or is the name of a resource. What another one
# brings, a mapping or an export of another stack, may be any text; so may a dynamic reference.
_SEEN_THROUGH = {
    "Ref",
    "Condition",
    *(
        f"Fn::{name}"
        for name in ("Base64", "Cidr", "GetAZs", "GetAtt", "If", "Join", "Select", "Split", "Sub")
    ),
}
_DYNAMIC = "{{resolve:"
# No role has this name, for one whose name CloudFormation makes up.
_UNNAMED = "<unnamed>"
# In a policy, what has names and patterns as values, which may be the deployment's to fill in.
# Everything else is what the policy says.
_TEXTS = {"policyname", "version", "id", "sid", "effect"} | {
    f"{negation}{element}" for negation in ("", "not") for element in ("action", "resource")
}


class KeysOfTheirOwn:
    """The keys that sessions may be tagged with, and whether a role leaves them free."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = {key.lower(): key for key in keys}
        self._policies: dict[object, PolicyResources] = {}
        self._stack_tags: dict[cdk.Stack, Mapping[str, str]] = {}
        self._checked: dict[object, tuple[IConstruct, cdk.Stack]] = {}

    def know_stack(self, stack: cdk.Stack, tags: Mapping[str, str]) -> None:
        """Remember the tags of a stack, which CloudFormation puts on its roles."""
        self._stack_tags[stack] = tags

    def problem(self, role: RoleResource, stack: cdk.Stack) -> str | None:
        """Why a role must not be opened, if it is one of these keys."""
        if not self._keys:
            return None
        root = cdk.Stage.of(role.construct) or role.construct.node.root
        if root not in self._policies:
            self._policies[root] = PolicyResources(root)
        problem = self._problem(role, stack, self._policies[root])
        if problem is None:
            self._checked[identity(role.construct)] = role.construct, stack
        return problem

    def late_problems(self) -> list[str]:
        """Likewise of all roles that had none, now that nothing changes any more."""
        self._policies.clear()
        self._stack_tags.clear()
        checked, self._checked = self._checked, {}
        found = [
            (construct.node.path, self.problem(RoleResource(construct), stack))
            for construct, stack in checked.values()
        ]
        self._checked.clear()
        self._policies.clear()
        return [f"iam-sudo: {path}: {problem}" for path, problem in found if problem]

    def _problem(
        self, role: RoleResource, stack: cdk.Stack, policies: PolicyResources
    ) -> str | None:
        ways_out = "leave the key out of session_tag_keys, or the role out of the selection"
        carried = {str(member(tag, "Key")).lower() for tag in role.tags(stack)}
        carried |= {key.lower() for key in self._tags_of_stacks(stack)}
        for folded, key in self._keys.items():
            if folded in carried:
                return f"it carries the tag {key}, which a session would override; {ways_out}"
        named = NamedRole.read(role.construct, name=role.name or _UNNAMED)
        for what, texts in _documents(named, policies):
            if texts is None:
                return (
                    f"what {what} says is not known at synth, and may test a key of "
                    f"session_tag_keys; {ways_out.replace('the key', 'all keys')}"
                )
            for key in tested({what: texts}):
                if key in self._keys or key == "*" or is_undecided(key):
                    text = self._keys.get(key, "a tag that only the deployment knows")
                    return f"{what} tests {text} of the principal (aws:PrincipalTag); {ways_out}"
        return None

    def _tags_of_stacks(self, stack: cdk.Stack) -> Iterator[str]:
        current: cdk.Stack | None = stack
        while current is not None:
            if current not in self._stack_tags:
                self._stack_tags[current] = dict(current.tags.tag_values())
            yield from self._stack_tags[current]
            current = current.nested_stack_parent


def _documents(
    role: NamedRole, policies: PolicyResources
) -> Iterator[tuple[str, list[str] | None]]:
    """What may be a policy of the role: how to call it, and its texts, or None if it is unknown."""
    yield "an inline policy", _texts(role.properties.get("Policies"))
    for policy in policies.may_be_for(role):
        yield _of(policy)
    for key in ("ManagedPolicyArns", "PermissionsBoundary"):
        for entry in _entries(role.properties.get(key)):
            own = policies.referred_to(entry, role.stack)
            yield _of(own) if own else _foreign(entry)


def _of(policy: Policy) -> tuple[str, list[str] | None]:
    path = policy.resource.construct.node.path
    return f"the policy {path}", _texts(policy.properties().get("PolicyDocument"))


def _foreign(entry: object) -> tuple[str, list[str] | None]:
    """A managed policy that is no resource of the application."""
    arn = str(rendered(entry))
    found = _AWS_MANAGED.fullmatch(arn)
    is_free = found and not any(fnmatch.fnmatchcase(found[1], family) for family in _OF_AWS)
    return f"the managed policy {arn}", [] if is_free else None


def _entries(value: object) -> Iterator[object]:
    """The items of a list, or of one value, whichever a condition chooses."""
    match value:
        case None | {"Ref": "AWS::NoValue"}:
            return
        case {"Fn::If": [_, *branches]}:
            items: Sequence[object] = branches
        case list():
            items = value
        case _:
            yield value
            return
    for item in items:
        yield from _entries(item)


def _texts(value: object) -> list[str] | None:
    """All texts of policies as they will be deployed; None when some of them cannot be known."""
    try:
        found = list(_walk(value, is_text=False))
    except _Unknown:
        return None
    return None if any(_DYNAMIC in text for text in found) else found


class _Unknown(Exception):
    pass


def _walk(value: Any, *, is_text: bool) -> Iterator[str]:
    match value:
        case None | {"Ref": "AWS::NoValue"}:
            return
        case {"Fn::If": [_, *branches]}:
            for branch in branches:
                yield from _walk(branch, is_text=is_text)
        case list():
            for item in value:
                yield from _walk(item, is_text=is_text)
        case {}:
            if is_intrinsic(value):
                if not is_text:
                    raise _Unknown
                yield from _inside(value)
                return
            for key, item in value.items():
                yield key
                within = is_text or key.lower() in _TEXTS or ":" in key
                yield from _walk(item, is_text=within)
        case _:
            yield str(value)


def _inside(value: Mapping[str, Any]) -> Iterator[str]:
    """A text that a function makes, and all texts that it is made of."""
    yield str(rendered(value))
    for function, arguments in value.items():
        if function not in _SEEN_THROUGH:
            raise _Unknown
        yield from _literals(arguments)


def _literals(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if is_intrinsic(value):
            yield from _inside(value)
            return
        for item in value.values():
            yield from _literals(item)
    elif isinstance(value, list):
        for item in value:
            yield from _literals(item)
    else:
        yield str(value)
