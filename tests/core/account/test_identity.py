"""STS as it is asked who has signed: its endpoint, and whatever may answer there."""

import ipaddress
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from iam_sudo_core.account.identity import IdentityService
from iam_sudo_core.errors import AwsCallFailed, ProofRefused
from tests.fake_sts import ANN, BOB, BODY, FakeSts, fake_sts

SIGNED = {"authorization": "x"}
ARN = f"<Arn>{ANN}</Arn>"


def service(url: str) -> IdentityService:
    meta = SimpleNamespace(endpoint_url=url, region_name="eu-west-1")
    client: Any = SimpleNamespace(meta=meta)
    return IdentityService(client)


@pytest.fixture
def sts() -> Any:
    with fake_sts() as sts:
        yield sts


def answered(sts: FakeSts, status: int, body: bytes, **headers: str) -> str:
    sts.answer = (status, body, {name.replace("_", "-"): each for name, each in headers.items()})
    return service(sts.url).arn(SIGNED)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://sts.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"),
        ("https://STS.eu-west-1.amazonaws.com:443/", "sts.eu-west-1.amazonaws.com"),
        ("http://127.0.0.1:4566", "127.0.0.1:4566"),
        ("http://[::1]:4566", "[::1]:4566"),
        ("https://[fd00::1]", "[fd00::1]"),
    ],
)
def test_the_host_is_the_one_that_the_client_of_sts_signs_for(url: str, host: str) -> None:
    assert service(url).host == host


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret@sts.example",
        "http://@sts.example",
        "http://sts.example/#x",
        "http://sts.example/?",
        "http://sts.example/;x",
        "ftp://sts.example",
        "file:///etc/passwd",
        "//sts.example",
        "sts.example",
    ],
)
def test_an_endpoint_is_a_host_of_http_and_nothing_else(url: str) -> None:
    with pytest.raises(ValueError, match="no URL of a host alone"):
        service(url)


def test_no_header_that_is_given_takes_the_place_of_ours(sts: FakeSts) -> None:
    given = {"host": "evil.example", "content-type": "x", "content-length": "0", "user-agent": "x"}
    sts.answer = (200, ARN.encode(), {})
    service(sts.url).arn({**SIGNED, **given})
    ((_, _, headers, body),) = sts.requests
    assert headers["host"] == sts.url.removeprefix("http://")
    assert (headers["content-length"], body) == (str(len(BODY)), BODY)
    assert headers["user-agent"] == "iam-sudo"
    assert headers["content-type"].startswith("application/x-www-form-urlencoded")


@pytest.mark.parametrize("status", [201, 204, 206, 300, 301, 302, 303, 307, 308, 401, 404, 500])
def test_a_name_in_an_answer_that_is_none_is_no_name(sts: FakeSts, status: int) -> None:
    body = b"" if status == 204 else ARN.encode()
    with fake_sts() as other, pytest.raises(AwsCallFailed):
        answered(sts, status, body, location=f"{other.url}/")
    assert other.requests == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_entities_are_not_looked_up_in_another_encoding_either(sts: FakeSts, encoding: str) -> None:
    text = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "{ANN}">]><a><Arn>&b;</Arn></a>'
    with pytest.raises(AwsCallFailed, match="cannot be read"):
        answered(sts, 200, text.encode(encoding))


@pytest.mark.parametrize(
    "body",
    [
        "<a><Arn>{0}</Arn><b xmlns='urn:x'><Arn>{0}</Arn></b></a>",
        "<a><Arn><b>{0}</b></Arn></a>",
        "<a><Arn>{0}<b/></Arn></a>",
        "<a><arn>{0}</arn></a>",
        "<html><body>{0}</body></html>",
        "{0}",
        '{{"Arn": "{0}"}}',
        "<a>&undefined;<Arn>{0}</Arn></a>",
        "<a><Arn>{0}</Arn><Account>444455556666</Account></a>",
        "<a><Arn>{0}</Arn><Account>111122223333</Account><Account>444455556666</Account></a>",
    ],
)
def test_an_answer_that_says_two_things_or_none_is_no_name(sts: FakeSts, body: str) -> None:
    with pytest.raises(AwsCallFailed, match="cannot be read"):
        answered(sts, 200, body.format(ANN).encode())


def test_an_answer_is_utf_8_whatever_it_says_of_itself(sts: FakeSts) -> None:
    for encoding in ("latin-1", "utf-8"):
        head = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
        with pytest.raises(AwsCallFailed, match="cannot be read"):
            answered(sts, 200, head + b"<Arn>arn:aws:iam::111122223333:user/\xe4</Arn>")


