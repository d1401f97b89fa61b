"""What the endpoint of `serve` answers: requests a second, and how long the slowest of them take.

Eight clients at once, each with a connection a request, as SDKs ask. The clients are threads of one
process, which costs at least as much as the endpoint does.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path

from benchmarks.invocation import answering
from benchmarks.report import Cell, Row, Run
from benchmarks.sides import OURS, bare_environment

REQUESTS = 1_000
CLIENTS = 8
_CLIENT = f"""
import http.client, json, os, time, urllib.parse
from concurrent.futures import ThreadPoolExecutor
uri = urllib.parse.urlsplit(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
headers = {{"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}}
def ask(_):
    began = time.perf_counter()
    connection = http.client.HTTPConnection(uri.netloc)
    connection.request("GET", uri.path, headers=headers)
    reply = connection.getresponse()
    assert reply.status == 200, reply.status
    reply.read()
    return time.perf_counter() - began
with ThreadPoolExecutor({CLIENTS}) as clients:
    began = time.perf_counter()
    took = sorted(clients.map(ask, range({REQUESTS})))
    print(json.dumps([{REQUESTS} / (time.perf_counter() - began), took[{REQUESTS} * 99 // 100]]))
"""


def measure(run: Run) -> list[Row]:
    """Measure the endpoint beside a command that asks it."""
    run.progress(f"iam-sudo serve: {run.repeat} times {REQUESTS} requests of {CLIENTS} clients")
    keys = {"AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old-secret"}
    with answering() as url:
        environ = bare_environment(run.directory) | keys
        environ |= {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "eu-west-1"}
        command: list[str | Path] = [
            OURS.command,
            "serve",
            "--role-name",
            "x",
            OURS.python,
            "-c",
            _CLIENT,
        ]
        samples = [
            json.loads(
                subprocess.run(
                    command, env=environ, stdout=subprocess.PIPE, text=True, check=True
                ).stdout
            )
            for _ in range(run.repeat)
        ]
    rates, slowest = zip(*samples, strict=True)
    return [
        Row(
            f"serve, {CLIENTS} clients, requests a second (the slowest hundredth)",
            Cell("has none"),
            Cell(
                f"{statistics.median(rates):,.0f} ({statistics.median(slowest) * 1_000:.0f} ms)",
                {"requests_a_second": rates, "p99_seconds": slowest},
            ),
            None,
            (),
        )
    ]
