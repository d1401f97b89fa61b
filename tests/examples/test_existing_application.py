"""The README's words on examples/existing-application."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.examples.cdk_cli import Assembly, synth, tags, trusts_developers
from tests.examples.test_stages import WITHOUT_US

pytestmark = pytest.mark.slow

STACKS = ("account", "orders", "payments")


def templates(assembly: Assembly, stage: str) -> dict[str, dict[str, Any]]:
    """A stage's templates by stack, without the version of the metadata."""
    directory = assembly.directory / f"assembly-pipeline-{stage}"
    return {
        stack: json.loads(path.read_text())
        for stack in STACKS
        for path in directory.glob(f"pipeline{stage}{stack}*.template.json")
    }


def roles(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        id_.rstrip("0123456789ABCDEF"): resource["Properties"]
        for id_, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synth("existing-application", tmp_path_factory.mktemp("cdk.out"))


def test_what_is_used_is_open_and_the_helper_is_not(assembly: Assembly) -> None:
    dev = templates(assembly, "dev")
    opened = {
        stack: {id_ for id_, role in roles(template).items() if trusts_developers(role)}
        for stack, template in dev.items()
    }
    assert opened == {
        "account": {"Payments"},
        "orders": {"TaskRole"},
        "payments": {"NotifierServiceRole"},
    }
    for template in dev.values():
        for role in roles(template).values():
            assert trusts_developers(role) == ("iam-sudo:developers" in tags(role))


def test_the_account_has_one_owner_of_the_policy_to_attach(assembly: Assembly) -> None:
    owners = [
        stack
        for stack, template in templates(assembly, "dev").items()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    assert owners == ["account"]


@pytest.mark.parametrize("strategy", ["tag-trust", "session-policy", "both"])
def test_production_is_what_it_is_without_us(strategy: str, tmp_path: Path) -> None:
    chosen = ("-c", f"strategy={strategy}")
    (tmp_path / "without_us.py").write_text(WITHOUT_US)
    app = shlex.join([sys.executable, str(tmp_path / "without_us.py")])
    ours = synth("existing-application", tmp_path / "ours", *chosen)
    theirs = synth("existing-application", tmp_path / "theirs", *chosen, "--app", app)
    assert set(templates(ours, "prod")) == set(STACKS)
    assert templates(ours, "prod") == templates(theirs, "prod")
    assert templates(ours, "dev") != templates(theirs, "dev")
    assert "nothing is built in account 444455556666" in ours.said
