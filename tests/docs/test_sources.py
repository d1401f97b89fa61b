"""What comments and docstrings name is there: files, tests, modules and the names in them.

Files move, and who moved them does not read what others say of them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Page

HOUSES = {
    "iam_sudo_core": ROOT / "lambda_src" / "iam_sudo_core",
    **{
        name: ROOT / name
        for name in ("iam_sudo_cdk", "iam_sudo_client", "tests", "demo", "benchmarks")
    },
}
FOLDERS = [*HOUSES, "lambda_src", "docs", "examples", r"\.github", r"\.ci"]
_PATH = re.compile(rf"(?<![\w./*-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w")
_TEST = re.compile(r"(?<![\w./*-])test_\w+(?:\.py)?(?![\w*])")
_MODULE = re.compile(rf"(?<![\w./*@-])(?:{'|'.join(HOUSES)})(?:\.\w+)+(?![\w/*])")
# What is made, and is in no checkout; the second is in the wheel.
MADE = re.compile(r"tests/node_modules\b|iam_sudo_cdk/lambda_src\b")


def sources() -> Iterator[Path]:
    for place in ("*", "lambda_src/*.py", ".github/**/*", ".ci/*", "examples/*/*.py"):
        yield from ROOT.glob(place)
    for house in HOUSES.values():
        yield from house.rglob("*")


READ = {".py", ".mjs", ".toml", ".txt", ".yml", ".yaml", ".json", ""}
FILES = sorted(
    file
    for file in set(sources())
    if file.is_file()
    and file.suffix in READ
    and not {"node_modules", "cdk.out", "__pycache__"} & set(file.parts)
    and file.name not in ("package-lock.json", "cdk.context.json")
)


def prose(file: Path) -> str:
    """What a file says to people: comments and docstrings of Python, of others everything."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        return text
    said = [
        ast.get_docstring(node, clean=False) or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    said += [token.string for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join(said)


TESTS = [file for file in FILES if file.name.startswith("test_")]
KNOWN_TESTS = {
    *(file.name for file in TESTS),
    *(file.stem for file in TESTS),
    *(name for file in TESTS for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)),
}


def is_known(name: str) -> bool:
    """Whether `iam_sudo_core.arns.RoleArn` is a module, or a name of one."""
    house, *rest = name.split(".")
    place = HOUSES[house]
    for number, part in enumerate(rest):
        if (place / part).is_dir():
            place = place / part
            continue
        file = place / f"{part}.py"
        if file.exists():
            return all(re.search(rf"\b{each}\b", file.read_text()) for each in rest[number + 1 :])
        return re.search(rf"\b{part}\b", (place / "__init__.py").read_text()) is not None
    return True


def exists(path: str) -> bool:
    """Whether a file or folder is there; decisions may be named by their numbers."""
    return (ROOT / path).exists() or bool(MADE.match(path)) or any(ROOT.glob(f"{path}-*.md"))


def missing(text: str) -> list[str]:
    """What a text names that is not there."""
    return [
        *(each for each in _PATH.findall(text) if not exists(each)),
        *(each for each in _TEST.findall(text) if each not in KNOWN_TESTS),
        *(each for each in _MODULE.findall(text) if not is_known(each)),
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_what_a_source_names_is_there(file: Path) -> None:
    assert missing(prose(file)) == []


@pytest.mark.parametrize("read", PAGES, ids=lambda read: read.name)
def test_what_a_page_names_is_there(read: Page) -> None:
    assert missing(read.text) == []


@pytest.mark.parametrize(
    "text",
    [
        "see tests/cdk/test_nothing.py.",
        "see `docs/nothing.md`",
        "docs/decisions/9999",
        "test_nothing.py has it",
        "test_that_nobody_wrote",
        "`iam_sudo_core.nothing`",
        "iam_sudo_core.arns.Nothing",
        "tests.docs.pages.nothing",
    ],
)
def test_what_is_not_there_is_found(text: str) -> None:
    assert len(missing(text)) == 1


def test_what_is_there_is_found_as_well() -> None:
    assert not missing(
        "See docs/decisions/0001, tests/docs, `tests/docs/pages.py`, test_sources.py, and "
        "iam_sudo_core.arns.RoleArn; `iam_sudo_core.policy`."
    )
