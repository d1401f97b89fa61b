"""Clients of IAM and STS, and how a call fails: the one place that boto3 comes in by.

Throttling is retried by botocore (`retries` below). What AWS answers with an error, or with what
nobody can read, is an `AwsCallFailed` that holds no secret.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Protocol
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from ..errors import AwsCallFailed

# As many side by side as botocore keeps connections for.
CONNECTIONS = 10


# Where replies have a document. Of a key that is there twice botocore keeps the last.
_DOCUMENTS = {
    "GetPolicyVersion": ("PolicyVersion", "Document"),
    "GetRole": ("Role", "AssumeRolePolicyDocument"),
    "GetRolePolicy": ("PolicyDocument",),
}


class Client(Protocol):
    """A boto3 client, as far as we use one. boto3 makes its methods at run time."""

    def __getattr__(self, name: str) -> Callable[..., Any]: ...


def clients(session: Session | None = None, **options: Any) -> tuple[Client, Client]:
    """IAM and STS clients of a botocore session; `options` go to both (`region_name`, …)."""
    session = session or Session()
    # At DEBUG botocore writes every reply out, and STS replies with secrets.
    logging.getLogger("botocore").setLevel(logging.INFO)
    # The global STS endpoint is one region far away, and its tokens fail in opt-in regions.
    session.set_config_variable("sts_regional_endpoints", "regional")
    made = boto3.Session(botocore_session=session)
    iam, sts = (made.client(name, config=config(), **options) for name in ("iam", "sts"))
    for operation in _DOCUMENTS:
        # Before botocore reads the document, as the more specific of two handlers.
        iam.meta.events.register(f"after-call.iam.{operation}", _refuse_doubled_keys)
    return iam, sts


def config() -> Config:
    """How long to wait, and how often to try."""
    return Config(
        connect_timeout=5,
        read_timeout=10,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 5},
    )


def clock() -> float:
    """The time of this machine, in seconds since 1970."""
    return time.time()


def today() -> date:
    """The day in UTC."""
    return datetime.fromtimestamp(clock(), UTC).date()


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def call(client: Client, operation: str, **parameters: Any) -> Mapping[str, Any]:
    """The reply to one call.

    Raises:
        AwsCallFailed: AWS refused or failed it.
    """
    with _translated_errors(operation):
        reply: Mapping[str, Any] = getattr(client, operation)(**parameters)
        return reply


def pages(client: Client, operation: str, key: str, **parameters: Any) -> list[Any]:
    """What all pages of a list have under `key`.

    Raises:
        AwsCallFailed: AWS refused or failed a call.
    """
    with _translated_errors(operation):
        found = list(client.get_paginator(operation).paginate(**parameters))
    # Without a marker nobody can ask for the rest, and a list that is cut off is not the list.
    if found and found[-1].get("IsTruncated"):
        raise _unreadable(operation)
    return [item for page in found for item in page[key]]


def _refuse_doubled_keys(parsed: dict[str, Any], model: Any, **_: object) -> None:
    """Leave no document where one says something twice under one key: which counts is not known."""
    *way, name = _DOCUMENTS[model.name]
    for step in way:
        parsed = parsed.get(step, {})
    try:
        json.loads(unquote(parsed.get(name, "null")), object_pairs_hook=_each_key_once)
    except ValueError:
        parsed[name] = None


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


@contextmanager
def _translated_errors(operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        reason = error.response.get("Error", {})
        raise AwsCallFailed(
            operation=error.operation_name,
            code=reason.get("Code", "Unknown"),
            detail=reason.get("Message", "no message"),
        ) from None
    except ResponseParserError:
        # Its message holds all of the reply, secrets included.
        raise _unreadable(operation) from None


def _unreadable(operation: str) -> AwsCallFailed:
    return AwsCallFailed(
        operation=operation.title().replace("_", ""),
        code="UnreadableReply",
        detail="the reply cannot be read",
    )
