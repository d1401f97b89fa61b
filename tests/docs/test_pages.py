"""Every page: its links, its anchors, and the files and tests that it names."""

import re
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import FILES, PAGES, ROOT, Page, page

README_LINES = 200
PLACES = {file.name for file in ROOT.iterdir() if file.is_dir()}


def wrong_links(of: Page) -> list[str]:
    return [link for link in of.links if not leads_somewhere(of, link)]


def leads_somewhere(of: Page, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme in ("https", "mailto")
    if not parts.path:
        return parts.fragment in of.anchors
    target = (of.path.parent / unquote(parts.path)).resolve()
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not parts.fragment or (
        target.suffix == ".md" and parts.fragment in Page.read(target).anchors
    )


def test_the_readme_is_read_to_its_end() -> None:
    assert len(page("README.md").text.splitlines()) <= README_LINES


def test_the_pages_are_there() -> None:
    names = {file.relative_to(ROOT).as_posix() for file in FILES}
    assert names >= {
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/deploy.md", "docs/tag-trust.md"),
        *("docs/command.md", "docs/troubleshooting.md", "docs/performance.md", "docs/security.md"),
        *("docs/fidelity.md", "examples/stages/README.md"),
    }


def test_the_readme_leads_to_every_page_of_docs() -> None:
    linked = {urlsplit(link).path for link in page("README.md").links}
    assert linked >= {f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("read", PAGES, ids=lambda read: read.name)
def test_every_link_leads_somewhere(read: Page) -> None:
    assert wrong_links(read) == []


@pytest.mark.parametrize("read", PAGES, ids=lambda read: read.name)
def test_every_file_that_is_named_exists(read: Page) -> None:
    named = [word for word in read.code_words if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", word)]
    named = [word for word in named if "/" in word and word.split("/")[0] in PLACES]
    missing = [
        word
        for word in named
        if not (ROOT / word).exists() and not (read.path.parent / word).exists()
    ]
    assert missing == []


def test_a_page_names_no_place_on_somebodys_machine() -> None:
    private = re.compile(r"(?<![\w.~/*])/(?:home|Users|root|tmp|work|var/folders)/|127\.0\.0\.1:\d")
    for read in PAGES:
        assert not private.search(read.text), read.name


# The checks themselves.


def saying(text: str) -> Page:
    """A page of the first folder that nobody wrote."""
    return Page(ROOT / "not-written.md", text)


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/no-such-page.md)",
        "[a](docs/command.md#no-such-heading)",
        "[a\nb](#no-such-heading)",
        "![a](docs/no-such-picture.svg)",
        '<img src="docs/no-such-picture.svg">',
        "[a](../outside.md)",
        "[a](http://example.com)",
        "[a](LICENSE#heading)",
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert len(wrong_links(saying(f"# A heading\n\n[fine](#a-heading) {link}\n"))) == 1


def test_headings_are_anchors_as_github_has_them() -> None:
    read = saying(
        "# What's `aws:x` — and why?\n\n## Same\n\n## Same\n\n```text\n# no heading\n```\n"
        "## [A link](docs/command.md), here\n"
    )
    assert read.anchors == {"whats-awsx--and-why", "same", "same-1", "a-link-here"}
