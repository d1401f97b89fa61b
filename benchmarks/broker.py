"""The broker's handler, warm and cold: time, calls and round trips for one exact role name.

And for roles that are too large for a session, which the ancestor passes on to STS as they are: the
first time of a day, when managed policies are made for one, and the second. And with rules, beside
a broker that has none: who asks is one more call, made while the role is read.

Each side runs in a process of its own, on its own environment, against the same account. The target
role has five inline policies and no managed ones, since the ancestor crashes on those. Warm leaves
the first invocation out. A cold start counts from before the handler's import to its first reply,
without the start of Python; ours compiles its source every time, as in Lambda, where the bundle has
no bytecode, while the ancestor finds its bytecode, as in its published bundle. boto3's bytecode is
there for both.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from benchmarks.account import LARGE, TARGET, Account
from benchmarks.invoking import (
    RULES,
    Event,
    Invocation,
    cell,
    client,
    directory_of,
    invoker,
    takes,
    worker,
)
from benchmarks.report import Cell, Row, Run, Target, interleaved, median_ratio, times_faster
from benchmarks.sides import ANCESTOR, OURS, Side

# Roles in the account, and how many times faster ours has to be there.
SIZES = {50: 4, 500: None, 2_000: 10}
# The smallest account: listing roles, where the ancestor is slow anyway, is one call there.
COLD_SIZE = 50
# Reading takes eight, looking again beside AssumeRole three.
CALLS, ROUND_TRIPS = 12, 3
# Of a role with one policy, reading takes four and looking again three; both of its carriers are
# looked for by two each, and the first time it is listed what there is, and each is made.
FIRST, SECOND = (15, 6), (12, 4)
# Who asks is asked of STS while the role is read; asking first would take a round trip.
CALLS_WITH_RULES = CALLS + 1
AT_MOST_OF_A_ROUND_TRIP = 0.5


def measure_warm(run: Run) -> list[Row]:
    """Measure invocations after the first, for accounts of several sizes."""
    rows = []
    for roles, at_least in SIZES.items():
        run.progress(f"broker, warm, {roles:,} roles: creating them")
        with ExitStack() as stack:
            account = stack.enter_context(_account(run, roles))
            ancestor, ours = (
                invoker(stack.enter_context(worker(run, side, account)), account)
                for side in (ANCESTOR, OURS)
            )
            run.progress(f"broker, warm, {roles:,} roles: {run.repeat} invocations of each side")
            invocations = interleaved(run.repeat, ancestor, ours)
        row = _row(f"broker, warm, {roles:,} roles", *invocations)
        assert row.ratio is not None
        targets = [takes(invocations[1], CALLS, ROUND_TRIPS)]
        if at_least:
            targets = [times_faster(row.ratio, at_least=at_least), *targets]
        rows.append(Row(row.what, row.ancestor, row.ours, row.ratio, tuple(targets)))
    return rows


def measure_cold(run: Run) -> list[Row]:
    """Measure the first invocation, import included, in a fresh process each time."""
    run.progress(f"broker, cold start: {run.repeat} of each side")
    with _account(run, COLD_SIZE) as account:

        def start(side: Side) -> Invocation:
            with worker(run, side, account) as handler:
                return invoker(handler, account)()

        invocations = interleaved(run.repeat, lambda: start(ANCESTOR), lambda: start(OURS))
    return [_row(f"broker, cold start, {COLD_SIZE} roles", *invocations)]


def measure_large(run: Run) -> list[Row]:
    """Measure roles that managed policies have to carry, by a warm broker."""
    run.progress("broker, large roles")
    first, second = [], []
    with _account(run, COLD_SIZE) as account, worker(run, OURS, account) as handler:
        invoker(handler, account)()
        for name in LARGE[: run.repeat]:
            ask = invoker(handler, account, event=partial(Event, role_name=name))
            first.append(ask())
            second.append(ask())
    return [
        Row(
            f"broker, warm, a role of 9,000 characters, the {which} time of a day",
            Cell(""),
            cell(invocations),
            None,
            (takes(invocations, *expected),),
        )
        for which, invocations, expected in (("first", first, FIRST), ("second", second, SECOND))
    ]


def measure_rules(run: Run) -> list[Row]:
    """Measure a warm broker with rules beside one without."""
    run.progress(f"broker, warm, with rules: {run.repeat} invocations with and without")
    reasons = map("A proof is for one request: {}".format, itertools.count())
    with ExitStack() as stack:
        account = stack.enter_context(_account(run, COLD_SIZE))
        who = stack.enter_context(client(run, account))

        def event() -> Event:
            return {"role_name": TARGET, "reason": next(reasons)}

        def proven() -> Event:
            asked = event()
            return {**asked, "proof": who.ask(asked)}

        plain = stack.enter_context(worker(run, OURS, account))
        ruled = stack.enter_context(worker(run, OURS, account, selection=RULES))
        without, with_rules = interleaved(
            run.repeat,
            invoker(plain, account, event=event),
            invoker(ruled, account, event=proven),
        )
    more = statistics.median(
        (ours.seconds - beside.seconds) / run.latency
        for beside, ours in zip(without, with_rules, strict=True)
    )
    beside = cell(without)
    return [
        Row(
            f"broker, warm, with rules, {COLD_SIZE} roles",
            Cell(f"{beside.text}, ours without rules", beside.facts),
            cell(with_rules),
            None,
            (
                Target(
                    f"at most {AT_MOST_OF_A_ROUND_TRIP} of a round trip more, {more:.2f}",
                    more <= AT_MOST_OF_A_ROUND_TRIP,
                ),
                takes(with_rules, CALLS_WITH_RULES, ROUND_TRIPS),
            ),
        )
    ]


def _account(run: Run, roles: int) -> Account:
    return Account(roles=roles, latency=run.latency, directory=directory_of(run))


def _row(what: str, ancestor: Sequence[Invocation], ours: Sequence[Invocation]) -> Row:
    times = [[i.seconds for i in invocations] for invocations in (ancestor, ours)]
    return Row(what, cell(ancestor), cell(ours), median_ratio(*times))
