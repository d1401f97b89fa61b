"""Judge sessions: what may the role do, what may the session, and where do they differ?

The role is judged as itself AND as the base role, since a session never goes beyond its base role.
Keys that hang on the caller's identity (`aws:PrincipalArn`, `aws:userid`, …) are drawn the same for
both: that they differ is for the plan to name, and for other tests.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iam_sudo_core import policies
from iam_sudo_core.compaction import NotEquivalent, compact
from iam_sudo_core.differences import escapes
from iam_sudo_core.errors import CallerIdentityTested, PrincipalTagDiffers, SessionRefused
from iam_sudo_core.roles import RoleSnapshot
from iam_sudo_core.session_plan import SessionPlan, plan_sessions
from iam_sudo_core.session_tags import compare, tested
from iam_sudo_core.statements import parse, write
from tests.fidelity.catalogue import Catalogue
from tests.fidelity.corpora import Case, managed
from tests.fidelity.draw import listed, requests
from tests.fidelity.evaluator import Document, Evaluator, Request, Side

# A session has the base role's tags too, where it is not given others.
BASE_TAGS = {"team": "platform", "env": "dev"}
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

    `ratio` is what compaction leaves of the characters of its inline policies.
    """

    case: Case
    refusal: str | None = None
    ratio: float | None = None
    decided: int = 0
    skipped: int = 0
    beyond_base: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class Judge:
    """Draws requests for roles and has them decided."""

    evaluator: Evaluator
    catalogue: Catalogue
    requests: int

    def plans(self, case: Case, *, seed: object) -> Verdict:
        """Judge all sessions that are planned for a role."""
        verdict = Verdict(case, refusal=_refused_for_the_caller(case.snapshot))
        if verdict.refusal:
            return verdict
        try:
            verdict.ratio = _ratio(case.snapshot)
            plans = list(plan_sessions(case.snapshot, base_role=case.base_role))
        except (SessionRefused, NotEquivalent) as refusal:
            verdict.refusal = type(refusal).__name__
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
        role_keys = _principal_tags(case.snapshot.tags)
        session_keys = _principal_tags(BASE_TAGS) | _principal_tags(tags)
        sides = [
            Side(case.documents, boundary=case.boundary, context=role_keys),
            Side(base),
            *(Side(base, session=session, context=session_keys) for session in sessions),
        ]
        documents = [*case.documents, *sessions]
        documents += [case.boundary] if case.boundary else []
        asked = requests(
            documents, self.requests, catalogue=self.catalogue, rng=rng, tags=case.snapshot.tags
        )
        for request, decisions in zip(asked, self.evaluator.decide(asked, sides), strict=True):
            if decisions is None:
                verdict.skipped += 1
                continue
            role_allows, base_allows, *by_session = decisions
            verdict.decided += 1
            verdict.beyond_base += role_allows and not base_allows
            for session, allows in zip(sessions, by_session, strict=True):
                if allows is not (role_allows and base_allows):
                    verdict.differences.append(Difference(allows, request, session))


def _refused_for_the_caller(snapshot: RoleSnapshot) -> str | None:
    """What `simulate` refuses for another reason than size, once it has a plan."""
    documents = snapshot.all_documents()
    if compare(snapshot.tags, BASE_TAGS).among(tested(documents)):
        return PrincipalTagDiffers.__name__
    statements = (s for policy in documents for s in parse(snapshot.statements(policy)))
    return CallerIdentityTested.__name__ if any(map(escapes, statements)) else None


def _ratio(snapshot: RoleSnapshot) -> float | None:
    found = [s for name in snapshot.inline_policies for s in snapshot.statements(name)]
    if not found:
        return None
    before, after = (
        len(policies.serialize(policies.merge([statements])))
        for statements in (found, write(compact(parse(found))))
    )
    return after / before


def _principal_tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:PrincipalTag/{key.lower()}": value for key, value in tags.items()}


def _session(plan: SessionPlan, documents: Mapping[str, Any]) -> Document:
    """All session policies as one: the evaluator takes no more, and STS takes their union."""
    passed = [json.loads(plan.policy)] if plan.policy else []
    passed += [documents[arn] for arn in plan.policy_arns]
    statements = [statement for each in passed for statement in listed(each["Statement"])]
    return {
        "Version": "2012-10-17",
        "Statement": [{k: v for k, v in each.items() if k != "Sid"} for each in statements],
    }
