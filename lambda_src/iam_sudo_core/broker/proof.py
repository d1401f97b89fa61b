"""Proof of who asks: the signed headers of an `sts:GetCallerIdentity` request that nobody has sent.

The caller signs it, and the broker sends it: STS then says who signed. What is signed binds it to
this broker's function, to this very request and to a minute; each is good for one request of an
instance. What the caller gives are header values of the forms below, nothing else: neither a host
nor a method, a path, a parameter, or another header.
Source: IAM User Guide, "Create a signed AWS API request". Why so: docs/decisions/0032.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import ProofRefused, ProofRequired
from .callers import Identity
from .request import request_hash

if TYPE_CHECKING:
    from ..account.identity import IdentityService

AUTHORIZATION, DATE, TOKEN = "authorization", "x-amz-date", "x-amz-security-token"
BROKER, REQUEST = "x-iam-sudo-broker", "x-iam-sudo-request"
_REQUIRED = (AUTHORIZATION, DATE, BROKER, REQUEST)
_ALWAYS_SIGNED = ("content-type", "host", DATE, BROKER, REQUEST)
OLDEST_SECONDS = 60
# Of a clock that goes fast.
NEWEST_SECONDS = 5
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[A-Za-z0-9_]{1,128}/(?P<date>[0-9]{8})/"
    r"(?P<region>[a-z0-9-]{1,64})/sts/aws4_request, SignedHeaders=(?P<headers>[a-z0-9;-]{1,256}), "
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.-]{1,16384}")
_FUNCTION = re.compile(
    r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64})(?::[$A-Za-z0-9_-]+)?"
)


@dataclass(frozen=True)
class Proof:
    """Checked headers; `headers` are what is sent, and hold the caller's session token."""

    headers: Mapping[str, str] = field(repr=False)
    signature: str = field(repr=False)
    expires: float

    @classmethod
    def parse(
        cls, value: object, *, event: Mapping[str, object], broker: str, region: str, now: float
    ) -> Proof:
        """Read the `proof` of an event, which is all of what was asked.

        `broker` is this function's ARN without a version, `region` that of its STS.

        Raises:
            ProofRequired: there is none.
            ProofRefused: it is not exactly what it has to be.
        """
        if value is None:
            raise ProofRequired(broker=broker)
        if not isinstance(value, Mapping):
            raise ProofRefused(problem="it is not an object of headers")
        known = {*_REQUIRED, TOKEN}
        if not set(_REQUIRED) <= set(value) <= known:
            raise ProofRefused(problem=f"its headers have to be {', '.join(_REQUIRED)}, or {TOKEN}")
        headers = {str(name): text for name, text in value.items() if isinstance(text, str)}
        if len(headers) < len(value):
            raise ProofRefused(problem="a header is no text")
        signed = _AUTHORIZATION.fullmatch(headers[AUTHORIZATION])
        if signed is None or not _TOKEN.fullmatch(headers.get(TOKEN, "none")):
            raise ProofRefused(problem=f"{AUTHORIZATION} or {TOKEN} is of no form that it has")
        expected = sorted([*_ALWAYS_SIGNED, *([TOKEN] if TOKEN in headers else [])])
        if signed["headers"] != ";".join(expected):
            raise ProofRefused(problem=f"signed have to be {', '.join(expected)}")
        if signed["region"] != region:
            raise ProofRefused(problem=f"it is not for STS in {region}")
        if headers[BROKER] != broker:
            raise ProofRefused(problem="it is for another function")
        if headers[REQUEST] != request_hash(event):
            raise ProofRefused(problem="it is for another request")
        signed_at = _time(headers[DATE])
        if signed_at is None or signed["date"] != headers[DATE][:8]:
            raise ProofRefused(problem=f"{DATE} is no time")
        _check_time(now - signed_at)
        return cls(headers, signed["signature"], signed_at + OLDEST_SECONDS + NEWEST_SECONDS)


class Proofs:
    """What an instance of the broker knows of proofs: whom to ask, and which it has seen."""

    def __init__(self, service: IdentityService) -> None:
        self.region: str = service.region
        self._service = service
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, proof: Proof, *, now: float) -> None:
        """Take a proof, once.

        Raises:
            ProofRefused: it was taken before.
        """
        with self._lock:
            self._seen = {each: until for each, until in self._seen.items() if until >= now}
            if proof.signature in self._seen:
                raise ProofRefused(problem="it has been used already")
            self._seen[proof.signature] = proof.expires

    def identity(self, proof: Proof) -> Identity:
        """Who has signed it, by STS.

        Raises:
            ProofRefused: STS does not accept it, or says somebody of a form that is not known.
            AwsCallFailed: STS gave no answer.
        """
        found = Identity.parse(self._service.arn(proof.headers))
        if found is None:
            raise ProofRefused(problem="who signed it is neither a user nor a session of a role")
        return found


def function_arn(invoked: object) -> str:
    """The function's ARN without version or alias, of that by which it was invoked.

    Raises:
        ValueError: it is no ARN of a function.
    """
    found = _FUNCTION.fullmatch(invoked) if isinstance(invoked, str) else None
    if found is None:
        raise ValueError("the function was invoked by no ARN")
    return found[1]


def _time(text: str) -> float | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _check_time(age: float) -> None:
    if age > OLDEST_SECONDS:
        raise ProofRefused(
            problem=f"it is {age:,.0f} seconds old, and {OLDEST_SECONDS} are allowed"
        )
    if age < -NEWEST_SECONDS:
        raise ProofRefused(problem=f"it is from {-age:,.0f} seconds in the future; set your clock")
