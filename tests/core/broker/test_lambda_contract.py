"""The broker under AWS's own runtime interface client: what Lambda would tell the caller.

The Runtime API is a small server here; `awslambdaric` is the program that runs Python functions
on AWS, so the `errorType` and `errorMessage` are those that callers will see.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("awslambdaric", reason="not installed here")

LAMBDA_SRC = Path(__file__).parents[3] / "lambda_src"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo"
SETTINGS = {
    "IAM_SUDO_BASE_ROLE": "arn:aws:iam::111122223333:role/IAMSudoUser",
    "IAM_SUDO_POLICY": json.dumps(
        {
            "allowed-role-names": ["iam-sudo-demo-*"],
            "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
            "allowed-base-roles": ["arn:aws:iam::111122223333:role/IAMSudoUser"],
        }
    ),
}

Invoke = Callable[..., tuple[str, dict[str, Any], str]]


@pytest.fixture
def invoke() -> Invoke:
    """Run the handler once, and return the path and the body it answered, and its log."""

    def invoke(event: object, *, settings: dict[str, str] = SETTINGS) -> tuple[str, Any, str]:
        answered = threading.Event()
        answer: list[tuple[str, Any]] = []

        class RuntimeApi(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                text = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "req-1")
                self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer.append((self.path.removeprefix("/2018-06-01/runtime/"), json.loads(body)))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                answered.set()

            def log_message(self, *_: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
        server.daemon_threads = True
        # The interval is what `shutdown` waits for.
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_LAMBDA_FUNCTION_NAME": "iam-sudo",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "LAMBDA_TASK_ROOT": str(LAMBDA_SRC),
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "handler.handler"],
            cwd=LAMBDA_SRC,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert answered.wait(120), "the runtime gave no answer"
        finally:
            process.kill()
            log, _ = process.communicate()
            server.shutdown()
            server.server_close()
        path, body = answer[0]
        return path, body, log

    return invoke


def test_a_refusal_has_the_class_as_its_type_and_one_line(invoke: Invoke) -> None:
    path, body, log = invoke({"role_name": "orders-task", "duration": 1})
    assert path == "invocation/req-1/error"
    assert body["errorType"] == "InvalidRequest"
    assert body["errorMessage"].startswith('invalid request: unknown key "duration"')
    assert "\n" not in body["errorMessage"]
    assert '"decision": "refused"' in log


def test_a_defect_tells_the_caller_nothing_but_where_to_look(invoke: Invoke) -> None:
    # Nobody listens at the endpoint, and there are no credentials: nothing that a caller can mend.
    path, body, log = invoke({"role_name": "orders-task"})
    assert path == "invocation/req-1/error"
    assert body["errorType"] == "BrokerFailure"
    assert body["errorMessage"].endswith("its log has the cause under request id req-1")
    assert "Credentials" in log
    assert "redentials" not in body["errorMessage"]


@pytest.mark.parametrize("variable", SETTINGS)
def test_without_its_settings_the_function_does_not_start(invoke: Invoke, variable: str) -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != variable}
    path, body, _log = invoke({"role_name": "iam-sudo-demo-task"}, settings=settings)
    assert path == "init/error"
    assert body["errorType"] == "InvalidSettings"
    assert variable in body["errorMessage"]
