"""Which way imports run, what each room shows of itself, and how long a file may be."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import iam_sudo_core
from iam_sudo_client.cli import COMMANDS
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
        "filelock", "keyring", "platformdirs",
        "_sha2", "_sha256",  # the standard library's, of this Python or another
    },
    "iam_sudo_cdk": {
        "iam_sudo_cdk", "iam_sudo_core", "aws_cdk", "constructs", "jsii", "botocore",
    },
}  # fmt: skip

# What a room may import of its own house, itself aside. A word is a file beside the rooms, or a
# room; the house itself (`from iam_sudo_core import …`) is in none, since it brings all rooms in.
WORDS = {"arns", "credentials", "errors"}
ROOMS = {
    "iam_sudo_core.arns": WORDS,
    "iam_sudo_core.credentials": WORDS,
    "iam_sudo_core.errors": WORDS,
    "iam_sudo_core.policy": {"arns", "errors", "exports"},
    "iam_sudo_core.session": {*WORDS, "exports", "policy"},
    "iam_sudo_core.account": {*WORDS, "exports", "policy", "session"},
    "iam_sudo_core.broker": {*WORDS, "exports", "policy", "session", "account"},
    # What every kind of application has in it, whatever is done with it.
    "iam_sudo_cdk.application": {"errors", "selection"},
    "iam_sudo_client.endpoint": {"errors", "report"},
    "iam_sudo_client.ways_out": {"errors", "shared_files"},
    "iam_sudo_client.oversight": {"errors", "waiting", "ways_in"},
    "iam_sudo_client.workloads": {"errors", "waiting", "ways_in"},
    "iam_sudo_client.ways_in": {"errors", "report", "shared_files", "waiting"},
}
HANDLER = ROOT / "lambda_src" / "handler.py"
LONGEST = 250
# A sentence of the docstring, for what takes longer.
WHY_LONGER = re.compile(r"(?:^|[.!?]\s+|\n)Long, because \w")


def files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found
    return found


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def module_of(file: Path) -> str:
    """The dotted name of a file; that of a package is its folder's."""
    base = ROOT / "lambda_src" if file.is_relative_to(ROOT / "lambda_src") else ROOT
    parts = file.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for folder in PACKAGES.values() for file in files(folder)}
EVERYTHING_OF_OURS = {**MODULES, "handler": HANDLER}
# What is not deployed or installed: the demo, the benchmarks, and what several tests share.
BESIDE = [
    file
    for folder in ("demo", "benchmarks", "tests")
    for file in files(ROOT / folder)
    if not file.name.startswith("test_") and "node_modules" not in file.parts
]
PACKAGE_NAMES = sorted(name for name, file in MODULES.items() if file.name == "__init__.py")


def imported(file: Path, *, module: str | None = None) -> Iterator[tuple[str, str]]:
    """The modules that a file imports, each with the name it takes of it (empty: the module).

    Relative imports are written out. Those of functions and of type checks count as well.
    """
    package = (module or module_of(file)).split(".")
    if file.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*stem, *(node.module.split(".") if node.module else [])])
            for alias in node.names:
                if f"{source}.{alias.name}" in MODULES:
                    yield f"{source}.{alias.name}", ""
                else:
                    yield source, alias.name


def foreign(file: Path) -> set[str]:
    top = {module.split(".")[0] for module, _ in imported(file)}
    return top - set(sys.stdlib_module_names)


def is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


# Which way imports run.


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    for file in files(PACKAGES[package]):
        assert foreign(file) <= ALLOWED[package], file.name


def test_the_bundle_needs_the_standard_library_and_boto3_alone() -> None:
    assert {file.name for file in files(ROOT / "lambda_src")} >= {"handler.py", "__init__.py"}
    for file in files(ROOT / "lambda_src"):
        assert foreign(file) <= ALLOWED["iam_sudo_core"], file.name


