"""The value of one secret of a container, read as Amazon ECS reads it.

`valueFrom` is the ARN of a secret of Secrets Manager, with a JSON key, version stage and version id
after it, or a parameter of Systems Manager by its name or ARN. An ARN says its region.
Sources: Amazon ECS Developer Guide, "Pass Secrets Manager secrets through Amazon ECS environment
variables" and "Pass Systems Manager parameters through Amazon ECS environment variables".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# What makes a client of a service in a region (None: the caller's), as who may read the secret.
Clients = Callable[[str, str | None], Any]
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>secretsmanager|ssm):(?P<region>[a-z0-9-]+):\d{12}:[!-~]+"
)
_SECRET_PARTS = 7  # arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME
_MOST_PARTS = _SECRET_PARTS + 3
# From here on ECS's agent, which is written in Go, prints a number with an exponent.
_LARGE, _SMALL = 1e6, 1e-4


class NotThere(Exception):
    """A secret has no such value; the text says what, and none of it."""


@dataclass(frozen=True)
class SecretReference:
    """Which version of which secret, and which key of it; empty is none."""

    arn: str
    json_key: str = ""
    version_stage: str = ""
    version_id: str = ""

    @classmethod
    def parse(cls, value_from: str) -> SecretReference:
        parts = value_from.split(":")
        if len(parts) > _MOST_PARTS:
            raise NotThere("it has more than a JSON key, a version stage and a version id")
        return cls(":".join(parts[:_SECRET_PARTS]), *parts[_SECRET_PARTS:])


def read(value_from: str, client: Clients) -> str:
    """The value.

    Raises:
        NotThere: there is none of that name, version or key, or none that a variable can have.
        ClientError: AWS refused or failed the call.
    """
    if not value_from.startswith("arn:"):
        return _parameter(value_from, client("ssm", None))
    if not (arn := _ARN.fullmatch(value_from)):
        raise NotThere(
            "it is the ARN of no secret of Secrets Manager and no parameter of Systems Manager"
        )
    if arn["service"] == "ssm":
        return _parameter(value_from, client("ssm", arn["region"]))
    return _secret(SecretReference.parse(value_from), client("secretsmanager", arn["region"]))


def _parameter(name: str, client: Any) -> str:
    found = client.get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    if not found:
        raise NotThere("there is no such parameter")
    return str(found[0]["Value"])


def _secret(reference: SecretReference, client: Any) -> str:
    version = {"VersionStage": reference.version_stage, "VersionId": reference.version_id}
    reply = client.get_secret_value(
        SecretId=reference.arn, **{name: text for name, text in version.items() if text}
    )
    text = reply.get("SecretString")
    if text is None:
        raise NotThere("the secret is binary, and Amazon ECS passes text alone")
    return _of_json(text, reference.json_key) if reference.json_key else str(text)


def _of_json(text: str, key: str) -> str:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise NotThere(f"the secret is no JSON, and its key {key!r} is asked for") from None
    if not isinstance(members, dict) or key not in members:
        raise NotThere(f"the secret has no JSON key {key!r}")
    value = members[key]
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and (value == 0 or _SMALL <= abs(value) < _LARGE):
        return repr(value).removesuffix(".0")
    # Go's words for these are of no use to a program, and not ours to guess.
    raise NotThere(f"its JSON key {key!r} is no text; write it as text in the secret")
