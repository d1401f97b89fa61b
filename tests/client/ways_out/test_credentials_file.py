"""The shared credentials file: what a careless writer would lose, leak or break."""

import os
import re
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import botocore.configloader
import botocore.exceptions
import botocore.session
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from iam_sudo_client.errors import (
    CommandLineError,
    CredentialsFileUnusable,
    InvalidProfileName,
    ProfileHoldsLongLivedKeys,
)
from iam_sudo_client.ways_out import edited_file
from iam_sudo_client.ways_out.credentials_file import credentials_path, save_profile
from iam_sudo_core.credentials import Credentials

NEW = Credentials(
    access_key_id="ASIANEW",
    secret_access_key="new/secret+%==",
    session_token="new%(token)s==",
    expiration="2030-01-02T03:04:05+00:00",
)
NEW_KEYS = {
    "aws_access_key_id": "ASIANEW",
    "aws_secret_access_key": "new/secret+%==",
    "aws_session_token": "new%(token)s==",
    "expiration": "2030-01-02T03:04:05+00:00",
}
NEW_LINES = "".join(f"{key} = {value}\n" for key, value in NEW_KEYS.items())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "credentials"


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def saved(path: Path, before: str, *, profile: str = "dev", force: bool = False) -> str:
    write(path, before)
    save_profile(path, profile, NEW, force=force)
    return path.read_bytes().decode()


def as_botocore_reads(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = botocore.configloader.raw_config_parse(str(path))
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def assert_untouched(path: Path, before: bytes) -> None:
    assert path.read_bytes() == before
    assert {entry.name for entry in path.parent.iterdir()} <= {path.name, f"{path.name}.lock"}


# --- which file


def test_the_file_is_in_the_home_folder_unless_the_variable_names_another() -> None:
    assert credentials_path({"HOME": "/home/ann"}) == Path("/home/ann/.aws/credentials")
    assert credentials_path({"AWS_SHARED_CREDENTIALS_FILE": "/x/y"}) == Path("/x/y")


def test_the_variable_may_hold_a_tilde_and_other_variables() -> None:
    environ = {"HOME": "/home/ann", "WHERE": "mine", "AWS_SHARED_CREDENTIALS_FILE": ""}
    for text, expected in {
        "~/keys": "/home/ann/keys",
        "$HOME/${WHERE}/keys": "/home/ann/mine/keys",
        "/a/$NOWHERE/${NOWHERE}": "/a/$NOWHERE/${NOWHERE}",
        "keys": "keys",
    }.items():
        assert credentials_path({**environ, "AWS_SHARED_CREDENTIALS_FILE": text}) == Path(expected)


@pytest.mark.parametrize("text", ["~/keys", "$HOME/keys", "~/${HOME}x/$NO", "~"])
def test_the_variable_is_expanded_as_botocore_expands_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.delenv("NO", raising=False)
    with pytest.raises(botocore.exceptions.ConfigNotFound) as looked_for:
        botocore.configloader.raw_config_parse(text)
    expected = Path(looked_for.value.kwargs["path"])
    assert credentials_path({**os.environ, "AWS_SHARED_CREDENTIALS_FILE": text}) == expected


def test_an_empty_variable_is_an_error_rather_than_a_file_nobody_reads() -> None:
    with pytest.raises(CredentialsFileUnusable, match="set but empty"):
        credentials_path({"HOME": "/home/ann", "AWS_SHARED_CREDENTIALS_FILE": ""})


# --- what is written


def test_a_missing_file_and_its_folders_are_made_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".aws" / "credentials"
    before = os.umask(0)
    try:
        save_profile(path, "dev", NEW)
    finally:
        os.umask(before)
    assert path.read_text() == "[dev]\n" + NEW_LINES
    assert mode(path) == 0o600
    assert mode(path.parent) == mode(path.parent.parent) == 0o700
    assert [mode(entry) for entry in path.parent.iterdir()] == [0o600, 0o600]  # with the lock


def test_a_folder_that_was_there_keeps_its_mode_and_the_file_becomes_private(path: Path) -> None:
    path.parent.chmod(0o755)
    write(path, "[other]\n")
    path.chmod(0o644)
    save_profile(path, "dev", NEW)
    assert (mode(path.parent), mode(path)) == (0o755, 0o600)


def test_botocore_finds_the_new_credentials(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, "[dev]\naws_security_token = legacy\naws_access_key_id = ASIAOLD\n")
    save_profile(path, "dev", NEW)
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path.parent / "none"))
    found = botocore.session.Session(profile="dev").get_credentials()
    assert (found.access_key, found.secret_key, found.token) == (
        NEW.access_key_id,
        NEW.secret_access_key,
        NEW.session_token,
    )


