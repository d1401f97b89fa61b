"""The command as a process of its own, and an AWS endpoint that answers it.

The broker is a small HTTP server here that answers as Lambda's Invoke does; the real one is in
`tests/emulator`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from iam_sudo_core.errors import ProofRequired
from tests.client.command_line import Run, Service

BROKER = "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo"
PROOF_REQUIRED = {
    "errorType": "ProofRequired",
    "errorMessage": str(ProofRequired(broker=BROKER)),
}


@pytest.fixture
def service() -> Iterator[Service]:
    answers = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            answers.paths.append(self.path)
            answers.authorizations.append(self.headers["Authorization"])
            asked = self.rfile.read(length)
            answers.asked.append(json.loads(asked) if asked[:1] == b"{" else asked.decode())
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            body = answers.operations.get(operation, answers.body)
            headers = answers.headers
            if answers.has_rules and "/functions/" in self.path and b'"proof"' not in asked:
                body, headers = PROOF_REQUIRED, {"X-Amz-Function-Error": "Unhandled"}
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            time.sleep(answers.seconds)
            self.send_response_only(answers.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # The interval is what `shutdown` waits for.
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    answers.url = f"http://127.0.0.1:{server.server_port}"
    yield answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(tmp_path: Path, service: Service) -> dict[str, str]:
    """An environment of one's own, with long-lived keys of a user."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "AKIAOLD",
        "AWS_SECRET_ACCESS_KEY": "old-secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": service.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run `iam-sudo` in that environment."""

    def run(
        *arguments: str, environ: dict[str, str | None] | None = None, stdin: bytes | None = None
    ) -> "subprocess.CompletedProcess[str]":
        changed = {**environment, **(environ or {})}
        finished = subprocess.run(
            [sys.executable, "-m", "iam_sudo_client", *arguments],
            env={name: value for name, value in changed.items() if value is not None},
            capture_output=True,
            check=False,
            cwd=tmp_path,
            start_new_session=True,  # no terminal
            **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
        )
        # Decoded here, as `text=True` makes "\n" of "\r" and stumbles over what is not UTF-8.
        stdout, stderr = (
            stream.decode("utf-8", "surrogateescape")
            for stream in (finished.stdout, finished.stderr)
        )
        return subprocess.CompletedProcess(finished.args, finished.returncode, stdout, stderr)

    return run
