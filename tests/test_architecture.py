"""Which way imports run, and what the broker and the client may import at all."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import iam_sudo_core
from iam_sudo_core import errors

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "iam_sudo_core": ROOT / "lambda_src" / "iam_sudo_core",
    "iam_sudo_client": ROOT / "iam_sudo_client",
    "iam_sudo_cdk": ROOT / "iam_sudo_cdk",
}
ALLOWED = {
    "iam_sudo_core": {"iam_sudo_core", "boto3", "botocore"},
    "iam_sudo_client": {
        "iam_sudo_client", "iam_sudo_core", "boto3", "botocore", "click",
        "filelock",
    },
    "iam_sudo_cdk": {"iam_sudo_cdk", "iam_sudo_core", "aws_cdk", "constructs", "jsii"},
}  # fmt: skip
# The one room of the core that reaches outside.
OUTSIDE = {"calls.py"}


def imports(file: Path) -> set[str]:
    """The top-level names that a file imports, those of its functions and of type checks too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def foreign(file: Path) -> set[str]:
    return imports(file) - set(sys.stdlib_module_names)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    files = sorted(PACKAGES[package].rglob("*.py"))
    assert files
    for file in files:
        assert foreign(file) <= ALLOWED[package], file.name


def test_the_bundle_needs_the_standard_library_and_boto3_alone() -> None:
    files = sorted((ROOT / "lambda_src").rglob("*.py"))
    assert {file.name for file in files} >= {"handler.py", "calls.py"}
    for file in files:
        assert foreign(file) <= ALLOWED["iam_sudo_core"], file.name


def test_the_bundle_stays_under_80_kb(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file in (ROOT / "lambda_src").rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                bundle.write(file, file.relative_to(ROOT / "lambda_src"))
    assert 5_000 < archive.stat().st_size < 80_000


def test_one_room_of_the_core_reaches_outside() -> None:
    effects = {"boto3", "botocore", "os", "pathlib", "time", "random", "socket", "subprocess"}
    for file in PACKAGES["iam_sudo_core"].rglob("*.py"):
        assert bool(imports(file) & effects) == (file.name in OUTSIDE), file.name


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("iam_sudo_core", {"boto3", "botocore"}),
        ("iam_sudo_client.ways_in.broker", {"aws_cdk", "jsii", "constructs"}),
        ("iam_sudo_client.cli", {"boto3", "botocore", "aws_cdk", "jsii"}),
    ],
)
def test_what_an_import_brings_along(module: str, absent: set[str]) -> None:
    script = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not absent & set(finished.stdout.split())


def test_every_public_name_is_there() -> None:
    assert sorted(iam_sudo_core.__all__) == iam_sudo_core.__all__
    for name in iam_sudo_core.__all__:
        assert hasattr(iam_sudo_core, name)


def test_the_error_tree_is_drawn_in_its_docstring() -> None:
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.IamSudoError):
            assert name in (errors.__doc__ or ""), name
