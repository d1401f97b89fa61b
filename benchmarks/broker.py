"""The broker's handler, warm and cold: time, calls and round trips for one exact role name.

And for roles that are too large for a session, which the ancestor passes on to STS as they are: the
first time of a day, when managed policies are made for one, and the second. And with rules, beside
a broker that has none: who asks is one more call, made while the role is read.

Each side runs in a process of its own, on its own environment, against the same account. Ours runs
from its unpacked bundle. The target role has five inline policies and no managed ones, since the
ancestor crashes on those. Warm leaves the first invocation out. A cold start counts from before
the handler's import to its first reply, without the start of Python; ours compiles its source every
time, as in Lambda, where the bundle has no bytecode, while the ancestor finds its bytecode, as
in its published bundle. boto3's bytecode is there for both.
"""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import bundle, call_handler, prove_events
from benchmarks.account import (
    BASE_ROLE,
    CALLER,
    LARGE,
    REGION,
    TARGET,
    Account,
    Call,
    round_trips,
)
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
from benchmarks.sides import ANCESTOR, OURS, PROJECT, Side

# Roles in the account, and how many times faster ours has to be there.
SIZES = {50: 4, 500: None, 2_000: 10}
# The smallest account: listing roles, where the ancestor is slow anyway, is one call there.
COLD_SIZE = 50
# Reading takes eight, looking again beside AssumeRole three.
CALLS, ROUND_TRIPS = 12, 3
# Of a role with one policy, reading takes four and looking again three; both of its carriers are
# looked for by two each, and the first time it is listed what there is, and each is made.
FIRST, SECOND = (15, 6), (12, 4)
# Who asks is asked of STS while the role is read.
CALLS_WITH_RULES = CALLS + 1
# Of a round trip, which is what asking first would take.
AT_MOST_WITH_RULES = 0.5

_FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:iam-sudo"
_SELECTED = {
    "role-names": ["iam-sudo-demo-*"],
    "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
}
_EVERYBODY = {f"allowed-{what}": patterns for what, patterns in _SELECTED.items()}
_RULES = {"rules": [{"effect": "allow", "callers": [CALLER], **_SELECTED}]}
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
            ask = _invoker(worker, account, event=partial(dict[str, object], role_name=name))
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


def measure_rules(run: Run) -> list[Row]:
    """Measure a warm broker with rules beside one without."""
    run.progress("broker, warm, with rules")
    with ExitStack() as stack:
        account = stack.enter_context(_account(run, COLD_SIZE))
        client = stack.enter_context(_client(run, account))
        reasons = itertools.count()

        def event() -> dict[str, object]:
            return {"role_name": TARGET, "reason": f"a proof is for one request, {next(reasons)}"}

        def proven() -> dict[str, object]:
            asked = event()
            return {**asked, "proof": client.ask(asked)}

        without, with_ = (
            _invoker(stack.enter_context(_worker(run, OURS, account, rules)), account, event=make)
            for rules, make in ((_EVERYBODY, event), (_RULES, proven))
        )
        run.progress(f"broker, warm, with rules: {run.repeat} invocations with and without")
        one, other = interleaved(run.repeat, without, with_)
    more = statistics.median(
        (theirs.seconds - ours.seconds) / run.latency
        for ours, theirs in zip(one, other, strict=True)
    )
    beside = _cell(one)
    return [
        Row(
            f"broker, warm, with rules, {COLD_SIZE} roles",
            Cell(f"{beside.text}, ours without rules", beside.facts),
            _cell(other),
            None,
            (
                Target(
                    f"at most {AT_MOST_WITH_RULES} of a round trip more, {more:.2f}",
                    more <= AT_MOST_WITH_RULES,
                ),
                *_calls_targets(other, CALLS_WITH_RULES),
            ),
        )
    ]


def _account(run: Run, roles: int) -> Account:
    return Account(roles=roles, latency=run.latency, directory=_directory(run))


def _worker(
    run: Run, side: Side, account: Account, rules: Mapping[str, object] = _EVERYBODY
) -> Peer:
    directory = _directory(run)
    environment = account.environment | {
        "IAM_SUDO_BASE_ROLE": BASE_ROLE,
        "IAM_SUDO_POLICY": json.dumps({**rules, "allowed-base-roles": [BASE_ROLE]}),
        "FUNCTION_ARN": _FUNCTION,
    }
    if side is OURS:
        bundle.unpack(bundle.pack(bundle.our_files()), directory / "bundle")
        environment["PYTHONPATH"] = str(directory / "bundle")
    # -P: what lies beside the script must not hide a module of the side.
    command = [str(side.python), "-P", call_handler.__file__, side.handler]
    return Peer(command, cwd=directory, env=environment, log=directory / "handler.log")


def _client(run: Run, account: Account) -> Peer:
    command = [str(OURS.python), "-m", prove_events.__name__, _FUNCTION, REGION]
    log = _directory(run) / "client.log"
    return Peer(command, cwd=PROJECT, env=account.environment, log=log)


def _directory(run: Run) -> Path:
    return Path(tempfile.mkdtemp(dir=run.directory))


def _target() -> dict[str, object]:
    return {"role_name": TARGET}


def _invoker(
    worker: Peer, account: Account, *, event: Callable[[], dict[str, object]] = _target
) -> Callable[[], Invocation]:
    def invoke() -> Invocation:
        asked = event()
        account.calls()
        answer = worker.ask(asked)
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
