"""What the verdicts come to: a Markdown table, facts for JSON, and the targets that were missed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iam_sudo_core.session.carriers import MAX_CARRIER
from iam_sudo_core.session.draft import MAX_POLICY_ARNS
from tests.fidelity.corpora import AWS_MANAGED
from tests.fidelity.judge import Verdict

# Of the AWS managed policies that no session has room for, as many as carriers hold.
CARRIED = 268
# Of ten carriers.
ROOM = MAX_POLICY_ARNS * MAX_CARRIER
TOO_LARGE = {"SessionPolicyTooLarge", "TooManyManagedPolicies"}
# Other refusals say what stands in the way; this one is a defect of ours.
UNPROVED = "NotEquivalent"


@dataclass
class Row:
    """One corpus."""

    corpus: str
    roles: int = 0
    without_carriers: int = 0
    planned: int = 0
    decided: int = 0
    skipped: int = 0
    beyond_base: int = 0
    wider: int = 0
    narrower: int = 0
    named: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    ratios: list[float] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        self.roles += 1
        self.without_carriers += verdict.without_carriers is None
        self.planned += verdict.refusal is None
        self.decided += verdict.decided
        self.skipped += verdict.skipped
        self.beyond_base += verdict.beyond_base
        self.wider += sum(difference.is_wider for difference in verdict.differences)
        self.narrower += sum(not difference.is_wider for difference in verdict.differences)
        self.named += verdict.named
        self.refused.update([verdict.refusal] if verdict.refusal else [])
        self.ratios += [verdict.ratio] if verdict.ratio else []

    def cells(self) -> list[str]:
        refused = ", ".join(f"{cause} {n}" for cause, n in sorted(self.refused.items()))
        return [
            self.corpus,
            f"{self.roles:,}",
            f"{self.without_carriers:,}",
            f"{self.planned:,}",
            f"{self.planned / self.roles:.1%}",
            refused or "-",
            f"{self.decided:,}",
            f"{self.skipped:,}",
            f"{self.beyond_base:,}",
            str(self.wider),
            str(self.narrower),
            f"{self.named:,}",
            f"{statistics.median(self.ratios):.2f}" if self.ratios else "-",
            f"{max(self.ratios):.2f}" if self.ratios else "-",
        ]

    def facts(self) -> dict[str, Any]:
        ratios = self.ratios and {
            "median": statistics.median(self.ratios),
            "worst": max(self.ratios),
        }
        return vars(self) | {"ratios": ratios or None}


HEADINGS = [
    "corpus", "roles", "without carriers", "with a plan", "share", "refused", "decided",
    "not judged", "role beyond base", "wider", "narrower", "narrower, named",
    "characters left: median", "worst",
]  # fmt: skip


def rows(verdicts: Iterable[Verdict]) -> list[Row]:
    """One row for each corpus, and one of all."""
    total = Row("all")
    found: dict[str, Row] = {}
    for verdict in verdicts:
        found.setdefault(verdict.case.corpus, Row(verdict.case.corpus)).add(verdict)
        total.add(verdict)
    return [*found.values(), total]


def table(rows_: Sequence[Row]) -> str:
    """The rows as Markdown."""
    rule = ["---"] + ["---:"] * (len(HEADINGS) - 1)
    lines = [HEADINGS, rule, *(row.cells() for row in rows_)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def carried(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Of the AWS managed policies that were too large, how many are carried, and how many were."""
    large = [
        each
        for each in verdicts
        if each.case.corpus == AWS_MANAGED and each.without_carriers in TOO_LARGE
    ]
    return sum(each.refusal is None for each in large), len(large)


def too_large(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The other roles that are refused for their size."""
    return [
        each for each in verdicts if each.refusal in TOO_LARGE and each.case.corpus != AWS_MANAGED
    ]


def summary(verdicts: Sequence[Verdict]) -> str:
    """What the table does not say, in sentences."""
    left_out = Counter(cause for each in verdicts for cause in each.case.left_out)
    lines = [f"Left out of both sides: {cause}, {count}." for cause, count in left_out.items()]
    served, large = carried(verdicts)
    lines.append(f"Of {large:,} AWS managed policies that are too large {served:,} are carried.")
    sizes = sorted(each.characters for each in too_large(verdicts))
    lines.append(f"Refused for their size: {', '.join(f'{size:,}' for size in sizes) or 'none'}.")
    carriers = Counter(each.carriers for each in verdicts if each.carriers)
    by_number = ", ".join(f"{number}: {roles:,}" for number, roles in sorted(carriers.items()))
    lines.append(f"Roles by how many carriers they need: {by_number or 'none'}.")
    return "\n".join(lines)


def missed(verdicts: Sequence[Verdict], *, decisions: int) -> list[str]:
    """The targets that were missed, in words."""
    total = rows(verdicts)[-1]
    served, large = carried(verdicts)
    small = [each for each in too_large(verdicts) if each.characters <= ROOM]
    causes: Mapping[str, bool] = {
        f"{total.wider} requests on which a session allows what the role does not": total.wider > 0,
        f"{total.narrower} requests on which a session denies what role and base role allow":
            total.narrower > 0,
        f"{total.decided:,} decisions, fewer than {decisions:,}": total.decided < decisions,
        f"{total.refused[UNPROVED]} compactions that were not proved": total.refused[UNPROVED] > 0,
        f"{served:,} of {large:,} AWS managed policies that are too large are carried, less than "
        f"{CARRIED:,}": large > 0 and served < CARRIED,
        f"{len(small):,} roles are refused for a size that ten carriers have room for": bool(small),
    }  # fmt: skip
    return [cause for cause, is_missed in causes.items() if is_missed]
