"""Carriers: managed policies, made for the purpose, that hold what does not fit into a session.

A session may name ten managed policies by ARNs of some 70 characters, each with a document of up to
6,144 (IAM User Guide, "IAM and AWS STS quotas"). Its session policies are a union like those of any
identity: what one of them allows is allowed, and what one of them denies is denied (IAM User Guide,
"Policy evaluation logic"). So statements may be distributed over several. One that is too long is
cut, exactly or not at all (`policy.cutting`).

A carrier is attached to nobody and never changed. Its name says what is in it and when it was made:
on one day it is found again by everybody, and two days later nobody uses it. Pure; `account` makes
them.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from ..arns import CARRIER_PATH, RoleArn
from ..errors import PolicyNotUnderstood
from ..policy.compaction import NotEquivalent, compact, cost
from ..policy.comparisons import MAX_COMPARISONS
from ..policy.cutting import cut, length
from ..policy.documents import merge, serialize
from ..policy.statements import DENY, Statement, parse
from .draft import MAX_CHARACTERS, MAX_POLICY_ARNS, NOT_ACCEPTED, Draft
from .role import RoleSnapshot

# IAM User Guide, "IAM and AWS STS quotas": characters of a managed policy.
MAX_CARRIER = 6_144
NOT_CARRIED = (
    f"nor do {MAX_POLICY_ARNS} managed policies of {MAX_CARRIER:,} characters hold what the role "
    "may do"
)
# Whoever made a carrier used it at once, for an hour: see `plan.DURATION_SECONDS`.
DAYS_KEPT = 2
# Of base32, 5 bits each. What is in a carrier is compared before it is used, too.
_HASH_CHARACTERS = 20
_NAME_CHARACTERS = len("20261125-") + _HASH_CHARACTERS
_NAME = re.compile(rf"(?P<day>[0-9]{{8}})-[a-z2-7]{{{_HASH_CHARACTERS}}}")
# Of all statements that have to be cut. Two parts that follow one another are longer than a carrier
# together, unless the first is what is left of an action, or a resource, that was cut itself.
_MOST_PARTS = 3 * MAX_POLICY_ARNS
_ROOM = MAX_CARRIER - len(serialize(merge([[{}]]))) + len("{}")


@dataclass(frozen=True)
class Carrier:
    """A managed policy that has to be there: its ARN, its name and its document as it is sent."""

    arn: str
    name: str
    text: str

    @classmethod
    def of(cls, text: str, *, base_role: RoleArn, day: date) -> Carrier:
        """The carrier of a document in the base role's account; `day` is that of UTC."""
        digest = b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()
        name = f"{day:%Y%m%d}-{digest[:_HASH_CHARACTERS]}"
        return cls(f"{_path(base_role)}{name}", name, text)


@dataclass(frozen=True)
class Load:
    """What a draft comes to with carriers: their documents, and the ARNs that stay."""

    documents: tuple[str, ...]
    policy_arns: tuple[str, ...]
    how: tuple[str, ...]


def is_old(name: str, *, day: date) -> bool:
    """Whether this is the name of a carrier that no session can have any more."""
    found = _NAME.fullmatch(name)
    return found is not None and found["day"] <= f"{day - timedelta(days=DAYS_KEPT):%Y%m%d}"


def loads(drafts: Iterable[Draft], snapshot: RoleSnapshot, *, base_role: RoleArn) -> Iterator[Load]:
    """The ways to carry what a role may do: by the fewest carriers, and by the fewest ARNs."""
    known = {}
    for arn in snapshot.managed_policy_arns:
        # Unread, or of an unknown shape, it stays an ARN.
        with suppress(PolicyNotUnderstood):
            known[arn] = parse(snapshot.statements(arn))
    compacted = [(each, parse(each.statements)) for each in drafts if each.is_compacted]
    for moves_all in (False, True):
        found = [
            load
            for draft, own in compacted
            if (load := _load(draft, own, known, base_role=base_role, moves_all=moves_all))
        ]
        if not found:
            return
        yield min(found, key=lambda each: (len(each.documents), len(each.policy_arns)))


