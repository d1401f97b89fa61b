"""The rooms of the client: what each may import, what each lists, what an import brings along."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

import iam_sudo_client
from iam_sudo_client import (
    cache,
    commands,
    endpoint,
    oversight,
    settings,
    ways_in,
    ways_out,
    workloads,
)
from iam_sudo_client.cli import COMMANDS, cli

CLIENT = Path(iam_sudo_client.__file__).parent
ROOMS = {
    "cache": cache,
    "commands": commands,
    "endpoint": endpoint,
    "oversight": oversight,
    "settings": settings,
    "ways_in": ways_in,
    "ways_out": ways_out,
    "workloads": workloads,
}
# Of ours, besides what is in the same room. A room that is added says here what it may import.
MAY_IMPORT = {
    "__init__": set[str](),
    "__main__": {"cache", "cli"},
    "cli": {"commands", "errors", "report"},
    "commands": {"errors", "report"} | ROOMS.keys() - {"commands"},
    "cache": set[str](),
    "endpoint": {"errors", "report"},
    "settings": {"cache", "errors"},
    "oversight": {"ways_in", "errors", "waiting"},
    "workloads": {"ways_in", "errors", "waiting"},
    "ways_in": {"errors", "report", "shared_files", "waiting"},
    "ways_out": {"errors", "shared_files"},
    "errors": set[str](),
    "report": {"errors"},
    "shared_files": {"errors"},
    "waiting": {"report"},
}


def imported(file: Path) -> list[tuple[str, ...]]:
    """The modules of the client that a file imports, in functions too: `("ways_in", "broker")`."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: say where it is from"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [name.split(".")[1:] for name in names if name.split(".")[0] == CLIENT.name]
    return [tuple(each) for each in found]


def room(file: Path) -> str:
    return file.relative_to(CLIENT).with_suffix("").parts[0]


FILES = sorted(CLIENT.rglob("*.py"))


def test_every_file_has_a_room_that_says_what_it_may_import() -> None:
    assert {room(file) for file in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CLIENT)))
def test_no_room_imports_one_above_it_or_what_another_keeps_to_itself(file: Path) -> None:
    for other, *rest in imported(file):
        if other == room(file):
            continue
        assert other in MAY_IMPORT[room(file)]
        if other in ROOMS:
            assert rest
            assert rest[0] in ROOMS[other].__all__


@pytest.mark.parametrize("name", ["", *ROOMS])
def test_a_room_says_what_lives_there_and_lists_what_is_there(name: str) -> None:
    package = importlib.import_module(f"{CLIENT.name}.{name}".rstrip("."))
    assert package.__doc__
    assert sorted(package.__all__) == package.__all__
    for module in package.__all__:
        importlib.import_module(f"{package.__name__}.{module}")


def test_every_command_is_in_the_module_of_its_name() -> None:
    assert list(COMMANDS) == [name.replace("_", "-") for name in commands.__all__]
    context = click.Context(cli)
    for name in commands.__all__:
        module = importlib.import_module(f"{commands.__name__}.{name}")
        assert cli.get_command(context, name.replace("_", "-")) is getattr(module, name)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_help_says_of_a_command_is_how_its_own_begins(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command
    assert (command.help or "").splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (
            ["cli"],
            {"boto3", "botocore", "filelock", "iam_sudo_core", "iam_sudo_client.commands"},
        ),
        # An answer of the cache waits for nothing that is slow.
        (
            ["cache.answer"],
            {"click", "botocore", "re", "json", "enum", "pathlib", "platformdirs", "filelock"},
        ),
        # A command waits for nothing that it does without.
        (
            [f"commands.{name}" for name in commands.__all__],
            {"boto3", "botocore", "filelock", "iam_sudo_core", "iam_sudo_client.workloads"},
        ),
        ([f"ways_out.{name}" for name in ways_out.__all__], {"boto3", "botocore"}),
        ([f"endpoint.{name}" for name in endpoint.__all__], {"boto3", "botocore"}),
        # Who asks the broker does not wait for what reads roles.
        (
            ["ways_in.broker", "ways_in.session", "ways_in.settings", "commands.running"],
            {
                "iam_sudo_core.account",
                "iam_sudo_core.session",
                "iam_sudo_core.policy.compaction",
                "iam_sudo_client.ways_in.local",
                "iam_sudo_client.workloads",
                "boto3",
                "botocore.session",
                "botocore.client",
                "filelock",
            },
        ),
    ],
)
def test_what_an_import_brings_along(modules: list[str], absent: set[str]) -> None:
    names = ", ".join(f"{CLIENT.name}.{module}" for module in modules)
    finished = subprocess.run(
        [sys.executable, "-c", f"import {names}, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not absent & set(finished.stdout.split())
