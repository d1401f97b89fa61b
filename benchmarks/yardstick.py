"""A fixed piece of pure-Python work, by which times become ratios that any machine can be held to.

A target in milliseconds says how fast a machine is. So what has to be quick is measured beside this
work, in turns and by the same clock, that of the processor: a machine half as fast takes twice as
long for both, and neighbours slow down both. It does what comparing policies does, that is calls,
slices and comparisons of strings, tuples and dictionaries. Change it, and all limits change.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.report import Cell, Target

# 50 ms on the machine of docs/performance.md, which the limits were first written down for.
ROUNDS = 172


@dataclass(frozen=True)
class Sample:
    """Processor seconds of what was measured, and of the yardstick around it."""

    seconds: float
    yardstick: float


def measure(call: Callable[[], object], *, repeat: int) -> list[Sample]:
    """Measure `call` so many times, each between two yardsticks."""
    samples, before = [], cpu_seconds(work)
    for _ in range(repeat):
        seconds = cpu_seconds(call)
        after = cpu_seconds(work)
        samples.append(Sample(seconds, (before + after) / 2))
        before = after
    return samples


def cpu_seconds(call: Callable[[], object]) -> float:
    """How long `call` keeps a processor busy; waiting for one does not count."""
    started = time.process_time()
    call()
    return time.process_time() - started


def length(samples: list[Sample]) -> float:
    """The median of the samples, in yardsticks."""
    return statistics.median(sample.seconds / sample.yardstick for sample in samples)


def cell(samples: list[Sample]) -> Cell:
    """A cell for both: the time, and how many yardsticks that is."""
    seconds = statistics.median(sample.seconds for sample in samples)
    facts = {
        "median_cpu_seconds": seconds,
        "cpu_seconds": [sample.seconds for sample in samples],
        "yardstick_cpu_seconds": [sample.yardstick for sample in samples],
        "median_yardsticks": length(samples),
    }
    return Cell(f"CPU {1_000 * seconds:,.0f} ms, {length(samples):.1f} yardsticks", facts)


def at_most(yardsticks: int, samples: list[Sample]) -> Target:
    """The target of taking no longer than so many."""
    plural = "" if yardsticks == 1 else "s"
    return Target(f"at most {yardsticks} yardstick{plural}", length(samples) <= yardsticks)


def work() -> int:
    """Compare made-up patterns with one another, as compaction does."""
    found = 0
    patterns = [f"service{n % 7}:*Do{n}*" for n in range(ROUNDS)]
    seen: dict[tuple[str, str], bool] = {}
    for one in patterns:
        for other in patterns:
            if (one, other) not in seen:
                seen[one, other] = _begin_alike(one, other)
            found += seen[one, other]
    return found


def _begin_alike(one: str, other: str) -> bool:
    for end in range(1, min(len(one), len(other))):
        if one[:end].lower() != other[:end].lower():
            return "*" in other[end:]
    return True
