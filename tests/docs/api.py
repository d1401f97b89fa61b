"""docs/api.md: the public names of the construct library, from their signatures and docstrings.

`make docs` writes the page, and test_api.py compares it.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import iam_sudo_cdk
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "api.md"

HEAD = """\
# The construct library

What `iam_sudo_cdk` offers, from its docstrings: `make docs` writes this page. [Deploy](deploy.md)
shows how it is used.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(name) for name in iam_sudo_cdk.__all__)])


def section(name: str) -> str:
    """A heading, the signature, what the docstring says, and the members."""
    thing = getattr(iam_sudo_cdk, name)
    parts = [f"## {name}", "", *signature(name, thing), prose(thing)]
    for member, what in members(thing):
        parts += ["", f"### {name}.{member}", "", *signature(member, what), prose(what)]
    return "\n".join(parts) + "\n"


def signature(name: str, thing: Any) -> list[str]:
    """A block of Python with all parameters, one a line when they are many."""
    if isinstance(thing, property) or inspect.getattr_static(thing, "_is_protocol", False):
        return []
    if isinstance(thing, type) and issubclass(thing, Exception):
        return []
    target = thing.__init__ if isinstance(thing, type) else thing
    words = parameters(thing) if dataclasses.is_dataclass(thing) else of_function(target)
    text = f"{name}({', '.join(words)})"
    if len(text) > 80:
        text = f"{name}(\n" + "".join(f"    {word},\n" for word in words) + ")"
    return ["```text", text, "```", ""]


def parameters(thing: Any) -> list[str]:
    """Those of a dataclass, as its source has them."""
    tree = ast.parse(inspect.getsource(thing)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = []
    for node in tree.body:
        if isinstance(node, ast.AnnAssign):
            default = f" = {written(node.value)}" if node.value else ""
            found.append(f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}{default}")
    return found


def written(value: ast.expr) -> str:
    """A default as one would write it: `field(default_factory=Tag)` is `Tag()`."""
    text = ast.unparse(value)
    return re.sub(r"^field\(default_factory=(\w+)\)$", r"\1()", text)


def of_function(function: Any) -> list[str]:
    """Those of a function, as its source has them."""
    lines = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(lines).body[0]
    assert isinstance(tree, ast.FunctionDef)
    words = [
        re.sub(r"^(\w+: .*?)=", r"\1 = ", word.strip()) for word in split(ast.unparse(tree.args))
    ]
    return [word for word in words if word not in ("self", "cls")]


def split(text: str) -> Iterator[str]:
    """At the commas that are in no bracket."""
    depth, begun = 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "[({") - (letter in "])}")
        if letter == "," and not depth:
            yield text[begun:at]
            begun = at + 1
    if text[begun:].strip():
        yield text[begun:]


def members(thing: Any) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that are a class's own, with a docstring."""
    if not isinstance(thing, type) or issubclass(thing, Exception):
        return
    for name, member in vars(thing).items():
        what = getattr(member, "__func__", member)
        if not name.startswith("_") and (inspect.isfunction(what) or isinstance(what, property)):
            yield name, what


def prose(thing: Any) -> str:
    """The docstring as Markdown: its lists of arguments as items."""
    text = inspect.cleandoc(thing.__doc__ or "")
    lines = []
    in_list = False
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Attributes|Raises):", line):
            in_list = True
            lines += [f"*{line[:-1]}*", ""]
        elif in_list and re.match(r"    \S", line):
            name, colon, rest = line.strip().partition(": ")
            lines.append(f"- `{name}`: {rest}" if colon else f"- {line.strip()}")
        elif in_list and line.startswith("     "):
            lines.append(f"  {line.strip()}")
        else:
            in_list = in_list and not line
            lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
