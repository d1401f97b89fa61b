"""docs/api.md is what the docstrings say today, and says it of everything that is public."""

import pytest

pytest.importorskip("aws_cdk")

import iam_sudo_cdk
from tests.docs import api

pytestmark = pytest.mark.slow


def test_the_page_is_current() -> None:
    assert api.PAGE.read_text(encoding="utf-8") == api.page(), "say make docs"


@pytest.mark.parametrize("name", iam_sudo_cdk.__all__)
def test_every_public_name_and_what_it_has_is_described(name: str) -> None:
    thing = getattr(iam_sudo_cdk, name)
    assert thing.__doc__, name
    for member, what in api.members(thing):
        assert what.__doc__, f"{name}.{member}"


def test_a_parameter_says_its_default() -> None:
    assert "elsewhere: Elsewhere = 'error'" in api.section("IamSudo")
    assert "tag: Tag = Tag()" in api.section("TagTrustStrategy")
