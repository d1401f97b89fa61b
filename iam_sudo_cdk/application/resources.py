"""A resource as CloudFormation will see it, of a class of its type or a plain `CfnResource`.

Overrides (`add_property_override`) are not seen, unless they were made here.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from aws_cdk import aws_iam as iam
from constructs import IConstruct

from .cdk_insides import properties_of
from .older_cdks import resources_of_type

_TYPED = (iam.CfnRole, iam.CfnPolicy, iam.CfnRolePolicy, iam.CfnManagedPolicy)


class IamResource:
    """A resource of IAM; reading it costs one round trip to Node."""

    def __init__(self, resource: Any) -> None:
        self.construct = resource
        self.is_typed: bool = isinstance(resource, _TYPED)
        self._properties = properties_of(resource)
        if not self.is_typed:
            self._properties = {**self._properties, **_OVERRIDDEN.get(resource, {})}

    def value(self, name: str) -> Any:
        """A property by CloudFormation's name for it, tokens and all."""
        return member(self._properties, name) if self.is_typed else self._properties.get(name)

    def values(self, *names: str) -> dict[str, Any]:
        """Those of the properties that there are."""
        return {name: value for name in names if (value := self.value(name))}

    def override(self, name: str, value: object) -> None:
        """Set a property of a plain resource, for those as well who read it later."""
        self.construct.add_property_override(name, value)
        _OVERRIDDEN.setdefault(self.construct, {})[name] = value


# What we have overridden of plain resources: the CDK does not tell, and two strategies, or a
# strategy and a mixin, may both open a role.
_OVERRIDDEN: MutableMapping[object, dict[str, object]] = WeakKeyDictionary()


def resources(root: IConstruct, *types: str) -> list[IConstruct]:
    """The resources of these types below `root`, in one round trip to Node."""
    return resources_of_type(root, *types)


def member(item: Mapping[str, Any], name: str) -> Any:
    """A member by CloudFormation's name for it, or by that of the CDK's classes."""
    return item.get(name[0].lower() + name[1:], item.get(name))
