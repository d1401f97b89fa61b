"""Every block of code on every page is in a language that is checked, and is in that language."""

import ast
import json
import tomllib

import pytest
import yaml

from tests.docs.pages import BLOCKS, PAGES, Block, blocks

# `text` is what something prints. What the others do is checked beside this file.
LANGUAGES = {"console", "python", "json", "mermaid", "text", "toml", "yaml"}


def test_every_block_says_its_language() -> None:
    assert {str(block): block.language for block in BLOCKS if block.language not in LANGUAGES} == {}


def test_no_block_is_missed() -> None:
    for read in PAGES:
        assert read.text.count("```") == 2 * len(read.blocks), read.name


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    assert isinstance(json.loads(block.text), dict)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_toml_is_toml(block: Block) -> None:
    assert tomllib.loads(block.text)


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    ast.parse(block.text)
