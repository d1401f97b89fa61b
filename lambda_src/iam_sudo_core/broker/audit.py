"""The audit trail: a line of JSON when a request arrives and one for its decision, no secret in it.

The first line has what was asked and the decision "asked"; the second one everything, and the
decision "granted", "explained", "listed" or "refused". A request id without a second line is one
whose function was killed: by its timeout, say. CloudWatch Logs Insights finds the fields as they
are: `filter decision = "refused"`.

Where there are rules, the command asks without a proof first, and is told that one is wanted. That
is no decision about anybody: "proof-required", without a metric, or each session that is given out
would be a refusal too.

The second line is a set of metrics as well, which CloudWatch takes from it without a call: how many
were granted, explained, listed, refused or failed, and the milliseconds. Their only dimension
besides none is the class of the error, of which there are as many as the tree of errors has.
Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..credentials import Credentials
from ..errors import IamSudoError, InvalidRequest, ProofRequired, Refusal

if TYPE_CHECKING:
    from .published import Published

# What a caller sent is logged, but nobody may fill the log with it. Long ARNs differ at their ends,
# by a role's name of at most 64 characters.
_LONGEST_VALUE, _END = 256, 64
_LONGEST_NUMBER = 2**53

NAMESPACE = "iam-sudo"
MALFORMED_RULES = "rules_malformed"
# Who asks, until it is proved: what a request says of it is nobody's word.
UNPROVEN = "unproven"


class AuditLine:
    """Collects the facts of one request, up to its decision."""

    def __init__(self, *, request_id: str, event: object, clock: Callable[[], float]) -> None:
        self._clock, self._began = clock, clock()
        asked: Mapping[Any, Any] = event if isinstance(event, Mapping) else {}
        self._facts: dict[str, object] = {
            "audit": "iam-sudo",
            "request_id": request_id,
            "role_asked": asked.get("role_name"),
            "principal_asked": asked.get("principal"),
            "base_role_asked": asked.get("base_role"),
            "reason_asked": asked.get("reason"),
            "caller": UNPROVEN,
        }
        if "policy" in asked:
            self._facts["policy_asked"] = json.dumps(asked["policy"], default=str)

    def asked(self) -> str:
        """The first line. What comes after has the same facts, and others."""
        line = self._line(decision="asked")
        self.note(role_found=None, rule=None)
        return line

    def note(self, **facts: object) -> None:
        self._facts.update(facts)

    def granted(self, credentials: Credentials) -> str:
        return self._decided(
            "granted",
            decision="granted",
            access_key_id=credentials.access_key_id,
            expiration=credentials.expiration,
        )

    def explained(self) -> str:
        return self._decided("explained", decision="explained")

    def listed(self) -> str:
        return self._decided("listed", decision="listed")

    def refused(self, error: IamSudoError) -> str:
        if isinstance(error, ProofRequired):
            return self._line(decision="proof-required")
        metric = "refused" if isinstance(error, Refusal | InvalidRequest) else "failed"
        return self._decided(
            metric, decision="refused", error=type(error).__name__, reason=str(error)
        )

    def _decided(self, metric: str, **decision: object) -> str:
        now = self._clock()
        dimensions = [[], ["error"]] if "error" in decision else [[]]
        units = {metric: "Count", "milliseconds": "Milliseconds"}
        measured = {metric: 1, "milliseconds": round((now - self._began) * 1000)}
        about = _metrics(units, dimensions=dimensions, now=now)
        return self._line(_aws=about, **measured, **decision)

    def _line(self, _aws: object = None, **decision: object) -> str:
        facts = {**self._facts, **decision}
        line: dict[str, object] = {name: _short(fact) for name, fact in facts.items()}
        return json.dumps(line if _aws is None else {**line, "_aws": _aws})


def malformed_rules(published: Published, *, request_id: str, now: float) -> str:
    """A line for each request that finds rules with a slip, and the metric of it.

    It has no field `audit`, since it decides nothing.
    """
    line = {
        "rules": "malformed",
        "request_id": request_id,
        "parameter": published.parameter,
        "version": published.newest,
        "version_in_force": published.version,
        "problem": published.problem,
    }
    about = _metrics({MALFORMED_RULES: "Count"}, dimensions=[[]], now=now)
    short = {name: _short(fact) for name, fact in line.items()}
    return json.dumps({**short, MALFORMED_RULES: 1, "_aws": about})


def _metrics(
    units: Mapping[str, str], *, dimensions: list[list[str]], now: float
) -> dict[str, object]:
    metrics = {
        "Namespace": NAMESPACE,
        "Dimensions": dimensions,
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }
    return {"Timestamp": round(now * 1000), "CloudWatchMetrics": [metrics]}


def _short(fact: object) -> object:
    if fact is None or (isinstance(fact, int) and abs(fact) <= _LONGEST_NUMBER):
        return fact
    if isinstance(fact, tuple):
        return [_short(each) for each in fact]
    # Python writes a number out in decimal digits up to a length.
    text = hex(fact) if isinstance(fact, int) else str(fact)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[: _LONGEST_VALUE - _END - 1]}…{text[-_END:]}"
