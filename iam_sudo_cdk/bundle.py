"""The broker's code: the folder `lambda_src`, as it is, with the same hash from everywhere.

In a checkout the folder lies beside this package, in an installed wheel inside it. What Python
leaves behind when it runs (`__pycache__`) is not part of it. Nothing is installed or built.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_lambda as lambda_

from .errors import InvalidConfiguration

HANDLER = "handler.handler"
_EXCLUDED = ["**/__pycache__", "**/*.pyc"]


def broker_code() -> lambda_.Code:
    """The asset of the broker function; its entry point is `HANDLER`."""
    return lambda_.Code.from_asset(str(_folder()), exclude=_EXCLUDED)


def _folder() -> Path:
    package = Path(__file__).resolve().parent
    for folder in (package / "lambda_src", package.parent / "lambda_src"):
        if (folder / "handler.py").is_file():
            return folder
    raise InvalidConfiguration(f"{package}: the broker's code, lambda_src, is missing; reinstall")
