"""The actions that the evaluator knows, and what the ARNs of their resources look like."""

from __future__ import annotations

import functools
import json
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path


class Catalogue:
    """Finds actions by pattern. ARN formats are patterns too: `*` for what they leave open."""

    def __init__(self, formats: Mapping[str, Sequence[str]]) -> None:
        self.actions = sorted(formats)
        self._formats = {
            action: [re.sub(r"\$\{\w+\}", "*", arn.replace("${Partition}", "aws")) for arn in arns]
            for action, arns in formats.items()
        }
        self._of_service = defaultdict(list)
        for action in self.actions:
            self._of_service[action.partition(":")[0]].append(action)
        self.meant = functools.cache(self._meant)
        self._missed = functools.cache(self._all_missed)

    @classmethod
    @functools.cache
    def load(cls) -> Catalogue:
        """Ask the evaluator's data, in a Node process of its own."""
        script = Path(__file__).with_name("catalogue.mjs")
        return cls(json.loads(subprocess.run(["node", script], stdout=-1, check=True).stdout))

    def formats(self, action: str) -> list[str]:
        """The ARN formats of an action's resources; none for one that takes `*` alone."""
        return self._formats.get(action, [])

    def types(self, service: str) -> list[str]:
        """The resource types of a service, as the text before the name: `log-group:`, `table/`."""
        found = {
            re.split("(?<=[:/])", arn.split(":", 5)[5], maxsplit=1)[0]
            for action in self._of_service.get(service, ())
            for arn in self.formats(action)
            if arn.count(":") >= 5
        }
        return sorted(each for each in found if "*" not in each)

    def near(self, pattern: str, rng: random.Random) -> str:
        """An action that a pattern just misses: the next name of the service, or any of it."""
        return rng.choice(rng.choice([names for names in self._missed(pattern) if names]))

    def _meant(self, pattern: str) -> list[str]:
        """The actions that a pattern of a policy matches."""
        expression = glob(pattern.lower())
        return [name for name in self._service(pattern) if expression.fullmatch(name.lower())]

    def _all_missed(self, pattern: str) -> tuple[list[str], list[str]]:
        names, meant = self._service(pattern), set(self.meant(pattern))
        missed = [name for name in names if name not in meant]
        beside = {
            names[i + step]
            for i in range(len(names) - 1)
            for step in (0, 1)
            if (names[i] in meant) is not (names[i + 1] in meant)
        }
        return sorted(beside - meant), missed or self.actions

    def _service(self, pattern: str) -> list[str]:
        return self._of_service.get(pattern.partition(":")[0].lower(), self.actions)


@functools.cache
def glob(pattern: str) -> re.Pattern[str]:
    """A pattern of `*` and `?` as an expression for `fullmatch`."""
    parts = re.split(r"([*?])", pattern)
    return re.compile("".join({"*": ".*", "?": "."}.get(p, re.escape(p)) for p in parts), re.DOTALL)
