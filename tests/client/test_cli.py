"""The command line as a whole: what its help costs, and where errors come from."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from iam_sudo_client.cli import cli
from iam_sudo_client.commands.roles import RunsCmd
from tests.client.command_line import CLI, Run, Service


def test_debug_shows_the_traceback(run: Run, service: Service) -> None:
    service.fails(403, "AccessDeniedException")
    assert "Traceback" in run("simulate", "--debug", "--role-name", "x", "true").stderr
    assert "Traceback" in run("--debug", "simulate", "--role-name", "x", "true").stderr
    assert "Traceback" not in run("simulate", "--role-name", "x", "true", "--debug").stderr


def test_what_is_ours_is_told_from_what_the_command_ends_with(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    ours = [
        ["simulate", "--role-name", "orders-task", "true"],  # refused
        ["simulate", "--role-name", "orders-task", "--profile", "p"],
        ["simulate", "--role-name", "a b", "true"],
        ["simulate", "true"],
        ["assume", "--role-name", "a b", "true"],
        ["simulate", "--no-such-option", "--role-name", "orders-task", "true"],
        ["--no-such-option", "simulate", "--role-name", "orders-task", "true"],
        ["simulat", "--role-name", "orders-task", "true"],
    ]
    for arguments in ours:
        finished = run(*arguments)
        assert (finished.returncode, finished.stdout) == (125, ""), arguments
        assert "ERROR: " in finished.stderr
    assert run("--help").returncode == run("simulate", "--help").returncode == 0


def test_what_runs_nothing_ends_with_the_kind_of_its_error(run: Run, service: Service) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    assert run("explain", "--role-name", "orders-task").returncode == 1
    assert run("simulate", "--explain", "--role-name", "orders-task").returncode == 1
    assert run("explain", "--role-name", "a b").returncode == 2
    assert run("explain").returncode == 2
    assert run("explain", "--role-name", "x", environ={"AWS_REGION": None}).returncode == 253
    service.fails(403, "AccessDeniedException")
    assert run("explain", "--role-name", "orders-task").returncode == 254


OPTIONS_WITH_A_VALUE = [
    (name, option.opts[0])
    for name, command in CLI.items()
    for option in command.params
    if isinstance(option, click.Option) and not option.is_flag
]


@pytest.mark.parametrize(("command", "option"), OPTIONS_WITH_A_VALUE)
@pytest.mark.parametrize("empty", ["", " ", "\t\r\n"])
def test_an_empty_option_is_wrong_usage_whichever_it_is(
    run: Run, service: Service, command: str, option: str, empty: str
) -> None:
    takes_role = any("--role-name" in param.opts for param in CLI[command].params)
    others = ["--role-name", "orders-task"] if takes_role and option != "--role-name" else []
    cmd = ["true"] if isinstance(CLI[command], RunsCmd) else []
    for typed in ([option, empty], [f"{option}={empty}"]):
        finished = run(command, *others, *typed, *cmd)
        assert finished.returncode == (125 if cmd else 2)
        said = finished.stderr.splitlines()[-1]
        assert said == f"ERROR: Invalid value for '{option}': it is empty; was a variable not set?"
    assert service.asked == []


def test_the_group_has_no_option_with_a_value_of_another_type() -> None:
    assert len(OPTIONS_WITH_A_VALUE) > 10
    assert all(option.is_flag for option in cli.params if isinstance(option, click.Option))


def test_help_imports_neither_boto3_nor_the_core(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from iam_sudo_client.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["--version"], *([name, "--help"] for name in CLI)):
        finished = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
        )
        assert "'click'" in finished.stderr
        for heavy in ("boto3", "botocore", "iam_sudo_core", "aws_cdk", "jsii"):
            assert f"'{heavy}'" not in finished.stderr
