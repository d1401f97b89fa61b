"""An AWS account of any size in a process of its own, every request of which is delayed.

moto holds the roles and answers as IAM does, pages of 100 included; ministack has no pages. The
delay lies in the server, so that what is measured runs unchanged and both sides get the same. A
read is answered by moto the first time and from memory afterwards: the time measured is the
side's own, not moto's. TLS, as with AWS. Not simulated: distance at the TLS handshake, throttling,
and that real IAM needs longer for a long page than for a short one.

The delay is 40 ms, and more on a machine that is slower or busier than the one which the targets
were written down for: how many times faster fewer round trips are would hang on it otherwise.

Run as `python -m benchmarks.account ROLES LATENCY DIRECTORY`, it serves, and answers every line on
standard input with what has happened since the last. `Account` is the other end of that.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

from benchmarks.peer import Peer
from benchmarks.sides import PROJECT, bare_environment
from demo.certificate import write_certificate

LATENCY, PER_YARDSTICK = 0.040, 0.8
REGION = "eu-west-1"
BASE_ROLE = "arn:aws:iam::123456789012:role/IAMSudoUser"  # moto's account
CALLER = "arn:aws:iam::123456789012:user/moto"
TARGET = "iam-sudo-demo-orders"
# Roles of 9,000 characters: each is asked for the first time once.
LARGE = [f"iam-sudo-demo-large-{number:02}" for number in range(11)]
# What is another answer the second time.
_NEVER_THE_SAME = (b"AssumeRole", b"CreatePolicy", b"GetPolicy", b"ListPolicies")
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIABENCHMARK0000000", "AWS_SECRET_ACCESS_KEY": "benchmark"}

# Five inline policies as one finds them: 750 characters when merged, well within a session's.
INLINE_POLICIES = {
    "read-bucket": ("s3:GetObject s3:ListBucket", "arn:aws:s3:::orders-documents*"),
    "queue": (
        "sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage",
        "arn:aws:sqs:eu-west-1:123456789012:orders-*",
    ),
    "table": (
        "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem",
        "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
    ),
    "parameters": (
        "ssm:GetParameter ssm:GetParametersByPath",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/orders/*",
    ),
    "logs": (
        "logs:CreateLogStream logs:PutLogEvents",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/orders:*",
    ),
}


def latency(yardstick: float) -> float:
    """The delay of each request on a machine whose yardstick takes so many seconds of the clock."""
    return max(LATENCY, PER_YARDSTICK * yardstick)


@dataclass(frozen=True)
class Call:
    """One request as the server saw it, in seconds of the server's clock."""

    operation: str
    start: float
    end: float


class Account:
    """A running account: `with Account(roles=50, latency=0.04, directory=…) as account: …`."""

    def __init__(self, *, roles: int, latency: float, directory: Path) -> None:
        environment = bare_environment(directory) | _CREDENTIALS | {"AWS_DEFAULT_REGION": REGION}
        self._peer = Peer(
            [sys.executable, "-m", "benchmarks.account", str(roles), str(latency), str(directory)],
            cwd=PROJECT,
            env=environment,
            log=directory / "account.log",
        )
        ready = self._peer.ask("ready?")
        self.environment = environment | {
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{ready['port']}",
            "AWS_CA_BUNDLE": ready["ca_bundle"],
            "AWS_ACCESS_KEY_ID": ready["access_key_id"],
        }

    def calls(self) -> list[Call]:
        """The calls since the last time this was asked."""
        return [Call(*call) for call in self._peer.ask("calls?")]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._peer.__exit__()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate: Path, key: Path, latency: float) -> None:
        super().__init__(("127.0.0.1", 0), _RequestHandler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        # The handshake belongs to the thread of the connection, not to the one that accepts.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.latency = latency
        self.journal: list[Call] = []
        self.lock = threading.Lock()
        self.remembered: dict[tuple[str, bytes], tuple[int, bytes]] = {}


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for head and body
    server: _Server

    def do_POST(self) -> None:
        start = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.latency)
        status, reply = self._answer(body)
        operation = parse_qs(body.decode())["Action"][0]
        # Before the reply goes out: whatever follows from it must not seem to overlap.
        with self.server.lock:
            self.server.journal.append(Call(operation, start, time.monotonic()))
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        import requests  # noqa: PLC0415 - moto, which intercepts it, is for the server alone

        # …Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
        service = self.headers["Authorization"].split("/")[3]
        known = self.server.remembered.get((service, body))
        if known:
            return known
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        response = requests.post(
            f"https://{service}.amazonaws.com/", data=body, headers=headers, timeout=60
        )
        answer = (response.status_code, response.content)
        if not any(b"Action=" + each in body for each in _NEVER_THE_SAME):
            self.server.remembered[service, body] = answer
        return answer

    def log_message(self, *_: object) -> None:
        pass


def _create_user(iam: Any) -> str:
    name = CALLER.rpartition("/")[2]
    iam.create_user(UserName=name)
    key: str = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    return key


def _create_roles(iam: Any, count: int) -> None:
    iam.create_role(RoleName=TARGET, AssumeRolePolicyDocument=_trust("ecs-tasks"))
    for name, (actions, resource) in INLINE_POLICIES.items():
        statement = {"Effect": "Allow", "Action": actions.split(), "Resource": resource}
        iam.put_role_policy(RoleName=TARGET, PolicyName=name, PolicyDocument=_document(statement))
    for name in LARGE:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust("ecs-tasks"))
        iam.put_role_policy(RoleName=name, PolicyName="large", PolicyDocument=_large(name))
    services = ("ecs-tasks", "lambda", "states", "codebuild")
    for number in range(count - 1 - len(LARGE)):
        service = services[number % len(services)]
        iam.create_role(
            RoleName=f"team-{number % 37:02}-{service}-{number:05}",
            Description=f"Service role {number} of one of the teams",
            AssumeRolePolicyDocument=_trust(service),
        )


def _trust(service: str) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    return _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def _large(name: str) -> str:
    """A policy of its own, which takes two managed policies to carry."""
    return _document(
        *(
            {
                "Effect": "Allow",
                "Action": f"s3:Get{number:03}",
                "Resource": f"arn:aws:s3:::{name}-{number:03}/{'x' * 70}",
            }
            for number in range(50)
        )
    )


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _serve(roles: int, latency: float, directory: Path) -> None:
    import boto3  # noqa: PLC0415 - only in the server
    from moto import mock_aws  # noqa: PLC0415 - takes a second to import

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with mock_aws():
        iam = boto3.client("iam")
        who = _create_user(iam)
        _create_roles(iam, roles)
        certificate, key = write_certificate(directory)
        server = _Server(certificate, key, latency)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ready = {
            "port": server.server_port,
            "ca_bundle": str(certificate),
            "access_key_id": who,
        }
        for line in sys.stdin:
            if json.loads(line) == "ready?":
                answer: object = ready
            else:
                with server.lock:
                    calls, server.journal = server.journal, []
                answer = [(call.operation, call.start, call.end) for call in calls]
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
