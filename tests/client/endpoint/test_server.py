"""Who is answered by the endpoint, and who is not."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

import pytest

from iam_sudo_client.endpoint import server as server_module
from iam_sudo_client.endpoint.addresses import address
from iam_sudo_client.endpoint.renewal import NotRenewed, Renewed
from iam_sudo_client.endpoint.server import TOKEN_VARIABLE, URI_VARIABLE, Endpoint
from iam_sudo_client.errors import EndpointUnusable
from iam_sudo_core.credentials import Credentials

GIVEN = Credentials("ASIA1", "s3cr3t", "t0ken", "2099-01-01T02:00:00.5+02:00")
SECRETS = ("s3cr3t", "t0ken")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(address("127.0.0.1")) as made:
        threading.Thread(target=made.serve_forever, args=[0.01], daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def token(endpoint: Endpoint) -> str:
    """The token of role `orders`, which is served."""
    return endpoint.add(renewed("orders"))[TOKEN_VARIABLE]


def renewed(role: str) -> Renewed:
    return Renewed(role, lambda: GIVEN, given=GIVEN)


def ask(
    endpoint: Endpoint, path: str = "/role/orders", *, method: str = "GET", **headers: str | None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", endpoint.port, timeout=60)
    connection.request(method, path, headers={k: v for k, v in headers.items() if v is not None})
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text else {}, dict(response.getheaders())


def raw(endpoint: Endpoint, request: str) -> str:
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=60) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            return answer.read().decode()


def test_who_has_the_token_gets_the_credentials(endpoint: Endpoint, token: str) -> None:
    status, body, headers = ask(endpoint, Authorization=token)
    assert status == 200
    assert body == {
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": "s3cr3t",
        "Token": "t0ken",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


@pytest.mark.parametrize(
    "wrong", [None, "", "x", "Bearer {}", "{}x", "\u00e9", "x" * 10_000]
)  # fmt: skip
def test_without_the_token_or_with_another_nothing_is_given(
    endpoint: Endpoint, token: str, wrong: str | None
) -> None:
    sent = None if wrong is None else wrong.format(token)
    status, body, _ = ask(endpoint, Authorization=sent)
    assert (status, body) == (
        403,
        {"Code": "Refused", "Message": "iam-sudo: not for this request"},
    )


def test_the_token_is_compared_in_constant_time(
    endpoint: Endpoint, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = server_module.hmac.compare_digest

    def seen(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(server_module.hmac, "compare_digest", seen)
    ask(endpoint, Authorization="wrong")
    ask(endpoint, "/role/of-nobody", Authorization="wrong")
    assert compared[0] == (b"wrong", token.encode())
    assert len(compared) == 2  # a role that is not served takes the same time


def test_a_role_has_a_token_of_its_own(endpoint: Endpoint, token: str) -> None:
    other = endpoint.add(renewed("payments"))
    assert ask(endpoint, "/role/payments", Authorization=token)[0] == 403
    assert ask(endpoint, Authorization=other[TOKEN_VARIABLE])[0] == 403
    assert ask(endpoint, "/role/payments", Authorization=other[TOKEN_VARIABLE])[0] == 200
    assert other[URI_VARIABLE] == f"http://127.0.0.1:{endpoint.port}/role/payments"
    assert len(token) >= 32


@pytest.mark.parametrize(
    "path", ["/", "/role", "/role/", "/role/ORDERS", "/role/orders/", "/role/orders?x",
             "/role/../role/orders", "http://127.0.0.1/role/orders", "/role/order%73"],
)  # fmt: skip
def test_another_path_is_refused(endpoint: Endpoint, token: str, path: str) -> None:
    assert ask(endpoint, path, Authorization=token)[0] == 403


@pytest.mark.parametrize(
    "host",
    ["rebound.example.com", "rebound.example.com:{port}", "127.0.0.1", "127.0.0.1:1", "",
     "127.0.0.1.example.com:{port}", "127.1:{port}", "LOCALHOST.:{port}", "169.254.170.2:{port}"],
)  # fmt: skip
def test_another_host_is_refused(endpoint: Endpoint, token: str, host: str) -> None:
    status, body, _ = ask(endpoint, Authorization=token, Host=host.format(port=endpoint.port))
    assert (status, body["Code"]) == (403, "Refused")


def test_the_names_of_this_machine_are_taken(endpoint: Endpoint, token: str) -> None:
    for host in ("127.0.0.1", "localhost"):
        assert ask(endpoint, Authorization=token, Host=f"{host}:{endpoint.port}")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        "Authorization: {token}",
        "Host: 127.0.0.1:{port}\r\nHost: rebound.example.com\r\nAuthorization: {token}",
        "Host: rebound.example.com\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {token}",
        "Host: 127.0.0.1:{port}\r\nAuthorization: {token}\r\nAuthorization: x",
    ],
)
def test_a_header_that_is_missing_or_there_twice_is_refused(
    endpoint: Endpoint, token: str, headers: str
) -> None:
    head = headers.format(token=token, port=endpoint.port)
    answer = raw(endpoint, f"GET /role/orders HTTP/1.1\r\n{head}\r\n\r\n")
    assert answer.startswith("HTTP/1.1 403 ")
    assert not any(secret in answer for secret in SECRETS)


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", "X"]
)
def test_another_method_is_refused(endpoint: Endpoint, token: str, method: str) -> None:
    assert ask(endpoint, method=method, Authorization=token)[0] == 405


@pytest.mark.parametrize(
    "request_", ["nonsense\r\n\r\n", "GET /role/orders\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                 "GET /<script> HTTP/1.1 x\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_not_quoted(
    endpoint: Endpoint, token: str, request_: str
) -> None:
    answer = raw(endpoint, request_)
    assert "Refused" in answer
    assert "script" not in answer
    assert token not in answer


def test_another_address_is_refused(endpoint: Endpoint, token: str) -> None:
    assert address("127.0.0.1").admits("127.0.0.2")
    for client in ("192.168.1.2", "8.8.8.8", "169.254.170.3", "::ffff:8.8.8.8", "fe80::1%eth0"):
        assert not address("127.0.0.1").admits(client)
    endpoint.address = address("169.254.170.2")
    object.__setattr__(endpoint.address, "admits", lambda _client: False)
    assert ask(endpoint, Authorization=token)[0] == 403


def test_fifty_clients_at_once_are_answered(endpoint: Endpoint, token: str) -> None:
    with ThreadPoolExecutor(50) as clients:
        answers = list(
            clients.map(lambda _: ask(endpoint, Authorization=token)[0], range(500), timeout=60)
        )
    assert answers == [200] * 500


def test_clients_that_say_nothing_keep_nobody_away(
    endpoint: Endpoint, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module._Request, "timeout", 0.3)
    silent = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(150)]
    assert ask(endpoint, Authorization=token)[0] == 200
    for each in silent:
        each.close()


def test_clients_that_say_a_letter_now_and_then_keep_nobody_away(
    endpoint: Endpoint, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module._Request, "timeout", 1)
    slow = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(150)]
    done = threading.Event()

    def drip() -> None:
        while not done.is_set():
            time.sleep(0.2)
            for each in slow:
                with suppress(OSError):  # it was closed, which is what is wanted
                    each.sendall(b"G")

    dripping = threading.Thread(target=drip)
    dripping.start()
    assert ask(endpoint, Authorization=token)[0] == 200
    done.set()
    dripping.join()
    for each in slow:
        each.close()


def test_what_cannot_be_renewed_is_an_error_that_says_why(endpoint: Endpoint) -> None:
    class Ended(Renewed):
        def current(self) -> Credentials:
            raise NotRenewed("the credentials of orders ended; aws sso login")

    token = endpoint.add(Ended("orders", lambda: GIVEN, given=GIVEN))[TOKEN_VARIABLE]
    status, body, _ = ask(endpoint, Authorization=token)
    assert status == 424
    assert body == {
        "Code": "NotRenewed",
        "Message": "the credentials of orders ended; aws sso login",
    }


def test_nothing_is_printed(
    endpoint: Endpoint, token: str, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(endpoint, Authorization=token)
    ask(endpoint, Authorization="wrong")
    with socket.create_connection(("127.0.0.1", endpoint.port)) as gone:
        gone.sendall(b"GET /role/orders HTTP/1.1\r\n")
    raw(endpoint, "\0\r\n\r\n")
    time.sleep(0.1)
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken_is_said(endpoint: Endpoint) -> None:
    with pytest.raises(EndpointUnusable, match="choose another --port|Choose another --port"):
        Endpoint(address("127.0.0.1"), port=endpoint.port)