def test_a_session_that_was_there_is_changed_in_place(path: Path) -> None:
    before = (
        "# my keys\n\n[other]\naws_access_key_id=AKIAOTHER\n  ; odd %(x)s %\n\n"
        "[dev]  # mine\nregion : eu-west-1\nAWS_Access_Key_ID=ASIAOLD\n# why\n"
        "aws_secret_access_key  :  old\naws_session_token =\n   old\n   # between\n\n   token\n"
        "s3 =\n  max_concurrent_requests = 20\nExpiration = then\n\n\n[last]\ncolour = 100%"
    )
    assert saved(path, before) == (
        "# my keys\n\n[other]\naws_access_key_id=AKIAOTHER\n  ; odd %(x)s %\n\n"
        "[dev]  # mine\nregion : eu-west-1\nAWS_Access_Key_ID=ASIANEW\n# why\n"
        "aws_secret_access_key  :  new/secret+%==\naws_session_token =new%(token)s==\n"
        "   # between\n\n"
        "s3 =\n  max_concurrent_requests = 20\nExpiration = 2030-01-02T03:04:05+00:00\n\n\n"
        "[last]\ncolour = 100%"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[dev]\n{}"),
        ("[a]\nx = 1", "[a]\nx = 1\n\n[dev]\n{}"),
        ("[a]\nx = 1\n\n", "[a]\nx = 1\n\n[dev]\n{}"),
        ("[dev]", "[dev]\n{}"),
        ("[dev]\n\n[a]\n", "[dev]\n{}\n[a]\n"),
        ("[dev]\n# mine\nregion = x", "[dev]\n{}# mine\nregion = x"),
        ("[dev]\ns3 =\n  a = b\n[a]\n", "[dev]\n{}s3 =\n  a = b\n[a]\n"),
        ("[dev]\naws_security_token = old\n", "[dev]\n{}"),
        ("[DEFAULT]\nregion = x\n", "[DEFAULT]\nregion = x\n\n[dev]\n{}"),
        ("# a\u2028b\x0cc é\n[dev]\n", "# a\u2028b\x0cc é\n[dev]\n{}"),
        ("[dev ]\nx=1\n[ dev]\nx=1\n[Dev]\n", "[dev ]\nx=1\n[ dev]\nx=1\n[Dev]\n\n[dev]\n{}"),
    ],
)
def test_new_keys_find_their_place(path: Path, before: str, after: str) -> None:
    assert saved(path, before) == after.format(NEW_LINES)


def test_an_indented_profile_stays_indented_so_that_no_key_swallows_the_next(path: Path) -> None:
    before = (
        "[dev]\n  region = x\n  aws_access_key_id = ASIAOLD\n  aws_session_token = t\n  cli = y"
    )
    saved(path, before)
    assert as_botocore_reads(path)["dev"] == {"region": "x", "cli": "y", **NEW_KEYS}
    assert path.read_text().startswith("[dev]\n  region = x\n  aws_access_key_id = ASIANEW\n")
    assert path.read_text().endswith("\n  cli = y")


def test_indented_comments_that_look_like_keys_are_only_comments(path: Path) -> None:
    before = "[dev]\n    # old = 1\n    # old = 2\nregion = x\n"
    assert saved(path, before) == f"[dev]\n{NEW_LINES}    # old = 1\n    # old = 2\nregion = x\n"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_foreign_line_ends_stay(path: Path, end: str) -> None:
    before = end.join(["[a]", "x = 1", "", "[dev]", "aws_session_token=old", "s3 =", " a = b", ""])
    after = saved(path, before)
    assert after.startswith(end.join(["[a]", "x = 1", "", "[dev]", "aws_session_token=new"]))
    assert after.endswith(end.join(["s3 =", " a = b", ""]))
    assert as_botocore_reads(path)["dev"] == {**NEW_KEYS, "s3": {"a": "b"}}
    if end == "\r\n":
        assert after.count("\r\n") == after.count("\n")


