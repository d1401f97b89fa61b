"""How long compaction takes: of the longest policies there are, and of what is made to be slow.

Real ones are the inline and customer managed policies of ../shared/corpora, when that folder is
there, and AWS's own of the pinned moto. Nothing is remembered from one policy to the next, as after
a cold start. Targets are in yardsticks (`yardstick`). The ancestor does not compact.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks import yardstick
from benchmarks.report import Cell, Row, Run
from benchmarks.sides import PROJECT
from iam_sudo_core.policy import documents as policies
from iam_sudo_core.policy import patterns
from iam_sudo_core.policy.compaction import compact
from iam_sudo_core.policy.statements import Statement, parse

ROLES = PROJECT.parent / "shared" / "corpora" / "roles.jsonl"
REAL_LIMIT, ADVERSARIAL_LIMIT = 1, 10
_SEED = 20261124


def measure(run: Run) -> list[Row]:
    """Measure the slowest real policy, and each adversarial one."""
    rows = []
    if ROLES.exists():
        run.progress("compaction: every policy of the corpora")
        parsed = [parse(policies.statements(document)) for document in _corpora()]
        what = f"the slowest of {len(parsed):,} policies of the corpora"
        rows.append(_slowest(run, what, parsed, REAL_LIMIT))
    run.progress("compaction: every AWS managed policy")
    managed = [parse(policies.statements(document)) for document in _aws_managed()]
    rows.append(
        _slowest(run, f"the slowest of {len(managed):,} AWS managed policies", managed, None)
    )
    for what, statements in _adversarial().items():
        size = len(policies.serialize({"Statement": [each.to_json() for each in statements]}))
        rows.append(_row(run, f"{what}, {size:,} characters", statements, ADVERSARIAL_LIMIT))
    return rows


def _slowest(run: Run, what: str, parsed: list[list[Statement]], limit: int | None) -> Row:
    # The best of three of each: a pause of the machine is not the policy's.
    times = [min(yardstick.cpu_seconds(_afresh(each)) for _ in range(3)) for each in parsed]
    return _row(run, what, parsed[times.index(max(times))], limit)


def _row(run: Run, what: str, statements: list[Statement], limit: int | None) -> Row:
    samples = yardstick.measure(_afresh(statements), repeat=run.repeat)
    targets = (yardstick.at_most(limit, samples),) if limit else ()
    return Row(f"compaction, {what}", Cell(""), yardstick.cell(samples), None, targets)


def _afresh(statements: list[Statement]) -> Callable[[], object]:
    def compacted() -> object:
        patterns.covers.cache_clear()
        patterns.disjoint.cache_clear()
        return compact(statements)

    return compacted


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
