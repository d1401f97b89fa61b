"""docs/command.md has the help texts of the command, as they are today."""

import os
import re
import shlex
import subprocess
import sys

import click
import pytest

from iam_sudo_client.cli import cli
from tests.docs.pages import page

REFERENCE = page("docs/command.md").text
HELP = re.findall(r"<!-- help: iam-sudo (.*?) -->\n```text\n(.*?)```\n", REFERENCE, re.DOTALL)


def help_text(arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "iam_sudo_client", *shlex.split(arguments)],
        env={"PATH": os.environ["PATH"], "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_command_reference_is_complete() -> None:
    assert {command for command, _ in HELP} == {"--help"} | {
        f"{command} --help" for command in cli.list_commands(click.Context(cli))
    }


@pytest.mark.parametrize(("arguments", "text"), HELP)
def test_the_command_reference_is_what_help_says(arguments: str, text: str) -> None:
    assert help_text(arguments) == text
