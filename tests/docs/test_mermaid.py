"""Mermaid itself understands every diagram, so that no page shows an error instead of a picture."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, page

pytestmark = pytest.mark.slow

PARSER = Path(__file__).with_name("mermaid.mjs")


def faults(*diagrams: str) -> list[str | None]:
    """What is wrong with each diagram."""
    if not (ROOT / "tests" / "node_modules" / "mermaid").exists():
        pytest.skip("Mermaid is not installed: `make test` does it")
    finished = subprocess.run(
        ["node", PARSER], input=json.dumps(diagrams), capture_output=True, text=True, check=True
    )
    found: list[str | None] = json.loads(finished.stdout)
    return found


def test_every_diagram_is_one() -> None:
    diagrams = blocks("mermaid")
    wrong = zip(diagrams, faults(*(block.text for block in diagrams)), strict=True)
    assert {str(block): fault for block, fault in wrong if fault} == {}


def test_the_readme_begins_with_a_picture_of_the_two_ways() -> None:
    (picture, *_) = blocks("mermaid", of=page("README.md"))
    assert picture.line < 20
    assert "iam-sudo simulate" in picture.text
    assert "iam-sudo assume" in picture.text


def test_a_diagram_that_is_none_is_found() -> None:
    fine, torn, unknown, lost = faults(
        'flowchart LR\n  a["you <br/> here"] -->|asks| b\n',
        "sequenceDiagram\n  a->>b\n",
        "no diagram at all",
        "flowchart LR\n  a -->|asks b\n",
    )
    assert fine is None
    assert torn
    assert unknown
    assert lost
