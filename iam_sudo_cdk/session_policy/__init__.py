"""The strategy with a broker: its parts, and what synthesis can say about its sessions.

It may import `application`, `selected` and the library's floor (`accounts`, `selection` …), not
`tag_trust`.
"""

from .broker import Broker
from .strategy import SessionPolicyStrategy

__all__ = ["Broker", "SessionPolicyStrategy"]
