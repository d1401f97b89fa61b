"""What CDKs between the oldest that will do (`oldest_cdk`) and today's lack, and what stands in.

`make test` runs the tests of this library on the oldest as well as on that of requirements.txt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
import constructs
import jsii
from constructs import IConstruct

from .cdk_insides import has_a_class_of_its_type


def _mixin() -> type:
    """The base of mixins, or what does for one."""
    if hasattr(cdk, "Mixin"):
        return cdk.Mixin
    # `with_` of constructs 10.5 takes it, beside an older aws-cdk-lib as well. Without that, all
    # that one can do with a mixin is to call its `apply_to`.
    stand_in = type("Mixin", (), {"__module__": __name__})
    return jsii.implements(constructs.IMixin)(stand_in) if _HAS_WITH else stand_in


_HAS_WITH = hasattr(constructs, "IMixin")

if TYPE_CHECKING:
    Mixin = cdk.Mixin
else:
    Mixin = _mixin()


def resources_of_type(root: IConstruct, *types: str) -> list[IConstruct]:
    """The resources of these types below `root`, it included."""
    if hasattr(cdk, "ConstructSelector"):
        return list(cdk.ConstructSelector.resources_of_type(*types).select(root))
    return [each for each in root.node.find_all() if _is_of(each, types)]


def _is_of(construct: IConstruct, types: tuple[str, ...]) -> bool:
    if not isinstance(construct, cdk.CfnResource):
        return False
    if has_a_class_of_its_type(construct):
        # The class says it without a round trip to Node, unless it is CfnResource itself.
        known = getattr(type(construct), "CFN_RESOURCE_TYPE_NAME", None)
        if known is not None:
            return known in types
    return construct.cfn_resource_type in types
