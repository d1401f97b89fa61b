"""What reaches the terminal: nothing of a foreign text is a command to it, or a line of ours.

The texts come from whoever can write a policy, name a role, answer as the function or have AWS say
something; and from the user's own options, which may have been pasted.
"""

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from iam_sudo_client.report import printable
from tests.client.command_line import EXPLANATION, PLAN, Run, Service

# One of each kind that a terminal, or a reader, takes for more than a character.
CONTROLS = {
    "clear the screen": "\x1b[2J",
    "set the title": "\x1b]0;pwned\x07",
    "the same in one character": "\x9b2J\x9d0;x\x9c",
    "back over the line": "\b\b\r",
    "a line of its own": "\nERROR: forged\n",
    "lines by other names": "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
    "delete": "\x7f",
    "turned round": "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "without width": "\u200b\u200c\u200d\u2060\ufeff\u00ad",
    "no character": "\udc9b\ud800",  # this way round no pair
    "tags": "\U000e0001\U000e0041",
    "nobody's": "\ue000\uffff",
}
EVERYTHING = "".join(CONTROLS.values())
READABLE = "é ß 日本語\u3000한국어 العربية हिन्दी Ελληνικά 🎉 €\u00a0→ '\"\\"


def harmless(text: str) -> bool:
    """Whether nothing but lines of visible characters is in a text."""
    return not any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        for character in text.replace("\n", "")
    )


def shown(finished: "subprocess.CompletedProcess[str]") -> str:
    """Everything that was printed, if it is harmless and no line is forged."""
    text = finished.stdout + finished.stderr
    assert harmless(text)
    assert "\nERROR: forged" not in f"\n{text}"
    return text


@pytest.mark.parametrize("kind", CONTROLS)
def test_what_a_terminal_would_obey_is_shown_by_its_number(kind: str) -> None:
    text = printable(f"a{CONTROLS[kind]}b")
    assert text.startswith("a\\")
    assert harmless(text)
    assert "\n" not in text


def test_what_can_be_read_stays_as_it_is() -> None:
    assert printable(READABLE) == READABLE


def test_the_notation_is_pythons() -> None:
    assert printable("\x1b\x9b\n\u202e\U000e0001") == r"\x1b\x9b\n\u202e\U000e0001"


# What others say.


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_function_that_is_not_our_broker_says_something(
    run: Run, service: Service, kind: str
) -> None:
    service.refuses("Whatever", f"no{CONTROLS[kind]}credentials")
    finished = run("simulate", "--debug", "--role-name", "orders-task", "true")
    assert finished.returncode == 125
    assert "no" in shown(finished)


