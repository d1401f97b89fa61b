"""What people read: every page of the project, its prose, links, headings and blocks of code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md") for file in ROOT.glob(pattern)
)

_BLOCK = re.compile(r"^( *)```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r'\]\(([^()\s]+)\)|\b(?:src|href)="([^"]+)"')
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code, without the indentation of a list that it stands in."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path
    text: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(path, path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(
                self.name,
                self.text.count("\n", 0, found.start()) + 1,
                found[2].strip(),
                re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE),
            )
            for found in _BLOCK.finditer(self.text)
        ]

    @cached_property
    def _without_blocks(self) -> str:
        return _BLOCK.sub("", self.text)

    @cached_property
    def links(self) -> list[str]:
        prose = _INLINE_CODE.sub("", self._without_blocks)
        return [found[1] or found[2] for found in _LINK.finditer(prose)]

    @cached_property
    def code_words(self) -> list[str]:
        """What stands between backquotes within the prose."""
        return [
            found[0].strip("`").strip() for found in _INLINE_CODE.finditer(self._without_blocks)
        ]

    @cached_property
    def anchors(self) -> set[str]:
        """What `#…` may name: headings, as GitHub turns them into anchors."""
        anchors: set[str] = set()
        for heading in _HEADING.findall(self._without_blocks):
            shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
            anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            # A heading that stands there twice has a number the second time.
            names = chain([anchor], (f"{anchor}-{number}" for number in count(1)))
            anchors.add(next(name for name in names if name not in anchors))
        return anchors


PAGES = [Page.read(file) for file in FILES]
BLOCKS = [block for page in PAGES for block in page.blocks]


def page(name: str) -> Page:
    return Page.read(ROOT / name)


def blocks(language: str, *, of: Page | None = None) -> list[Block]:
    """The blocks in a language, of all pages or of one."""
    return [block for block in (of.blocks if of else BLOCKS) if block.language == language]
