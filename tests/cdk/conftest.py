"""What the tests of the library need where they run on the oldest CDK."""

from typing import Any

import pytest

try:
    from constructs import Construct
except ModuleNotFoundError:  # the quick tests need no CDK
    Construct = None


def _with(construct: Any, *mixins: Any) -> None:
    """What `with_` does in newer constructs."""
    for mixin in mixins:
        for each in construct.node.find_all():
            if mixin.supports(each):
                mixin.apply_to(each)


@pytest.fixture(scope="session", autouse=True)
def constructs_can_be_mixed_into() -> None:
    """Mixins are tested on old constructs too, by all that one can do there: `apply_to`."""
    if Construct and not hasattr(Construct, "with_"):
        Construct.with_ = _with
