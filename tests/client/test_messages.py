"""Every message of what goes wrong before CMD, in one table: a situation, and its exact line.

A line says what happened, where, and the next step. What answers is a server that speaks as AWS
does; variables, files, helpers and sockets are real. In a line, {url}, {host}, {home} and {port}
stand for what differs from run to run.
"""

import hashlib
import importlib.util
import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from demo.certificate import write_certificate
from tests.client.command_line import Run, Service

ANN = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: lambda:InvokeFunction"
ON = "on resource: arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo"
NESTED = ANN.replace("iam::111122223333:user/ann", "sts::1:assumed-role/IAMSudoUser/iam-sudo-x")
HTML = b"<html><head><title>Blocked by policy</title></head><body>S3CR3T</body></html>"
NOBODY: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
DEV: dict[str, str | None] = {**NOBODY, "AWS_PROFILE": "dev"}


@dataclass(frozen=True)
class Situation:
    """What is there when somebody types `arguments`, and the line that they get.

    `files` are in ~/.aws; `answer` is (status, code, message), `body` what is answered instead of
    a message, `operations` what single ones of ECS, SSM, … are; `date` how many minutes AWS's clock
    is ahead.
    """

    line: str
    environ: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, str | bytes] = field(default_factory=dict)
    answer: tuple[int, str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    date: int = 0
    body: Any = None
    operations: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("simulate", "--role-name", "orders-task", "true")


def config(text: str, **more: str | bytes) -> dict[str, str | bytes]:
    return {"config": f"[profile dev]\nregion = eu-west-1\n{text}\n", **more}


def helper(code: str) -> dict[str, str | bytes]:
    return config(f'credential_process = {sys.executable} -c "{code}"')


def denied(how: str, who: str = ANN) -> tuple[int, str, str]:
    return (403, "AccessDeniedException", f"{who} {ON} {how}".strip())


def xml(code: str, message: str) -> bytes:
    """An error as STS and IAM answer it."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"<ErrorResponse>{error}</ErrorResponse>".encode()


TASK = {
    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/orders:7",
    "taskRoleArn": "arn:aws:iam::111122223333:role/orders-task",
    "executionRoleArn": "arn:aws:iam::111122223333:role/orders-execution",
    "containerDefinitions": [
        {"name": "web", "secrets": [{"name": "PASSWORD", "valueFrom": "/orders/password"}]}
    ],
}


def of(workload: str, *more: str) -> tuple[str, ...]:
    return ("simulate", "--role-of", workload, *more, "--", "true")


def task(**more: Any) -> dict[str, Any]:
    return {"DescribeTaskDefinition": {"taskDefinition": {**TASK, **more}}}


LOOK = ANN.replace("lambda:InvokeFunction", "ecs:DescribeServices")
ROLE = config(
    "role_arn = arn:aws:iam::111122223333:role/dev\nsource_profile = base",
    credentials="[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = S3CR3T\n",
)
TABLE: dict[str, Situation] = {
    # What was written down.
    "a variable of settings that is none": Situation(
        "the settings of IAM_SUDO_LOCAL cannot be used: it is 'si', and has to be one of true, "
        "false. Correct it.",
        environ={"IAM_SUDO_LOCAL": "si"},
    ),
    "a project's file with a slip": Situation(
        "the settings of {home}/.iam-sudo.toml cannot be used: it has 'default', and may have "
        "[defaults] and [roles.NAME]. Correct it.",
        files={"../.iam-sudo.toml": "[default]\n"},
    ),
    "a project that would run a command": Situation(
        "the settings of {home}/.iam-sudo.toml cannot be used: [roles.orders-task] has 'command', "
        "and may have role-name, role-of, region, principal, base-role, policy, function-name, "
        "local, assume, caller-profile, cache. Correct it.",
        files={"../.iam-sudo.toml": "[roles.orders-task]\ncommand = 'rm -r ~'\n"},
    ),
    "a project that changes the broker": Situation(
        "{home}/.iam-sudo.toml wants function-name = 'theirs', which needs your yes, and there is "
        "no terminal to ask on; run iam-sudo in a terminal once, or give --function-name yourself",
        files={"../.iam-sudo.toml": "[defaults]\nfunction-name = 'theirs'\n"},
    ),
    "no such profile of the caller": Situation(
        'there is no AWS profile "nobody"; set --caller-profile to one that ~/.aws/config or '
        "~/.aws/credentials has, or unset it",
        arguments=("simulate", "--caller-profile", "nobody", "--role-name", "orders-task", "true"),
    ),
    # Commands that hand credentials on.
    "a profile that asks us as itself": Situation(
        "the profile that you are asks iam-sudo for its credentials, which would ask itself; give "
        "--caller-profile, or write the profile anew by iam-sudo configure",
        environ={"IAM_SUDO_ASKING": "1"},
        arguments=("credential-process", "--role-name", "orders-task"),
    ),
    "a profile that is somebody": Situation(
        "--profile 'dev' would change who somebody is: {home}/.aws/config has it with "
        "role_arn. Choose another name, --profile iam-sudo-dev for one; --force writes it all "
        "the same.",
        files=config("role_arn = x\nsource_profile = y"),
        arguments=("configure", "--profile", "dev", "--role-name", "orders-task"),
    ),
    "a profile with keys of its own": Situation(
        "--profile 'base' would change who somebody is: {home}/.aws/credentials has keys of it, "
        "which would win. Choose another name, --profile iam-sudo-base for one; --force writes it "
        "all the same.",
        files={"credentials": "[base]\naws_access_key_id = A\naws_secret_access_key = S3CR3T\n"},
        arguments=("configure", "--profile", "base", "--role-name", "orders-task"),
    ),
    "a format that is none": Situation(
        "--format 'toml' is none; choose one of json, env, fish, powershell, cmd, docker",
        arguments=("export", "--format", "toml", "--role-name", "orders-task"),
    ),
    "the role itself, and a broker": Situation(
        "--assume is the role itself, and --function-name is of a simulated one; leave one of "
        "them out",
        arguments=(
            "export",
            "--assume",
            "--function-name",
            "x",
            "--role-name",
            "orders-task",
        ),
    ),
    "a service that is none": Situation(
        "--service 'S3?' is no service of the console, such as s3",
        arguments=("console", "--service", "S3?", "--role-name", "orders-task"),
    ),
    "a console that is not known": Situation(
        "the console of partition aws-iso (region us-iso-east-1) is not known; choose another "
        "--region",
        arguments=("console", "--region", "us-iso-east-1", "--role-name", "orders-task"),
    ),
    "no sign-in token": Situation(
        "AWS gives no sign-in token (HTTP 200); is there a proxy or a portal in between "
        "(HTTPS_PROXY, NO_PROXY, VPN)?",
        environ={"AWS_ENDPOINT_URL_SIGNIN": "http://127.0.0.1:{port}"},
        arguments=("console", "--role-name", "orders-task"),
    ),
    "a broker that cannot list": Situation(
        '"iam-sudo" in eu-west-1 is a broker of an earlier version, which cannot list roles; '
        "deploy it anew",
        body={
            "errorType": "InvalidRequest",
            "errorMessage": 'invalid request: unknown key "list"; known: role_name, principal',
        },
        headers={"X-Amz-Function-Error": "Unhandled"},
        arguments=("list",),
    ),
    "a list that is none": Situation(
        'the reply of "iam-sudo" in eu-west-1 is not what was asked for: roles is missing; is this '
        "function the iam-sudo broker?",
        arguments=("list",),
    ),
    "a shell that is not known": Situation(
        "'tcsh' is no shell that is known here: bash, zsh, fish",
        arguments=("completion", "tcsh"),
    ),
    # The user's files.
    "a config file with a byte order mark": Situation(
        "the file {home}/.aws/config cannot be read: it starts with a byte order mark "
        "(U+FEFF). Repair it, or name another with AWS_CONFIG_FILE.",
        files={"config": "\ufeff[default]\n"},
    ),
    "a config file with a section twice": Situation(
        "the file {home}/.aws/config cannot be read: line 4 begins a section that is "
        "there already (DuplicateSectionError). Repair it, or name another with "
        "AWS_CONFIG_FILE.",
        files={"config": "[default]\nregion = x\n[profile a]\n[default]\n"},
    ),
    "a config file with a key twice": Situation(
        "the file {home}/.aws/config cannot be read: line 3 sets a key that the "
        "section has already (DuplicateOptionError). Repair it, or name another with "
        "AWS_CONFIG_FILE.",
        files={"config": "[default]\na = 1\nA = 2\n"},
    ),
    "a config file that is not UTF-8": Situation(
        "the file {home}/.aws/config cannot be read: line 3 has a byte that is not "
        "UTF-8. Repair it, or name another with AWS_CONFIG_FILE.",
        files={"config": b"[default]\na = 1\nb = \xe9\n"},
    ),
    "a config file with a line that is none": Situation(
        "the file {home}/.aws/config cannot be read: line 2 is none that AWS tools "
        "accept (ParsingError). Repair it, or name another with AWS_CONFIG_FILE.",
        files={"config": "[default]\nS3CR3T\n"},
    ),
    "a config file without a section": Situation(
        "the file {home}/.aws/config cannot be read: line 1 is none that AWS tools "
        "accept (MissingSectionHeaderError). Repair it, or name another with "
        "AWS_CONFIG_FILE.",
        files={"config": "region = S3CR3T\n"},
    ),
    "a credentials file with a line that is none": Situation(
        "the file {home}/.aws/credentials cannot be read: line 2 is none that AWS "
        "tools accept (ParsingError). Repair it, or name another with "
        "AWS_SHARED_CREDENTIALS_FILE.",
        files={"credentials": "[default]\nS3CR3T\n"},
    ),
    "a nested value that is none": Situation(
        "the file {home}/.aws/config cannot be read: a value that begins on a line of "
        "its own has to be lines of key = value. Repair it.",
        files={"config": "[default]\ns3 =\n  S3CR3T\n"},
    ),
    "no such profile": Situation(
        'there is no AWS profile "orders"; set AWS_PROFILE to one that ~/.aws/config '
        "or ~/.aws/credentials has, or unset it",
        environ={"AWS_PROFILE": "orders"},
        files=config(""),
    ),
    "no such profile, but one like it": Situation(
        'there is no AWS profile "dve"; set AWS_PROFILE to one, "dev" for one, that '
        "~/.aws/config or ~/.aws/credentials has, or unset it",
        environ={"AWS_PROFILE": "dve"},
        files=config(""),
    ),
    "an empty profile name": Situation(
        'there is no AWS profile ""; set AWS_PROFILE to one that ~/.aws/config or '
        "~/.aws/credentials has, or unset it",
        environ={"AWS_PROFILE": ""},
    ),
    "a profile without anything": Situation(
        "no usable AWS credentials in profile dev: it has neither keys nor a login; "
        "choose another AWS_PROFILE, or complete it",
        environ=DEV,
        files=config(""),
    ),
    "no credentials": Situation(
        "no usable AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID, …, or "
        "configure a profile in ~/.aws/config",
        environ=NOBODY,
    ),
    "no credentials, but profiles": Situation(
        "no usable AWS credentials: set AWS_PROFILE to one of your profiles (dev), or "
        "AWS_ACCESS_KEY_ID, …",
        environ=NOBODY,
        files=config(""),
    ),
    "no region": Situation(
        "no region: give --region, or set AWS_REGION or the region of a profile",
        environ={"AWS_REGION": None},
    ),
    "no region in the profile": Situation(
        "no region: give --region, or set AWS_REGION or the region of profile x",
        environ={"AWS_REGION": None, "AWS_PROFILE": "x"},
        files={"config": "[profile x]\n"},
    ),
    "an empty region": Situation(
        "no region: give --region, or set AWS_REGION or the region of a profile",
        environ={"AWS_REGION": ""},
    ),
    # Values that are none.
    "a region that is none": Situation(
        '"eu west" is no region\'s name, such as eu-west-1: check --region, AWS_REGION, '
        "AWS_DEFAULT_REGION and the region of your profile",
        environ={"AWS_REGION": "eu west"},
    ),
    "a region with a carriage return": Situation(
        '"eu-west-1\\r" is no region\'s name, such as eu-west-1: check --region, '
        "AWS_REGION, AWS_DEFAULT_REGION and the region of your profile",
        environ={"AWS_REGION": "eu-west-1\r"},
    ),
    "a number that is none": Situation(
        'AWS_MAX_ATTEMPTS is "many", which is no value of it; correct it',
        environ={"AWS_MAX_ATTEMPTS": "many"},
    ),
    "a timeout that is none": Situation(
        'AWS_METADATA_SERVICE_TIMEOUT is "1s", which is no value of it; correct it',
        environ={"AWS_METADATA_SERVICE_TIMEOUT": "1s"},
    ),
    "a number of the profile that is none": Situation(
        'metadata_service_timeout of profile dev is "soon", which is no value of it; correct it',
        environ=DEV,
        files=config("metadata_service_timeout = soon"),
    ),
    "an endpoint without a scheme": Situation(
        'the endpoint is "localhost:4566", which is no URL, such as http://localhost:4566; check '
        "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… and endpoint_url of your profile",
        environ={"AWS_ENDPOINT_URL": "localhost:4566"},
    ),
    "an endpoint that is none": Situation(
        'the endpoint is "http://", which is no URL, such as http://localhost:4566; check '
        "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… and endpoint_url of your profile",
        environ={"AWS_ENDPOINT_URL": "http://"},
    ),
    "an endpoint whose port is none": Situation(
        'the endpoint is "http://…@localhost:99999", which is no URL, such as '
        "http://localhost:4566; check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… and endpoint_url of "
        "your profile",
        environ={"AWS_ENDPOINT_URL": "http://ann:S3CR3T@localhost:99999"},
    ),
    "--local, and an endpoint that is none": Situation(
        'AWS_ENDPOINT_URL_STS is "sts", which is no URL, such as http://localhost:4566; check '
        "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… and endpoint_url of your profile",
        environ={"AWS_ENDPOINT_URL_STS": "sts"},
        arguments=("simulate", "--local", "--role-name", "orders-task", "true"),
    ),
    "assume, and a setting that is none": Situation(
        "The configured value 'odd' for 'account_id_endpoint_mode' is invalid. Valid values are: "
        "('preferred', 'disabled', 'required'); correct the variable, or the key of your profile",
        environ={"AWS_ACCOUNT_ID_ENDPOINT_MODE": "odd"},
        arguments=("assume", "--role-name", "orders-task", "true"),
    ),
    "--local, and a mode of defaults that is none": Situation(
        "Client configured with invalid defaults mode: odd. Valid defaults modes include: legacy, "
        "auto, standard, in-region, cross-region, mobile; correct the variable, or the key of your "
        "profile",
        environ={"AWS_DEFAULTS_MODE": "odd"},
        arguments=("simulate", "--local", "--role-name", "orders-task", "true"),
    ),
    "a metadata endpoint that is none": Situation(
        'AWS_EC2_METADATA_SERVICE_ENDPOINT is "x", which is no URL; correct or unset it',
        environ={**NOBODY, "AWS_EC2_METADATA_SERVICE_ENDPOINT": "x"},
    ),
    "an older file of credentials that is not there": Situation(
        "no usable AWS credentials from the file of AWS_CREDENTIAL_FILE: it is none of "
        "credentials, or is not there; correct or unset the variable",
        environ={**NOBODY, "AWS_CREDENTIAL_FILE": "/no/file"},
    ),
    "a proxy of colons": Situation(
        "the proxy for AWS is no URL, such as http://proxy.example.com:8080; correct "
        "HTTPS_PROXY or HTTP_PROXY",
        environ={"HTTP_PROXY": "::::", "http_proxy": "::::"},
    ),
    "a bundle that is not there": Situation(
        'there is no file of certificates "/no/ca.pem"; correct AWS_CA_BUNDLE, '
        "ca_bundle of your profile or REQUESTS_CA_BUNDLE, or unset it",
        environ={"AWS_CA_BUNDLE": "/no/ca.pem"},
    ),
    "a proxy that is none": Situation(
        "the proxy for AWS is no URL, such as http://proxy.example.com:8080; correct "
        "HTTPS_PROXY or HTTP_PROXY",
        environ={"HTTP_PROXY": "http://[", "http_proxy": "http://["},
    ),
    "a metadata mode that is none": Situation(
        'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is "x"; set it to ipv4 or ipv6, or unset it',
        environ={**NOBODY, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "x"},
    ),
    # The caller's credentials.
    "a token with a carriage return": Situation(
        "the variable AWS_SESSION_TOKEN has a character that no credential has "
        "(U+000D, a carriage return): set it again without it; a file with Windows "
        "line ends leaves one",
        environ={"AWS_SESSION_TOKEN": "S3CR3T\r"},
    ),
    "a key id with a blank": Situation(
        "the variable AWS_ACCESS_KEY_ID has a character that no credential has "
        "(U+0020, a blank): set it again without it",
        environ={"AWS_ACCESS_KEY_ID": "AKIA OLD"},
    ),
    "a secret with a line feed": Situation(
        "the variable AWS_SECRET_ACCESS_KEY has a character that no credential has "
        "(U+000A, a line feed): set it again without it",
        environ={"AWS_SECRET_ACCESS_KEY": "S3CR3T\n"},
    ),
    "an older token variable": Situation(
        "the variable AWS_SECURITY_TOKEN has a character that no credential has "
        "(U+0009, a tab): set it again without it",
        environ={"AWS_SECURITY_TOKEN": "S3CR3T\t"},
    ),
    "a credentials file with an umlaut": Situation(
        "aws_secret_access_key of profile dev of the credentials file has a character "
        "that no credential has (U+00E9): set it again without it",
        environ=DEV,
        files=config(
            "", credentials="[dev]\naws_access_key_id = A\naws_secret_access_key = S3CR3Té\n"
        ),
    ),
    "no secret": Situation(
        "no usable AWS credentials from the variables AWS_ACCESS_KEY_ID, …: "
        "AWS_SECRET_ACCESS_KEY is missing; set it, or unset AWS_ACCESS_KEY_ID",
        environ={"AWS_SECRET_ACCESS_KEY": None},
    ),
    "no secret in the profile": Situation(
        "no usable AWS credentials from profile dev of the credentials file: "
        "aws_secret_access_key is missing; complete the profile",
        environ=DEV,
        files=config("", credentials="[dev]\naws_access_key_id = A\n"),
    ),
    "credentials that expired by their variable": Situation(
        "no usable AWS credentials from the variables AWS_ACCESS_KEY_ID, …: "
        "AWS_CREDENTIAL_EXPIRATION says that they have expired; get new ones (or unset "
        "it, if they are new)",
        environ={"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
    ),
    "an expiration that is no time": Situation(
        "no usable AWS credentials from the variables AWS_ACCESS_KEY_ID, …: "
        "AWS_CREDENTIAL_EXPIRATION is no time, such as 2026-01-31T12:00:00Z; unset it",
        environ={"AWS_CREDENTIAL_EXPIRATION": "soon"},
    ),
    "a helper that is not there": Situation(
        "no usable AWS credentials from credential_process of profile dev: there is no "
        'program "helper"; install it, or correct the command',
        environ=DEV,
        files=config("credential_process = /no/helper --token S3CR3T"),
    ),
    "a helper that may not run": Situation(
        'no usable AWS credentials from credential_process of profile dev: "etc" '
        "cannot be run (Permission denied); correct the command",
        environ=DEV,
        files=config("credential_process = /etc"),
    ),
    "a helper that prints no JSON": Situation(
        'no usable AWS credentials from credential_process of profile dev: "python" '
        "prints no JSON of credentials; run it by hand to see what it says",
        environ=DEV,
        files=helper("print('S3CR3T')"),
    ),
    "a helper that fails": Situation(
        'no usable AWS credentials from credential_process of profile dev: "python" '
        "failed; run it by hand to see what it says",
        environ=DEV,
        files=helper("raise SystemExit('S3CR3T')"),
    ),
    "a helper of another version": Situation(
        'no usable AWS credentials from credential_process of profile dev: "python" '
        'prints no "Version": 1; run it by hand to see what it says',
        environ=DEV,
        files=helper("print('{}')"),
    ),
    "a helper that prints no keys": Situation(
        'no usable AWS credentials from credential_process of profile dev: "python" '
        "prints no AccessKeyId and SecretAccessKey; run it by hand to see what it says",
        environ=DEV,
        files=helper("print('{\\\"Version\\\": 1}')"),
    ),
    "a helper that prints a list": Situation(
        'no usable AWS credentials from credential_process of profile dev: "python" '
        "prints no JSON of credentials; run it by hand to see what it says",
        environ=DEV,
        files=helper("print('[]')"),
    ),
    "a helper with expired credentials": Situation(
        'no usable AWS credentials from credential_process of profile dev: "python" '
        "prints credentials that have expired; run it by hand to see what it says",
        environ=DEV,
        files=helper(
            "import json; print(json.dumps(dict(Version=1, AccessKeyId='A', SecretAccessKey="
            "'S3CR3T', SessionToken='t', Expiration='2020-01-01T00:00:00Z')))"
        ),
    ),
    "a helper with an open quote": Situation(
        "no usable AWS credentials from credential_process of profile dev: its command "
        "is none: an empty one, or a quote that does not end; correct it",
        environ=DEV,
        files=config("credential_process = 'x"),
    ),
    "a token file that is not there": Situation(
        "no usable AWS credentials from AWS_WEB_IDENTITY_TOKEN_FILE: the token file "
        "/no/token cannot be read (No such file or directory); correct or unset it",
        environ={**NOBODY, "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/token", "AWS_ROLE_ARN": "arn:x"},
    ),
    "a token file and no role": Situation(
        "no usable AWS credentials from AWS_WEB_IDENTITY_TOKEN_FILE: there is a token "
        "file and no role; set AWS_ROLE_ARN, or unset the file",
        environ={**NOBODY, "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/token"},
    ),
    "an SSO profile without a login": Situation(
        "no usable AWS credentials from the SSO session of profile dev: there is no "
        "usable token in ~/.aws/sso/cache; log in again (aws sso login --profile dev), "
        "or choose another AWS_PROFILE",
        environ=DEV,
        files=config(
            "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x"
        ),
    ),
    "an SSO profile with a truncated cache": Situation(
        "no usable AWS credentials from the SSO session of profile dev: there is no "
        "usable token in ~/.aws/sso/cache; log in again (aws sso login --profile dev), "
        "or choose another AWS_PROFILE",
        environ=DEV,
        files=config(
            "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x",
            **{"sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json": '{"accessToken": "SECR'},
        ),
    ),
    "an SSO profile that lacks a key": Situation(
        "no usable AWS credentials from the SSO session of profile dev: The profile "
        '"dev" is configured to use SSO but is missing required configuration: '
        "sso_start_url, sso_region; correct the profile",
        environ=DEV,
        files=config("sso_account_id = 1\nsso_role_name = r"),
    ),
    "an SSO session that is not there": Situation(
        "no usable AWS credentials from the SSO session of profile dev: The specified "
        'sso-session does not exist: "s"; correct the profile',
        environ=DEV,
        files=config("sso_session = s\nsso_account_id = 1\nsso_role_name = r"),
    ),
    "an aws login profile without its library": Situation(
        "no usable AWS credentials from the aws login session of profile dev: it takes a library "
        'that is not installed; pip install "iam-sudo-cdk[login]"',
        environ=DEV,
        files=config("login_session = arn:aws:iam::111122223333:user/ann"),
    ),
    "an SSO login, and no AWS CLI": Situation(
        "no usable AWS credentials from the SSO session of profile dev: there is no usable token "
        "in ~/.aws/sso/cache; log in again, or choose another AWS_PROFILE",
        environ={**DEV, "PATH": "/nowhere"},
        files=config(
            "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x"
        ),
    ),
    "a profile with a part of an SSO login": Situation(
        "no usable AWS credentials in profile dev: what its profile has of them (sso_session) is "
        "not all; complete it",
        environ=DEV,
        files=config("sso_session = s"),
    ),
    "an SSO profile whose region is none": Situation(
        "no usable AWS credentials from the SSO session of profile dev: a value in it is none of "
        "its key; correct the profile",
        environ=DEV,
        files=config(
            "sso_account_id = 1\nsso_role_name = r\nsso_region = eu west\nsso_start_url = https://x"
        ),
    ),
    "a role whose source has nothing": Situation(
        "no usable AWS credentials from the role_arn of profile dev: the source that it names has "
        "no credentials; correct credential_source",
        environ=DEV,
        files=config("role_arn = arn:x\ncredential_source = Environment"),
    ),
    "a role whose duration is none": Situation(
        "no usable AWS credentials from the role_arn of profile dev: a value in it is none of its "
        "key; correct the profile",
        environ=DEV,
        files=config(
            "role_arn = arn:x\nsource_profile = b\nduration_seconds = x\n"
            "[profile b]\naws_access_key_id = A\naws_secret_access_key = S3CR3T"
        ),
    ),
    "services that are not there": Situation(
        'The profile is configured to use the services section but the "no" services configuration '
        "does not exist; correct the variable, or the key of your profile",
        environ={"AWS_PROFILE": "dev", "AWS_ENDPOINT_URL": None},
        files=config("services = no"),
    ),
    "services that are none": Situation(
        "a setting of AWS tools cannot be used (AttributeError); check the variables "
        "AWS_ENDPOINT_URL, AWS_… and the keys of profile dev",
        environ={"AWS_PROFILE": "dev", "AWS_ENDPOINT_URL": None},
        files=config("services = s\n[services s]\nlambda = x"),
    ),
    "a role without a source": Situation(
        "no usable AWS credentials from the role_arn of profile dev: source_profile or "
        "credential_source is missing; complete the profile",
        environ=DEV,
        files=config("role_arn = arn:x"),
    ),
    "a source profile that is not there": Situation(
        "no usable AWS credentials from the role_arn of profile dev: The "
        'source_profile "no" referenced in the profile "dev" does not exist; correct '
        "the profile",
        environ=DEV,
        files=config("role_arn = arn:x\nsource_profile = no"),
    ),
    "a loop of source profiles": Situation(
        "no usable AWS credentials from the role_arn of profile dev: Infinite loop in "
        "credential configuration detected. Attempting to load from profile dev which "
        "has already been visited. Visited profiles: ['dev', 'b']; correct the profile",
        environ=DEV,
        files=config(
            "role_arn = a\nsource_profile = b\n[profile b]\nrole_arn = b\nsource_profile = dev"
        ),
    ),
    "a container's URI of another host": Situation(
        "no usable AWS credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: its host "
        "is none that AWS tools ask without TLS; correct or unset the variable",
        environ={**NOBODY, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"},
    ),
    "a container that does not answer": Situation(
        "no usable AWS credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: what is "
        "there does not answer with credentials; start it, or unset the variable",
        environ={**NOBODY, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x"},
    ),
    "a container's token with a line end": Situation(
        "no usable AWS credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: its "
        "authorization token has a line end; correct the variable or the file",
        environ={
            **NOBODY,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "S3CR3T\n",
        },
    ),
    "a container's token file that is not there": Situation(
        "no usable AWS credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: "
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read; correct or unset it",
        environ={
            **NOBODY,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/no/token",
        },
    ),
    # What AWS answers.
    "no such function": Situation(
        'there is no function "iam-sudo" in eu-west-1, account 111122223333; choose '
        "another --region, --function-name or AWS_PROFILE, or deploy the broker there",
        answer=(
            404,
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo",
        ),
    ),
    "denied without a policy": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo because no "
        "identity-based policy allows the lambda:InvokeFunction action; if the broker "
        "is there, ask its owner for grant_sudo; if not, choose another --region or "
        "AWS_PROFILE",
        answer=denied("because no identity-based policy allows the lambda:InvokeFunction action"),
    ),
    "denied by a service control policy": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo with an explicit deny "
        "in a service control policy; that is your organization's: ask whoever manages "
        "it",
        answer=denied("with an explicit deny in a service control policy"),
    ),
    "denied by a resource control policy": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo with an explicit deny "
        "in a resource control policy; that is your organization's: ask whoever "
        "manages it",
        answer=denied("with an explicit deny in a resource control policy"),
    ),
    "denied by a permissions boundary": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo because no "
        "permissions boundary allows the lambda:InvokeFunction action; that is yours: "
        "ask whoever gave it to you",
        answer=denied("because no permissions boundary allows the lambda:InvokeFunction action"),
    ),
    "denied by a session policy": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo because no session "
        "policy allows the lambda:InvokeFunction action; that is of the session you "
        "are in: choose another AWS_PROFILE",
        answer=denied("because no session policy allows the lambda:InvokeFunction action"),
    ),
    "denied by an endpoint": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo because no VPC "
        "endpoint policy allows the lambda:InvokeFunction action; that is your "
        "network's: ask whoever runs it, or leave it (VPN)",
        answer=denied("because no VPC endpoint policy allows the lambda:InvokeFunction action"),
    ),
    "denied in a session of ours": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        "User: arn:aws:sts::1:assumed-role/IAMSudoUser/iam-sudo-x is not authorized to "
        "perform: lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-west-1:111122223333:function:iam-sudo with an explicit deny "
        "in an identity-based policy; you are in a session of iam-sudo already: leave "
        "its shell, or set AWS_PROFILE and unset AWS_ACCESS_KEY_ID",
        answer=denied("with an explicit deny in an identity-based policy", NESTED),
    ),
    "expired": Situation(
        'your AWS credentials have expired (Invoke of "iam-sudo" in eu-west-1); set '
        "AWS_ACCESS_KEY_ID, … anew, or choose another AWS_PROFILE",
        answer=(403, "ExpiredTokenException", "The security token is expired"),
    ),
    "unknown keys": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: UnrecognizedClientException: The '
        "security token is invalid; AWS does not know your credentials: they were "
        "deleted, are of another partition, or the account has not enabled eu-west-1; set "
        "AWS_ACCESS_KEY_ID, … anew, or choose another AWS_PROFILE",
        answer=(403, "UnrecognizedClientException", "The security token is invalid."),
    ),
    "temporary keys without a token": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: UnrecognizedClientException: The '
        "security token is invalid; AWS does not know your credentials: they are "
        "temporary, and the session token is missing; set AWS_SESSION_TOKEN too",
        environ={"AWS_ACCESS_KEY_ID": "ASIAOLD"},
        answer=(403, "UnrecognizedClientException", "The security token is invalid."),
    ),
    "a wrong secret": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: InvalidSignatureException: the '
        "secret access key is not that of the access key id; set AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, together",
        answer=(
            403,
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided: S3CR3T",
        ),
    ),
    "a clock that is slow": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: the clock of this machine is off '
        "(20 minutes slow); set it, by NTP for one, and try again",
        answer=(
            403,
            "InvalidSignatureException",
            "Signature expired: 20261125T120000Z is now earlier than 20261125T121500Z",
        ),
        date=20,
    ),
    "a clock that is fast": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: the clock of this machine is off '
        "(20 minutes fast); set it, by NTP for one, and try again",
        answer=(403, "InvalidSignatureException", "Signature not yet current: 20261125T120000Z is"),
        date=-20,
    ),
    "throttled": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: TooManyRequestsException: Rate '
        "Exceeded; AWS is throttling: wait a little and try again",
        answer=(429, "TooManyRequestsException", "Rate Exceeded."),
    ),
    "a function that is pending": Situation(
        '"iam-sudo" in eu-west-1 cannot run now: ResourceConflictException: The '
        "operation cannot be performed at this time. The function is currently in the "
        "following state: Pending; wait a minute and try again",
        answer=(
            409,
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the "
            "following state: Pending",
        ),
    ),
    "a function that is inactive": Situation(
        '"iam-sudo" in eu-west-1 cannot run now: ResourceNotReadyException: The '
        "function is inactive; wait a minute and try again",
        answer=(502, "ResourceNotReadyException", "The function is inactive."),
    ),
    "a key that the function may not use": Situation(
        '"iam-sudo" in eu-west-1 cannot run now: KMSAccessDeniedException: Lambda was '
        "unable to decrypt; it may not use the key of its environment: tell its owner",
        answer=(502, "KMSAccessDeniedException", "Lambda was unable to decrypt"),
    ),
    "a failure of Lambda": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: ServiceException: An error '
        "occurred; try again, and if it stays, see the AWS Health Dashboard",
        answer=(500, "ServiceException", "An error occurred"),
    ),
    # What AWS quotes of a request is not repeated, and 4xx is nothing to be tried again.
    "a signature that is quoted": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: OddException: no valid header: \'…; trying '
        "again does not help: check the options, AWS_PROFILE and the region",
        answer=(
            403,
            "OddException",
            "no valid header: 'AWS4-HMAC-SHA256 Credential=AKIAOLD/x, Signature=S3CR3T'.",
        ),
    ),
    "a header that AWS cannot read": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: IncompleteSignatureException: the secret '
        "access key is not that of the access key id; set AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, together",
        answer=(403, "IncompleteSignatureException", "AWS4-HMAC-SHA256 Signature=S3CR3T"),
    ),
    "a token that is quoted": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: OddException: no such token …; trying again '
        "does not help: check the options, AWS_PROFILE and the region",
        environ={"AWS_SESSION_TOKEN": "S3CR3T"},
        answer=(400, "OddException", "no such token S3CR3T"),
    ),
    "an endpoint of another region": Situation(
        'Invoke of "iam-sudo" in eu-west-1 failed: InvalidSignatureException: what answers is of '
        "another region than eu-west-1; choose another --region, or correct AWS_ENDPOINT_URL and "
        "endpoint_url of your profile",
        answer=(
            403,
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'eu-west-1'.",
        ),
    ),
    "denied by a policy of one's own": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        f"{ANN} {ON} with an explicit deny in an identity-based policy; that is yours, and a grant "
        "does not help: ask whoever gave it to you; many ask for MFA",
        answer=denied("with an explicit deny in an identity-based policy"),
    ),
    "denied by the function's own policy": Situation(
        'you may not invoke the broker "iam-sudo" in eu-west-1, account 111122223333: '
        f"{ANN} {ON} with an explicit deny in a resource-based policy; no grant helps against "
        "that: ask its owner",
        answer=denied("with an explicit deny in a resource-based policy"),
    ),
    "a function without an address": Situation(
        '"iam-sudo" in eu-west-1 cannot run now: SubnetIPAddressLimitReachedException: none left; '
        "its settings do not let it run: tell its owner",
        answer=(502, "SubnetIPAddressLimitReachedException", "none left"),
    ),
    "a proxy's JSON": Situation(
        'what answers for "iam-sudo" in eu-west-1 is not AWS (HTTP 403, application/json); is '
        "there a proxy or a portal in between (HTTPS_PROXY, NO_PROXY, VPN)?",
        answer=(403, "", ""),
        body={"message": "blocked: S3CR3T"},
        headers={"Content-Type": "application/json"},
    ),
    "a reply without end": Situation(
        'the reply of "iam-sudo" in eu-west-1 is not what was asked for; is this function the '
        "iam-sudo broker?",
        body=b"[" * 100_000,
    ),
    "a role of the profile whose source is unknown": Situation(
        "the role_arn of profile dev: AssumeRole failed: InvalidClientTokenId: The security token "
        "is invalid; AWS does not know your credentials: they were deleted, are of another "
        "partition, or the account has not enabled eu-west-1; log in again, or choose another "
        "AWS_PROFILE",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        body=xml("InvalidClientTokenId", "The security token is invalid."),
    ),
    "a role of the profile whose source has another secret": Situation(
        "the role_arn of profile dev: AssumeRole failed: SignatureDoesNotMatch: the secret access "
        "key is not that of the access key id; log in again, or choose another AWS_PROFILE",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        body=xml("SignatureDoesNotMatch", "The request signature does not match"),
    ),
    "a role of the profile that is asked for too long": Situation(
        "the role_arn of profile dev: AssumeRole failed: ValidationError: DurationSeconds exceeds "
        "the 1 hour session limit; correct the profile (role_arn, role_session_name, "
        "duration_seconds, …)",
        environ=DEV,
        files=ROLE,
        answer=(400, "", ""),
        body=xml("ValidationError", "DurationSeconds exceeds the 1 hour session limit"),
    ),
    "a region without STS": Situation(
        "the role_arn of profile dev: AssumeRole failed: RegionDisabledException: STS is not "
        "activated in this region; choose another --region, or have the account enable it",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        body=xml("RegionDisabledException", "STS is not activated in this region"),
    ),
    "assume, and a policy that is too large": Situation(
        "AssumeRole failed: PackedPolicyTooLarge: too large; correct --policy, or make it shorter",
        arguments=(
            "assume",
            "--role-name",
            "arn:aws:iam::111122223333:role/orders-task",
            "--policy",
            '{"Version": "2012-10-17", "Statement": []}',
            "true",
        ),
        answer=(400, "", ""),
        body=xml("PackedPolicyTooLarge", "too large"),
    ),
    "an empty variable for certificates": Situation(
        "'no-such': command not found. Check its spelling and your PATH; it is run without a "
        "shell, so aliases and functions are unknown.",
        environ={"REQUESTS_CA_BUNDLE": ""},
        arguments=("simulate", "--role-name", "orders-task", "no-such"),
    ),
    "a proxy's page": Situation(
        'what answers for "iam-sudo" in eu-west-1 is not AWS (HTTP 403, text/html); is '
        "there a proxy or a portal in between (HTTPS_PROXY, NO_PROXY, VPN)?",
        answer=(403, "", ""),
        body=HTML,
        headers={"Content-Type": "text/html"},
    ),
    "a portal's page instead of an answer": Situation(
        'what answers for "iam-sudo" in eu-west-1 is not AWS (HTTP 200); is there a '
        "proxy or a portal in between (HTTPS_PROXY, NO_PROXY, VPN)?",
        body=HTML,
    ),
    "a proxy that wants a password": Situation(
        'what answers for "iam-sudo" in eu-west-1 is not AWS (HTTP 407); is there a '
        "proxy or a portal in between (HTTPS_PROXY, NO_PROXY, VPN)?",
        answer=(407, "", ""),
        body=b"",
    ),
    # The caller's own role, by STS.
    "a role of the profile that is denied": Situation(
        "the role_arn of profile dev: AssumeRole failed: AccessDenied: User: ann is "
        "not authorized to perform: sts:AssumeRole; the role does not trust you, or "
        "your own permissions do not allow it",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        body=xml("AccessDenied", "User: ann is not authorized to perform: sts:AssumeRole"),
    ),
    "a role of the profile with an expired source": Situation(
        "the role_arn of profile dev: your AWS credentials have expired (AssumeRole); "
        "log in again, or choose another AWS_PROFILE",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        body=xml("ExpiredToken", "It expired"),
    ),
    "a role of the profile, and a proxy's page": Situation(
        "the role_arn of profile dev: what answered AssumeRole is not AWS (HTTP 403); "
        "is there a proxy or a portal in between (HTTPS_PROXY, NO_PROXY, VPN)?",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        body=HTML,
    ),
    "a clock that is slow, by STS": Situation(
        "the role_arn of profile dev: AssumeRole failed: the clock of this machine is "
        "off (20 minutes slow); set it, by NTP for one, and try again",
        environ=DEV,
        files=ROLE,
        answer=(403, "", ""),
        date=20,
        body=xml("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than 2026"),
    ),
    "an SSO session that has no access": Situation(
        "the SSO session of profile dev: GetRoleCredentials failed: "
        "ForbiddenException: No access; your own permissions do not allow it",
        environ={**DEV, "PATH": "/nowhere"},
        files=config(
            "sso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-1\nsso_start_url = https://x",
            **{
                # The name is what botocore makes of the URL.
                f"sso/cache/{hashlib.sha1(b'https://x').hexdigest()}.json": json.dumps(  # noqa: S324
                    {"accessToken": "S3CR3T", "expiresAt": "2099-01-01T00:00:00Z"}
                ),
            },
        ),
        answer=(403, "ForbiddenException", "No access"),
    ),
    # With one's own permissions.
    "--local, and a read that is denied": Situation(
        "GetRole failed: AccessDenied: User: ann may not iam:GetRole; your own "
        "permissions do not allow it",
        answer=(403, "", ""),
        body=xml("AccessDenied", "User: ann may not iam:GetRole"),
        arguments=("simulate", "--local", "--role-name", "orders-task", "true"),
    ),
    "--local, throttled": Situation(
        "GetRole failed: Throttling: Rate exceeded; AWS is throttling: wait a little and try again",
        answer=(400, "", ""),
        body=xml("Throttling", "Rate exceeded"),
        arguments=("simulate", "--local", "--role-name", "orders-task", "true"),
    ),
    "assume, by keys that are unknown": Situation(
        "GetCallerIdentity failed: InvalidClientTokenId: The token is invalid; AWS "
        "does not know your credentials: they were deleted, are of another "
        "partition, or the account has not enabled eu-west-1; set AWS_ACCESS_KEY_ID, … anew, or "
        "choose another AWS_PROFILE",
        answer=(403, "", ""),
        body=xml("InvalidClientTokenId", "The token is invalid."),
        arguments=("assume", "--role-name", "orders-task", "true"),
    ),
    # What the function answers.
    "a refusal": Situation(
        "orders-task: may not be simulated",
        body={"errorType": "RoleNotSelected", "errorMessage": "orders-task: may not be simulated"},
        headers={"X-Amz-Function-Error": "Unhandled"},
    ),
    "a broker that is throttled": Situation(
        'the broker "iam-sudo" in eu-west-1 failed: GetRole failed: Throttling: slow; try again',
        body={"errorType": "AwsCallFailed", "errorMessage": "GetRole failed: Throttling: slow"},
        headers={"X-Amz-Function-Error": "Unhandled"},
    ),
    "a broker whose base role is gone": Situation(
        'the broker "iam-sudo" in eu-west-1 failed: AssumeRole failed: AccessDenied: '
        "no; tell its owner",
        body={"errorType": "AwsCallFailed", "errorMessage": "AssumeRole failed: AccessDenied: no"},
        headers={"X-Amz-Function-Error": "Unhandled"},
    ),
    "a function out of memory": Situation(
        '"iam-sudo" in eu-west-1 failed: Runtime.OutOfMemory: signal: killed; is this '
        "function the iam-sudo broker?",
        body={"errorType": "Runtime.OutOfMemory", "errorMessage": "signal: killed"},
        headers={"X-Amz-Function-Error": "Unhandled"},
    ),
    "somebody else's function": Situation(
        'the reply of "iam-sudo" in eu-west-1 is not what was asked for: AccessKeyId '
        "is missing; is this function the iam-sudo broker?",
        body={"statusCode": 200, "body": "S3CR3T"},
    ),
    # The network.
    "nobody listens": Situation(
        '"iam-sudo": 127.0.0.1:9 (region eu-west-1) cannot be reached: no such host, '
        "or nobody listens; check the region, AWS_ENDPOINT_URL, the network and "
        "HTTPS_PROXY",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    ),
    "no such host": Situation(
        '"iam-sudo": no-such-host.invalid (region eu-west-1) cannot be reached: no '
        "such host, or nobody listens; check the region, AWS_ENDPOINT_URL, the network "
        "and HTTPS_PROXY",
        environ={"AWS_ENDPOINT_URL": "http://no-such-host.invalid"},
    ),
    "a server that closes": Situation(
        '"iam-sudo": 127.0.0.1:{closes} (region eu-west-1) closed the connection '
        "before it answered; check proxy and VPN",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:{closes}"},
    ),
    "a certificate that nobody trusts": Situation(
        '"iam-sudo": TLS with 127.0.0.1:{tls} (region eu-west-1) failed: certificate '
        "verify failed: self-signed certificate; name the certificates of your network "
        "by AWS_CA_BUNDLE",
        environ={"AWS_ENDPOINT_URL": "https://127.0.0.1:{tls}"},
    ),
    "a certificate that the bundle does not have": Situation(
        '"iam-sudo": TLS with 127.0.0.1:{tls} (region eu-west-1) failed: certificate '
        "verify failed: self-signed certificate; name the certificates of your network "
        "by AWS_CA_BUNDLE (it is {home}/other.pem)",
        environ={
            "AWS_ENDPOINT_URL": "https://127.0.0.1:{tls}",
            "AWS_CA_BUNDLE": "{home}/other.pem",
        },
    ),
    "TLS where there is none": Situation(
        '"iam-sudo": TLS with 127.0.0.1:{port} (region eu-west-1) failed '
        "(WRONG_VERSION_NUMBER); check whether it is https in AWS_ENDPOINT_URL and "
        "http in HTTPS_PROXY",
        environ={"AWS_ENDPOINT_URL": "{https}"},
    ),
    "a proxy that is not there": Situation(
        '"iam-sudo": the proxy 127.0.0.1:9 cannot be reached; check HTTPS_PROXY, or '
        "name lambda.eu-west-1.amazonaws.com in NO_PROXY",
        environ={
            "AWS_ENDPOINT_URL": "https://lambda.eu-west-1.amazonaws.com",
            "HTTPS_PROXY": "http://ann:S3CR3T@127.0.0.1:9",
        },
    ),
    # CMD.
    "a variable before CMD": Situation(
        "'FOO=1': command not found. To set a variable, put env before it: env FOO=1 CMD.",
        arguments=("simulate", "--role-name", "x", "FOO=1", "env"),
    ),
    "a whole command in quotes": Situation(
        "'echo hi': command not found. Leave out the quotes around the whole of it, or "
        "put sh -c before them.",
        arguments=("simulate", "--role-name", "x", "echo hi"),
    ),
    "a command that is not there": Situation(
        "'no-such': command not found. Check its spelling and your PATH; it is run "
        "without a shell, so aliases and functions are unknown.",
        arguments=("simulate", "--role-name", "x", "no-such"),
    ),
    # --role-of.
    "a workload without a type": Situation(
        '--role-of "orders" has no type; give ecs:CLUSTER/SERVICE, '
        "task-definition:FAMILY[:REVISION], lambda:FUNCTION[:ALIAS], stack:STACK/LOGICAL_ID, "
        "ec2:INSTANCE_ID, state-machine:NAME",
        arguments=of("orders"),
    ),
    "a workload of another form": Situation(
        '--role-of "ecs:orders" is not of the form ecs:CLUSTER/SERVICE',
        arguments=of("ecs:orders"),
    ),
    "a workload in another region": Situation(
        "ecs:dev/orders is in us-east-1, and you ask in eu-west-1; give --region us-east-1",
        arguments=of("arn:aws:ecs:us-east-1:111122223333:service/dev/orders"),
    ),
    "a workload that one may not look up": Situation(
        f"ecs:dev/orders: DescribeServices failed: AccessDeniedException: {LOOK} because no "
        "identity-based policy allows it; ask for ecs:DescribeServices, or name the role itself "
        "by --role-name",
        answer=(400, "", ""),
        body={
            "__type": "AccessDeniedException",
            "message": f"{LOOK} because no identity-based policy allows it",
        },
        arguments=of("ecs:dev/orders"),
    ),
    "a cluster that is not there": Situation(
        "ecs:dev/orders: there is no cluster dev in eu-west-1; check the name, --region and "
        "AWS_PROFILE (aws ecs list-clusters)",
        answer=(400, "", ""),
        body={"__type": "ClusterNotFoundException", "message": "Cluster not found."},
        arguments=of("ecs:dev/orders"),
    ),
    "a service that is not there": Situation(
        "ecs:dev/orders: cluster dev of eu-west-1 has no such service; check the name, --region "
        "and AWS_PROFILE (aws ecs list-services --cluster dev)",
        operations={"DescribeServices": {"services": [], "failures": [{"reason": "MISSING"}]}},
        arguments=of("ecs:dev/orders"),
    ),
    "a task without a role": Situation(
        "task-definition:orders: task definition orders:7 has no task role, so its containers have "
        "no permissions; give it one (taskRoleArn), or name a role by --role-name",
        operations=task(taskRoleArn=""),
        arguments=of("task-definition:orders"),
    ),
    "a workload whose service cannot be asked": Situation(
        "task-definition:orders: 127.0.0.1:9 (region eu-west-1) cannot be reached: no such host, "
        "or nobody listens; check the region, AWS_ENDPOINT_URL, the network and HTTPS_PROXY",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        arguments=of("task-definition:orders"),
    ),
    # --environment.
    "a CMD where a container is": Situation(
        '--environment: task-definition:orders has no container "python"; it has web. CMD comes '
        "after --, as in --environment -- CMD",
        operations=task(),
        arguments=of("task-definition:orders", "--environment", "python"),
    ),
    "several containers": Situation(
        "--environment: task-definition:orders has several containers (proxy, web); name one, as "
        "in --environment proxy -- CMD",
        operations=task(containerDefinitions=[{"name": "web"}, {"name": "proxy"}]),
        arguments=of("task-definition:orders", "--environment"),
    ),
    "a parameter that is not there": Situation(
        "task-definition:orders: PASSWORD (/orders/password) cannot be read as the execution role "
        "orders-execution: there is no such parameter",
        operations=task() | {"GetParameters": {"Parameters": []}},
        arguments=of("task-definition:orders", "--environment"),
    ),
    "a task without an execution role": Situation(
        "task-definition:orders: PASSWORD (/orders/password) cannot be read: the task definition "
        "has no execution role, and ECS could not either; --secrets-as caller reads it by your own "
        "permissions",
        operations=task(executionRoleArn=""),
        arguments=of("task-definition:orders", "--environment"),
    ),
    "a name without its workload": Situation(
        "--environment needs the workload and not its role alone: name it by --role-of ecs:…, "
        "task-definition:… or lambda:…",
        arguments=("simulate", "--role-name", "x", "--environment", "--", "true"),
    ),
    "a variable to keep that is not there": Situation(
        "--keep NO_SUCH: your shell has no such variable; export it, or leave --keep out",
        arguments=of("task-definition:orders", "--environment", "--keep", "NO_SUCH"),
    ),
    # The endpoint.
    "serve, and nobody to know the token": Situation(
        "without CMD nobody would know the token: give CMD, or --token-file FILE for programs that "
        "have AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=FILE",
        arguments=("serve", "--role-name", "x"),
    ),
    "serve at an address that anybody reaches": Situation(
        "--host '0.0.0.0' is no address at which SDKs ask without TLS; it is 127.0.0.1, or for "
        "containers 169.254.170.2, 169.254.170.23, fd00:ec2::23, as docs/recipes.md shows",
        arguments=("serve", "--role-name", "x", "--host", "0.0.0.0", "true"),  # noqa: S104
    ),
    "serve one role twice": Situation(
        "the role x is there twice; leave one out",
        arguments=("serve", "--role-name", "x", "--role-name", "x", "true"),
    ),
    "serve roles whose variables are the same": Situation(
        "the roles x-y and x_y would have one variable, IAM_SUDO_X_Y_URI; serve them apart",
        arguments=("serve", "--role-name", "x-y", "--role-name", "x_y", "true"),
    ),
    "--refresh of what lasts an hour": Situation(
        "--refresh renews for CMD alone, and what --profile saves lasts an hour; leave one of them "
        "out",
        arguments=("simulate", "--refresh", "--role-name", "x", "--profile", "p", "true"),
    ),
    "a token file that others can read": Situation(
        '--token-file ".aws/token" is not yours alone: others may have read it; remove it, and a '
        "new one is made",
        files={"token": "S3CR3T"},
        arguments=("serve", "--role-name", "x", "--token-file", ".aws/token"),
    ),
    "credentials that had ended when they came": Situation(
        "the credentials of orders-task ended 2026-11-22 13:00:00 UTC, when they had just come; "
        "check the clock of this machine",
        arguments=("simulate", "--refresh", "--role-name", "orders-task", "true"),
    ),
    # --profile.
    "a profile of the config file": Situation(
        "--profile 'orders' would change who somebody is: {home}/.aws/config has it "
        "with role_arn. Choose another name, --profile iam-sudo-orders for one; "
        "--force writes it all the same.",
        files={"config": "[profile orders]\nrole_arn = x\nsource_profile = y\n"},
        arguments=("simulate", "--role-name", "x", "--profile", "orders"),
    ),
    "the default profile": Situation(
        "--profile 'default' would change who somebody is: it is what every tool takes "
        "that is told no profile. Choose another name, --profile iam-sudo-default for "
        "one; --force writes it all the same.",
        arguments=("simulate", "--role-name", "x", "--profile", "default"),
    ),
}


def put(home: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = home / ".aws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@contextmanager
def listening(talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """A port at which `talk` is what becomes of every connection."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with suppress(OSError), connection:
                    talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def places(tmp_path: Path, service: Service) -> Iterator[dict[str, str]]:
    """What differs from run to run: ports, and the home."""
    for name in ("tls", "other"):
        (tmp_path / name).mkdir()
        certificate, key = write_certificate(tmp_path / name)
        certificate.replace(tmp_path / f"{name}.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem", tmp_path / "tls" / key.name)
    with (
        listening(lambda connection: connection.recv(10)) as closes,
        listening(lambda connection: context.wrap_socket(connection, server_side=True)) as tls,
    ):
        yield {
            "home": str(tmp_path),
            "closes": str(closes),
            "tls": str(tls),
            "https": service.url.replace("http:", "https:"),
            "port": service.url.rpartition(":")[2],
        }


def filled(text: str, places: dict[str, str]) -> str:
    return re.sub(r"\{(home|closes|tls|https|port)\}", lambda name: places[name[1]], text)


def said(
    run: Run, service: Service, places: dict[str, str], situation: Situation, *more: str
) -> str:
    """All that is printed on standard error."""
    put(Path(places["home"]), situation.files)
    if situation.answer:
        status, code, message = situation.answer
        service.fails(status, code, message)
    theirs = datetime.now(UTC) + timedelta(minutes=situation.date)
    date = {"Date": format_datetime(theirs, usegmt=True)}
    service.headers = {**date, **service.headers, **situation.headers}
    service.operations = situation.operations
    if situation.body is not None:
        service.body = situation.body
    command, *rest = situation.arguments
    environ = {name: value and filled(value, places) for name, value in situation.environ.items()}
    finished = run(command, *more, *rest, environ={"LC_ALL": "C.UTF-8", **environ})
    assert finished.returncode != 0
    assert finished.stdout == ""
    return finished.stderr


@pytest.mark.parametrize("name", TABLE)
def test_a_situation_has_its_line(
    run: Run, service: Service, places: dict[str, str], name: str
) -> None:
    if "its library" in name and importlib.util.find_spec("awscrt"):
        pytest.skip("the library is installed")
    situation = TABLE[name]
    printed = said(run, service, places, situation, "--debug")
    errors = [line for line in printed.splitlines() if line.startswith(("ERROR", "WARNING"))]
    assert errors == [f"ERROR: {filled(situation.line, places)}"]
    for secret in ("S3CR3T", "old-secret", "given-", "Signature=", "AWS4-HMAC"):
        assert secret not in printed
    assert "unexpected" not in printed


@pytest.mark.parametrize(
    "name", ["credentials that expired by their variable", "an SSO profile without a login"]
)
def test_without_debug_the_line_is_all(
    run: Run, service: Service, places: dict[str, str], name: str
) -> None:
    assert said(run, service, places, TABLE[name]) == f"ERROR: {TABLE[name].line}\n"
