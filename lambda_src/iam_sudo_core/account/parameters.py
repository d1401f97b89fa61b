"""Read a parameter of Systems Manager: its text, and which version of it that is.

Source: Systems Manager API Reference, "GetParameter".
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.session import Session

from ..errors import AwsCallFailed
from .calls import Client, call, config


def parameters_client() -> Client:
    """A client of Systems Manager. It takes time to make one: not for who needs none."""
    client: Client = boto3.Session(botocore_session=Session()).client("ssm", config=config())
    return client


def read_parameter(ssm: Client, name: str) -> tuple[int, str]:
    """The version and the text of a parameter.

    Raises:
        AwsCallFailed: it is not there, may not be read, or is none of type String.
    """
    parameter: dict[str, Any] = call(ssm, "get_parameter", Name=name).get("Parameter", {})
    version, text = parameter.get("Version"), parameter.get("Value")
    if parameter.get("Type") != "String" or not isinstance(version, int) or not text:
        raise AwsCallFailed(
            operation="GetParameter", code="UnreadableReply", detail=f"{name} is no text"
        )
    return version, text
