"""The README says what is so: its help texts, its context keys, its error messages."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
HELP = re.findall(r"<!-- help: iam-sudo (.*?) -->\n```text\n(.*?)```\n", README, re.DOTALL)


def help_text(arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "iam_sudo_client", *shlex.split(arguments)],
        env={"PATH": os.environ["PATH"], "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_command_reference_is_complete() -> None:
    assert [command for command, _ in HELP] == [
        "--help",
        "simulate --help",
        "explain --help",
        "assume --help",
    ]


@pytest.mark.parametrize(("arguments", "text"), HELP)
def test_the_command_reference_is_what_help_says(arguments: str, text: str) -> None:
    assert help_text(arguments) == text


def test_every_context_key_is_described() -> None:
    pytest.importorskip("aws_cdk")
    keys = importlib.import_module("iam_sudo_cdk.context").KEYS
    described = re.findall(r"^\| `([a-z_]+)` \| ", README, re.MULTILINE)
    assert sorted(described) == sorted(keys)


def test_every_message_of_the_troubleshooting_is_one_that_we_give() -> None:
    source = "".join(
        file.read_text()
        for folder in ("lambda_src", "iam_sudo_client", "iam_sudo_cdk")
        for file in sorted((ROOT / folder).rglob("*.py"))
    )
    joined = re.sub(r'"\s*\n\s*f?"', "", source)  # literals that stand on several lines
    section = README.split("## Troubleshooting")[1].split("\n## ")[0]
    messages = re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE)))
    assert len(messages) > 15
    for message in messages:
        for part in re.split(r'…|: |"[^"]*"|\b[\d,]+\b|eu-west-1|GetRole', message):
            words = part.strip(" ;:")
            if len(words) > 3 and words != "IAM_SUDO_POLICY":
                assert words in joined, message
