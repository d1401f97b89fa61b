"""How long the roles of `hostile_roles` keep the broker busy, from the request to its refusal.

In yardsticks (`yardstick`): a function of 512 MB has three tenths of a core (AWS Lambda Developer
Guide, "Configure Lambda function memory") and 30 seconds, which is some 180 where one takes 50 ms;
a third of that leaves room for slower cores and for the calls. Nothing is remembered from one role
to the next, as after a cold start. The ancestor has no boundaries, and explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from benchmarks import yardstick
from benchmarks.hostile_roles import BASE_ROLE, NAME, ROLES, Everything, HostileRole, Iam
from benchmarks.report import Cell, Row, Run
from iam_sudo_core.broker.explanation import explain
from iam_sudo_core.broker.request import Request
from iam_sudo_core.broker.simulate import simulate
from iam_sudo_core.errors import SessionRefused
from iam_sudo_core.policy import overlaps, patterns

LIMIT = 60
_KNOWN: dict[str, Any] = {
    "selection": Everything(),
    "base_role": BASE_ROLE,
    "note": lambda **_: None,
    "day": date(2026, 11, 25),
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
        samples = {
            name: yardstick.measure(_afresh(decide, role), repeat=3) for name, role in ROLES.items()
        }
        slowest = max(samples, key=lambda name: yardstick.length(samples[name]))
        row = f"hostile roles, {what}, the slowest of {len(ROLES)}: {slowest}"
        cell = yardstick.cell(samples[slowest])
        target = yardstick.at_most(LIMIT, samples[slowest])
        rows.append(Row(row, Cell(""), cell, None, (target,)))
    return rows


def _afresh(decide: Callable[[HostileRole], None], role: HostileRole) -> Callable[[], None]:
    def decided() -> None:
        patterns.covers.cache_clear()
        patterns.disjoint.cache_clear()
        overlaps.overlap.cache_clear()
        with suppress(SessionRefused):
            decide(role)

    return decided
