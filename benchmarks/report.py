"""Rows of the table, the targets they are held to, and how both are written down."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """What a row has to reach, in words, and whether it did."""

    text: str
    met: bool


@dataclass(frozen=True)
class Cell:
    """One side of a row: what a reader sees, and the facts behind it for the JSON."""

    text: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table; `ratio` says how many times smaller ours is."""

    what: str
    ancestor: Cell
    ours: Cell
    ratio: float | None = None
    targets: tuple[Target, ...] = ()

    def facts(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Run:
    """What a measurement is given: how often to repeat, where to write, whom to tell.

    `latency` is the delay of each request to AWS, in seconds.
    """

    repeat: int
    directory: Path
    latency: float
    progress: Callable[[str], None]


# Takes the run, gives the rows; needs nothing of any other measurement.
Measurement = Callable[[Run], list[Row]]


def interleaved(repeat: int, ancestor: Callable[[], T], ours: Callable[[], T]) -> list[list[T]]:
    """Call both sides in turn, `repeat` times after a round that does not count.

    Who goes first changes every round, so that a machine that slows down slows both.
    """
    sides = (ancestor, ours)
    results: list[list[T]] = [[], []]
    for number in range(repeat + 1):
        for side in (0, 1) if number % 2 else (1, 0):
            result = sides[side]()
            if number:
                results[side].append(result)
    return results


def seconds(samples: Sequence[float]) -> Cell:
    """A cell for times: the median, and all of them behind it."""
    median = statistics.median(samples)
    return Cell(f"{1_000 * median:,.0f} ms", {"median_seconds": median, "seconds": list(samples)})


def median_ratio(ancestor: Sequence[float], ours: Sequence[float]) -> float:
    """How many times smaller the median of ours is."""
    return statistics.median(ancestor) / statistics.median(ours)


def times_faster(ratio: float, *, at_least: int) -> Target:
    """The target of being so many times faster."""
    return Target(f"at least {at_least}x", ratio >= at_least)


def table(rows: Sequence[Row], *, ancestor: str, ours: str) -> str:
    """The rows as a Markdown table that is readable as plain text too."""
    lines = [("", ancestor, ours, "ratio", "target")]
    for row in rows:
        ratio = f"{row.ratio:,.1f}x" if row.ratio else ""
        targets = "; ".join(f"{t.text}: {'met' if t.met else 'MISSED'}" for t in row.targets)
        lines.append((row.what, row.ancestor.text, row.ours.text, ratio, targets))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    ]
    rule = ["-" * width for width in widths]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))
