"""The broker's handler, warm and cold: time, calls and round trips for one exact role name.

And for roles that are too large for a session, which the ancestor passes on to STS as they are: the
first time of a day, when managed policies are made for one, and the second.

Each side runs in a process of its own, on its own environment, against the same account. Ours runs
from its unpacked bundle. The target role has five inline policies and no managed ones, since the
ancestor crashes on those. Warm leaves the first invocation out. A cold start counts from before
the handler's import to its first reply, without the start of Python; ours compiles its source every
time, as in Lambda, where the bundle has no bytecode, while the ancestor finds its bytecode, as
in its published bundle. boto3's bytecode is there for both.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bundle, call_handler
from benchmarks.account import BASE_ROLE, LARGE, TARGET, Account, Call, round_trips
from benchmarks.peer import Peer, PeerFailed
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

_SETTINGS = {
    "IAM_SUDO_BASE_ROLE": BASE_ROLE,
    "IAM_SUDO_POLICY": json.dumps(
        {
            "allowed-role-names": ["iam-sudo-demo-*"],
            "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
            "allowed-base-roles": [BASE_ROLE],
        }
    ),
}
_REPLY = ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]


@dataclass(frozen=True)
class Invocation:
    """One invocation of a handler: how long it took, and what it asked of AWS."""

    seconds: float
    calls: list[Call]


def measure_warm(run: Run) -> list[Row]:
    """Measure invocations after the first, for accounts of several sizes."""
    rows = []
    for roles, at_least in SIZES.items():
        run.progress(f"broker, warm, {roles:,} roles: creating them")
        with ExitStack() as stack:
            account = stack.enter_context(_account(run, roles))
            ancestor, ours = (
                _invoker(stack.enter_context(_worker(run, side, account)), account)
                for side in (ANCESTOR, OURS)
            )
            run.progress(f"broker, warm, {roles:,} roles: {run.repeat} invocations of each side")
            invocations = interleaved(run.repeat, ancestor, ours)
        row = _row(f"broker, warm, {roles:,} roles", *invocations)
        assert row.ratio is not None
        targets = (*_calls_targets(invocations[1]),)
        if at_least:
            targets = (times_faster(row.ratio, at_least=at_least), *targets)
        rows.append(Row(row.what, row.ancestor, row.ours, row.ratio, targets))
    return rows


def measure_cold(run: Run) -> list[Row]:
    """Measure the first invocation, import included, in a fresh process each time."""
    run.progress(f"broker, cold start: {run.repeat} of each side")
    with _account(run, COLD_SIZE) as account:

        def start(side: Side) -> Invocation:
            with _worker(run, side, account) as worker:
                return _invoker(worker, account)()

        invocations = interleaved(run.repeat, lambda: start(ANCESTOR), lambda: start(OURS))
    return [_row(f"broker, cold start, {COLD_SIZE} roles", *invocations)]


def measure_large(run: Run) -> list[Row]:
    """Measure roles that managed policies have to carry, by a warm broker."""
    run.progress("broker, large roles")
    first, second = [], []
    with _account(run, COLD_SIZE) as account, _worker(run, OURS, account) as worker:
        _invoker(worker, account)()
        for name in LARGE[: run.repeat]:
            ask = _invoker(worker, account, role_name=name)
            first.append(ask())
            second.append(ask())
    return [
        Row(
            f"broker, warm, a role of 9,000 characters, the {which} time of a day",
            Cell(""),
            _cell(invocations),
            None,
            (*_calls_targets(invocations, *expected),),
        )
        for which, invocations, expected in (("first", first, FIRST), ("second", second, SECOND))
    ]


def _account(run: Run, roles: int) -> Account:
    return Account(roles=roles, latency=run.latency, directory=_directory(run))


def _worker(run: Run, side: Side, account: Account) -> Peer:
    directory = _directory(run)
    environment = account.environment | _SETTINGS
    if side is OURS:
        bundle.unpack(bundle.pack(bundle.our_files()), directory / "bundle")
        environment["PYTHONPATH"] = str(directory / "bundle")
    # -P: what lies beside the script must not hide a module of the side.
    command = [str(side.python), "-P", call_handler.__file__, side.handler]
    return Peer(command, cwd=directory, env=environment, log=directory / "handler.log")


def _directory(run: Run) -> Path:
    return Path(tempfile.mkdtemp(dir=run.directory))


def _invoker(
    worker: Peer, account: Account, *, role_name: str = TARGET
) -> Callable[[], Invocation]:
    def invoke() -> Invocation:
        account.calls()
        answer = worker.ask({"role_name": role_name})
        if answer["keys"] != _REPLY:
            raise PeerFailed(f"these are no credentials: {answer['keys']}")
        return Invocation(answer["seconds"], account.calls())

    return invoke


def _row(what: str, ancestor: Sequence[Invocation], ours: Sequence[Invocation]) -> Row:
    times = [[i.seconds for i in invocations] for invocations in (ancestor, ours)]
    return Row(what, _cell(ancestor), _cell(ours), median_ratio(*times))


def _cell(invocations: Sequence[Invocation]) -> Cell:
    time = seconds([i.seconds for i in invocations])
    calls, trips = _calls(invocations), _round_trips(invocations)
    operations = Counter(call.operation for call in invocations[-1].calls)
    return Cell(
        f"{time.text} ({calls} calls, {trips} round trips)",
        {**time.facts, "calls": calls, "round_trips": trips, "operations": dict(operations)},
    )


def _calls_targets(
    ours: Sequence[Invocation], calls: int = CALLS, trips: int = ROUND_TRIPS
) -> list[Target]:
    met = _calls(ours) == calls and _round_trips(ours) == trips
    return [Target(f"{calls} calls in {trips} round trips", met)]


def _calls(invocations: Sequence[Invocation]) -> int:
    return max(len(i.calls) for i in invocations)


def _round_trips(invocations: Sequence[Invocation]) -> int:
    # The median: a busy machine may keep a thread waiting until its neighbours are done.
    return statistics.median_high(round_trips(i.calls) for i in invocations)
