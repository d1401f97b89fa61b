"""What the verdicts come to: a Markdown table, facts for JSON, and the targets that were missed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fidelity.corpora import PUBLIC
from tests.fidelity.judge import Verdict

# Of the public roles with inline policies, as many as a prototype served.
PUBLIC_SHARE = 0.976
# Other refusals say what stands in the way; this one is a defect of ours.
UNPROVED = "NotEquivalent"


@dataclass
class Row:
    """One corpus."""

    corpus: str
    roles: int = 0
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
    "corpus", "roles", "with a plan", "share", "refused", "decided", "not judged",
    "role beyond base", "wider", "narrower", "narrower, named", "characters left: median", "worst",
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


def public_share(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Of the public roles with inline policies, how many get a plan, and how many there are."""
    public = [each for each in verdicts if each.case.corpus == PUBLIC]
    inline = [each for each in public if each.case.snapshot.inline_policies]
    return sum(each.refusal is None for each in inline), len(inline)


def summary(verdicts: Sequence[Verdict]) -> str:
    """What the table does not say, in sentences."""
    planned, public = public_share(verdicts)
    left_out = Counter(cause for each in verdicts for cause in each.case.left_out)
    lines = [f"Left out of both sides: {cause}, {count}." for cause, count in left_out.items()]
    if public:
        lines.append(
            f"Of {public:,} public roles with inline policies {planned:,} get a plan, "
            f"{planned / public:.1%}."
        )
    return "\n".join(lines)


def missed(verdicts: Sequence[Verdict], *, decisions: int) -> list[str]:
    """The targets that were missed, in words."""
    total = rows(verdicts)[-1]
    planned, public = public_share(verdicts)
    causes: Mapping[str, bool] = {
        f"{total.wider} requests on which a session allows what the role does not": total.wider > 0,
        f"{total.narrower} requests on which a session denies what role and base role allow":
            total.narrower > 0,
        f"{total.decided:,} decisions, fewer than {decisions:,}": total.decided < decisions,
        f"{total.refused[UNPROVED]} compactions that were not proved": total.refused[UNPROVED] > 0,
        f"{planned:,} of {public:,} public roles with inline policies get a plan, less than "
        f"{PUBLIC_SHARE:.1%}": planned < PUBLIC_SHARE * public,
    }  # fmt: skip
    return [cause for cause, is_missed in causes.items() if is_missed]
