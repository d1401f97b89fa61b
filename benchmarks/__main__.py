"""Measure, print the table, write the JSON; exit 1 when a target is missed, naming it."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import (
    broker,
    bundle,
    command,
    compaction,
    endpoint,
    hostile,
    invocation,
    synth,
    yardstick,
)
from benchmarks.account import latency
from benchmarks.peer import PeerFailed
from benchmarks.report import Measurement, Row, Run, table
from benchmarks.sides import ANCESTOR, OURS, PROJECT, Side

MEASUREMENTS: dict[str, Measurement] = {
    "warm": broker.measure_warm,
    "cold": broker.measure_cold,
    "large": broker.measure_large,
    "rules": broker.measure_rules,
    "bundle": bundle.measure,
    "help": command.measure,
    "invocation": invocation.measure,
    "serve": endpoint.measure,
    "compaction": compaction.measure,
    "hostile": hostile.measure,
    "synth": synth.measure,
}
RESULT = PROJECT / ".work" / "bench.json"


def main() -> int:
    """Run the measurements that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measurement", nargs="*", help=f"of {', '.join(MEASUREMENTS)}; all if none")
    parser.add_argument(
        "--repeat", type=int, default=11, help="how often, at least 1; medians are shown"
    )
    parser.add_argument("--json", type=Path, default=RESULT, help="where the samples go")
    options = parser.parse_args()
    if unknown := set(options.measurement) - set(MEASUREMENTS):
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(MEASUREMENTS)}")
    if options.repeat < 1:
        parser.error("--repeat: at least 1")
    started = time.monotonic()

    def progress(step: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {step}", file=sys.stderr, flush=True)

    for side in (ANCESTOR, OURS):
        if not side.python.exists():
            sys.exit(f"{side.python} is missing: `make bench` installs it")
    yardsticks = [_yardstick() for _ in range(11)]
    length, waited = map(statistics.median, zip(*yardsticks, strict=True))
    facts = _facts(options.repeat, length, latency(waited))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="iam-sudo-bench-") as directory:
        run = Run(options.repeat, Path(directory), latency(waited), progress)
        for name in options.measurement or MEASUREMENTS:
            try:
                rows += MEASUREMENTS[name](run)
            except PeerFailed as error:
                sys.exit(f"{name}: {error}")
    progress("done")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    facts["rows"] = [row.facts() for row in rows]
    options.json.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(_conditions(facts))
    print()
    print(table(rows, ancestor=ANCESTOR.name, ours=OURS.name))
    print()
    print(f"All samples: {options.json}")
    missed = [f"{row.what}: {t.text}" for row in rows for t in row.targets if not t.met]
    for target in missed:
        print(f"target missed: {target}", file=sys.stderr)
    return 1 if missed else 0


def _yardstick() -> tuple[float, float]:
    """Seconds of a yardstick: of a processor, and on the clock, waiting for one included."""
    started = time.perf_counter()
    return yardstick.cpu_seconds(yardstick.work), time.perf_counter() - started


def _facts(repeat: int, length: float, delay: float) -> dict[str, object]:
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "repeat": repeat,
        "yardstick_cpu_seconds": length,
        "latency_seconds": delay,
        "versions": {side.name: _versions(side) for side in (ANCESTOR, OURS)},
    }


def _versions(side: Side) -> str:
    script = (
        "import botocore, platform;"
        "print(f'Python {platform.python_version()}, botocore {botocore.__version__}')"
    )
    return subprocess.run(
        [side.python, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def _conditions(facts: dict[str, object]) -> str:
    versions, length, delay = (
        facts[name] for name in ("versions", "yardstick_cpu_seconds", "latency_seconds")
    )
    assert isinstance(versions, dict)
    assert isinstance(length, float)
    assert isinstance(delay, float)
    if len(set(versions.values())) == 1:
        software = f"{versions[OURS.name]} on both sides"
    else:
        software = "; ".join(f"{side}: {version}" for side, version in versions.items())
    return (
        f"{str(facts['date'])[:10]}, {facts['cores']} cores, {software}; "
        f"medians of {facts['repeat']}, each request to AWS delayed by {delay * 1_000:.0f} ms. "
        f"A yardstick is a fixed piece of pure-Python work; here it took {length * 1_000:.0f} ms."
    )


if __name__ == "__main__":
    sys.exit(main())