def test_bytes_that_are_not_utf_8_stay(path: Path) -> None:
    path.write_bytes(b"[a]\n# caf\xe9\nx = \xff\n")
    save_profile(path, "dev", NEW)
    assert path.read_bytes() == b"[a]\n# caf\xe9\nx = \xff\n\n[dev]\n" + NEW_LINES.encode()


def test_the_default_profile_is_a_profile_and_the_second_save_replaces_the_first(
    path: Path,
) -> None:
    before = (
        "[DEFAULT]\nregion = x\n\n[default]\naws_access_key_id = ASIAOLD\naws_session_token=t\n"
    )
    once = saved(path, before, profile="default")
    assert as_botocore_reads(path)["default"] == {"region": "x", **NEW_KEYS}
    assert saved(path, once, profile="default") == once


def test_of_a_symbolic_link_the_target_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    target = tmp_path / "vault" / "keys"
    link = tmp_path / "credentials"
    link.symlink_to("vault/keys")  # dangling at first
    for _ in range(2):
        save_profile(link, "dev", NEW)
        assert link.is_symlink()
        assert not target.is_symlink()
        assert target.read_text() == "[dev]\n" + NEW_LINES


NAMES = st.text("abcD09 -_./é", min_size=1, max_size=6).filter(lambda name: name.strip() == name)
VALUES = st.text("abZ09 =:#;%[]/+é\t", max_size=8).map(str.strip)
INDENTS = st.sampled_from(["", "", " ", "\t", "    "])
KEYS = st.sampled_from(
    ["region", "S3", "role arn", "output", "a.b", *NEW_KEYS, "AWS_Session_Token"]
)
LINES = st.one_of(
    st.builds("{}{}{}{}".format, INDENTS, KEYS, st.sampled_from(["=", " = ", ":"]), VALUES),
    st.builds("{}{}{}".format, INDENTS, st.sampled_from(["#", "; "]), VALUES),
    st.builds("  {} = {}".format, KEYS, VALUES),
    st.sampled_from(["", "  "]),
)
SECTIONS = st.lists(
    st.tuples(NAMES.filter(lambda name: name != "dev"), st.lists(LINES, max_size=5)),
    max_size=3,
    unique_by=lambda section: section[0],
)


