"""The command line as a whole: what its help costs, and where errors come from."""

import subprocess
import sys
from pathlib import Path

from iam_sudo_client.cli import cli
from tests.client.command_line import Run, Service


def test_debug_shows_the_traceback(run: Run, service: Service) -> None:
    service.fails(403, "AccessDeniedException")
    assert "Traceback" in run("simulate", "--debug", "--role-name", "x", "true").stderr
    assert "Traceback" in run("--debug", "simulate", "--role-name", "x", "true").stderr
    assert "Traceback" not in run("simulate", "--role-name", "x", "true", "--debug").stderr


def test_help_imports_neither_boto3_nor_the_core(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from iam_sudo_client.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["--version"], *([name, "--help"] for name in cli.commands)):
        finished = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
        )
        assert "'click'" in finished.stderr
        for heavy in ("boto3", "botocore", "iam_sudo_core", "aws_cdk", "jsii"):
            assert f"'{heavy}'" not in finished.stderr
