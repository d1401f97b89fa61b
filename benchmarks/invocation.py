"""How long one has to wait for the command, beside a boto3 script that makes the same call.

And for an answer that is kept, beside awsume, which has none to ask for a profile of keys.

From the start of a process to its end, with byte code of everything, as users have it. Who answers
is a server of this machine, so that what is measured is the client's own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.report import Cell, Row, Run, Target, interleaved, seconds
from benchmarks.sides import AWSUME, OURS, bare_environment

# Of the same time for what cannot be left out. The targets of issue 12.
AT_MOST_OF_BOTO3 = 0.65
AT_MOST_OF_PYTHON = 5.5
# That of issue 13.
AT_MOST_OF_PYTHON_KEPT = 2.5
_SCRIPT = """
import json, boto3
reply = boto3.client("lambda").invoke(FunctionName="iam-sudo", Payload=b'{"role_name": "x"}')
assert json.load(reply["Payload"])["AccessKeyId"]
"""
_ANSWER = json.dumps(
    {
        "AccessKeyId": "ASIAGIVEN",
        "SecretAccessKey": "given-secret",
        "SessionToken": "given-token",
        "Expiration": "2030-01-02T03:04:05+00:00",
    }
).encode()
_CONFIG = "[profile dev]\nregion = eu-west-1\n"
_CREDENTIALS = "[dev]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old-secret\n"


def measure(run: Run) -> list[Row]:
    """Measure one invocation, with keys of variables and of a profile, and `--help`."""
    environ = bare_environment(run.directory)
    ours: list[str | Path] = [OURS.command, "simulate", "--no-cache", "--role-name", "x", "true"]
    with answering() as url:
        environ |= {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "eu-west-1"}
        keys = {"AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old-secret"}
        files = {
            "AWS_PROFILE": "dev",
            "AWS_CONFIG_FILE": str(_written(run.directory / "config", _CONFIG)),
            "AWS_SHARED_CREDENTIALS_FILE": str(_written(run.directory / "keys", _CREDENTIALS)),
        }
        script: list[str | Path] = [OURS.python, "-c", _SCRIPT]
        rows = [
            _row(run, f"simulate --no-cache … true, keys of {of}", script, ours, environ | who)
            for of, who in (("variables", keys), ("a profile", files))
        ]
        kept = _kept(run, environ | keys, script, environ | files)
    help_ = _row(
        run, "--help", [OURS.python, "-c", "pass"], [OURS.command, "--help"], environ,
        other="python -c pass", at_most=AT_MOST_OF_PYTHON,
    )  # fmt: skip
    return [*rows, *kept, help_]


def _kept(
    run: Run, environ: dict[str, str], script: list[str | Path], of_profile: dict[str, str]
) -> list[Row]:
    """An answer that is there already, as an SDK waits for it at every start."""
    environ = environ | {"XDG_CACHE_HOME": str(run.directory / "cache")}
    process: list[str | Path] = [OURS.command, "credential-process", "--role-name", "x"]
    simulate: list[str | Path] = [OURS.command, "simulate", "--role-name", "x", "true"]
    for command in (process, simulate):
        subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    return [
        _row(run, "simulate … true, kept", script, simulate, environ, at_most=AT_MOST_OF_BOTO3),
        _row(
            run, "credential-process, kept", [OURS.python, "-c", "pass"], process, environ,
            other="python -c pass", at_most=AT_MOST_OF_PYTHON_KEPT,
        ),
        _row(
            run, "credential-process, kept", [AWSUME, "-s", "dev"], process,
            environ | of_profile, other="awsume 4.5, a profile of keys", at_most=1,
        ),
    ]  # fmt: skip


def _row(
    run: Run,
    what: str,
    theirs: Sequence[str | Path],
    ours: Sequence[str | Path],
    environ: dict[str, str],
    *,
    other: str = "a boto3 script",
    at_most: float = AT_MOST_OF_BOTO3,
) -> Row:
    run.progress(f"iam-sudo {what}: {run.repeat} of each side")
    one, two = interleaved(
        run.repeat, lambda: _timed(theirs, environ), lambda: _timed(ours, environ)
    )
    # Of neighbours, which a busy machine makes longer together.
    ratio = statistics.median(our / their for their, our in zip(one, two, strict=True))
    beside = seconds(one)
    return Row(
        f"iam-sudo {what}",
        Cell(f"{beside.text} ({other})", beside.facts),
        seconds(two),
        None,
        (Target(f"at most {at_most} of that, {ratio:.2f}", ratio <= at_most),),
    )


def _timed(command: Sequence[str | Path], environ: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def _written(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def answering() -> Iterator[str]:
    """Somebody who answers every invocation with credentials."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(_ANSWER)))
            self.end_headers()
            self.wfile.write(_ANSWER)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
