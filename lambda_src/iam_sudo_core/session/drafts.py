"""The ways to say exactly what a role may do, whether they fit into a session or not.

Managed policies travel as ARNs, which pack smaller, and inline policies merged into one document,
within the permissions boundary and what narrows the session down (`bounds`). Each way comes as it
is, then compacted, then with managed policies moved inline, small ones first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from ..errors import PolicyNotUnderstood
from ..policy.compaction import cost
from ..policy.comparisons import MAX_COMPARISONS
from ..policy.documents import Statement
from ..policy.statements import parse
from .draft import MAX_CHARACTERS, MAX_POLICY_ARNS, Draft
from .role import RoleSnapshot


def drafts(
    snapshot: RoleSnapshot, *, narrowing: Iterable[Statement] | None = None
) -> Iterator[Draft]:
    """The ways to say what the role may do within `narrowing`, the most literal one first."""
    for draft in _within_bounds(snapshot, narrowing):
        yield draft
        compacted = draft.compacted()
        yield compacted
        yield _moved_inline(compacted, snapshot)


def _within_bounds(
    snapshot: RoleSnapshot, narrowing: Iterable[Statement] | None
) -> Iterator[Draft]:
    inline = tuple(s for name in snapshot.inline_policies for s in snapshot.statements(name))
    draft = Draft(inline, snapshot.managed_policy_arns)
    if snapshot.permissions_boundary is None and narrowing is None:
        return iter([draft])
    # A cold start compiles what it imports, and most roles have no boundary.
    from .bounds import bounded  # noqa: PLC0415

    return bounded(draft, snapshot, narrowing=narrowing)


def _moved_inline(draft: Draft, snapshot: RoleSnapshot) -> Draft:
    """The draft with managed policies moved inline until it fits, the smallest first.

    Never more than it takes: STS packs an ARN into less than the text that it stands for. Those
    that come late are not tried when compacting has taken too long by then.
    """
    sizes = {}
    for arn in draft.policy_arns:
        # Unread, or of an unknown shape, it may travel as an ARN.
        with suppress(PolicyNotUnderstood):
            sizes[arn] = Draft(tuple(snapshot.statements(arn))).characters
    order = sorted(sizes, key=lambda arn: sizes[arn])
    excess = max(0, len(draft.policy_arns) - MAX_POLICY_ARNS)
    if excess:
        draft = draft.with_inline({arn: snapshot.statements(arn) for arn in order[:excess]})
    left = MAX_COMPARISONS
    for arn in order[excess:]:
        left -= cost(parse((*draft.statements, *snapshot.statements(arn))))
        if draft.fits or max(sizes[arn], len(draft.text or "")) > MAX_CHARACTERS or left < 0:
            break
        moved = draft.with_inline({arn: snapshot.statements(arn)})
        if moved.characters < draft.characters:
            draft = moved
    return draft
