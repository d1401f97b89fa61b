"""Which construct an object stands for: Python may have several for one of Node's."""

from __future__ import annotations

from typing import Any


def identity(construct: Any) -> object:
    """The reference to a construct that all of its objects know; good as a key."""
    reference: object = construct.__jsii_ref__.ref
    return reference
