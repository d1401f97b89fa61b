"""How long `iam-sudo --help` takes, and whether it drags boto3 in.

From the start of the process to its end, as somebody at a prompt waits for it.
"""

from __future__ import annotations

import subprocess
import time

from benchmarks.report import (
    Cell,
    Row,
    Run,
    Target,
    interleaved,
    median_ratio,
    seconds,
    times_faster,
)
from benchmarks.sides import ANCESTOR, OURS, Side, bare_environment

AT_LEAST = 4


def measure(run: Run) -> list[Row]:
    """Measure `--help` of both commands."""
    run.progress(f"iam-sudo --help: {run.repeat} of each side")

    def help_time(side: Side) -> float:
        started = time.perf_counter()
        subprocess.run(
            [side.command, "--help"],
            env=bare_environment(run.directory),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - started

    ancestor, ours = interleaved(run.repeat, lambda: help_time(ANCESTOR), lambda: help_time(OURS))
    ratio = median_ratio(ancestor, ours)
    return [
        Row(
            "iam-sudo --help",
            _cell(ancestor, boto3=_imports_boto3(run, ANCESTOR)),
            _cell(ours, boto3=(with_boto3 := _imports_boto3(run, OURS))),
            ratio,
            (times_faster(ratio, at_least=AT_LEAST), Target("without boto3", not with_boto3)),
        )
    ]


def _cell(samples: list[float], *, boto3: bool) -> Cell:
    time = seconds(samples)
    text = f"{time.text} ({'imports boto3' if boto3 else 'no boto3'})"
    return Cell(text, {**time.facts, "imports_boto3": boto3})


def _imports_boto3(run: Run, side: Side) -> bool:
    finished = subprocess.run(
        [side.python, "-X", "importtime", side.command, "--help"],
        env=bare_environment(run.directory),
        capture_output=True,
        text=True,
        check=True,
    )
    # import time:       self [us] | cumulative | imported package
    modules = {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}
    if "click" not in modules:
        raise RuntimeError(f"{side.command}: Python did not say what it imported")
    return bool(modules & {"boto3", "botocore"})
