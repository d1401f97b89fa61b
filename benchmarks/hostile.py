"""How long the roles of `hostile_roles` keep the broker busy, from the request to its refusal.

CPU time, as a function of 512 MB has three tenths of a core (AWS Lambda Developer Guide, "Configure
Lambda function memory") and 30 seconds. Nothing is remembered from one role to the next, as after a
cold start. The ancestor has no boundaries, and explains nothing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.hostile_roles import BASE_ROLE, NAME, ROLES, Everything, HostileRole, Iam
from benchmarks.report import Cell, Row, Run, Target, seconds
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.broker.request import Request
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.errors import SessionRefused
from iam_sudo_core.policy import patterns

LIMIT = 3.0
_KNOWN: dict[str, Any] = {
    "selection": Everything(),
    "base_role": BASE_ROLE,
    "note": lambda **_: None,
}


class _Sts:
    """Has room for no plan, so that all of them are made."""

    def assume_role(self, **_: object) -> None:
        error = {"Code": "PackedPolicyTooLarge", "Message": "105%"}
        raise ClientError({"Error": error}, "AssumeRole")


def measure(run: Run) -> list[Row]:
    """Measure the slowest of all hostile roles, simulated and explained."""

    def simulated(role: HostileRole) -> None:
        clients: dict[str, Any] = {"iam": Iam(role), "sts": _Sts()}
        simulate(Request(NAME), **clients, **_KNOWN)

    def explained(role: HostileRole) -> None:
        clients: dict[str, Any] = {"iam": Iam(role)}
        explain(Request(NAME), **clients, **_KNOWN)

    rows = []
    for what, decide in (("simulated", simulated), ("explained", explained)):
        run.progress(f"hostile roles, {what}")
        times = {name: [_seconds(decide, role) for _ in range(3)] for name, role in ROLES.items()}
        slowest = max(times, key=lambda name: statistics.median(times[name]))
        met = statistics.median(times[slowest]) < LIMIT
        row = f"hostile roles, {what}, the slowest of {len(ROLES)}: {slowest}, CPU"
        target = Target(f"under {1_000 * LIMIT:,.0f} ms", met)
        rows.append(Row(row, Cell(""), seconds(times[slowest]), None, (target,)))
    return rows


def _seconds(decide: Callable[[HostileRole], None], role: HostileRole) -> float:
    patterns.covers.cache_clear()
    patterns.disjoint.cache_clear()
    started = time.process_time()
    with suppress(SessionRefused):
        decide(role)
    return time.process_time() - started