@settings(max_examples=300)
@given(
    above=SECTIONS,
    mine=st.none() | st.lists(LINES, max_size=8),
    below=SECTIONS,
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_lines_of_other_profiles_and_other_keys_survive_whatever_the_file(
    above: list[tuple[str, list[str]]],
    mine: list[str] | None,
    below: list[tuple[str, list[str]]],
    end: str,
    last: bool,
) -> None:
    def lines_of(sections: list[tuple[str, list[str]]]) -> list[str]:
        return [line for name, lines in sections for line in (f"[{name}]", *lines)]

    before = [*lines_of(above), *(["[dev]", *mine] if mine is not None else []), *lines_of(below)]
    text = end.join(before) + (end if last else "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "credentials"
        write(path, text)
        try:
            original = as_botocore_reads(path)
        except botocore.exceptions.ConfigParseError:
            original = None
        try:
            save_profile(path, "dev", NEW, force=True)
        except CredentialsFileUnusable:
            assert original is None  # no AWS tool reads it
            assert_untouched(path, text.encode())
            return
        after = path.read_bytes().decode()
        if original is not None:
            kept = {k: v for k, v in original.get("dev", {}).items() if k not in NEW_KEYS}
            assert as_botocore_reads(path) == {**original, "dev": {**kept, **NEW_KEYS}}
        start = "".join(line + end for line in lines_of(above))
        finish = end.join(lines_of(below)) + (end if last and below else "")
        if mine is None:
            assert after.startswith(text)
            return
        assert after.startswith(start)
        assert after.endswith(finish)
        left = iter(after.split(end))
        ours = re.compile("aws_|expiration", re.IGNORECASE)
        for line in mine:  # comments, blank lines and unrelated keys, in their order
            stripped = line.strip()
            if not stripped or stripped[0] in "#;" or (stripped == line and not ours.match(line)):
                assert line in left


# --- what is refused


@pytest.mark.parametrize(
    "keys",
    [
        "aws_access_key_id = AKIAOLD\naws_secret_access_key = s\n",
        "aws_access_key_id = ASIAODD\naws_session_token =\n",
        "aws_secret_access_key = s\n",
        "AWS_ACCESS_KEY_ID: AKIAOLD\naws_session_token: leftover\n",
    ],
)
def test_long_lived_keys_are_overwritten_by_force_alone(path: Path, keys: str) -> None:
    before = f"[dev]\n{keys}"
    with pytest.raises(ProfileHoldsLongLivedKeys, match="--force") as refusal:
        saved(path, before)
    assert refusal.value.exit_code == 253
    assert "AKIA" not in str(refusal.value)
    assert_untouched(path, before.encode())
    saved(path, before, force=True)
    assert as_botocore_reads(path)["dev"] == NEW_KEYS


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "region = x\n",
        "aws_access_key_id =\naws_secret_access_key =\n",
        "aws_access_key_id = ASIAOLD\naws_security_token = t\n",
    ],
)
def test_a_profile_without_long_lived_keys_needs_no_force(path: Path, keys: str) -> None:
    saved(path, f"[dev]\n{keys}")
    assert as_botocore_reads(path)["dev"]["aws_access_key_id"] == "ASIANEW"


@pytest.mark.parametrize(
    "profile",
    [
        "",
        " ",
        " a",
        "a ",
        "a\n[b",
        "a\rb",
        "a]",
        "[a",
        "a\x85b",
        "a\u2028b",
        "a\0",
        "\ud800",
        "DEFAULT",
    ],
)
def test_a_profile_name_that_could_write_other_lines_is_refused(path: Path, profile: str) -> None:
    with pytest.raises(InvalidProfileName) as refusal:
        save_profile(path, profile, NEW)
    assert refusal.value.exit_code == 2
    assert len(str(refusal.value).splitlines()) == 1
    assert not path.exists()


@pytest.mark.parametrize("value", ["", "a\nregion = b", "a\r", " a", "a\u2028"])
def test_a_value_that_could_write_other_lines_is_refused_unseen(path: Path, value: str) -> None:
    with pytest.raises(CredentialsFileUnusable, match="the new aws_session_token") as refusal:
        save_profile(path, "dev", Credentials("ASIA", "s", value, "then"))
    assert "region" not in str(refusal.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("aws_secret_access_key = sEcReT\n", "line 1 "),
        ("[a]\n\nsEcReT\n", "line 3 "),
        ("[a]\nx = sEcReT\nX = sEcReT\n", "line 3 "),
        ("[a]\n[a]\nx = sEcReT\n", "line 2 "),
        ("\ufeff[dev]\nx = sEcReT\n", "byte order mark"),
        ("[dev]\n  [a]\nx = sEcReT\n", "layout"),
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_named_and_left_without_a_word_of_it(
    path: Path, before: str, said: str
) -> None:
    with pytest.raises(CredentialsFileUnusable, match=said) as refusal:
        saved(path, before)
    assert_untouched(path, before.encode())
    assert str(path) in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
    error: BaseException | None = refusal.value
    while error is not None:  # a traceback shows the contexts too
        assert "sEcReT" not in repr(error) + str(error)
        error = error.__context__


def test_what_is_not_a_regular_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path(os.devnull)):
        with pytest.raises(CredentialsFileUnusable, match="not a regular file"):
            save_profile(path, "dev", NEW)
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["fifo"]
    assert not Path(f"{os.devnull}.lock").exists()


