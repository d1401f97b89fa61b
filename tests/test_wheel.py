"""The wheel as others get it: what it carries, what it asks for, and that its broker is the same.

It is built here, and installed into folders of its own. What it stands on (boto3, the CDK) is lent
by the environment that runs the tests, without its `.pth` files: they would bring the checkout in.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from importlib.metadata import Distribution, version
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")
pytest.importorskip("build")

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PYRIGHT = ROOT / "tests" / "node_modules" / ".bin" / "pyright"
CHECKOUT = (ROOT, ROOT / "lambda_src")
SOURCES = {
    "iam_sudo_cdk": ROOT / "iam_sudo_cdk",
    "iam_sudo_cdk/lambda_src": ROOT / "lambda_src",
    "iam_sudo_client": ROOT / "iam_sudo_client",
    "iam_sudo_core": ROOT / "lambda_src" / "iam_sudo_core",
}
FIVE_LINES = """\
import aws_cdk as cdk
from iam_sudo_cdk import IamSudo, SessionPolicyStrategy
stack = cdk.Stack(app := cdk.App(), "sudo")
IamSudo(stack, "IamSudo", strategy=SessionPolicyStrategy(), development_accounts=["111122223333"])
app.synth()
"""
WHERE = """\
import iam_sudo_cdk, iam_sudo_core
print(iam_sudo_cdk.__file__, iam_sudo_core.__file__, sep="\\n")
"""
NO_CDK = "import sys; sys.modules.update(aws_cdk=None, constructs=None, jsii=None)\n"

Finished = subprocess.CompletedProcess[str]


def run(
    *command: object, cwd: Path, environ: Mapping[str, str] = os.environ, code: int = 0
) -> Finished:
    words = [str(word) for word in command]
    finished = subprocess.run(
        words, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished


def python(script: str, *, first: tuple[Path, ...], cwd: Path, code: int = 0) -> Finished:
    """Run a script with the folders `first` ahead of what is installed, without `.pth` files."""
    lent = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (*first, *lent))),
        "CDK_OUTDIR": str(cwd / "cdk.out"),
    }
    return run(sys.executable, "-S", "-P", "-c", script, cwd=cwd, environ=environ, code=code)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    if given := pytestconfig.getoption("--wheel"):
        return Path(given).resolve(strict=True)
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which pip installed the wheel, and only the wheel; pip compiles it too."""
    site = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
    beside = {k: v for k, v in os.environ.items() if k != "PYTHONPYCACHEPREFIX"}
    run(*pip, "--compile", "--target", site, wheel, cwd=site, environ=beside)
    return site


@pytest.fixture(scope="module")
def metadata(installed: Path) -> Distribution:
    (found,) = Distribution.discover(path=[str(installed)])
    return found


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


# What it carries.


def test_it_carries_the_packages_the_brokers_code_and_nothing_else(
    wheel: Path, metadata: Distribution
) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    about = f"iam_sudo_cdk-{metadata.version}.dist-info"
    assert sorted(names) == sorted(
        [f"{package}/{name}" for package, source in SOURCES.items() for name in files(source)]
        + [f"{about}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")]
        + [f"{about}/licenses/LICENSE"]
    )
    assert set(names) >= {
        "iam_sudo_cdk/lambda_src/handler.py",
        "iam_sudo_cdk/lambda_src/iam_sudo_core/broker/simulate.py",
        "iam_sudo_cdk/py.typed",
        "iam_sudo_client/py.typed",
        "iam_sudo_core/py.typed",
    }


def test_the_core_of_the_command_is_the_brokers(installed: Path) -> None:
    core, bundled = (
        {name: (folder / name).read_text() for name in files(folder)}
        for folder in (
            installed / "iam_sudo_core",
            installed / "iam_sudo_cdk" / "lambda_src" / "iam_sudo_core",
        )
    )
    assert core == bundled


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    (again,) = tmp_path.glob("*.whl")
    # RECORD lists every file with its hash.
    listed, expected = (
        archive.read(next(name for name in archive.namelist() if name.endswith("/RECORD")))
        for archive in map(zipfile.ZipFile, (again, wheel))
    )
    assert listed.decode().splitlines() == expected.decode().splitlines()
    with tarfile.open(sdist) as archive:
        assert {name.split("/")[1] for name in archive.getnames()} == {
            *("iam_sudo_cdk", "iam_sudo_client", "lambda_src", "pyproject.toml", "PKG-INFO"),
            *("LICENSE", "README.md", "CHANGELOG.md", ".gitignore"),
        }


# What it says of itself.


def test_it_is_found_among_the_constructs_of_the_cdk(metadata: Distribution) -> None:
    classifiers = metadata.metadata.get_all("Classifier") or []
    assert {"Framework :: AWS CDK", "Framework :: AWS CDK :: 2", "Typing :: Typed"} <= {
        *classifiers
    }
    assert metadata.metadata["Requires-Python"] == ">=3.11"
    assert metadata.metadata["License-Expression"] == "Apache-2.0"


