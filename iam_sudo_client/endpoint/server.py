"""The endpoint from which SDKs take credentials, as they do in a container.

A request is answered when it is a GET, from an address that can be a client's, names the host that
we said (a page whose name was pointed at us sends its own), and brings the token of the role that
its path names. Everything else is refused before anything is looked up, with a text that tells
nothing. Each role has a token of its own: who was given one role does not get the others.
The standard library's server is enough for that, see docs/decisions/0030.
Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import socketserver
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import quote

from iam_sudo_client.endpoint.addresses import Address
from iam_sudo_client.endpoint.renewal import NotRenewed, Renewed, utc
from iam_sudo_client.errors import EndpointUnusable

# Of a whole request: who is slower is no SDK of this machine. And how many there are at once.
_SECONDS = 5.0
_CONNECTIONS = 128

URI_VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - its name


class Endpoint(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A listener. It answers from `serve_forever` on, for the roles that were added before."""

    daemon_threads = True
    request_queue_size = _CONNECTIONS
    # On Windows, it would let another process listen at our port.
    allow_reuse_address: bool = sys.platform != "win32"

    def __init__(self, address: Address, *, port: int = 0, token: str | None = None) -> None:
        """`token` is that of all roles; without one each gets a random one.

        Raises EndpointUnusable when nobody can listen there.
        """
        self.address = address
        if isinstance(address.ip, IPv6Address):
            self.address_family: int = socket.AF_INET6
        self._given_token = token
        self._roles: dict[str, tuple[Renewed, str]] = {}
        self._places = threading.BoundedSemaphore(_CONNECTIONS)
        try:
            super().__init__((str(address.ip), port), _Request)
        except OSError as error:
            raise EndpointUnusable(
                f"{address.ip} port {port}", reason=error.strerror or str(error)
            ) from None
        self.port: int = self.server_address[1]
        self._hosts = {f"{name}:{self.port}" for name in address.names()}

    def add(self, renewed: Renewed) -> Mapping[str, str]:
        """Answer for a role; return the variables by which an SDK finds it."""
        path, token = _path(renewed.role), self._given_token or secrets.token_urlsafe(32)
        self._roles[path] = renewed, token
        host = self.address.names()[0]
        return {URI_VARIABLE: f"http://{host}:{self.port}{path}", TOKEN_VARIABLE: token}

    def keep_renewing(self) -> None:
        """Start what renews the roles, in the process that calls it."""
        for renewed, _ in self._roles.values():
            threading.Thread(target=renewed.keep, daemon=True).start()

    def refuses(self, request: BaseHTTPRequestHandler) -> bool:
        """Whether somebody asks who shall not be answered, or by a name that is not ours."""
        return not (
            self.address.admits(request.client_address[0]) and _one(request, "Host") in self._hosts
        )

    def role(self, path: str, *, token: str) -> Renewed | None:
        """The role at a path, if this is its token; it takes the same time for every wrong one."""
        renewed, expected = self._roles.get(path, (None, ""))
        right = hmac.compare_digest(_bytes(token), _bytes(expected or secrets.token_urlsafe(32)))
        return renewed if right else None

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is none of our errors, and a traceback may tell."""


class _Request(BaseHTTPRequestHandler):
    server: Endpoint
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def handle(self) -> None:
        # The limit of the library is that of each single byte.
        end = threading.Timer(self.timeout, self._hear_no_more)
        end.daemon = True
        end.start()
        try:
            super().handle()
        finally:
            end.cancel()

    def _hear_no_more(self) -> None:
        with suppress(OSError):  # it is closed
            self.connection.shutdown(socket.SHUT_RD)

    def do_GET(self) -> None:
        if self.server.refuses(self):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        role = self.server.role(self.path, token=_one(self, "Authorization"))
        if role is None:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        try:
            credentials = role.current()
        except NotRenewed as error:
            # Of 4xx SDKs show the message, and ask no more; of 5xx most show the number alone.
            self._say(HTTPStatus.FAILED_DEPENDENCY, Code="NotRenewed", Message=str(error))
            return
        self._say(
            HTTPStatus.OK,
            AccessKeyId=credentials.access_key_id,
            SecretAccessKey=credentials.secret_access_key,
            Token=credentials.session_token,
            Expiration=utc(datetime.fromisoformat(credentials.expiration).timestamp()),
        )

    def send_error(self, code: int, *_: Any) -> None:
        """Refuse; the library's own texts quote the request, and are HTML."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:  # a method for which there is no `do_`
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self._say(status, Code="Refused", Message="iam-sudo: not for this request")

    def _say(self, status: HTTPStatus, **body: str) -> None:
        text = json.dumps({name: body[name] for name in body}).encode()
        self.close_connection = True
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Say nothing: it would be in the middle of what CMD prints."""


def _path(role: str) -> str:
    return f"/role/{quote(role, safe='')}"


def _one(request: BaseHTTPRequestHandler, name: str) -> str:
    """The one value of a header; of several each reader takes another."""
    values = request.headers.get_all(name) or []
    return str(values[0]) if len(values) == 1 else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
