"""The strategy with a broker: its parts, and what synthesis can say about its sessions.

It may import `application`, `selected` and the library's floor (`accounts`, `selection` …), not
`tag_trust`.
"""

from .broker import Broker
from .metrics import FAILED, GRANTED, LATENCY, REFUSED, SudoAlarms, metric
from .strategy import SessionPolicyStrategy

__all__ = [
    "FAILED",
    "GRANTED",
    "LATENCY",
    "REFUSED",
    "Broker",
    "SessionPolicyStrategy",
    "SudoAlarms",
    "metric",
]