def test_what_is_left_of_an_answer_that_is_cut_off_is_none(sts: FakeSts) -> None:
    assert answered(sts, 200, ARN.encode() + b" " * 60_000) == ANN
    with pytest.raises(AwsCallFailed, match="cannot be read"):
        answered(sts, 200, ARN.encode() + b" " * 70_000)


def test_a_name_in_the_answer_as_sts_gives_it_is_the_name(sts: FakeSts) -> None:
    assert answered(sts, 200, f"<a>{ARN}<Account>111122223333</Account></a>".encode()) == ANN


def test_of_an_answer_without_end_no_more_is_read_than_sts_says(sts: FakeSts) -> None:
    whole = 64_000_000
    sts.answer = (200, b"<a>" + b" " * whole, {})
    asked = service(sts.url)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        with pytest.raises(AwsCallFailed, match="cannot be read"):
            asked.arn(SIGNED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 10_000_000


def test_what_an_answer_has_left_is_not_taken_for_the_next_one() -> None:
    head = "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n".format
    other = f"<Arn>{BOB}</Arn>"
    # The rest of the first answer comes late, and looks like one for whoever asks next.
    first = [head(1_000_000) + " " * 65_537, head(len(other)) + other]
    by_connection = iter((first, [head(len(ARN)) + ARN] * 2))

    def serve(connection: socket.socket, answers: Iterator[str]) -> None:
        with connection, suppress(OSError):
            while received := connection.recv(65_536):
                # The body may come by itself.
                if received.endswith(BODY):
                    connection.sendall(next(answers).encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            for answers in by_connection:
                connection, _ = listening.accept()
                threading.Thread(
                    target=serve, args=[connection, iter(answers)], daemon=True
                ).start()

        threading.Thread(target=listen, daemon=True).start()
        asked = service(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(AwsCallFailed, match="cannot be read"):
            asked.arn(SIGNED)
        # And a connection that has nothing left is used again.
        assert [asked.arn(SIGNED) for _ in range(2)] == [ANN, ANN]


def test_sts_that_has_too_much_to_do_has_not_refused_anybody(sts: FakeSts) -> None:
    for code in ("Throttling", "ThrottlingException"):
        body = f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"
        with pytest.raises(AwsCallFailed, match=f"GetCallerIdentity failed: {code}"):
            answered(sts, 400, body.encode())
    with pytest.raises(ProofRefused, match="STS says ExpiredToken"):
        answered(sts, 403, b"<E><Error><Code>ExpiredToken</Code></Error></E>")


@pytest.mark.parametrize("code", ["x y", "\u202e", "a" * 65, "", "<b/>"])
def test_of_a_refusal_nothing_but_a_code_is_said(sts: FakeSts, code: str) -> None:
    with pytest.raises(ProofRefused, match="STS says 403;"):
        answered(sts, 403, f"<E><Code>{code}</Code></E>".encode())


@pytest.mark.parametrize("more", [" x", "\u202e", "x" * 64, "<b/>"])
def test_nor_of_throttling(sts: FakeSts, more: str) -> None:
    with pytest.raises(ProofRefused, match="STS says 400;"):
        answered(sts, 400, f"<E><Code>Throttling{more}</Code></E>".encode())


def test_an_sts_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iam_sudo_core.account.identity._TIMEOUT", (5, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked = service(f"http://127.0.0.1:{listening.getsockname()[1]}")
        gave_up = threading.Event()

        def accept() -> None:
            connection, _ = listening.accept()
            # Who waits for ever is told something else in the end.
            gave_up.wait(10)
            connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        with pytest.raises(AwsCallFailed, match="ReadTimeoutError") as caught:
            asked.arn(SIGNED)
        gave_up.set()
        thread.join()
    # Nor is the address told, or what was sent.
    assert "127.0.0.1" not in str(caught.value)


def test_a_proxy_of_the_environment_is_asked(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, sts.url)
    sts.answer = (200, ARN.encode(), {})
    assert service("http://sts.example").arn(SIGNED) == ANN
    assert sts.requests[0][1] == "http://sts.example/"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 and its key, which nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sts")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2120, 1, 1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "sts.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_who_has_no_certificate_that_is_trusted_is_not_sts(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with fake_sts(context) as sts:
        sts.answer = (200, ARN.encode(), {})
        with pytest.raises(AwsCallFailed, match="SSLError"):
            service(sts.url).arn(SIGNED)
        assert sts.requests == []
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.setenv(name, str(certificate))
            assert service(sts.url).arn(SIGNED) == ANN
            monkeypatch.delenv(name)
