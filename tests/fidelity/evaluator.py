"""An evaluator of IAM policies that none of us wrote: `@cloud-copilot/iam-simulate`.

It runs as a process of its own, a development tool: nothing of it is part of the product.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """What somebody asks for: an action on a resource, with the keys that conditions look at."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


class Evaluator:
    """Decides for many policies and requests in one process, which `with` ends."""

    def __enter__(self) -> Evaluator:
        script = Path(__file__).with_name("evaluator.mjs")
        self._process = subprocess.Popen(
            ["node", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def decide(
        self,
        requests: Sequence[Request],
        *,
        policies: Iterable[Document],
        session: Document | None = None,
    ) -> list[bool | None]:
        """Whether each request is allowed; None for what the evaluator cannot judge."""
        assert self._process.stdin
        assert self._process.stdout
        question = {
            "policies": list(policies),
            "session": session,
            "requests": [asdict(request) for request in requests],
        }
        self._process.stdin.write(f"{json.dumps(question)}\n")
        self._process.stdin.flush()
        decisions: list[bool | None] = json.loads(self._process.stdout.readline())
        return decisions
