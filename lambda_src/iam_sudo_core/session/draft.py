"""Session policies that are exactly the role, whether they fit into a session or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..policy.compaction import compact
from ..policy.documents import Statement, merge, serialize
from ..policy.statements import parse, write

# IAM User Guide, "IAM and STS quotas", and STS API Reference, "AssumeRole" (Policy, PolicyArns).
MAX_CHARACTERS = 2_048
MAX_POLICY_ARNS = 10
NOT_ACCEPTED = re.compile(r"[^\t\n\r\u0020-\u00FF]")


_COMPACTED = "compacted"


@dataclass(frozen=True)
class Draft:
    """Session policies that are exactly the role, whether they fit or not."""

    statements: tuple[Statement, ...]
    policy_arns: tuple[str, ...] = ()
    how: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The document; None when the managed policies say it all."""
        if not self.statements and self.policy_arns:
            return None
        return serialize(merge([self.statements]))

    @property
    def characters(self) -> int:
        return characters_of(self.text, self.policy_arns)

    @property
    def fits(self) -> bool:
        return (
            self.characters <= MAX_CHARACTERS
            and len(self.policy_arns) <= MAX_POLICY_ARNS
            and not NOT_ACCEPTED.search(self.text or "")
        )

    @property
    def is_compacted(self) -> bool:
        """Whether it is compacted, and nothing was done after that."""
        return self.how[-1:] == (_COMPACTED,)

    def compacted(self) -> Draft:
        statements = tuple(write(compact(parse(self.statements))))
        return Draft(statements, self.policy_arns, (*self.how, _COMPACTED))

    def with_inline(self, moved: Mapping[str, Iterable[Statement]]) -> Draft:
        """The draft with these of its managed policies moved inline."""
        left = tuple(arn for arn in self.policy_arns if arn not in moved)
        united = parse(
            (*self.statements, *(s for statements in moved.values() for s in statements))
        )
        how = (*self.how, *(f"{arn} moved inline" for arn in moved))
        return Draft(tuple(write(compact(united))), left, how)


def characters_of(text: str | None, policy_arns: Iterable[str]) -> int:
    """What STS counts of a document and of ARNs against `MAX_CHARACTERS`."""
    return len(text or "") + sum(map(len, policy_arns))
