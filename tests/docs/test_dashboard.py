"""docs/deploy.md shows the dashboard as a table of its widgets, made from the template."""

import importlib
import json
import re

import pytest

from tests.docs.pages import page

HEAD = "| widget | shows |\n|---|---|\n"


def rows() -> list[str]:
    """The widgets of a synthesized dashboard, one a line of the table."""
    templates = importlib.import_module("tests.cdk.templates")
    _, dashboard = templates.only(templates.synth(dashboard=True), "AWS::CloudWatch::Dashboard")
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    return [f"| {each['properties']['title']} | {shows(each['properties'])} |" for each in widgets]


def shows(properties: dict) -> str:
    if "query" in properties:
        columns = re.search(r"\| (?:fields|stats) ([^|]*)", properties["query"])
        assert columns
        measured, _, groups = columns[1].strip().partition(" by ")
        names = [name.rpartition(" as ")[2] for name in measured.split(", ")]
        listed = [*groups.split(", "), *names] if groups else names
        return "list of " + ", ".join(f"`{name}`" for name in listed)
    curves = []
    above: list[str] = []
    for metric in properties["metrics"]:
        *parts, options = metric
        above = [above[at] if part == "." else part for at, part in enumerate(parts)]
        curves.append(f"`{above[1]}` ({options['stat']})")
    return "curves of " + ", ".join(curves)


def test_the_table_of_the_dashboard_is_what_the_template_has() -> None:
    pytest.importorskip("aws_cdk")
    table = page("docs/deploy.md").text.partition(HEAD)[2].partition("\n\n")[0]
    assert table.splitlines() == rows()
