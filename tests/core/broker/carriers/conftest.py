"""A role that is too large for a session, and a day."""

from __future__ import annotations

import pytest

from iam_sudo_core.broker import decision
from tests.aws_account import Account
from tests.core.broker.carriers.large_roles import NAME, TODAY, document


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "today", lambda: TODAY)


@pytest.fixture
def large(account: Account) -> None:
    """A role of some 9,000 characters, which takes two carriers."""
    account.role(NAME, inline={"large": document(60)})
