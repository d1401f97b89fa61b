"""The commands: a module each, named as it is typed (with `_` for `-`).

A module has its click command of the same name and what is that command's own; what several need
is in modules that are no command's. They import `report`, `errors`, and within functions, so that
a command waits for nothing that it does without, the other rooms and the core. `cli` alone imports
them.
"""

__all__ = [
    "assume",
    "completion",
    "config",
    "configure",
    "console",
    "credential_process",
    "doctor",
    "explain",
    "export",
    "list",
    "log",
    "logout",
    "revoke",
    "serve",
    "simulate",
    "why",
]