def test_a_lock_file_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    victim.chmod(0o644)
    Path(f"{path}.lock").symlink_to(victim)
    with pytest.raises(CredentialsFileUnusable, match=r"credentials\.lock"):
        save_profile(path, "dev", NEW)
    assert (victim.read_text(), mode(victim)) == ("precious", 0o644)


def test_a_draft_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".credentials.iam-sudo-draft").symlink_to(victim)
    save_profile(path, "dev", NEW)
    assert victim.read_text() == "precious"
    assert not path.is_symlink()


def test_a_full_disk_leaves_the_file_and_no_draft(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(CredentialsFileUnusable, match="No space left") as refusal:
        saved(path, "[a]\nx = 1\n")
    assert refusal.value.exit_code == 253
    assert_untouched(path, b"[a]\nx = 1\n")


def test_a_lock_that_is_never_released_is_a_clear_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edited_file, "LOCK_TIMEOUT_SECONDS", 0.1)
    with (
        FileLock(f"{path}.lock"),
        pytest.raises(CredentialsFileUnusable, match="another process held"),
    ):
        saved(path, "[a]\n")
    assert_untouched(path, b"[a]\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_under_sudo_the_file_stays_the_users(path: Path) -> None:
    write(path, "[a]\n")
    os.chown(path, 12345, 12345)
    save_profile(path, "dev", NEW)
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (12345, 12345, 0o600)


def test_no_error_of_the_file_shows_a_secret() -> None:
    assert "new/secret" not in repr(NEW)
    assert "new%(token)" not in repr(NEW)
    for error in (InvalidProfileName, ProfileHoldsLongLivedKeys, CredentialsFileUnusable):
        assert issubclass(error, CommandLineError)


# --- many writers, and killed ones

WRITER = """
import sys
from pathlib import Path
from iam_sudo_client.ways_out import edited_file
from iam_sudo_client.ways_out.credentials_file import save_profile
from iam_sudo_core.credentials import Credentials

edited_file.LOCK_TIMEOUT_SECONDS = 240.0  # sixteen take turns on a machine that is busy

path, profile, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(rounds):
    token = str(number) * 20_000
    save_profile(path, profile, Credentials("ASIA", f"s{number}", token, f"e{number}"))
"""


def start_writer(path: Path, profile: str, rounds: int) -> subprocess.Popen[str]:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), profile, str(rounds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def go(writer: subprocess.Popen[str]) -> None:
    assert writer.stdin is not None
    writer.stdin.write("\n")
    writer.stdin.flush()


def test_sixteen_writers_at_once_lose_nothing(path: Path) -> None:
    before = "# mine\n[keep]\naws_access_key_id = AKIAKEEP\n"
    write(path, before)
    writers = [start_writer(path, f"p{number}", 3) for number in range(16)]
    for writer in writers:
        go(writer)
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0] * 16
    found = as_botocore_reads(path)
    assert set(found) == {"keep", *(f"p{number}" for number in range(16))}
    assert {found[f"p{number}"]["expiration"] for number in range(16)} == {"e2"}
    assert path.read_text().startswith(before)


def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(path: Path) -> None:
    before = "[keep]\naws_access_key_id = AKIAKEEP\n"
    write(path, before)
    for number in range(20):
        with start_writer(path, "dev", 1_000_000) as writer:
            go(writer)
            time.sleep(0.0007 * number)  # not asserted: it only varies where the kill strikes
            writer.kill()
        assert path.read_text().startswith(before)
        assert mode(path) in {0o600, 0o644}
        found = as_botocore_reads(path)
        assert set(found) <= {"keep", "dev"}
        if "dev" in found:
            count = found["dev"]["expiration"][1:]
            assert found["dev"]["aws_secret_access_key"] == f"s{count}"
            assert found["dev"]["aws_session_token"] == count * 20_000
        for entry in path.parent.iterdir():
            assert entry == path or mode(entry) == 0o600
    (path.parent / ".credentials.iam-sudo-draft").write_text("[left]\nby = a killed writer\n")
    save_profile(path, "dev", NEW)  # nobody's lock is left, and nobody's draft
    assert as_botocore_reads(path)["dev"] == NEW_KEYS
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}
