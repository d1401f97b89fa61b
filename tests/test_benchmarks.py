"""What `make bench` holds a machine to is the same on a slow one, and on one without bytecode."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import account, yardstick
from benchmarks.report import Run, interleaved
from benchmarks.sides import bare_environment

ROOT = Path(__file__).parents[1]


def clock(*, tick: float) -> Callable[[], float]:
    """The processor clock of a machine on which two looks at it are so many seconds apart."""
    ticks = itertools.count()
    return lambda: next(ticks) * tick


def test_a_machine_that_is_half_as_fast_is_held_to_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lengths = []
    for tick in (0.05, 0.1):
        monkeypatch.setattr(time, "process_time", clock(tick=tick))
        lengths.append(yardstick.length(yardstick.measure(lambda: None, repeat=3)))
    assert lengths == [pytest.approx(1), pytest.approx(1)]


def test_a_measurement_is_held_to_the_yardsticks_around_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A neighbour comes after the first sample: everything takes four times as long from then on.
    times = iter([1.0, 10.0, 1.0, 40.0, 4.0, 40.0, 4.0])
    monkeypatch.setattr(yardstick, "cpu_seconds", lambda _call: next(times))
    samples = yardstick.measure(lambda: None, repeat=3)
    assert yardstick.length(samples) == 10
    assert yardstick.at_most(10, samples).met
    assert not yardstick.at_most(9, samples).met


def test_the_yardstick_is_the_same_work_every_time() -> None:
    # Limits are in yardsticks: whoever changes the work changes them all.
    assert yardstick.work() == yardstick.work() == 29_584


def test_no_target_is_in_seconds() -> None:
    for file in sorted((ROOT / "benchmarks").glob("*.py")):
        for text in re.findall(r'Target\(\s*f?"([^"]*)"', file.read_text()):
            assert not re.search(r"\b(ms|s|seconds)\b", text), f"{file.name}: {text}"


def test_a_slow_machine_is_as_far_from_aws_as_it_is_slow() -> None:
    assert account.latency(0.01) == account.latency(0.04) == account.LATENCY
    assert account.latency(0.1) == 2 * account.latency(0.05)


def test_what_is_measured_is_compiled_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", os.devnull)
    subprocess.run(
        [sys.executable, "-c", "import iam_sudo_core.errors"],
        env=bare_environment(tmp_path),
        check=True,
    )
    cache = Path(importlib.util.cache_from_source(str(ROOT / "lambda_src/iam_sudo_core/errors.py")))
    assert list((tmp_path / "pycache").rglob(cache.name))


def test_the_first_round_does_not_count() -> None:
    calls: list[str] = []
    ancestor, ours = interleaved(1, lambda: calls.append("a"), lambda: calls.append("o"))
    assert (len(ancestor), len(ours)) == (1, 1)
    assert sorted(calls) == ["a", "a", "o", "o"]


def test_a_run_says_how_far_aws_is() -> None:
    assert Run(1, Path(), 0.04, print).latency == 0.04


def test_all_that_measures_is_there_without_an_argument() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", "import runpy; runpy.run_module('benchmarks')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
