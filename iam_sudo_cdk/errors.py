"""What synthesis can refuse, as a branch of the core's tree.

iam_sudo_core.IamSudoError
└── InvalidConfiguration       also a ValueError
    ├── InvalidChoice          a value that is missing or wrong: key, value and what is allowed
    ├── AccountNotAllowed      the stack is for an account that is not a development account
    └── CannotGrant            a grantee that neither an identity policy nor a permission reaches

`str(error)` is one line. The core's own `InvalidSettings` may come up too.
"""

from __future__ import annotations

from collections.abc import Iterable

from iam_sudo_core.errors import IamSudoError, quoted

from .application import has_any_token


class InvalidConfiguration(IamSudoError, ValueError):
    """The application asks for something that must not, or cannot, be deployed."""


class InvalidChoice(InvalidConfiguration):
    """A value is missing or wrong: it has the `key`, the `value` and what is `allowed`."""

    key: str
    value: object
    allowed: str

    def __init__(self, *, key: str, value: object, allowed: str) -> None:
        is_ = "it is missing" if value is None else f"{_shown(value)} is not allowed"
        super().__init__(f"{key}: {is_}; allowed: {allowed}", key=key, value=value, allowed=allowed)


def _shown(value: object) -> str:
    """A value as whoever wrote it knows it: no token by its number, no object by its address."""
    if isinstance(value, bool | int | float):
        return str(value)
    if has_any_token(value):
        return "what only the deployment knows"
    if repr(value).startswith("<"):
        return f"an object of {type(value).__name__}"
    return quoted(value)


class AccountNotAllowed(InvalidConfiguration):
    """The stack is for an account that is not a development account."""

    def __init__(self, *, account: str, development_accounts: Iterable[str]) -> None:
        accounts = tuple(development_accounts)
        super().__init__(
            f"development_accounts: the stack is for account {account}, which is not one of "
            f"{', '.join(accounts)}; the broker is for development accounts only",
            account=account,
            development_accounts=accounts,
        )


class CannotGrant(InvalidConfiguration):
    """A grantee whom neither an identity policy nor a permission would reach."""

    def __init__(self, *, grantee: str, problem: str) -> None:
        super().__init__(
            f"grant_sudo: {grantee}: {problem}; grant roles, users and groups, one at a time",
            grantee=grantee,
            problem=problem,
        )
