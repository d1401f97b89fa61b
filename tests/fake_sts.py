"""An STS that verifies signatures, and the client's side of a proof, signed by botocore.

It is HTTP on this machine: what reaches it is what the broker really sends.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iam_sudo_core.broker.request import request_hash

REGION = "eu-west-1"
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:iam-sudo"
ANN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_1a2b/ann@example.com"
BOB = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_1a2b/bob@example.com"
_SECRETS = {"ASIAANN": "secret-of-ann", "ASIABOB": "secret-of-bob"}
WHO = {ANN: "ASIAANN", BOB: "ASIABOB"}
TOKEN = "token+of/somebody=="


class FakeSts:
    """`requests` are what has reached it; `answer` is a status and a body in place of its own."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: tuple[int, bytes, dict[str, str]] | None = None
        self.arns = {key: arn for arn, key in WHO.items()}
        self.url = ""

    def client(self) -> Any:
        """As much of a client of it as `IdentityService` looks at."""
        return SimpleNamespace(meta=SimpleNamespace(endpoint_url=self.url, region_name=REGION))

    def reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        self.requests.append((method, path, headers, body))
        if self.answer:
            return self.answer
        key = headers["authorization"].partition("Credential=")[2].partition("/")[0]
        signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
        request = AWSRequest(method, f"http://{headers['host']}{path}", data=body)
        for name in signed.split(";"):
            request.headers[name] = headers[name]
        request.context["timestamp"] = headers["x-amz-date"]
        credentials = Credentials(key, _SECRETS.get(key, "?"), headers.get("x-amz-security-token"))
        signer = auth.SigV4Auth(credentials, "sts", REGION)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if not headers["authorization"].endswith(f"Signature={signer.signature(text, request)}"):
            return 403, _error("SignatureDoesNotMatch"), {}
        return 200, _identity(self.arns[key]), {}


def _identity(arn: str) -> bytes:
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROA:x</UserId>"
        "<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    ).encode()


def _error(code: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>".encode()


@contextmanager
def fake_sts(context: ssl.SSLContext | None = None) -> Iterator[FakeSts]:
    """It, on this machine; with a context, by TLS."""
    sts = FakeSts()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, reply, more = sts.reply(self.command, self.path, headers, body)
            self.send_response(status)
            for name, value in {"content-length": str(len(reply)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            # Of an answer that is too long the broker does not wait for the end.
            with suppress(ConnectionError):
                self.wfile.write(reply)

        do_GET = do_POST  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    sts.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    try:
        yield sts
    finally:
        server.shutdown()
        server.server_close()


def sign(
    sts: FakeSts,
    event: dict[str, Any],
    *,
    who: str = ANN,
    broker: str = FUNCTION,
    age: float = 0,
    body: bytes = BODY,
    url: str = "",
    region: str = REGION,
    method: str = "POST",
    **more: str,
) -> dict[str, str]:
    """The proof of `who` for an event, as the contract has it, or as the keywords spoil it."""
    headers = {
        "Content-Type": CONTENT_TYPE,
        "X-Iam-Sudo-Broker": broker,
        "X-Iam-Sudo-Request": request_hash(event),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    request = AWSRequest(method, f"{url or sts.url}/", data=body, headers=headers)
    key = WHO[who]
    at = datetime.now(UTC) - timedelta(seconds=age)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at.replace(tzinfo=None)):
        auth.SigV4Auth(Credentials(key, _SECRETS[key], TOKEN), "sts", region).add_auth(request)
    unsent = ("content-type", "host")
    return {k.lower(): v for k, v in request.headers.items() if k.lower() not in unsent}
