"""The broker's code: the folder `lambda_src`, as it is, with the same hash from everywhere.

In a checkout the folder lies beside this package, in an installed wheel inside it. What Python
leaves behind when it runs (`__pycache__`) is not part of it. Nothing is installed or built.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets

from ..errors import InvalidConfiguration

HANDLER = "handler.handler"
_EXCLUDED = ["**/__pycache__", "**/*.pyc"]


def broker_code() -> lambda_.Code:
    """The asset of the broker function; its entry point is `HANDLER`."""
    return lambda_.Code.from_asset(str(_folder()), exclude=_EXCLUDED)


def archive_bucket(function: lambda_.Function) -> str:
    """The bucket that CloudFormation takes the code from, as the stack's synthesizer names it.

    It is the account's bootstrap bucket, or whatever a synthesizer of the application's own says.
    With the region left open, as a pattern: a broker in another region has its archive there.
    """
    stack = cdk.Stack.of(function)
    archive = cast(s3_assets.Asset, function.node.find_child("Code"))
    match stack.resolve(archive.s3_bucket_name):
        case {"Fn::Sub": str(name)}:
            return cdk.Fn.sub(name.replace("${AWS::Region}", "*").replace(stack.region, "*"))
        case str(name):
            return name.replace(stack.region, "*")
    return archive.s3_bucket_name


def _folder() -> Path:
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "lambda_src", package.parent / "lambda_src"):
        if (folder / "handler.py").is_file():
            return folder
    raise InvalidConfiguration(f"{package}: the broker's code, lambda_src, is missing; reinstall")
