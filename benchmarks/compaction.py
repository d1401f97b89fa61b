"""How long compaction takes: of the longest policies there are, and of what is made to be slow.

Real ones are the inline and customer managed policies of ../shared/corpora, when that folder is
there, and AWS's own of the pinned moto. Nothing is remembered from one policy to the next, as after
a cold start. The ancestor does not compact.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.report import Cell, Row, Run, Target, seconds
from benchmarks.sides import PROJECT
from iam_sudo_core.policy import documents as policies
from iam_sudo_core.policy import patterns
from iam_sudo_core.policy.compaction import compact
from iam_sudo_core.policy.statements import Statement, parse

ROLES = PROJECT.parent / "shared" / "corpora" / "roles.jsonl"
REAL_LIMIT, ADVERSARIAL_LIMIT = 0.050, 0.500
_SEED = 20261124


def measure(run: Run) -> list[Row]:
    """Measure the slowest real policy, and each adversarial one."""
    rows = []
    if ROLES.exists():
        run.progress("compaction: every policy of the corpora")
        parsed = [parse(policies.statements(document)) for document in _corpora()]
        rows.append(_slowest(f"the slowest of {len(parsed):,} policies of the corpora", parsed))
    run.progress("compaction: every AWS managed policy")
    managed = [parse(policies.statements(document)) for document in _aws_managed()]
    rows.append(_slowest(f"the slowest of {len(managed):,} AWS managed policies", managed, None))
    for what, statements in _adversarial().items():
        samples = [_seconds(statements) for _ in range(run.repeat)]
        size = len(policies.serialize({"Statement": [each.to_json() for each in statements]}))
        rows.append(_row(f"{what}, {size:,} characters", samples, ADVERSARIAL_LIMIT))
    return rows


def _slowest(what: str, parsed: list[list[Statement]], limit: float | None = REAL_LIMIT) -> Row:
    # The best of three of each: a pause of the machine is not the policy's.
    return _row(what, [max(min(_seconds(each) for _ in range(3)) for each in parsed)], limit)


def _row(what: str, samples: list[float], limit: float | None) -> Row:
    targets: tuple[Target, ...] = ()
    if limit is not None:
        met = statistics.median(samples) < limit
        targets = (Target(f"under {1_000 * limit:.0f} ms", met),)
    return Row(f"compaction, {what}", Cell(""), seconds(samples), None, targets)


def _seconds(statements: list[Statement]) -> float:
    patterns.covers.cache_clear()
    patterns.disjoint.cache_clear()
    started = time.perf_counter()
    compact(statements)
    return time.perf_counter() - started


def _corpora() -> Iterator[object]:
    for line in ROLES.read_text(encoding="utf-8").splitlines():
        role = json.loads(line)
        for policy in (*role["inline_policies"], *role["customer_managed"]):
            yield policy["document"]


def _aws_managed() -> Iterator[object]:
    from moto.iam.aws_managed_policies import (  # noqa: PLC0415 - a second, for this measurement
        aws_managed_policies_data,
    )

    for policy in json.loads(aws_managed_policies_data).values():
        yield policy["Document"]


def _adversarial() -> Mapping[str, list[Statement]]:
    """Policies with as many comparisons as are made at most, and one of many statements.

    Patterns that share their beginnings, have stars and cover nothing are the slowest to compare.
    """
    rng = random.Random(_SEED)

    def names(count: int) -> list[str]:
        return [f"a:*{rng.randrange(1_000)}*" for _ in range(count)]

    def statement(actions: list[str], resources: list[str]) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": actions, "Resource": resources}

    return {
        what: parse(statements)
        for what, statements in {
            "200 statements": [statement(names(1), names(1)) for _ in range(200)],
            "one statement of 360 actions": [statement(names(360), ["*"])],
            "one statement of 250 actions and resources": [statement(names(250), names(250))],
            "two statements of 125 actions and resources": [
                statement(names(125), names(125)) for _ in range(2)
            ],
            "patterns of 100 stars": [
                statement(
                    [f"a:{'*b' * 100}{n}" for n in range(9)],
                    [f"a:{'*b' * 100}{n}" for n in range(10)],
                )
            ],
        }.items()
    }
