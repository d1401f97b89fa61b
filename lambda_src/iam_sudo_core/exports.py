"""Names of a package that come from its modules when they are first asked for.

Who wants one of them shall not wait for all: the command asks the broker with a `Request`, and
needs nothing of what plans sessions. Source: PEP 562, "Module __getattr__ and __dir__".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def on_demand(package: str, names: Mapping[str, str | None]) -> Callable[[str], object]:
    """The `__getattr__` of a package.

    `names` has the module, in the package, of each name; None is a module itself.
    """

    def get(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{names[name] or name}")
        found: object = getattr(module, name) if names[name] else module
        setattr(sys.modules[package], name, found)
        return found

    return get
