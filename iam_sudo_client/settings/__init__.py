"""What the user and the project have written down: defaults, and short names of roles.

Imports `errors`, the room `cache` for where the user's file is, and the standard library. Listed
are the modules that others may use.
"""

__all__ = ["resolved"]
