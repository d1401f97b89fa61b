"""The temporary credentials of a session, which never show in a log or a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Credentials:
    """What STS gave out. `expiration` is ISO 8601 with a time zone."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: str

    @classmethod
    def from_reply(cls, reply: object) -> Credentials:
        """Read the broker's reply.

        Raises:
            ValueError: the reply is not a credentials object. The message names the field alone.
        """
        if not isinstance(reply, Mapping):
            raise ValueError("it is not an object")
        values = []
        for field_name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"):
            value = reply.get(field_name)
            if not isinstance(value, str) or not value:
                raise ValueError(f"{field_name} is missing")
            values.append(value)
        return cls(*values)

    def to_reply(self) -> dict[str, Any]:
        """The STS credentials object, as the ancestor's client expects it."""
        return {
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": self.expiration,
        }
