"""Count the round trips between Python and Node, which take the time of a synthesis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from jsii._kernel.providers.process import _NodeProcess


@contextmanager
def counted() -> Iterator[list[int]]:
    """One item for each round trip so far."""
    calls: list[int] = []
    send = _NodeProcess.send

    def counting(*args: Any, **options: Any) -> Any:
        calls.append(1)
        return send(*args, **options)

    with patch.object(_NodeProcess, "send", counting):
        yield calls
