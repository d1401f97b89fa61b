"""What a policy tests of its caller: whether a session may get round it.

Where a statement tests a key that a session answers otherwise than the role (`caller_keys`), it may
close something that is open to the role: that is a difference, and named. Or it may open something
that is closed to the role: that is what `escape` finds. It never misses one, and may find too many.
Source: IAM User Guide, "AWS JSON policy elements: Condition operators" (with IfExists, Null and set
operators, what is true of an absent key) and "… Variables and tags" (default values).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import CallerIdentityTested, PrincipalTagDiffers
from ..policy.patterns import fold, matches
from ..policy.statements import DENY, Statement, parse
from . import tags as session_tags
from .caller_keys import Answer, Caller, tags_set_anew
from .role import WholeRole

_POSITIVE = frozenset(
    {
        "arnequals", "arnlike", "binaryequals", "bool", "dateequals", "dategreaterthan",
        "dategreaterthanequals", "datelessthan", "datelessthanequals", "ipaddress",
        "numericequals", "numericgreaterthan", "numericgreaterthanequals", "numericlessthan",
        "numericlessthanequals", "stringequals", "stringequalsignorecase", "stringlike",
    }
)  # fmt: skip
_NEGATIVE = frozenset(
    {
        "arnnotequals", "arnnotlike", "datenotequals", "notipaddress", "numericnotequals",
        "stringnotequals", "stringnotequalsignorecase", "stringnotlike",
    }
)  # fmt: skip
_OPERATOR = re.compile(r"(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?")
# The name of a policy variable ends at its default value or at its brace.
_VARIABLE = re.compile(r"\$\{([^,}]*)(,?)")
_LITERALS = ("*", "?", "$")


@dataclass(frozen=True)
class _Test:
    """One test of a condition."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def when_absent(self) -> bool | None:
        """Whether it is true of a key that is not there; None where that is not sure."""
        found = _OPERATOR.fullmatch(fold(self.operator))
        set_operator, operator, if_exists = found.groups() if found else (None, "", None)
        if operator == "null" and not set_operator and not if_exists:
            wanted = set(map(fold, self.values))
            return wanted == {"true"} if wanted in ({"true"}, {"false"}) else None
        if operator not in _POSITIVE | _NEGATIVE or (set_operator == "foranyvalue" and if_exists):
            return None
        if set_operator:
            return set_operator == "forallvalues"
        return bool(if_exists) or operator in _NEGATIVE

    @property
    def names_its_values(self) -> bool:
        """Whether it surely holds for keys alone that have one of these values."""
        return fold(self.operator).removeprefix("foranyvalue:") in _POSITIVE


def check_caller(whole: WholeRole, *, are_passed: bool = True) -> None:
    """Refuse a role one of whose policies a session of the base role gets round.

    `are_passed` is whether the role's own tags go with the session.

    Raises:
        PolicyNotUnderstood: what a policy tests cannot be told.
        CallerIdentityTested: one holds something back from this caller.
        PrincipalTagDiffers: one tests a tag that a session has otherwise.
    """
    snapshot = whole.snapshot
    caller = Caller.of(snapshot, whole.base_role)
    for policy in snapshot.all_documents():
        for statement in parse(snapshot.statements(policy)):
            if key := escape(statement, caller):
                raise CallerIdentityTested(role=snapshot.name, policy=policy, key=key)
    difference = session_tags.compare(
        snapshot.tags, whole.base_tags, are_passed=are_passed, set_anew=tags_set_anew(snapshot)
    )
    if found := difference.among(session_tags.tested(snapshot.all_documents())):
        raise PrincipalTagDiffers(role=snapshot.name, keys=found, problem=difference.why)


def keys(statement: Statement) -> list[str]:
    """The condition keys that a statement looks at, as tests and as variables."""
    found = [test.key for test in _tests(statement)]
    found += [name for text, _ in _texts(statement) for name, _ in _variables(text)]
    return list(dict.fromkeys(found))


def escape(statement: Statement, caller: Caller) -> str | None:
    """The key by which a session may get round a statement that holds for the role; or None.

    That is a Deny which does not hold without the key, or an Allow which does.
    """
    is_denial = statement.effect == DENY
    opens = _opens_denial if is_denial else _opens_allow
    for test in _tests(statement):
        if opens(test, caller):
            return test.key
    for text, is_negated in _texts(statement):
        for name, has_default in _variables(text):
            # Without a value a variable matches nothing; not so in a negation.
            if _differs(name, caller) and (is_denial or is_negated or has_default):
                return name
    return None


def _opens_denial(test: _Test, caller: Caller) -> bool:
    answer = caller.answer(test.key)
    return answer is Answer.ANOTHER or (answer is Answer.NONE and test.when_absent is not True)


def _opens_allow(test: _Test, caller: Caller) -> bool:
    answer = caller.answer(test.key)
    if answer is Answer.NONE:
        return test.when_absent is not False
    if answer is Answer.ANOTHER:
        return not test.names_its_values or _is_for_the_base_role(test, caller)
    return False


def _is_for_the_base_role(test: _Test, caller: Caller) -> bool:
    """Whether a test of the principal's ARN may hold for the base role and not for the role."""
    if fold(test.key).strip() != "aws:principalarn":
        return False
    role, base_role = str(caller.role), str(caller.base_role)
    literally = fold(test.operator).endswith("stringequals")
    if role in test.values or (not literally and any(matches(v, role) for v in test.values)):
        return False
    return any(matches(fold(value), fold(base_role)) for value in test.values)


def _differs(key: str, caller: Caller) -> bool:
    return caller.answer(key) in (Answer.ANOTHER, Answer.NONE)


def _tests(statement: Statement) -> Iterator[_Test]:
    for operator, tested in (statement.condition.value or {}).items():
        for key, values in tested.items():
            listed: list[Any] = values if isinstance(values, list) else [values]
            yield _Test(operator, key, tuple(map(str, listed)))


def _texts(statement: Statement) -> Iterator[tuple[str, bool]]:
    """Where variables may stand, and whether it is what must not match."""
    for pattern in statement.resource.patterns:
        yield pattern.text, statement.resource.negated
    for test in _tests(statement):
        for value in test.values:
            yield value, not test.names_its_values


def _variables(text: str) -> Iterator[tuple[str, bool]]:
    """The names of the variables in a text, and whether each has a default value."""
    for name, comma in _VARIABLE.findall(text):
        if name.strip() not in _LITERALS:
            yield name.strip(), bool(comma)
