"""What an error says: one line, of which no character is a command to a terminal or a log."""

import json
import sys

import pytest

from iam_sudo_client import report
from iam_sudo_core import errors
from iam_sudo_core.errors import IamSudoError, RoleAmbiguous, quoted

EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))
HOSTILE = "a\u202eb\x1b[2Jc\x9bd\x7fe\u2028f\udc9b\U000e0001"


def test_a_value_that_is_quoted_has_nothing_that_a_terminal_would_obey() -> None:
    assert quoted(HOSTILE).isprintable()
    assert r"\u202e" in quoted(HOSTILE)


def test_a_value_that_is_no_text_is_quoted_likewise() -> None:
    assert quoted({"key": [HOSTILE]}).isprintable()


@pytest.mark.parametrize("text", ["é 日本語 🎉", 'one "two" \\ three', "no\u00a0break"])
def test_what_can_be_read_is_quoted_as_it_is(text: str) -> None:
    assert json.loads(quoted(text)) == text
    assert "\\u" not in quoted(text)


def test_an_error_has_nothing_either_whatever_it_is_about() -> None:
    error = RoleAmbiguous(role_name="orders", candidates=[f"orders-{HOSTILE}"])
    assert str(error).isprintable()
    assert str(IamSudoError("é\u00a0\n\n🎉")) == "é 🎉"


def test_the_facts_of_an_error_stay_as_they_are() -> None:
    assert RoleAmbiguous(role_name=HOSTILE, candidates=["a", "b"]).__dict__["role_name"] == HOSTILE


def test_the_command_shows_the_same_characters_as_they_are() -> None:
    # `--help` does not wait for the core, so that each has the rule for itself.
    assert report.printable(EVERY_CHARACTER) == errors.printable(EVERY_CHARACTER)
