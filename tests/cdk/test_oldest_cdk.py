"""Which CDKs the library takes, and what it says on others."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk

from iam_sudo_cdk.application import ROLE_TYPE, resources
from iam_sudo_cdk.oldest_cdk import OLDEST, refuse_older_cdk
from tests.cdk.opened import task_role
from tests.cdk.templates import IS_OLD, stack

ROOT = Path(__file__).parents[2]


def requirement(name):
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (found,) = (each for each in extra["cdk"] if each.startswith(name))
    return found.partition(">=")[2].partition(",")[0]


def pinned(name):
    lines = (ROOT / "requirements-oldest-cdk.txt").read_text().splitlines()
    (found,) = (line.partition("==")[2] for line in lines if line.startswith(f"{name}=="))
    return found


def test_the_oldest_is_the_one_that_the_package_asks_for_and_that_is_tested():
    oldest = ".".join(map(str, OLDEST))
    assert requirement("aws-cdk-lib") == oldest
    assert pinned("aws-cdk-lib") == f"{oldest}.0"
    assert requirement("constructs") == pinned("constructs")


@pytest.mark.skipif(not IS_OLD, reason="make test runs this on the oldest CDK")
def test_it_is_the_oldest_that_is_installed():
    assert version("aws-cdk-lib") == pinned("aws-cdk-lib")
    assert version("constructs") == pinned("constructs")


@pytest.mark.slow
def test_on_an_older_cdk_the_import_says_the_version_in_one_line(tmp_path):
    metadata = tmp_path / "aws_cdk_lib-2.171.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: aws-cdk-lib\nVersion: 2.171.1\n")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "try:\n    import iam_sudo_cdk\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "iam_sudo_cdk needs aws-cdk-lib 2.172 or newer, and 2.171.1 is installed: "
        'pip install --upgrade "iam-sudo-cdk[cdk]"\n'
    )


@pytest.mark.parametrize(
    ("installed", "is_refused"),
    [("1.204.0", True), ("2.92.0", True), ("2.171.1", True), ("2.172.0", False), ("3.0.0", False)],
)
def test_versions_are_compared_as_numbers(installed, is_refused, monkeypatch):
    monkeypatch.setattr("iam_sudo_cdk.oldest_cdk.version", lambda _: installed)
    if is_refused:
        with pytest.raises(ImportError, match=f"and {installed} is installed"):
            refuse_older_cdk()
    else:
        refuse_older_cdk()


@pytest.mark.slow
@pytest.mark.parametrize("selector", ["there", "not there"])
def test_resources_are_found_by_type_whatever_the_cdk_can_look_for(selector, monkeypatch):
    if selector == "not there":
        monkeypatch.delattr(cdk, "ConstructSelector", raising=False)
    scope = stack()
    role = task_role(scope)
    plain = cdk.CfnResource(scope, "Plain", type=ROLE_TYPE)
    cdk.CfnResource(scope, "Other", type="AWS::SNS::Topic")
    found = [each.node.path for each in resources(scope, ROLE_TYPE)]
    assert found == [f"{role.node.path}/Resource", plain.node.path]
