"""The caller's own session, and what is said where there is none."""

import logging

import pytest

from iam_sudo_client.ways_in.session import CallerSession
from tests.client.command_line import Run, one_error


def test_botocore_writes_out_no_reply_of_a_client(
    caller: CallerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("botocore"), "level", logging.DEBUG)
    caller.client("ssm")
    assert not logging.getLogger("botocore.parsers").isEnabledFor(logging.DEBUG)


def test_no_region(run: Run) -> None:
    finished = run("simulate", "--role-name", "orders-task", "true", environ={"AWS_REGION": None})
    assert "--region" in one_error(finished, 253)


def test_no_credentials(run: Run) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", "true", environ={"AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None},
    )  # fmt: skip
    assert "no usable AWS credentials" in one_error(finished, 253)


def test_no_such_profile(run: Run) -> None:
    finished = run(
        "simulate", "--role-name", "orders-task", "true", environ={"AWS_PROFILE": "nobody"}
    )
    assert "nobody" in one_error(finished, 253)


def test_nobody_listens(run: Run) -> None:
    environ: dict[str, str | None] = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    finished = run("simulate", "--role-name", "orders-task", "true", environ=environ)
    assert "cannot be reached" in one_error(finished, 254)
