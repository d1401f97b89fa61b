"""Synthesize an example with the real `cdk`, as its README says to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CDK = ROOT / "node_modules" / ".bin" / "cdk"
# The `python` of cdk.json is the one that runs the tests.
ENVIRONMENT = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "CDK_HOME": str(ROOT / ".work" / "cdk"),
    "CDK_DISABLE_CLI_TELEMETRY": "true",
}


@dataclass(frozen=True)
class Assembly:
    """What `cdk synth` wrote, and what it said."""

    directory: Path
    said: str

    def template(self, name: str) -> dict[str, Any]:
        path = self.directory / f"{name}.template.json"
        template: dict[str, Any] = json.loads(path.read_text())
        return template

    def roles(self, name: str) -> dict[str, dict[str, Any]]:
        """The properties of the roles of a stack, by logical id without the CDK's hash."""
        return {
            logical_id.rstrip("0123456789ABCDEF"): resource["Properties"]
            for logical_id, resource in self.template(name)["Resources"].items()
            if resource["Type"] == "AWS::IAM::Role"
        }


def synth(example: str, directory: Path, *options: str) -> Assembly:
    command = [str(CDK), "synth", "--quiet", "--no-notices", "--no-color", *options]
    finished = run(*command, "--output", str(directory), example=example)
    assert finished.returncode == 0, finished.stdout
    return Assembly(directory, finished.stdout)


def run(*command: str, example: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=EXAMPLES / example,
        env=ENVIRONMENT | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    found = role["AssumeRolePolicyDocument"]["Statement"]
    return found if isinstance(found, list) else [found]


def trusts_developers(role: dict[str, Any]) -> bool:
    return any(statement.get("Sid") == "IamSudoDevelopers" for statement in statements(role))


def tags(role: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
