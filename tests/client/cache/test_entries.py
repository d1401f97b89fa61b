"""Entries of the cache: whose they are, what they are kept for, and how they go."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iam_sudo_client.cache import entries, keys, names

QUESTION, OTHER = keys.name(["orders"], {}), keys.name(["admin"], {})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own."""
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(home: Path) -> Path:
    """The folder of the cache, yet to be made."""
    return home / ".cache" / "iam-sudo"


def soon() -> int:
    return int(datetime.now(UTC).timestamp()) + 3_000


def keep(name: str = QUESTION, text: str = "kept") -> None:
    entries.write(name, text, os.environ, until=soon())


def test_an_entry_that_is_given_another_s_name_is_none(folder: Path) -> None:
    keep(OTHER, "of an administrator")
    (folder / f"{OTHER}.entry").rename(folder / f"{QUESTION}.entry")
    assert entries.read(QUESTION, os.environ) is None


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_nothing_is_kept_nor_taken_where_others_may_write(folder: Path, mode: int) -> None:
    keep()
    names.keep(["orders-task"], os.environ)
    folder.chmod(mode)
    assert entries.read(QUESTION, os.environ) is None
    assert names.known(os.environ) == []
    keep(OTHER)
    assert entries.kept(OTHER, lambda: ("new", soon()), os.environ) == "new"
    assert sorted(each.suffix for each in folder.iterdir()) == ["", ".entry"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files away")
@pytest.mark.parametrize("is_link", [True, False])
def test_a_folder_of_another_user_is_neither_used_nor_emptied(
    folder: Path, home: Path, *, is_link: bool
) -> None:
    (home / "mine").mkdir(mode=0o700)
    (home / "mine" / "thesis.txt").write_text("mine")
    folder.parent.mkdir()
    if is_link:
        folder.symlink_to(home / "mine")
    else:
        (home / "mine").rename(folder)
    os.chown(folder, 12345, 12345, follow_symlinks=False)
    keep()
    assert entries.read(QUESTION, os.environ) is None
    with pytest.raises(PermissionError, match="others"):
        entries.empty(os.environ)
    assert [each.name for each in folder.iterdir()] == ["thesis.txt"]


def test_a_folder_that_is_one_s_own_link_is_the_folder(folder: Path, home: Path) -> None:
    (home / "elsewhere").mkdir(mode=0o700)
    folder.parent.mkdir()
    folder.symlink_to(home / "elsewhere")
    keep()
    assert entries.read(QUESTION, os.environ) == "kept"


@pytest.mark.parametrize("base", ["cache", ".", "~/cache"])
def test_no_folder_of_wherever_one_stands_is_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    monkeypatch.setenv("XDG_CONFIG_HOME", base)
    keep()
    assert list(home.iterdir()) == []
    assert Path(keys.settings_file(os.environ)) == home / ".config/iam-sudo/config.toml"


def test_who_has_no_home_has_no_cache_and_no_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where nobody knows the user
    (home / "~" / ".config" / "iam-sudo").mkdir(parents=True)
    (home / "~" / ".config" / "iam-sudo" / "config.toml").write_text("of a repository")
    keep()
    assert entries.read(QUESTION, os.environ) is None
    assert not (home / "~" / ".cache").exists()
    assert not Path(keys.settings_file(os.environ)).exists()


def test_what_goes_meanwhile_does_not_keep_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep()
    there = [f"{'0' * 64}.entry.77", f"{'1' * 64}.entry", f"{QUESTION}.entry"]
    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", lambda _: there)  # two are gone by now
        assert entries.empty(os.environ) == 1
    assert list(folder.iterdir()) == []


def test_what_cannot_go_does_not_keep_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep()
    (folder / "a-folder").mkdir()
    there = ["a-folder", f"{QUESTION}.entry"]
    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", lambda _: there)
        with pytest.raises(OSError, match="a-folder"):
            entries.empty(os.environ)
    assert [each.name for each in folder.iterdir()] == ["a-folder"]


@pytest.fixture(params=[".aws/config", ".boto"])
def file(request: pytest.FixtureRequest, home: Path) -> Path:
    """A file that says who one is."""
    path = home / request.param
    path.parent.mkdir(exist_ok=True)
    path.write_text("ann")
    return path


def test_who_becomes_somebody_else_while_one_is_asked_is_not_given_it(file: Path) -> None:
    def get() -> tuple[str, int]:
        file.write_text("bob")
        return "of ann", soon()

    assert entries.kept(QUESTION, get, os.environ) == "of ann"
    assert entries.read(QUESTION, os.environ) is None
    assert entries.kept(QUESTION, lambda: ("of bob", soon()), os.environ) == "of bob"
