"""The two that are measured: where their Python is, their handler and their command."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Side:
    """One of the two, in an environment of its own."""

    name: str
    environment: Path
    handler: str

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def command(self) -> Path:
        return self.environment / "bin" / "iam-sudo"


ANCESTOR = Side("iam-sudo 0.2.0", PROJECT / ".venv-ancestor", "iam_sudo.lambda_handler.handler")
AWSUME = PROJECT / ".venv-awsume" / "bin" / "awsumepy"
OURS = Side("iam-sudo-cdk", PROJECT / ".venv", "handler.handler")


def bare_environment(directory: Path) -> dict[str, str]:
    """The environment of what is measured: nothing of the user's but PATH.

    Bytecode is on for both sides, wherever `PYTHONDONTWRITEBYTECODE` is set, and private: the first
    round, which does not count, compiles.
    """
    return {
        "PYTHONPYCACHEPREFIX": str(directory / "pycache"),
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "AWS_CONFIG_FILE": str(directory / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
