"""What IAM's policy language says, as values: documents, patterns, statements, trust policies.

Pure. It imports nothing of ours but the words that all rooms use, `errors` and `arns`.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from . import conditions, documents, patterns, principals
    from .compaction import NotEquivalent, compact, cost
    from .comparisons import MAX_COMPARISONS, Patterns
    from .cutting import cut, length
    from .denials import complement
    from .elements import Pattern
    from .intersection import NotExact, product
    from .patterns import matches
    from .principals import Principal, trusted_principals
    from .statements import ALLOW, DENY, Statement, parse, write

__all__ = [
    "ALLOW",
    "DENY",
    "MAX_COMPARISONS",
    "NotEquivalent",
    "NotExact",
    "Pattern",
    "Patterns",
    "Principal",
    "Statement",
    "compact",
    "complement",
    "conditions",
    "cost",
    "cut",
    "documents",
    "length",
    "matches",
    "parse",
    "patterns",
    "principals",
    "product",
    "trusted_principals",
    "write",
]

# For those who ask for a type, the names above are all that there are.
if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            "ALLOW": "statements",
            "DENY": "statements",
            "MAX_COMPARISONS": "comparisons",
            "NotEquivalent": "compaction",
            "NotExact": "intersection",
            "Pattern": "elements",
            "Patterns": "comparisons",
            "Principal": "principals",
            "Statement": "statements",
            "compact": "compaction",
            "complement": "denials",
            "conditions": None,
            "cost": "compaction",
            "cut": "cutting",
            "documents": None,
            "length": "cutting",
            "matches": "patterns",
            "parse": "statements",
            "patterns": None,
            "principals": None,
            "product": "intersection",
            "trusted_principals": "principals",
            "write": "statements",
        },
    )
