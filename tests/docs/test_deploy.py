"""docs/deploy.md has every choice of the application, and the help text of its tool for rules."""

import importlib
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, page

ROWS = re.findall(r"^\| `([a-z_]+)` \| (.*?) \| ", page("docs/deploy.md").text, re.MULTILINE)
# What the table says of a key whose default is no text.
IN_WORDS = {"none": "", "nobody": ""}


def test_every_context_key_is_described_once() -> None:
    pytest.importorskip("aws_cdk")
    keys = importlib.import_module("iam_sudo_cdk.context").KEYS
    assert sorted(key for key, _ in ROWS) == sorted(keys)


def test_every_default_is_that_of_cdk_json() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    described = {key: IN_WORDS.get(text, text.strip("`")) for key, text in ROWS}
    assert described.pop("development_accounts") == "*required*"
    assert described == {key: context[key] for key in described}


HELP = re.findall(
    r"<!-- help: python -m (iam_sudo_cdk .*?) -->\n```text\n(.*?)```\n",
    page("docs/deploy.md").text,
    re.DOTALL,
)


def test_the_help_of_the_tool_for_rules_is_what_it_says() -> None:
    pytest.importorskip("aws_cdk")
    [(arguments, text)] = HELP
    environ = {**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(arguments)],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == text
