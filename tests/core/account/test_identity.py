"""STS as it is asked who has signed: its endpoint, and whatever may answer there."""

import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest

from iam_sudo_core.account.identity import IdentityService
from iam_sudo_core.errors import AwsCallFailed, ProofRefused
from tests.fake_sts import ANN, FakeSts, fake_sts

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