def pack(statements: Sequence[Statement]) -> list[str] | None:
    """Documents that together say what the statements say; None when one of them is too long.

    The same whatever order the statements come in. Denials are in each document, if that takes no
    document more: then none of them is ever seen without them.

    Raises:
        NotEquivalent: the result did not pass the check, which is a defect here.
    """
    parts: list[Statement] = []
    left = _MOST_PARTS
    for statement in statements:
        cut_up = cut(statement, room=_ROOM, most=left)
        if cut_up is None:
            return None
        parts += cut_up
        if len(cut_up) > 1:
            left -= len(cut_up)
    documents = _packed(parts)
    carried = [each for text in documents for each in json.loads(text)["Statement"]]
    if {serialize(each) for each in carried} != {_text(part) for part in parts}:
        raise NotEquivalent("the carriers of a session could not be shown to hold all of it")
    return documents


def _packed(parts: Sequence[Statement]) -> list[str]:
    denials = [_text(part) for part in parts if part.effect == DENY]
    others = [_text(part) for part in parts if part.effect != DENY]
    once = _fill([*denials, *others])
    if others and denials and sum(map(len, denials)) + len(denials) < _ROOM // 2:
        repeated = _fill(others, beside=sorted(set(denials)))
        if len(repeated) <= len(once):
            return repeated
    return once


def _load(
    draft: Draft,
    own: Sequence[Statement],
    known: Mapping[str, Sequence[Statement]],
    *,
    base_role: RoleArn,
    moves_all: bool,
) -> Load | None:
    """A draft by carriers; of its managed policies those stay ARNs for which there is room.

    `own` are its statements, `known` those of the role's managed policies.
    """
    order = sorted(
        (arn for arn in draft.policy_arns if arn in known),
        key=lambda arn: sum(map(length, known[arn])),
    )
    moving = len(order) if moves_all else 0
    left = MAX_COMPARISONS
    while True:
        moved = order[:moving]
        united = [*own, *(statement for arn in moved for statement in known[arn])]
        if moved and (left := left - cost(united)) > 0:  # else it takes too long
            united = compact(united)
        kept = tuple(arn for arn in draft.policy_arns if arn not in moved)
        # Nothing at all would be everything that the base role may do.
        documents = pack(united) if united or kept else [serialize(merge([]))]
        if documents is None or any(NOT_ACCEPTED.search(text) for text in documents):
            return None
        too_many = len(documents) + len(kept) - MAX_POLICY_ARNS
        characters = len(documents) * (len(_path(base_role)) + _NAME_CHARACTERS)
        if too_many <= 0 and characters + sum(map(len, kept)) <= MAX_CHARACTERS:
            steps = (*(f"{arn} moved into a carrier" for arn in moved), _carried_by(len(documents)))
            return Load(tuple(documents), kept, (*draft.how, *steps))
        if moving == len(order):
            return None
        moving = min(len(order), moving + max(1, too_many))


def _fill(texts: Iterable[str], *, beside: Sequence[str] = ()) -> list[str]:
    """Documents of the statements, the longest ones first, each in the first that has room."""
    taken = sum(len(text) + 1 for text in beside)
    documents: list[list[str]] = []
    rooms: list[int] = []
    for text in sorted(set(texts), key=lambda text: (-len(text), text)):
        # The comma before it, of which the first one of a document needs none.
        length = len(text) + 1
        for number, room in enumerate(rooms):
            if length <= room:
                documents[number].append(text)
                rooms[number] -= length
                break
        else:
            documents.append([text])
            rooms.append(_ROOM + 1 - taken - length)
    return [_document([*beside, *sorted(each)]) for each in documents]


def _carried_by(number: int) -> str:
    return "carried by 1 managed policy" if number == 1 else f"carried by {number} managed policies"


def _text(statement: Statement) -> str:
    return serialize(statement.to_json())


def _document(texts: Iterable[str]) -> str:
    return serialize(merge([[json.loads(text) for text in texts]]))


def _path(base_role: RoleArn) -> str:
    return f"arn:{base_role.partition}:iam::{base_role.account}:policy{CARRIER_PATH}"
