"""One invocation: where it goes, how it is signed, and how long anybody waits for it."""

import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import botocore.session
import pytest

from iam_sudo_client.errors import NotConfigured, ServiceFailed
from iam_sudo_client.ways_in import invoke as invoking
from iam_sudo_client.ways_in.invoke import endpoint, invoke
from iam_sudo_client.ways_in.session import CallerSession, open_session
from tests.client.command_line import Run, Service

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOLD")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "old-secret")
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def caller(region: str = "eu-west-1") -> CallerSession:
    return open_session(region, {})


@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("dual_stack", [False, True])
@pytest.mark.parametrize(
    "region",
    ["eu-west-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eu-south-2", "xx-new-9"],
)
def test_the_endpoint_is_the_one_of_botocores_client(
    monkeypatch: pytest.MonkeyPatch, region: str, dual_stack: bool, fips: bool
) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", str(fips).lower())
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", str(dual_stack).lower())
    client = botocore.session.Session().create_client("lambda", region_name=region)
    asked: list[str] = []

    def stop(request: "botocore.awsrequest.AWSRequest", **_: object) -> object:
        asked.append(request.url)
        raise KeyboardInterrupt

    client.meta.events.register("before-sign.lambda.Invoke", stop)
    try:
        client.invoke(FunctionName="f")
    except KeyboardInterrupt:
        assert asked == [f"{endpoint(caller(region))}/2015-03-31/functions/f/invocations"]
    except botocore.exceptions.EndpointProviderError:
        with pytest.raises(NotConfigured, match="no such endpoint in"):
            endpoint(caller(region))


@pytest.mark.parametrize(
    ("environ", "config", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "http://a/"}, "", "http://a"),
        ({"AWS_ENDPOINT_URL_LAMBDA": "http://b", "AWS_ENDPOINT_URL": "http://a"}, "", "http://b"),
        ({}, "endpoint_url = http://c", "http://c"),
        ({}, "services = s\n[services s]\nlambda =\n  endpoint_url = http://d", "http://d"),
        ({"AWS_ENDPOINT_URL": "http://a"}, "endpoint_url = http://c", "http://a"),
        (
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://a"}, "",
            "https://lambda.eu-west-1.amazonaws.com",
        ),
        ({}, "ignore_configured_endpoint_urls = true\nendpoint_url = http://c",
         "https://lambda.eu-west-1.amazonaws.com"),
        ({}, "use_fips_endpoint = true", "https://lambda-fips.eu-west-1.amazonaws.com"),
    ],
)  # fmt: skip
def test_endpoints_of_variables_and_profiles_are_heeded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environ: dict[str, str], config: str,
    expected: str,
) -> None:  # fmt: skip
    (tmp_path / "config").write_text(f"[default]\n{config}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert endpoint(caller()) == expected


@pytest.mark.parametrize(
    "name",
    [
        "iam-sudo",
        "iam-sudo:live",
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo:1",
        "é/ x",
    ],
)
def test_path_and_signature_are_those_of_botocores_client(
    monkeypatch: pytest.MonkeyPatch, service: Service, name: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    session = botocore.session.Session()
    client = session.create_client("lambda", region_name="eu-west-1")
    invoke(caller(), name, {"role_name": "x"})
    try:
        client.invoke(FunctionName=name, Payload=b'{"role_name": "x"}')
    except botocore.exceptions.ParamValidationError:
        return
    ours, theirs = service.paths
    assert ours == theirs
    assert service.asked[0] == service.asked[1]
    credential = r"AWS4-HMAC-SHA256 Credential=(AKIAOLD/\d+/eu-west-1/lambda/aws4_request)"
    assert len({re.match(credential, each)[1] for each in service.authorizations}) == 1  # type: ignore[index]


@pytest.fixture
def nobody_accepts() -> Iterator[str]:
    """A URL at which packets are dropped: a queue of connections that is full."""
    with ExitStack() as open_:
        server = open_.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_dropped_packets_are_told_after_seconds(
    monkeypatch: pytest.MonkeyPatch, nobody_accepts: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody_accepts)
    monkeypatch.setattr(invoking, "CONNECT_SECONDS", 1)
    with pytest.raises(
        ServiceFailed,
        match=r"no answer from 127\.0\.0\.1:\d+ \(region eu-west-1\) in \d+ s: VPN, proxy",
    ):
        invoke(caller(), "iam-sudo", {})


def test_a_function_that_hangs_is_invoked_once(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    monkeypatch.setattr(invoking, "READ_SECONDS", 1)
    service.seconds = 60  # longer than anybody waits here
    with pytest.raises(ServiceFailed, match=r"no answer from .* in \d+ s: VPN, proxy, region\?"):
        invoke(caller(), "iam-sudo", {})
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_invocation_that_may_have_been_made_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, service: Service, status: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    service.fails(status, "ServiceException")
    assert invoke(caller(), "iam-sudo", {}).status == status
    assert len(service.asked) == 1


@pytest.mark.parametrize(("attempts", "times"), [(None, 3), ("1", 1), ("2", 2), ("9", 3)])
def test_what_lambda_turned_away_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, service: Service, attempts: str | None, times: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    monkeypatch.setattr(invoking.time, "sleep", lambda _: None)
    if attempts:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
    service.fails(429, "TooManyRequestsException")
    assert invoke(caller(), "iam-sudo", {}).status == 429
    assert len(service.asked) == times


def test_nobody_waits_longer_than_the_broker_may_run() -> None:
    source = (ROOT / "iam_sudo_cdk" / "session_policy" / "broker.py").read_text()
    seconds = int(re.search(r"timeout=cdk\.Duration\.seconds\((\d+)\)", source)[1])  # type: ignore[index]
    assert seconds < invoking.READ_SECONDS <= seconds + 20


def on_terminal(run_for: list[str], environ: dict[str, str]) -> str:
    """What a command writes to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(run_for, stdout=subprocess.DEVNULL, stderr=theirs, env=environ) as child:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 1_000)
            except OSError:
                break
            if not part:
                break
            written += part
        child.wait()
    os.close(ours)
    return written.decode()


def test_a_terminal_shows_after_a_second_that_somebody_waits(
    service: Service, tmp_path: Path
) -> None:
    service.seconds = 2
    written = on_terminal(
        [sys.executable, "-m", "iam_sudo_client", "simulate", "--role-name", "x", "true"],
        {**os.environ, "HOME": str(tmp_path), "AWS_REGION": "eu-west-1"}
        | {"AWS_ENDPOINT_URL": service.url},
    )
    assert 'waiting for "iam-sudo" in eu-west-1: ' in written
    assert written.rpartition("\r\x1b[K")[2] == ""  # nothing is left of it


def test_without_a_terminal_nothing_turns(run: Run, service: Service) -> None:
    service.seconds = 1.5
    assert run("simulate", "--role-name", "x", "true").stderr == ""
