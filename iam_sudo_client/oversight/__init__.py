"""What those who run a broker do afterwards: look at its trail, and end sessions it has given out.

By the caller's own permissions, which no developer needs. A module each; they import `ways_in`,
`errors`, `waiting` and the core.
"""

__all__ = ["revocation", "trail"]
