"""What IAM's policy language says, as values: documents, patterns, statements, trust policies.

Pure. It imports nothing of ours but the words that all rooms use, `errors` and `arns`.
"""

from .compaction import NotEquivalent, compact
from .denials import complement
from .intersection import NotExact, product
from .patterns import matches
from .principals import Principal, trusted_principals
from .statements import Statement, parse, write

__all__ = [
    "NotEquivalent",
    "NotExact",
    "Principal",
    "Statement",
    "compact",
    "complement",
    "matches",
    "parse",
    "product",
    "trusted_principals",
    "write",
]
