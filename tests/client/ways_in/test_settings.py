"""What the caller's profile sets besides who they are reaches the command."""

import json
import sys
from pathlib import Path

import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from iam_sudo_client.ways_in.session import open_session
from iam_sudo_client.ways_in.settings import handed_on
from tests.client.command_line import Run, Service

SHOW = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
OF_THE_PROFILE: dict[str, str | None] = {"AWS_PROFILE": "dev", "AWS_ENDPOINT_URL": None}


def config(tmp_path: Path, text: str) -> None:
    (tmp_path / ".aws").mkdir(exist_ok=True)
    (tmp_path / ".aws" / "config").write_text(text)


def test_endpoints_certificates_and_the_like_of_a_profile_reach_the_command(
    run: Run, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("")
    config(
        tmp_path,
        f"[profile dev]\nendpoint_url = {service.url}\nca_bundle = {tmp_path}/ca.pem\n"
        "use_fips_endpoint = true\nuse_dualstack_endpoint = true\noutput = text\n"
        "retry_mode = adaptive\nservices = local\nregion = eu-west-3\ncli_pager = more\n"
        "role_session_name = ann\nduration_seconds = 900\ns3 =\n  addressing_style = path\n"
        "[services local]\ndynamodb =\n  endpoint_url = http://localhost:8000\n"
        "elastic_beanstalk =\n  endpoint_url = http://localhost:8001\n",
    )
    finished = run(
        "simulate", "--role-name", "x", "--verbose", *SHOW,
        environ={**OF_THE_PROFILE, "AWS_REGION": None},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    shown = json.loads(finished.stdout)
    expected = {
        "AWS_ENDPOINT_URL": service.url,
        "AWS_CA_BUNDLE": f"{tmp_path}/ca.pem",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DEFAULT_OUTPUT": "text",
        "AWS_RETRY_MODE": "adaptive",
        "AWS_PAGER": "more",
        "AWS_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:8000",
        "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK": "http://localhost:8001",
    }
    assert {name: shown.get(name) for name in expected} == expected
    assert "AWS_PROFILE" not in shown
    assert "AWS_ROLE_SESSION_NAME" not in shown
    assert "no variable for: s3 of profile dev" in finished.stderr


def test_a_variable_wins_over_the_profile(run: Run, service: Service, tmp_path: Path) -> None:
    config(
        tmp_path,
        "[profile dev]\nendpoint_url = http://localhost:1\noutput = text\nservices = local\n"
        "[services local]\nlambda =\n  endpoint_url = http://localhost:2\n",
    )
    finished = run(
        "simulate", "--role-name", "x", *SHOW,
        environ={"AWS_PROFILE": "dev", "AWS_DEFAULT_OUTPUT": "json"},
    )  # fmt: skip
    shown = json.loads(finished.stdout)
    assert shown["AWS_ENDPOINT_URL"] == service.url
    assert shown["AWS_DEFAULT_OUTPUT"] == "json"
    assert "AWS_ENDPOINT_URL_LAMBDA" not in shown


def test_whatever_botocore_reads_from_a_profile_and_a_variable_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {
        keys: variables
        for keys, variables, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values()
        if isinstance(keys, str) and isinstance(variables, str) and keys != "region"
    }
    assert len(known) > 20
    config(tmp_path, "[profile dev]\n" + "".join(f"{key} = 1\n" for key in known))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / ".aws" / "config"))
    monkeypatch.setenv("AWS_PROFILE", "dev")
    found, without = handed_on(open_session("eu-west-1", {}))
    assert set(found) == set(known.values())
    assert without == []


def test_without_a_profile_the_command_reads_default_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, "[default]\noutput = text\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / ".aws" / "config"))
    assert handed_on(open_session("eu-west-1", {})) == ({}, [])
