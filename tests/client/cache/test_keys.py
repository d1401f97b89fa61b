"""What an entry of the cache is kept for."""

import itertools
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from iam_sudo_client.cache import keys
from iam_sudo_client.ways_out.command_environment import names_somebody
from tests.client.ways_out.test_command_environment import variables_in


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is platformdirs itself")
@pytest.mark.parametrize("base", ["", " ", "/somewhere"])
def test_the_folder_is_that_of_platformdirs(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    folder = keys.cache_folder({"XDG_CACHE_HOME": base})
    assert folder == platformdirs.user_cache_dir("iam-sudo", appauthor=False)


def test_every_variable_that_says_who_one_is_makes_another_question() -> None:
    for variable in variables_in("botocore"):
        if names_somebody(variable, "x"):
            assert keys.name(["q"], {variable: "x"}) != keys.name(["q"], {}), variable


def test_questions_do_not_run_into_one_another() -> None:
    names = [
        keys.name(question, environ)
        for question, environ in itertools.product(
            (["a", "b"], ["ab"], ["a", "b", ""], ["a"]),
            ({}, {"AWS_A": "b"}, {"AWS_A": "b\nAWS_B"}, {"AWS_A": "", "AWS_B": ""}),
        )
    ]
    assert len(set(names)) == len(names)


def test_what_no_tool_decides_by_makes_no_other_question() -> None:
    assert keys.name(["q"], {"TERM": "x", "PWD": "/"}) == keys.name(["q"], {})


def test_the_hash_is_the_same_in_every_python() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", "import hashlib; print(hashlib.sha256(b'x').hexdigest())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert keys._hash(b"x") == finished.stdout.strip()


def test_a_file_that_a_variable_names_is_looked_at(tmp_path: Path) -> None:
    token = tmp_path / "token"
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    seen = {keys.fingerprint(environ)}
    for text in ("one", "two"):
        token.write_text(text)
        seen.add(keys.fingerprint(environ))
    assert len(seen) == 3
