"""The Lambda bundles: what is in them, packed alike, and how large that is.

Ours is `lambda_src`, what the construct deploys. The ancestor's is its package with every
dependency but boto3 and what boto3 alone needs, in the versions of `requirements-ancestor.txt`.
Its own build (`pip install -t`, `compileall`, `zip -9`: its Dockerfile.lambda) carried boto3 and
bytecode as well; boto3 gets a row of its own, the bytecode is left out of both. Everything is
deflated at zlib's default level.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from benchmarks.report import Cell, Row, Run, Target
from benchmarks.sides import ANCESTOR, PROJECT

MAX_BYTES = 130_000

# A file, and its name in the bundle.
Entry = tuple[Path, str]


def measure(run: Run) -> list[Row]:
    """Measure the size of each bundle."""
    run.progress("bundle size")
    ours = pack(our_files())
    target = Target(f"< {MAX_BYTES // 1_000} KB", len(ours) < MAX_BYTES)
    rows = []
    for what, without, targets in (
        ("bundle, both without boto3", {"boto3"}, (target,)),
        ("bundle, the ancestor's with boto3", set[str](), ()),
    ):
        ancestor = pack(ancestor_files(without=without))
        rows.append(Row(what, _cell(ancestor), _cell(ours), len(ancestor) / len(ours), targets))
    return rows


def pack(files: Iterable[Entry]) -> bytes:
    """A ZIP archive of `files`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path, name in sorted(files, key=lambda entry: entry[1]):
            bundle.write(path, name)
    return archive.getvalue()


def unpack(bundle: bytes, directory: Path) -> None:
    """Lay a bundle out as Lambda does."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        archive.extractall(directory)


def our_files() -> list[Entry]:
    """What the construct deploys."""
    source = PROJECT / "lambda_src"
    return [
        (path, str(path.relative_to(source)))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def ancestor_files(*, without: set[str]) -> list[Entry]:
    """The ancestor's package and its dependencies, save those in `without` and what they need."""
    (site_packages,) = ANCESTOR.environment.glob("lib/python*/site-packages")
    installed = {
        canonicalize_name(found.name): found for found in distributions(path=[str(site_packages)])
    }
    wanted, waiting = set[NormalizedName](), [canonicalize_name("iam-sudo")]
    while waiting:
        name = waiting.pop()
        if name not in wanted | without:
            wanted.add(name)
            waiting += _dependencies(installed[name])
    return [
        (Path(str(file.locate())), str(file))
        for name in wanted
        for file in installed[name].files or ()
        if file.parts[0] != ".." and "__pycache__" not in file.parts
    ]


def _dependencies(distribution: Distribution) -> list[NormalizedName]:
    found = map(Requirement, distribution.requires or ())
    return [
        canonicalize_name(r.name)
        for r in found
        if r.marker is None or r.marker.evaluate({"extra": ""})
    ]


def _cell(bundle: bytes) -> Cell:
    return Cell(f"{len(bundle) / 1_000:,.0f} KB", {"bytes": len(bundle)})
