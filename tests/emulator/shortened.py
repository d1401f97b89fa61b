"""An account in which the broker's credentials last for seconds: a proxy before the emulator.

STS gives none for less than a quarter of an hour. So the answer of the broker gets an earlier end,
and whoever signs with a key after the end that was told is refused, as AWS refuses.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from demo.emulator import Emulator

_KEY = re.compile(r"Credential=(\w+)/")
_ERROR = b"<Code>ExpiredToken</Code><Message>over</Message>"
EXPIRED = b"<ErrorResponse><Error>" + _ERROR + b"</Error></ErrorResponse>"


def now() -> float:
    """In seconds since 1970, as ends are told."""
    return datetime.now(UTC).timestamp()


@dataclass
class Shortened:
    url: str = ""
    ends: dict[str, float] = field(default_factory=dict)  # of a key of the broker's
    refused: int = 0  # requests that were signed after the end


@contextmanager
def shortened(emulator: Emulator, *, seconds: float) -> Iterator[Shortened]:
    """The emulator's account at an address of its own, where credentials last so long."""
    account = Shortened()
    trusted = urllib.request.HTTPSHandler(
        context=ssl.create_default_context(cafile=str(emulator.ca_bundle))
    )
    opener = urllib.request.build_opener(trusted, urllib.request.ProxyHandler({}))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            signed = _KEY.search(self.headers.get("Authorization", ""))
            if signed and now() > account.ends.get(signed[1], float("inf")):
                account.refused += 1
                self.answer(403, {"Content-Type": "text/xml"}, EXPIRED)
                return
            request = urllib.request.Request(  # noqa: S310 - the emulator's
                emulator.url + self.path, data=asked, headers=dict(self.headers), method="POST"
            )
            try:
                with opener.open(request) as reply:
                    status, headers, body = reply.status, dict(reply.headers), reply.read()
            except urllib.error.HTTPError as error:
                status, headers, body = error.code, dict(error.headers), error.read()
            if "/invocations" in self.path and b"AccessKeyId" in body:
                given = json.loads(body)
                end = account.ends[given["AccessKeyId"]] = now() + seconds
                given["Expiration"] = datetime.fromtimestamp(end, UTC).isoformat()
                body = json.dumps(given).encode()
            self.answer(status, headers, body)

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    account.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