@pytest.mark.parametrize("error_type", ["BrokerFailure", f"Sandbox.{EVERYTHING}"])
def test_a_failing_function_says_something(run: Run, service: Service, error_type: str) -> None:
    service.refuses(error_type, f"gone{EVERYTHING}wrong")
    finished = run("explain", "--verbose", "--role-name", "orders-task")
    assert finished.returncode == 254
    assert "gone" in shown(finished)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException", "Odd\x1b[2J"])
def test_aws_says_something(run: Run, service: Service, code: str) -> None:
    service.fails(403, code.replace("\x1b", "%1b"), f"denied{EVERYTHING}by \u202ea policy")
    finished = run("--debug", "simulate", "--role-name", "orders-task", "true")
    assert finished.returncode == 125
    assert "Traceback" in shown(finished)


def test_credentials_are_noted_as_they_can_be_read(run: Run, service: Service) -> None:
    service.body["AccessKeyId"] = f"ASIA{EVERYTHING}"
    finished = run("simulate", "--verbose", "--role-name", "orders-task", "--profile", "orders")
    assert finished.returncode != 0
    shown(finished)


def hostile(value: Any) -> Any:
    """An explanation in which every text, and every key of others' choice, is hostile."""
    if isinstance(value, dict):
        return {key: hostile(each) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    return f"{value}{EVERYTHING}" if isinstance(value, str) else value


HOSTILE: dict[str, Any] = hostile(
    EXPLANATION
    | {
        "plan": PLAN | {"tags": {f"key{EVERYTHING}": "value"}},
        "permissions_boundary": "arn:aws:iam::111122223333:policy/b",
        "cut_by_boundary": [
            {"kind": "k", "detail": "d", "policy": "p", "statement": {EVERYTHING: "x"}}
        ],
        "differences": [
            {"kind": "k", "detail": "d", "policy": "p", "statement": {"Sid": READABLE}}
        ],
        "policies": {f"name{EVERYTHING}": {"Statement": [{EVERYTHING: EVERYTHING}]}},
    }
)


@pytest.mark.parametrize("options", [[], ["--diff"], ["--diff", "--verbose"], ["--json"]])
def test_policies_of_others_are_explained(run: Run, service: Service, options: list[str]) -> None:
    service.body = HOSTILE
    finished = run("explain", "--role-name", "orders-task", *options)
    assert finished.returncode == 3
    text = shown(finished)
    assert "orders-task" in text
    if options == ["--json"]:
        assert json.loads(finished.stdout) == json.loads(json.dumps(HOSTILE))
    else:
        assert "Role       orders-task" in text.splitlines()[0]


def test_statements_of_others_are_still_json(run: Run, service: Service) -> None:
    service.body = HOSTILE
    lines = run("explain", "--role-name", "orders-task").stdout.splitlines()
    [statement] = [line[line.index('{"Sid"') :] for line in lines if '{"Sid"' in line]
    assert json.loads(statement) == {"Sid": READABLE + EVERYTHING}


# What the user says.

OPTIONS: list[list[str]] = [
    ["simulate", "--role-name", EVERYTHING, "true"],
    ["simulate", "--role-name", "x", "--principal", f"Service:{EVERYTHING}", "true"],
    ["simulate", "--role-name", "x", "--base-role", EVERYTHING, "true"],
    ["simulate", "--role-name", "x", "--region", f"eu-west-1{EVERYTHING}", "true"],
    ["simulate", "--role-name", "x", "--function-name", f"f{EVERYTHING}", "true"],
    ["simulate", "--role-name", "x", "--profile", EVERYTHING, "true"],
    ["simulate", "--verbose", "--role-name", "x", f"no-such-command{EVERYTHING}"],
    ["simulate", "--verbose", "--role-name", "x", "true", EVERYTHING],
    ["simulate", f"--{EVERYTHING}", "true"],
    [f"simulate{EVERYTHING}"],
    ["explain", "--role-name", "x", EVERYTHING],
    ["explain", "--role-name", "x", f"--json={EVERYTHING}"],
    ["assume", "--role-name", EVERYTHING, "true"],
    [f"--{EVERYTHING}"],
]


@pytest.mark.parametrize("debug", [[], ["--debug"]])
@pytest.mark.parametrize("arguments", OPTIONS)
def test_options_of_ones_own_are_shown_harmlessly(
    run: Run, arguments: list[str], debug: list[str]
) -> None:
    pasted = [argument.encode("utf-8", "replace").decode() for argument in arguments]
    finished = run(*debug, *pasted)
    errors = [line for line in shown(finished).splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == (finished.returncode != 0)


def test_wrong_usage_says_how_it_is_used_and_what_was_wrong(run: Run) -> None:
    finished = run("simulate", "--role-nam\x1b[2J", "x", "true")
    assert finished.returncode == 125
    usage, hint, error = finished.stderr.splitlines()
    assert usage == "Usage: iam-sudo simulate [OPTIONS] [CMD…]"
    assert hint == "Try 'iam-sudo simulate --help' for help."
    assert error.startswith("ERROR: No such option")
    assert r"--role-nam\x1b[2J" in error


def test_no_arguments_at_all_show_the_help(run: Run) -> None:
    finished = run()
    said = "simulate Run CMD with what the role may do, and no more."
    assert said in [" ".join(line.split()) for line in shown(finished).splitlines()]


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL"])
def test_variables_of_ones_own_are_shown_harmlessly(run: Run, variable: str) -> None:
    value = f"http://x{EVERYTHING}".encode("utf-8", "replace").decode()
    finished = run("simulate", "--debug", "--role-name", "x", "true", environ={variable: value})
    assert finished.returncode != 0
    assert "ERROR: " in shown(finished)


def test_a_byte_that_is_no_character_does_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    arguments = [b"simulate", b"--verbose", b"--role-name", b"x", b"echo-\x9b2J"]
    for locale in ({}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        finished = subprocess.run(
            [sys.executable, "-m", "iam_sudo_client", *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **locale},
            capture_output=True,
            check=False,
        )
        assert b"\x9b" not in finished.stdout + finished.stderr


@pytest.mark.parametrize(
    "contents",
    [
        f"[profile dev]\nregion = eu-west-1\nretry_mode = odd{EVERYTHING}\n",
        "[profile dev]\nregion = eu-west-1\x1b[2J\n",
        "[profile dev]\nregion = eu-west-1\nsource_profile = \x1b[2J\u202e\nrole_arn = r\x07\n",
        "[profile dev]\nregion = eu-west-1\nmax_attempts = \x1b[2J\n",
        "[profile dev\x1b[2J\nregion = eu-west-1\n",
    ],
)
def test_files_of_ones_own_are_shown_harmlessly(run: Run, tmp_path: Path, contents: str) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(contents, "utf-8", "surrogatepass")
    finished = run(
        "simulate", "--debug", "--role-name", "x", "true",
        environ={"AWS_PROFILE": "dev", "AWS_REGION": None, "AWS_ACCESS_KEY_ID": None},
    )  # fmt: skip
    assert finished.returncode != 0
    shown(finished)


# What is not ours to change.


def test_the_commands_output_is_its_own(run: Run) -> None:
    script = "import sys; print('\\x1b[2J'); print('\\x1b[1m', file=sys.stderr)"
    finished = run("simulate", "--role-name", "orders-task", sys.executable, "-c", script)
    assert (finished.stdout, finished.stderr) == ("\x1b[2J\n", "\x1b[1m\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_cannot_show_a_character_shows_its_number(
    run: Run, service: Service, encoding: str
) -> None:
    service.body = EXPLANATION | {"rule": "é 日本語"}
    explained = run(
        "explain", "--role-name", "orders-task",
        environ={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert explained.returncode == 0
    expected = "é 日本語".encode(encoding, "backslashreplace")
    assert expected.decode("utf-8", "surrogateescape") in explained.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_the_help_is_shown_where_its_characters_are_missing(run: Run, encoding: str) -> None:
    helped = run("simulate", "--help", environ={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith("Usage: iam-sudo simulate [OPTIONS] [CMD")


# What libraries say.


def test_warnings_and_logs_of_libraries_go_the_same_way() -> None:
    script = (
        "import logging, warnings\n"
        "from iam_sudo_client.report import Report\n"
        "Report()\n"
        "warnings.warn('odd\\x1b[2J')\n"
        "try: raise ValueError('go' 'ne\\x1b[2J\\nERROR: forged')\n"  # the line may be shown
        "except ValueError:\n"
        "    logging.getLogger('botocore.x').warning('oh\\x9b\\nERROR: forged', exc_info=True)\n"
        "logging.getLogger('botocore').setLevel(logging.INFO)  # as the core does\n"
        "logging.getLogger('botocore.x').info('quiet')\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    text = shown(finished)
    assert r"odd\x1b[2J" in text
    assert r"WARNING: oh\x9b\nERROR: forged" in text
    assert "ValueError\n" in text
    assert "gone" not in text  # it might be a header, or a reply
    assert "quiet" not in text
