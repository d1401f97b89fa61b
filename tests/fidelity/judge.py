"""Judge sessions: what may the role do, what may the session, and where do they differ?

The role is judged as itself AND as the base role, since a session never goes beyond its base role.
Keys that the role's own sessions have from whoever gave them out (`marks`) are the role's alone,
and the session has an ARN and an id of its own. By these it may be narrower, where the product
names a difference, and never wider. All of it in both readings of `readings`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import Refusal
from iam_sudo_core.policy import documents
from iam_sudo_core.policy.compaction import NotEquivalent, compact
from iam_sudo_core.policy.statements import parse, write
from iam_sudo_core.session.caller_keys import Caller
from iam_sudo_core.session.differences import PolicyStatement, depending_on_the_caller
from iam_sudo_core.session.plan import SessionPlan, plan_whole
from iam_sudo_core.session.role import RoleSnapshot, WholeRole
from tests.fidelity.catalogue import Catalogue
from tests.fidelity.corpora import Case, managed
from tests.fidelity.draw import requests
from tests.fidelity.evaluator import Document, Evaluator, Request, Side, listed
from tests.fidelity.marks import stand_in
from tests.fidelity.readings import readings

# A session has the base role's tags too, where it is not given others.
BASE_TAGS = {"team": "platform", "env": "dev"}
# The carriers'; it says nothing of what is in them.
DAY = date(2026, 11, 25)
BASE_POLICIES = [managed("AdministratorAccess"), managed("PowerUserAccess")]


@dataclass(frozen=True)
class Difference:
    """A request that a session decides otherwise than role and base role do."""

    is_wider: bool
    request: Request
    session: Document

    def __str__(self) -> str:
        kind = "allows more" if self.is_wider else "allows less"
        return f"{kind}: {self.request}\n  session {json.dumps(self.session)}"


@dataclass
class Verdict:
    """What came of a role: the refusal, or the requests decided and where the session differs.

    `characters` are those of a session that is too large. `without_carriers` is the refusal where
    nothing is carried by managed policies; `carriers` is how many the best plan has. `ratio` is
    what compaction leaves of the characters of its inline policies; `named` counts the requests
    that a session is denied for a difference which is named.
    """

    case: Case
    refusal: str | None = None
    characters: int = 0
    without_carriers: str | None = None
    carriers: int = 0
    ratio: float | None = None
    decided: int = 0
    skipped: int = 0
    beyond_base: int = 0
    named: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class Judge:
    """Draws requests for roles and has them decided."""

    evaluator: Evaluator
    catalogue: Catalogue
    requests: int

    def plans(self, case: Case, *, seed: object) -> Verdict:
        """Judge all sessions that are planned for a role."""
        verdict = Verdict(case)
        whole = WholeRole(case.snapshot, case.base_role, BASE_TAGS)
        try:
            next(plan_whole(whole))
        except (Refusal, NotEquivalent) as refusal:
            verdict.without_carriers = type(refusal).__name__
        try:
            plans = list(plan_whole(whole, day=DAY))
            verdict.carriers = len(plans[0].carriers)
            verdict.ratio = _ratio(case.snapshot)
        except (Refusal, NotEquivalent) as refusal:
            verdict.refusal = type(refusal).__name__
            verdict.characters = getattr(refusal, "characters", 0)
            return verdict
        sessions = [_session(plan, case.snapshot.documents) for plan in plans]
        rng = random.Random(f"{seed} {case.corpus} {case.name}")
        self.sessions(verdict, sessions, tags=plans[0].tags, rng=rng)
        return verdict

    def sessions(
        self,
        verdict: Verdict,
        sessions: Sequence[Document],
        *,
        tags: Mapping[str, str],
        rng: random.Random,
    ) -> None:
        """Add to the verdict what these session policies of a role do, with these session tags."""
        case = verdict.case
        base = [rng.choice(BASE_POLICIES)]
        documents = [*case.documents, *sessions]
        documents += [case.boundary] if case.boundary else []
        asked = requests(
            documents, self.requests, catalogue=self.catalogue, rng=rng, tags=case.snapshot.tags
        )
        asked = [_with_stand_ins(request) for request in asked]
        of_role = _principal(case.snapshot.role.arn) | _principal_tags(case.snapshot.tags)
        of_session = (
            _principal(case.base_role)
            | {"aws:userid": "AROABASE:iam-sudo-task"}
            | _principal_tags(BASE_TAGS)
            | _principal_tags(tags)
        )
        for read in readings(documents, self.catalogue):
            boundary = read(case.boundary) if case.boundary else None
            sides = [
                Side(list(map(read, case.documents)), boundary, context=of_role, is_role=True),
                Side(base),
                *(Side(base, session=read(each), context=of_session) for each in sessions),
            ]
            decided = zip(asked, self.evaluator.decide(asked, sides), strict=True)
            for request, decisions in decided:
                if decisions is None:
                    verdict.skipped += 1
                else:
                    _compare(verdict, request, decisions, sessions)


def _compare(
    verdict: Verdict, request: Request, decisions: Sequence[bool], sessions: Sequence[Document]
) -> None:
    role_allows, base_allows, *by_session = decisions
    verdict.decided += 1
    verdict.beyond_base += role_allows and not base_allows
    for session, allows in zip(sessions, by_session, strict=True):
        if allows is (role_allows and base_allows):
            continue
        if not allows and _depends_on_the_caller(verdict.case):
            verdict.named += 1
        else:
            verdict.differences.append(Difference(allows, request, session))


def _depends_on_the_caller(case: Case) -> bool:
    snapshot = case.snapshot
    statements = [
        PolicyStatement(policy, statement)
        for policy in snapshot.all_documents()
        for statement in parse(snapshot.statements(policy))
    ]
    return any(depending_on_the_caller(statements, Caller.of(snapshot, case.base_role)))


def _with_stand_ins(request: Request) -> Request:
    return replace(
        request, of_role={stand_in(key): value for key, value in request.of_role.items()}
    )


def _principal(arn: RoleArn) -> dict[str, str]:
    return {"aws:PrincipalArn": str(arn)}


def _ratio(snapshot: RoleSnapshot) -> float | None:
    found = [s for name in snapshot.inline_policies for s in snapshot.statements(name)]
    if not found:
        return None
    before, after = (
        len(documents.serialize(documents.merge([statements])))
        for statements in (found, write(compact(parse(found))))
    )
    return after / before


def _principal_tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:PrincipalTag/{key.lower()}": value for key, value in tags.items()}


def _session(plan: SessionPlan, documents: Mapping[str, Any]) -> Document:
    """All session policies as one: the evaluator takes no more, and STS takes their union."""
    documents = {**documents, **{each.arn: json.loads(each.text) for each in plan.carriers}}
    passed = [json.loads(plan.policy)] if plan.policy else []
    passed += [documents[arn] for arn in plan.policy_arns]
    statements = [statement for each in passed for statement in listed(each["Statement"])]
    return {
        "Version": "2012-10-17",
        "Statement": [{k: v for k, v in each.items() if k != "Sid"} for each in statements],
    }