def test_only_the_extra_asks_for_the_cdk(metadata: Distribution) -> None:
    required = [Requirement(text) for text in metadata.requires or []]
    assert {each.name for each in required if not each.marker} == {
        "boto3",
        "click",
        "filelock",
        "platformdirs",
    }
    extra = {
        each.name: each.specifier
        for each in required
        if each.marker and each.marker.evaluate({"extra": "cdk"})
    }
    assert extra == {
        "aws-cdk-lib": SpecifierSet(">=2.172,<3"),
        "constructs": SpecifierSet(">=10.0.5,<11"),
    }
    assert all(specifier.contains(version(name)) for name, specifier in extra.items())


def test_it_has_one_command(metadata: Distribution) -> None:
    assert [(entry.group, entry.name, entry.value) for entry in metadata.entry_points] == [
        ("console_scripts", "iam-sudo", "iam_sudo_client.__main__:main")
    ]


# An application that installs it.


def synthesize(first: tuple[Path, ...], folder: Path) -> dict[str, str]:
    """The templates and assets of the five lines, as text by file name."""
    loaded = python(FIVE_LINES + WHERE, first=first, cwd=folder).stdout.splitlines()
    assert len(loaded) == 2
    assert all(Path(file).is_relative_to(first[0]) for file in loaded), loaded
    assembly = folder / "cdk.out"
    return {
        name: (assembly / name).read_text()
        for name in files(assembly)
        if name.startswith("asset.") or name.endswith((".template.json", ".assets.json"))
    }