def strays(room: str) -> list[str]:
    """The imports of a room from its own house that do not lie in its way."""
    house = room.partition(".")[0]
    allowed = [room, *(f"{house}.{word}" for word in ROOMS[room])]
    return [
        f"{module} imports {source}"
        for module, file in MODULES.items()
        if is_in(module, room)
        for source, _ in imported(file)
        if is_in(source, house) and not any(is_in(source, each) for each in allowed)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    assert any(is_in(module, room) for module in MODULES)
    assert not strays(room)


def test_a_relative_import_is_seen_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "plan.py"
    file.write_text(
        "from . import caller\nfrom .. import broker\nfrom ..broker.target import Target\n"
        "def later():\n    import iam_sudo_core.account.calls\n"
    )
    assert set(imported(file, module="iam_sudo_core.session.plan")) == {
        ("iam_sudo_core.session.caller", ""),
        ("iam_sudo_core.broker", ""),
        ("iam_sudo_core.broker.target", "Target"),
        ("iam_sudo_core.account.calls", ""),
    }


def test_the_handler_sees_the_broker_alone() -> None:
    ours = {module for module, _ in imported(HANDLER) if is_in(module, "iam_sudo_core")}
    assert ours
    assert all(is_in(module, "iam_sudo_core.broker") for module in ours), ours


def test_one_room_of_the_core_reaches_outside() -> None:
    effects = {"boto3", "botocore", "os", "pathlib", "time", "random", "socket", "subprocess"}
    reaching = {
        module
        for module, file in MODULES.items()
        if is_in(module, "iam_sudo_core")
        if {source.split(".")[0] for source, _ in imported(file)} & effects
    }
    assert reaching
    assert all(is_in(module, "iam_sudo_core.account") for module in reaching), reaching


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


# What a room shows of itself.


@pytest.mark.parametrize("package", PACKAGE_NAMES)
def test_a_package_says_what_lives_there(package: str) -> None:
    docstring = ast.get_docstring(ast.parse(MODULES[package].read_text(encoding="utf-8"))) or ""
    assert docstring.partition("\n\n")[0].endswith("."), f"{package} has no sentence about itself"


@pytest.mark.parametrize("package", PACKAGE_NAMES)
def test_the_names_that_a_package_lists_are_there(package: str) -> None:
    if package.startswith("iam_sudo_cdk"):
        pytest.importorskip("aws_cdk")
    names = importlib.import_module(package).__all__
    assert len(set(names)) == len(names)  # their order is ruff's (RUF022)
    for name in names:
        if f"{package}.{name}" not in MODULES:  # a module is listed by its name, and not loaded
            assert hasattr(importlib.import_module(package), name), name


# What is loaded when it is asked for; `test_rooms` of the client compares the two.
TAKEN_BY_NAME = {
    "iam_sudo_client.commands": {name.replace("-", "_") for name in COMMANDS},
}


def listed(package: str) -> set[str]:
    """The `__all__` of a package, read without loading it."""
    return {
        name
        for node in ast.walk(ast.parse(MODULES[package].read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in ast.literal_eval(node.value)
    }


def taken(package: str) -> Iterator[tuple[str, str, str]]:
    """Who takes what of a room: the module that does, the name, and the room's module it is of."""
    for module, file in EVERYTHING_OF_OURS.items():
        for source, name in imported(file, module=module):
            if is_in(source, package) and not is_in(module, package):
                yield module, name, source.removeprefix(package).strip(".").partition(".")[0]


@pytest.mark.parametrize("package", [name for name in PACKAGE_NAMES if "." in name])
def test_others_take_of_a_room_what_it_lists_and_it_lists_nothing_else(package: str) -> None:
    found = listed(package)
    for module, name, of_the_room in taken(package):
        assert {name, of_the_room} & found, f"{module}: {name or of_the_room}"
    # What the parts of a result are, whoever is given it may want to name; of those none is asked.
    used = {word for _, name, of_the_room in taken(package) for word in (name, of_the_room)}
    used |= TAKEN_BY_NAME.get(package, set())
    idle = {each for each in found - used if not each[0].isupper()}
    assert not idle, f"nobody takes {idle}"


def test_every_public_name_is_there() -> None:
    assert sorted(iam_sudo_core.__all__) == iam_sudo_core.__all__
    for name in iam_sudo_core.__all__:
        assert hasattr(iam_sudo_core, name)


def test_the_error_tree_is_drawn_in_its_docstring() -> None:
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.IamSudoError):
            assert name in (errors.__doc__ or ""), name


# How long a file may be, and how short.


@pytest.mark.parametrize("file", [*EVERYTHING_OF_OURS.values(), *BESIDE], ids=name_of)
def test_a_long_module_says_why(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.count("\n")
    reason = WHY_LONGER.search(ast.get_docstring(ast.parse(text)) or "")
    assert lines <= LONGEST or reason, f"{lines} lines, and no sentence 'Long, because …'"
    # The sentence goes when its reason does.
    assert lines > LONGEST or not reason, f"{lines} lines need no reason"


def test_no_file_holds_one_function_that_one_other_file_uses() -> None:
    users: dict[str, set[str]] = {module: set() for module in MODULES}
    for module, file in EVERYTHING_OF_OURS.items():
        for source, _ in imported(file, module=module):
            # An __init__ that hands a name on is not a user of it.
            if source in users and file.name != "__init__.py":
                users[source].add(module)
    lonely = {
        module: users[module]
        for module, file in MODULES.items()
        if is_one_function(file) and len(users[module]) == 1 and not is_listed(module)
    }
    assert not lonely


def is_listed(module: str) -> bool:
    """Whether a room has a file for each of a kind, as commands are, and this is one of them."""
    package, _, name = module.rpartition(".")
    return bool(package) and name in listed(package)


def is_one_function(file: Path) -> bool:
    """Whether a file defines one function and nothing else, be it public or not."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    defined = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Assign)]
    return len(defined) == 1 and isinstance(defined[0], ast.FunctionDef)


def test_the_bundle_stays_under_130_kb(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file in (ROOT / "lambda_src").rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                bundle.write(file, file.relative_to(ROOT / "lambda_src"))
    assert 5_000 < archive.stat().st_size < 130_000
