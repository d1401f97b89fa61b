"""What a policy tests of its caller: whether a session may get round it.

Where a statement tests a key that a session answers otherwise than the role (`caller_keys`), it may
close something that is open to the role: that is a difference, and named. Or it may open something
that is closed to the role: that is what `escape` finds. It never misses one, and may find too many.
Source: IAM User Guide, "AWS JSON policy elements: Variables and tags" (default values).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import CallerIdentityTested, PrincipalTagDiffers
from ..policy.conditions import KeyTest, tests
from ..policy.patterns import fold
from ..policy.statements import DENY, Statement, parse
from . import tags as session_tags
from .caller_keys import USER_ID, Answer, Caller, tags_set_anew
from .role import WholeRole

# The name of a policy variable ends at its default value or at its brace.
_VARIABLE = re.compile(r"\$\{([^,}]*)(,?)")
_LITERALS = ("*", "?", "$")


def check_caller(whole: WholeRole, *, are_passed: bool = True) -> None:
    """Refuse a role one of whose policies a session of the base role gets round.

    `are_passed` is whether the role's own tags go with the session.

    Raises:
        PolicyNotUnderstood: what a policy tests cannot be told.
        CallerIdentityTested: one holds something back from this caller.
        PrincipalTagDiffers: one tests a tag that a session has otherwise.
    """
    snapshot = whole.snapshot
    caller = Caller.of(snapshot, whole.base_role, source_identity=whole.source_identity)
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
    found = [test.key for test in tests(statement.condition)]
    found += [name for text, _ in _texts(statement) for name, _ in _variables(text)]
    return list(dict.fromkeys(found))


def escape(statement: Statement, caller: Caller) -> str | None:
    """The key by which a session may get round a statement that holds for the role; or None.

    That is a Deny which may be false of the session, and an Allow which may be true of it, unless
    it surely is so of the role.
    """
    is_denial = statement.effect == DENY
    for test in tests(statement.condition):
        if _opens(test, caller, is_denial=is_denial):
            return test.key
    for text, is_negated in _texts(statement):
        for name, has_default in _variables(text):
            answer = caller.answer(name)
            # Without a value a variable matches nothing; not so in a negation.
            if answer is Answer.NONE and (is_denial or is_negated or has_default):
                return name
            # What is named after the caller's id is its own, see docs/decisions/0007.
            is_own = fold(name) == USER_ID and not (is_denial or is_negated or has_default)
            if answer is Answer.ANOTHER and not is_own:
                return name
    return None


def _opens(test: KeyTest, caller: Caller, *, is_denial: bool) -> bool:
    answer = caller.answer(test.key)
    if answer is Answer.NONE:
        return test.when_absent is not is_denial
    if answer is Answer.ANOTHER:
        of_role, of_session = caller.decides(test)
        # A Deny that is true of the session, or false of the role, opens nothing; nor does an Allow
        # that is false of the session, or true of the role.
        return of_session is not is_denial and of_role is not (not is_denial)
    return False


def _texts(statement: Statement) -> Iterator[tuple[str, bool]]:
    """Where variables may stand, and whether it is what must not match."""
    for pattern in statement.resource.patterns:
        yield pattern.text, statement.resource.negated
    for test in tests(statement.condition):
        for value in test.values:
            yield value, not test.is_positive


def _variables(text: str) -> Iterator[tuple[str, bool]]:
    """The names of the variables in a text, and whether each has a default value."""
    for name, comma in _VARIABLE.findall(text):
        if name.strip() not in _LITERALS:
            yield name.strip(), bool(comma)
