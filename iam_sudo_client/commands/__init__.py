"""The commands: a module each, named as it is typed (with `_` for `-`).

A module has its click command of the same name and what is that command's own; what several need
is in `options`, `roles` and `running`. They import `report`, `errors`, and within functions,
because `--help` reads them all, the ways in and out, `workloads` and the core. `cli` alone imports
them.
"""

__all__ = ["assume", "explain", "simulate", "why"]
