"""An evaluator of IAM policies that none of us wrote: `@cloud-copilot/iam-simulate`.

It runs as a process of its own, a development tool: nothing of it is part of the product.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

Document = Mapping[str, Any]
Value = str | list[str]
# One decision for each side, or None: the evaluator cannot judge the request.
Decisions = list[bool] | None


@dataclass(frozen=True)
class Request:
    """What somebody asks for: an action on a resource, with the keys that conditions look at.

    `of_role` are keys that the role alone has.
    """

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)
    of_role: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """Who asks: identity policies, cut by a permissions boundary and a session policy.

    `context` are keys that this side's requests have by who it is, such as its tags.
    """

    policies: Sequence[Document]
    boundary: Document | None = None
    session: Document | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    is_role: bool = False


def listed(value: Any) -> list[Any]:
    """What JSON policies write as one value or as a list."""
    return value if isinstance(value, list) else [value]


class Evaluator:
    """Decides for many sides and requests in one process, which `with` ends."""

    def __enter__(self) -> Evaluator:
        script = Path(__file__).with_name("evaluator.mjs")
        self._process = subprocess.Popen(
            ["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def decide(self, requests: Sequence[Request], sides: Sequence[Side]) -> list[Decisions]:
        """For each request, whether it is allowed to each side."""
        assert self._process.stdin
        assert self._process.stdout
        question = {"sides": list(map(vars, sides)), "requests": list(map(vars, requests))}
        self._process.stdin.write(f"{json.dumps(question)}\n")
        self._process.stdin.flush()
        decisions: list[Decisions] = json.loads(self._process.stdout.readline())
        return decisions
