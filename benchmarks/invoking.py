"""A handler in a process of its own, beside an account, and what its invocations cost.

Ours runs from its unpacked bundle, as it is deployed.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bundle, call_handler, prove_events
from benchmarks.account import BASE_ROLE, CALLER, REGION, TARGET, Account, Call
from benchmarks.peer import Peer, PeerFailed
from benchmarks.report import Cell, Run, Target, seconds
from benchmarks.sides import OURS, PROJECT, Side

_FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:iam-sudo"
_SELECTED = {
    "role-names": ["iam-sudo-demo-*"],
    "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
}
EVERYBODY = {f"allowed-{what}": patterns for what, patterns in _SELECTED.items()}
RULES = {"rules": [{"effect": "allow", "callers": [CALLER], **_SELECTED}]}
_REPLY = ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]

Event = dict[str, object]


@dataclass(frozen=True)
class Invocation:
    """One invocation of a handler: how long it took, and what it asked of AWS."""

    seconds: float
    calls: list[Call]


def worker(
    run: Run, side: Side, account: Account, *, selection: Mapping[str, object] = EVERYBODY
) -> Peer:
    """A side's handler, which answers events, those of `invoker`."""
    directory = directory_of(run)
    environment = account.environment | {
        "IAM_SUDO_BASE_ROLE": BASE_ROLE,
        "IAM_SUDO_POLICY": json.dumps({**selection, "allowed-base-roles": [BASE_ROLE]}),
    }
    if side is OURS:
        bundle.unpack(bundle.pack(bundle.our_files()), directory / "bundle")
        environment["PYTHONPATH"] = str(directory / "bundle")
    # -P: what lies beside the script must not hide a module of the side.
    command = [str(side.python), "-P", call_handler.__file__, side.handler, _FUNCTION]
    return Peer(command, cwd=directory, env=environment, log=directory / "handler.log")


def client(run: Run, account: Account) -> Peer:
    """The command's part in rules, which answers events with proofs of who asks."""
    command = [str(OURS.python), "-m", prove_events.__name__, _FUNCTION, REGION]
    log = directory_of(run) / "client.log"
    return Peer(command, cwd=PROJECT, env=account.environment, log=log)


def directory_of(run: Run) -> Path:
    """A new one, of this run."""
    return Path(tempfile.mkdtemp(dir=run.directory))


def for_the_target() -> Event:
    """An event that asks for the role that everybody is measured by."""
    return {"role_name": TARGET}


def invoker(
    handler: Peer, account: Account, *, event: Callable[[], Event] = for_the_target
) -> Callable[[], Invocation]:
    """Invokes a handler, each time by an event that is made before time counts."""

    def invoke() -> Invocation:
        asked = event()
        account.calls()
        answer = handler.ask(asked)
        if answer["keys"] != _REPLY:
            raise PeerFailed(f"these are no credentials: {answer['keys']}")
        return Invocation(answer["seconds"], account.calls())

    return invoke


def cell(invocations: Sequence[Invocation]) -> Cell:
    """A cell for time, calls and round trips."""
    time = seconds([i.seconds for i in invocations])
    calls, trips = _calls(invocations), _round_trips(invocations)
    operations = Counter(call.operation for call in invocations[-1].calls)
    return Cell(
        f"{time.text} ({calls} calls, {trips} round trips)",
        {**time.facts, "calls": calls, "round_trips": trips, "operations": dict(operations)},
    )


def takes(invocations: Sequence[Invocation], calls: int, trips: int) -> Target:
    """The target of so many calls in so many round trips, no more and no fewer."""
    met = _calls(invocations) == calls and _round_trips(invocations) == trips
    return Target(f"{calls} calls in {trips} round trips", met)


def _calls(invocations: Sequence[Invocation]) -> int:
    return max(len(i.calls) for i in invocations)


def _round_trips(invocations: Sequence[Invocation]) -> int:
    # The median: a busy machine may keep a thread waiting until its neighbours are done.
    return statistics.median_high(_longest_chain(i.calls) for i in invocations)


def _longest_chain(calls: list[Call]) -> int:
    """Of calls of which each began after the one before had ended."""
    chain, end = 0, float("-inf")
    for call in sorted(calls, key=lambda call: call.end):
        if call.start >= end:
            chain, end = chain + 1, call.end
    return chain
