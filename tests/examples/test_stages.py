"""The README's words on examples/stages."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.examples.cdk_cli import Assembly, run, synth, tags, trusts_developers

pytestmark = pytest.mark.slow

# The application, and an iam_sudo_cdk that builds nothing.
WITHOUT_US = """
import runpy, sys
from unittest.mock import MagicMock
sys.modules["iam_sudo_cdk"] = MagicMock()
runpy.run_path("app.py", run_name="__main__")
"""
BY_MISTAKE = """
import runpy
import aws_cdk as cdk
app = runpy.run_path("app.py")
prod = cdk.Environment(account=app["PROD"], region=app["REGION"])
app["Shop"](cdk.App(), "prod", env=prod, developers=f"arn:aws:iam::{app['PROD']}:role/d")
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synth("stages", tmp_path_factory.mktemp("cdk.out"))


def of_stage(assembly: Assembly, stage: str) -> dict[str, Path]:
    """The files of a stage's assembly, by name."""
    directory = assembly.directory / f"assembly-{stage}"
    return {path.name: path for path in directory.iterdir()}


def stacks(assembly: Assembly, stage: str) -> dict[str, str]:
    """Names of templates as `Assembly` takes them, by stack; the CDK's hash ends them."""
    names = [name.removesuffix(".template.json") for name in of_stage(assembly, stage)]
    return {
        name[:-8]: f"assembly-{stage}/{name}"
        for name in names
        if (assembly.directory / f"assembly-{stage}" / f"{name}.template.json").exists()
    }


def test_developers_may_assume_the_task_roles_of_dev(assembly: Assembly) -> None:
    found = stacks(assembly, "dev")
    assert set(found) == {"devorders", "devpayments", "devdeveloperaccess"}
    for name in ("devorders", "devpayments"):
        [role] = assembly.roles(found[name]).values()
        assert trusts_developers(role)
        assert tags(role) == {"iam-sudo:developers": "allowed"}
    for name, path in of_stage(assembly, "dev").items():
        assert not name.endswith(".template.json") or "IamSudo" in path.read_text()


def test_prod_has_no_trace_of_it(assembly: Assembly) -> None:
    assert set(stacks(assembly, "prod")) == {"prodorders", "prodpayments"}
    for name, path in of_stage(assembly, "prod").items():
        text = path.read_text().lower()
        assert not any(trace in text for trace in ("sudo", "developer", '"env"')), name


def test_prod_is_what_it_is_without_us(assembly: Assembly, tmp_path: Path) -> None:
    (tmp_path / "without_us.py").write_text(WITHOUT_US)
    app = shlex.join([sys.executable, str(tmp_path / "without_us.py")])
    without_us = synth("stages", tmp_path / "cdk.out", "--app", app)
    [role] = without_us.roles(stacks(without_us, "dev")["devorders"]).values()
    assert not trusts_developers(role)
    ours, theirs = of_stage(assembly, "prod"), of_stage(without_us, "prod")
    assert set(ours) == set(theirs)
    for name in ours:
        assert ours[name].read_bytes() == theirs[name].read_bytes(), name


def test_prod_cannot_be_given_developers() -> None:
    finished = run(sys.executable, "-c", BY_MISTAKE, example="stages", JSII_SILENCE_WARNING="1")
    assert finished.returncode != 0
    assert "the stack is for account 444455556666, which is not" in finished.stdout
