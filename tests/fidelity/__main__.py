"""Judge the sessions of all roles of the corpora; exit 1 when one differs from its role.

Progress goes to standard error, a Markdown table to standard output.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.fidelity import report
from tests.fidelity.boundaries import BOUNDARIES, bounded
from tests.fidelity.catalogue import Catalogue
from tests.fidelity.corpora import Case, aws_managed_cases, public_cases
from tests.fidelity.evaluator import Evaluator
from tests.fidelity.generated import TAGS, generated_cases
from tests.fidelity.judge import Judge, Verdict

DECISIONS = 300_000
GENERATED = 600
# With each boundary: roles of the corpora, and generated ones.
WITH_EACH_BOUNDARY = 18
OF_GENERATED = 6
PROGRESS = 200
# Some roles are refused, some requests cannot be judged, and small roles have few.
SPARE = 1.4


def main() -> int:
    """Judge, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument(
        "--decisions", type=int, default=DECISIONS, help="at least so many; %(default)s if not said"
    )
    parser.add_argument("--json", type=Path, help="where the facts go")
    options = parser.parse_args()
    started = time.monotonic()

    def progress(step: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {step}", file=sys.stderr, flush=True)

    cases = list(_cases(options.seed))
    verdicts: list[Verdict] = []
    requests = math.ceil(SPARE * options.decisions / len(cases))
    with ProcessPoolExecutor(initializer=_start, initargs=(requests,)) as pool:
        for verdict in pool.map(partial(_judge, seed=options.seed), cases, chunksize=4):
            verdicts.append(verdict)
            for difference in verdict.differences[:1]:
                progress(f"{verdict.case.corpus}: {verdict.case.name}: {difference}")
            if len(verdicts) % PROGRESS == 0 or len(verdicts) == len(cases):
                decided = sum(each.decided for each in verdicts)
                progress(f"{len(verdicts):,} of {len(cases):,} roles, {decided:,} decisions")
    rows = report.rows(verdicts)
    missed = report.missed(verdicts, decisions=options.decisions)
    print(
        f"Seed {options.seed}, {requests} requests for each role, {os.cpu_count()} cores, "
        f"{time.monotonic() - started:.0f} s.\n\n{report.table(rows)}\n"
    )
    print(report.summary(verdicts))
    if options.json:
        facts = {"seed": options.seed, "missed": missed, "rows": [row.facts() for row in rows]}
        options.json.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for target in missed:
        print(f"target missed: {target}", file=sys.stderr)
    return 1 if missed else 0


def _cases(seed: int) -> Iterator[Case]:
    plain = [*aws_managed_cases(), *public_cases()]
    generated = list(generated_cases(GENERATED, seed=seed))
    yield from plain
    yield from generated
    without_boundary = [case for case in generated if case.boundary is None]
    rng = random.Random(seed)
    for name in BOUNDARIES:
        some = [*rng.sample(plain, WITH_EACH_BOUNDARY), *rng.sample(without_boundary, OF_GENERATED)]
        yield from bounded(name, some, tags=TAGS)


def _start(requests: int) -> None:
    """Give this process an evaluator, which ends when its standard input does."""
    global judge  # noqa: PLW0603, a process pool has no other place
    judge = Judge(Evaluator().__enter__(), Catalogue.load(), requests)


def _judge(case: Case, *, seed: int) -> Verdict:
    return judge.plans(case, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
