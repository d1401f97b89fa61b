"""What the tests say hangs neither on how fast a machine is nor on a variable that only CI sets.

What waits for another process waits so long that only one that never comes is missed. Examples
that hypothesis draws are the same everywhere, and take as long as they take.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    file
    for folder in ("tests", "demo", "benchmarks")
    for file in (ROOT / folder).rglob("*.py")
    if "node_modules" not in file.parts
)
# A Python starts in 60 ms here. On a machine that is a tenth as fast, with ten at work, in 6 s.
PATIENT = 60
# Calls that wait less, and what comes of it.
SHORT = {
    "demo/emulator.py: self.process.wait(timeout=10)": "it is killed then",
    "demo/emulator.py: opener.open(f'{self.url}/_ministack/ready', timeout=5)": "tried again",
    "tests/core/account/test_identity.py: gave_up.wait(10)": "who waits on has another error then",
    "tests/core/broker/test_proof.py: both_have_looked.wait(timeout=1)": "one waits for the lock",
}
# What may be read of the environment of whoever runs the tests. `TMPDIR` is read by the emulator's
# own process, and the demo only says how long it took.
READABLE = {"PATH", "TMPDIR", "DEMO_BEGAN"}
CLOCKS = {"time", "perf_counter", "process_time", "thread_time", "monotonic"}


def nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


# One profile of hypothesis.


def profile(**environ: str) -> str:
    """What an example is drawn by, as a process with this environment would have it."""
    script = (
        "import hypothesis, tests.conftest\n"
        "hypothesis.settings.load_profile('iam-sudo')\n"
        "print(repr(hypothesis.settings.default))"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_examples_are_drawn_alike_here_and_in_ci() -> None:
    assert profile() == profile(CI="true")


def test_no_example_is_too_slow_or_forgotten_or_drawn_by_chance() -> None:
    settings = hypothesis.settings()
    assert settings.deadline is None
    assert hypothesis.HealthCheck.too_slow in settings.suppress_health_check
    assert settings.derandomize
    assert settings.database is None


def test_what_a_module_says_of_itself_about_deadlines_is_none() -> None:
    # Used by `make fidelity` as well, where no profile is loaded.
    from tests.fidelity.generated import generated_cases  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        seen: list[object] = []
        patch.setattr(
            "tests.fidelity.generated.settings",
            lambda **given: seen.append(given["deadline"]) or hypothesis.settings(**given),
        )
        assert next(generated_cases(1, seed=1))
    assert seen == [None]


# Patience.


def seconds(node: ast.expr, constants: dict[str, float]) -> float | None:
    """The number that an argument is, be it a constant of its module."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    return constants.get(node.id) if isinstance(node, ast.Name) else None


def waits(file: Path) -> Iterator[tuple[str, float]]:
    """The calls of a file that give up after some time, and after how long."""
    constants = {
        node.targets[0].id: node.value.value
        for node in nodes(file)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, int | float)
    }
    for node in nodes(file):
        if not isinstance(node, ast.Call):
            continue
        limits = [each.value for each in node.keywords if (each.arg or "").endswith("timeout")]
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in ("wait", "join", "Timer", "result", "communicate"):
            limits += node.args[:1]
        for limit in limits:
            after = seconds(limit, constants)
            if after is not None:
                yield f"{name_of(file)}: {ast.unparse(node)}", after


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_what_waits_is_patient(file: Path) -> None:
    assert not [(call, s) for call, s in waits(file) if s < PATIENT and call not in SHORT]


def test_what_may_be_impatient_is_still_there() -> None:
    assert {call for file in FILES for call, s in waits(file) if s < PATIENT} == set(SHORT)


def test_a_test_is_given_up_only_when_it_hangs() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["timeout"] >= 20 * PATIENT


def test_no_test_asserts_what_a_clock_says() -> None:
    for file in FILES:
        for node in nodes(file):
            if isinstance(node, ast.Assert):
                called = {ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
                assert not called & {f"time.{clock}" for clock in CLOCKS}, name_of(file)


def test_a_time_of_the_tests_is_a_deadline_and_nothing_else() -> None:
    for file in FILES:
        if file.is_relative_to(ROOT / "tests") and file.name != "__main__.py":
            used = set(re.findall(r"\btime\.([a-z_]+)\(", file.read_text()))
            assert used <= {"monotonic", "sleep"}, name_of(file)


# The environment.


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nothing_is_decided_by_a_variable_of_whoever_runs_the_tests(file: Path) -> None:
    for node in nodes(file):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if ast.unparse(
                function
            ) in ("os.environ.get", "os.getenv", "environ.get"):
                assert name in READABLE, ast.unparse(node)
            case ast.Subscript(ctx=ast.Load(), slice=ast.Constant(value=str(name))) if (
                ast.unparse(node.value) == "os.environ"
            ):
                assert name in READABLE, ast.unparse(node)


def test_make_test_installs_what_would_be_skipped_without() -> None:
    (prerequisites,) = re.findall(r"^test: (.*?)  ##", (ROOT / "Makefile").read_text(), re.M)
    assert {".venv-ancestor/.stamp", "tests/node_modules/.stamp"} <= set(prerequisites.split())


def test_the_demo_waits_for_nothing_that_only_tests_run() -> None:
    # What `env` would do; a trial of `demo` itself would play it, since it calls make.
    planned = subprocess.run(
        ["make", "--always-make", "--dry-run", "env"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout
    assert "touch node_modules/.stamp" in planned
    assert "tests/node_modules" not in planned
    (recipe,) = re.findall(r"^demo: .*?\n\n", (ROOT / "Makefile").read_text(), re.M | re.S)
    assert re.findall(r"\$\(MAKE\)(?: --\S+)* (\S+)", recipe) == ["env"]


def test_where_python_may_write_no_bytecode_make_has_it_in_a_folder_of_its_own() -> None:
    recipe = "include Makefile\nprobe:\n\t@env\n"
    seen = subprocess.run(
        ["make", "-f", "-", "probe"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        input=recipe,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert f"PYTHONPYCACHEPREFIX={ROOT}/.work/pycache" in seen
    assert "PYTHONDONTWRITEBYTECODE=1" not in seen
