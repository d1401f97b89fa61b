"""docs/audit.md has each field that the broker writes, and no other."""

import ast
import json
import re
from pathlib import Path

import pytest

from iam_sudo_core import errors
from iam_sudo_core.broker.audit import malformed_rules
from iam_sudo_core.broker.published import Published
from tests.core.broker.in_memory import EVERY_RULE, InMemory, ask
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "audit.md").read_text()
CORE = ROOT / "lambda_src" / "iam_sudo_core"
ONE = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
}


def documented(after: str) -> set[str]:
    """The fields of the first table after a text."""
    table = PAGE.partition(after)[2].partition("|---|---|\n")[2].partition("\n\n")[0]
    return {
        field for row in table.splitlines() for field in re.findall(r"`(\w+)`", row.split("|")[1])
    }


def noted(file: Path) -> set[str]:
    """The facts that a file notes for the line."""
    return {
        keyword.arg
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", "")) == "note"
        for keyword in call.keywords
        if keyword.arg
    }


def test_the_page_has_each_field_of_a_decision_and_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = InMemory(inline={"one": ONE})
    ask({"role_name": "a", "policy": ONE}, account)
    ask({"role_name": "a", "explain": True}, account)
    with pytest.raises(errors.InvalidRequest):
        ask({}, account)
    with pytest.raises(errors.ProofRequired):
        ask({"role_name": "a"}, account, EVERY_RULE)
    written = {field for line in capsys.readouterr().out.splitlines() for field in json.loads(line)}
    written |= set().union(*(noted(file) for file in CORE.rglob("*.py")))
    # A failure, and a list, are made by what no test of the docs should need.
    assert documented("# The audit line") == written | {"failed", "listed"}


def test_the_page_has_each_field_of_a_line_about_malformed_rules() -> None:
    found = Published("/iam-sudo/x/rules", 2, None, None, problem="none")
    line = json.loads(malformed_rules(found, request_id="1", now=0))
    assert documented("has a line more") == set(line) - {"_aws"}
