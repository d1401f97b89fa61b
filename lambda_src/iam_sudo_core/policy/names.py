"""What can be asked for: how names of actions and ARNs are built, as automata.

Two patterns may have texts in common that are the name of nothing: of `arn:aws:iam::*:role/a*` and
`arn:aws:iam::111122223333:*` that is `arn:aws:iam::111122223333:x:role/a`, where the first star has
gone over the end of its field and the type of the resource. What is left out here is never gained,
since nobody can ask for it, and so a session may lack it. Whatever is not known to be none may be
a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

_FIELDS = 5
_DIGITS = frozenset("0123456789")
_ACCOUNT = "0" * 12
# Service Authorization Reference, "Resource types defined by …": types with which the resource of
# an ARN begins and that come nowhere else in one of the service, where names have no colons. Those
# that roles name most; with others patterns are refused more often. `tests/fidelity` compares.
TYPES: Mapping[str, frozenset[str]] = {
    "dynamodb": frozenset({"table"}),
    "ecr": frozenset({"repository"}),
    "ecs": frozenset({"cluster", "service", "task", "task-definition"}),
    "events": frozenset({"event-bus", "rule"}),
    "firehose": frozenset({"deliverystream"}),
    "iam": frozenset({"instance-profile", "policy", "role", "user"}),
    "kinesis": frozenset({"stream"}),
    "kms": frozenset({"alias", "key"}),
    "lambda": frozenset({"function", "layer"}),
    "logs": frozenset({"log-group"}),
    "secretsmanager": frozenset({"secret"}),
    "ssm": frozenset({"document", "parameter"}),
    "states": frozenset({"activity", "execution", "stateMachine"}),
}
# The same, "… by Amazon SQS" and "… by Amazon SNS": after the account there is a name alone.
NAMES_ALONE = frozenset({"sns", "sqs"})

# How many colons were read, up to one more than stand before the resource, and what since the last
# one; None when that can be nothing that matters.
_Read = tuple[int, str | None]


class NamesOfActions:
    """Accepts what has one colon, as `service:Name` has."""

    start = 1

    def symbols(self, state: int) -> Iterable[str]:  # noqa: ARG002
        return ()

    def after(self, state: int, symbol: str) -> int:
        return state * 2 % 4 if symbol == ":" else state

    def accepts(self, state: int) -> bool:
        return state == 2  # noqa: PLR2004 - behind the one colon


@dataclass(frozen=True)
class PossibleArns:
    """Accepts all but ARNs with the id of an account, or the type of a resource, at a wrong place.

    The id of an account stands in the fifth field (IAM User Guide, "Identify AWS resources with
    Amazon Resource Names (ARNs)").
    """

    types: frozenset[str] = frozenset()
    has_name_alone: bool = False

    start: ClassVar[tuple[int, None]] = (0, None)

    @classmethod
    def like(cls, pattern: str) -> PossibleArns:
        """Those of the service that a pattern names."""
        match pattern.split(":", 3):
            case ["arn", _, service, _]:
                return cls(TYPES.get(service, frozenset()), service in NAMES_ALONE)
        return cls()

    def symbols(self, state: _Read) -> Iterable[str]:
        _, part = state
        if part is None:
            return ()
        longer = [each for each in self.types if each != part and each.startswith(part)]
        digits = _DIGITS if _ACCOUNT.startswith(part) else ()
        return {"/", *digits, *(each[len(part)] for each in longer)}

    def after(self, state: _Read, symbol: str) -> _Read | tuple[()]:
        colons, part = state
        if symbol == ":":
            if colons < _FIELDS:
                return colons + 1, "" if colons + 1 == _FIELDS else None
            is_none = self.has_name_alone or self._is_misplaced(colons, part)
            return () if is_none else (_FIELDS + 1, "")
        if part is None or not symbol:
            return colons, None
        if symbol == "/" and colons > _FIELDS and part in self.types:
            return ()
        # One digit is as good as another.
        part += "0" if symbol in _DIGITS else symbol
        may_be_account = _ACCOUNT.startswith(part)
        return colons, part if may_be_account or self._begins_a_type(part) else None

    def accepts(self, state: _Read) -> bool:  # noqa: ARG002
        return True

    def _is_misplaced(self, colons: int, part: str | None) -> bool:
        return part == _ACCOUNT or (colons > _FIELDS and part in self.types)

    def _begins_a_type(self, part: str) -> bool:
        return any(each.startswith(part) for each in self.types)