@pytest.fixture(scope="module")
def of_the_checkout(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return synthesize(CHECKOUT, tmp_path_factory.mktemp("checkout"))


def test_five_lines_give_the_same_broker(
    wheel: Path, of_the_checkout: dict[str, str], tmp_path: Path
) -> None:
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    assert synthesize((tmp_path / "site",), tmp_path) == of_the_checkout
    # And it is one: a template that names an asset with the handler in it.
    (handler,) = (name for name in of_the_checkout if name.endswith("/handler.py"))
    asset = handler.removeprefix("asset.").removesuffix("/handler.py")
    assert f'"S3Key": "{asset}.zip"' in of_the_checkout["sudo.template.json"]


def test_it_stays_the_same_when_python_has_compiled_what_is_installed(
    installed: Path, of_the_checkout: dict[str, str], tmp_path: Path
) -> None:
    assert list((installed / "iam_sudo_cdk" / "lambda_src").rglob("__pycache__/*.pyc"))
    assert synthesize((installed,), tmp_path) == of_the_checkout


# Someone who has types checked.

USER = """\
import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from iam_sudo_cdk import DeveloperTrust, IamSudo, RoleSelection, SessionPolicyStrategy
from iam_sudo_core import Principal, Request, RoleSelectionPolicy, RoleSnapshot, plan_sessions
from iam_sudo_core.arns import RoleArn

def open_up(stack: cdk.Stack, developers: iam.IRole) -> iam.Grant:
    strategy = SessionPolicyStrategy(selection=RoleSelection(role_names=["orders-*"]))
    sudo = IamSudo(stack, "Sudo", strategy=strategy, development_accounts=["111122223333"])
    trust = DeveloperTrust(developers=["arn:aws:iam::111122223333:role/d"],
                           development_accounts=["111122223333"])
    iam.CfnRole(stack, "Role", assume_role_policy_document={}).with_(trust)
    print(sudo.function, sudo.base_role, sudo.log_group)
    return sudo.grant_sudo(developers)

def planned(role: RoleSnapshot, base_role: RoleArn) -> list[str | None]:
    request = Request.parse({"role_name": "orders-task"})
    print(request.role_name, Principal, RoleSelectionPolicy)
    return [plan.policy for plan in plan_sessions(role, base_role=base_role)]
"""
WRONG = "\nplanned('orders-task', base_role=None).append(7)\n"


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment into which the wheel is installed; what it stands on is lent, as it is."""
    if not PYRIGHT.exists():
        pytest.skip("pyright is not installed: `make test` does it")
    folder = tmp_path_factory.mktemp("typed")
    venv.create(folder, symlinks=True)
    bin_ = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", bin_, "install", "--quiet", "--no-index")
    run(*pip, "--no-deps", "--no-compile", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "lent.pth").write_text("".join(f"{path}\n" for path in sorted(lent)))
    return folder


def pyright(environment: Path, *arguments: object, code: int = 0) -> Finished:
    """Run pyright as somebody has it who activated the environment."""
    path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path}
    return run(PYRIGHT, *arguments, cwd=environment, environ=environ, code=code)


def mypy(environment: Path, file: Path, *, code: int = 0) -> Finished:
    options = ("--strict", "--python-executable", environment / "bin" / "python")
    command = (sys.executable, "-m", "mypy", *options, "--cache-dir", environment / "mypy", file)
    return run(*command, cwd=environment, code=code)


def users_program(environment: Path, text: str) -> Path:
    (environment / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    file = environment / "user.py"
    file.write_text(text)
    return file


def test_a_users_program_passes_strict_checks(environment: Path) -> None:
    file = users_program(environment, USER)
    assert "Success" in mypy(environment, file).stdout
    assert "0 errors, 0 warnings" in pyright(environment, "--project", environment, file).stdout


def test_a_users_mistake_is_seen(environment: Path) -> None:
    file = users_program(environment, USER + WRONG)
    assert mypy(environment, file, code=1).stdout.count("error:") == 3
    seen = pyright(environment, "--project", environment, file, code=1).stdout
    assert seen.count("error:") == 3


@pytest.mark.parametrize("package", ["iam_sudo_cdk", "iam_sudo_client", "iam_sudo_core"])
def test_every_type_of_ours_is_known(environment: Path, package: str) -> None:
    # The exit code tells of less, and of what the packages that we stand on leave open.
    verify = ("--verifytypes", package, "--ignoreexternal", "--outputjson")
    path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
    finished = subprocess.run(
        [PYRIGHT, *verify],
        cwd=environment,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(finished.stdout)["typeCompleteness"]
    assert Path(found["pyTypedPath"]).is_relative_to(environment)
    open_ = [s["name"] for s in found["symbols"] if s["isExported"] and not s["isTypeKnown"]]
    assert not open_
    counts = found["exportedSymbolCounts"]
    assert counts["withKnownType"] > 100
    assert (counts["withAmbiguousType"], counts["withUnknownType"]) == (0, 0)


# Someone who wants the command alone.


def test_without_the_cdk_the_construct_says_what_to_install_in_one_line(
    installed: Path, tmp_path: Path
) -> None:
    script = NO_CDK + "import iam_sudo_cdk"
    failed = python(script, first=(installed,), cwd=tmp_path, code=1).stderr
    assert "ModuleNotFoundError" not in failed
    assert failed.splitlines()[-1] == (
        'ImportError: iam_sudo_cdk needs the AWS CDK: pip install "iam-sudo-cdk[cdk]"'
    )


def import_the_client(installed: Path) -> str:
    """The statement that imports every module of the client."""
    files = (path.relative_to(installed) for path in (installed / "iam_sudo_client").rglob("*.py"))
    names = sorted(".".join(file.with_suffix("").parts) for file in files if file.stem[0] != "_")
    assert {"iam_sudo_client.cli", "iam_sudo_client.ways_in.broker"} <= set(names)
    return f"import {', '.join(names)}\n"


def test_without_the_cdk_the_command_works(installed: Path, tmp_path: Path) -> None:
    script = (
        "import runpy\n"
        "sys.argv = ['iam-sudo', '--help']\n"
        f"runpy.run_path({str(installed / 'bin' / 'iam-sudo')!r}, run_name='__main__')"
    )
    needs_no_cdk = NO_CDK + import_the_client(installed) + script
    shown = python(needs_no_cdk, first=(installed,), cwd=tmp_path)
    assert shown.stdout.startswith("Usage: iam-sudo ")


def test_pip_installs_it_with_all_that_the_command_needs(
    wheel: Path, installed: Path, metadata: Distribution, tmp_path: Path
) -> None:
    pins = (ROOT / "requirements-client.txt").read_text().replace("-e .", "")
    (tmp_path / "pins.txt").write_text(pins)
    venv.create(tmp_path / "venv", symlinks=True)
    bin_ = tmp_path / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", bin_ / "python", "install", "--quiet")
    with_pins = ("--retries", "1", "--no-compile", "--constraint", tmp_path / "pins.txt")
    try:
        run(*pip, *with_pins, wheel, cwd=tmp_path)
    except AssertionError as failure:
        if "after connection broken by" in str(failure):
            pytest.skip("there is no package index to be reached")
        raise
    bare = {"PATH": os.defpath, "HOME": str(tmp_path)}
    shown = run(bin_ / "iam-sudo", "--version", cwd=tmp_path, environ=bare)
    assert shown.stdout == f"iam-sudo, version {metadata.version}\n"
    shown = run(bin_ / "iam-sudo", "simulate", "--help", cwd=tmp_path, environ=bare)
    assert "--role-name" in shown.stdout
    run(bin_ / "python", "-c", import_the_client(installed), cwd=tmp_path, environ=bare)
    without = run(bin_ / "python", "-c", "import iam_sudo_cdk", cwd=tmp_path, environ=bare, code=1)
    assert without.stderr.endswith('pip install "iam-sudo-cdk[cdk]"\n')
