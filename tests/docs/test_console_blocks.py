"""What pages tell people to type: each command exists, with these options and these choices.

Prose names commands in part (`iam-sudo explain`), so there it is target, command and options alone.

A command that is in no table here is an error, so that no page gets one which nobody checks.
"""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from iam_sudo_client.cli import cli
from tests.docs.pages import PAGES, ROOT, Block, Page, blocks

CDK = ROOT / "node_modules" / ".bin" / "cdk"
ELLIPSIS = "…"
# Other people's commands, whose options are their own affair.
FOREIGN = {"aws", "docker", "eval", "grep", "python", "python3", "."}


def commands(block: Block) -> Iterator[list[str]]:
    """The commands that a block shows after its prompts, as words, without comments."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith("$ "):
            # Where the output goes is the shell's affair.
            typed = [re.sub(r" > \S+", "", each) for each in line[2:].split(" && ")]
            yield from (shlex.split(each, comments=True) for each in typed)


def check_all(block: Block) -> None:
    """Raise what is wrong with the commands of a block."""
    for words in commands(block):
        check(words, page=block.page)


def check(words: list[str], *, page: str) -> None:
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    name = words[0].removeprefix(".venv/bin/")
    if name in FOREIGN:
        return
    CHECKS[name](words[1:], page)


def check_make(words: list[str], page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for word in words:
        assert word in targets or re.match(r"[A-Z]+=", word), f"make {word}"


def check_iam_sudo(words: list[str], page: str) -> None:
    """Parsed as the command itself would, and not run."""
    command, arguments = cli, [word for word in words if word != ELLIPSIS]
    context = click.Context(cli, info_name="iam-sudo")
    name, found, rest = command.resolve_command(context, arguments)
    assert found is not None, name
    found.make_context(name, rest, parent=context)


def check_cdk(words: list[str], page: str) -> None:
    command, *rest = words
    options = options_of_cdk(command)
    keys = context_keys(ROOT / page)
    for word, value in zip(rest, [*rest[1:], ""], strict=True):
        if word.startswith("-"):
            assert word.partition("=")[0] in options, f"cdk {command} {word}"
        if word in ("-c", "--context") and value != ELLIPSIS:
            assert value.partition("=")[0] in keys, f"cdk {command} -c {value}"


@cache
def options_of_cdk(command: str) -> set[str]:
    if not CDK.exists():
        pytest.skip("the CDK's command line is not installed here")
    shown = subprocess.run(
        [CDK, command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert shown.startswith(f"cdk {command}"), f"cdk {command}"
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", shown))


def context_keys(page: Path) -> set[str]:
    """The choices of the application that a page is about: an example's own, or ours."""
    example = page.parent / "app.py"
    if page.parent != ROOT and example.exists():
        return set(re.findall(r'get_context\("(\w+)"\)', example.read_text()))
    return set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/deploy.md").read_text(), re.M))


def check_pip(words: list[str], page: str) -> None:
    """Our own distribution with an extra that it has, or one of our files."""
    assert words[0] == "install"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = words[-1]
    if words[-2] == "-r":
        assert (ROOT / wanted).exists(), wanted
    else:
        name, _, extra = wanted.removesuffix("]").partition("[")
        assert name == project["name"], wanted
        assert not extra or extra in project["optional-dependencies"], wanted


CHECKS: dict[str, Callable[[list[str], str], None]] = {
    "make": check_make,
    "iam-sudo": check_iam_sudo,
    "cdk": check_cdk,
    "pip": check_pip,
}


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_a_console_begins_with_what_is_typed(block: Block) -> None:
    assert block.text.startswith("$ ")
    assert list(commands(block))


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_what_is_typed_exists(block: Block) -> None:
    check_all(block)


@pytest.mark.parametrize(
    "read",
    # It quotes messages, which have a test of their own.
    [read for read in PAGES if read.name != "docs/troubleshooting.md"],
    ids=lambda read: read.name,
)
def test_what_prose_names_exists(read: Page) -> None:
    for code in read.code_words:
        check_in_part(code.split())


def check_in_part(words: list[str]) -> None:
    match words:
        case ["make", *targets]:
            check_make(targets, "")
        case ["iam-sudo", name, *rest] if name not in (ELLIPSIS, "0.2.0"):
            known = cli.get_command(click.Context(cli), name)
            assert known or name in options_of(cli), f"iam-sudo {name}"
            for word in rest:
                if known and word.startswith("--") and word != "--":
                    assert word in options_of(known), f"iam-sudo {name} {word}"


def options_of(command: click.Command) -> set[str]:
    context = click.Context(command)
    return {
        name for each in command.get_params(context) for name in (*each.opts, *each.secondary_opts)
    }


# The checks themselves.


@pytest.mark.parametrize(
    "line",
    [
        "make no-such-target",
        "iam-sudo no-such-command",
        "iam-sudo simulate --no-such-option --role-name a",
        "iam-sudo simulate python app.py",  # the role is missing
        "pip install iam-sudo",
        'pip install "iam-sudo-cdk[no-such-extra]"',
        "pip install -r no-such-file.txt",
        "no-such-program",
        "cd . && make no-such-target",
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    block = Block("README.md", 1, "console", f"$ {line}\n")
    with pytest.raises((AssertionError, KeyError, click.ClickException)):
        check_all(block)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "cdk deploy -c no_such_key=1",
        "cdk deploy --no-such-option",
        "cdk no-such-command",
        "cdk deploy -c development_accounts=1 \\\n    -c no_such_key=1",
    ],
)
def test_a_choice_that_does_not_exist_is_found(line: str) -> None:
    block = Block("README.md", 1, "console", f"$ {line}\n")
    with pytest.raises((AssertionError, subprocess.CalledProcessError)):
        check_all(block)


@pytest.mark.parametrize(
    "code", ["make no-such-target", "iam-sudo no-such-command", "iam-sudo explain --no-such-option"]
)
def test_what_does_not_exist_is_found_in_prose(code: str) -> None:
    with pytest.raises(AssertionError):
        check_in_part(code.split())
