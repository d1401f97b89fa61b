"""The rooms of the construct library: which may import which, and through which door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "iam_sudo_cdk"
FILES = sorted(LIBRARY.rglob("*.py"))
ROOMS = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
FLOOR = {path.stem for path in LIBRARY.glob("*.py")} - {"__init__"}
# The floor itself stands on `application`; above the strategies are these.
ABOVE = {"iam_sudo", "imported", "stack"}
# What of ours a room may import besides the core; a module of the floor counts as a room here.
MAY_IMPORT = {
    "application": set(),
    "selected": {"application", *FLOOR} - ABOVE,
    "session_policy": {"application", "selected", *FLOOR} - ABOVE,
    "tag_trust": {"application", "selected", *FLOOR} - ABOVE,
    "context": ROOMS | FLOOR,
    **{module: {"application", *FLOOR} - ABOVE for module in FLOOR - ABOVE},
    **{module: (ROOMS | FLOOR) - {"context"} for module in ABOVE},
}
INSIDES = LIBRARY / "application" / "cdk_insides.py"


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def of_the_library(path: Path) -> Iterator[tuple[str, list[str]]]:
    """What a file imports from other rooms: the dotted module within the library, and the names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        package = path.relative_to(LIBRARY).parts[:-1]
        above = package[: len(package) - (node.level - 1)]
        module = ".".join([*above, *(node.module or "").split(".")]).strip(".")
        if module.partition(".")[0] != room(path):
            yield module, [alias.name for alias in node.names]


def listed(name: str) -> set[str]:
    """The `__all__` of a room, unread by Python: it takes no CDK."""
    tree = ast.parse((LIBRARY / name / "__init__.py").read_text())
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    return set(ast.literal_eval(value))


def test_every_room_says_what_it_may_import() -> None:
    assert set(MAY_IMPORT) == ROOMS | FLOOR
    for name in ROOMS:
        docstring = ast.get_docstring(ast.parse((LIBRARY / name / "__init__.py").read_text())) or ""
        assert "import" in docstring, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_run_one_way_and_through_the_door(path: Path) -> None:
    if path.parent == LIBRARY and path.stem == "__init__":
        return
    for module, names in of_the_library(path):
        target, _, inner = module.partition(".")
        assert target in MAY_IMPORT[room(path)], f"{path.name} imports {module}"
        if target in ROOMS:
            assert not inner, f"{path.name} climbs in by the window: {module}"
            assert set(names) <= listed(target), f"{path.name} takes {names} of {module}"


@pytest.mark.parametrize("name", sorted(ROOMS - {"context"}))
def test_a_door_has_what_others_take_and_nothing_else(name: str) -> None:
    taken = {
        each
        for path in FILES
        for module, names in of_the_library(path)
        if module == name
        for each in names
    }
    assert taken == listed(name)


def leanings(source: str) -> Iterator[str]:
    """What leans on the insides of others, by names that are theirs and not for us."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name) if name.startswith(("__jsii", "__module")):
                yield name
            case ast.Attribute(attr=name) if name.startswith("_") and not name.endswith("__"):
                yield name
            case ast.FunctionDef(name=name) if name.startswith("_apply_tag"):
                yield name
            case ast.Constant(value="${Token[" | "#{Token[" | "referenceto"):
                yield str(node.value)
            case (
                ast.ImportFrom(module=str(module)) | ast.Import(names=[ast.alias(name=str(module))])
            ) if "._" in module and not module.startswith("."):
                yield module


def test_what_leans_on_the_insides_of_others_is_one_file() -> None:
    assert {*leanings(INSIDES.read_text())} >= {"__jsii_ref__", "_cfn_properties", "_apply_tag"}
    for path in FILES:
        if path != INSIDES:
            assert not list(leanings(path.read_text())), path.name


def test_a_private_name_of_the_cdk_or_of_jsii_is_seen() -> None:
    assert list(leanings("import jsii._kernel")) == ["jsii._kernel"]
    assert list(leanings("role.__jsii_ref__.ref")) == ["__jsii_ref__"]
    assert list(leanings("self._own = 1")) == []
