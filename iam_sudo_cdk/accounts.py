"""Keep the broker out of every account that was not named a development account.

Twice, since neither alone is enough: synthesis fails for a stack whose account is known and not
named, and the template itself carries a rule, so that an environment-agnostic template, or one
that is deployed by hand elsewhere, is refused by CloudFormation before it creates anything.

It does not stop somebody who edits the template, or the list.
Source: CloudFormation User Guide, "CloudFormation template Rules syntax".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from .application import identity
from .errors import AccountNotAllowed, InvalidChoice

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_AS_TEXT = 'as text, in quotes, as in "111122223333" (a number would lose leading zeros)'

# By stack, the accounts that its template may be deployed to.
_ALLOWED: dict[object, tuple[str, ...]] = {}


def development_accounts_only(scope: Construct, accounts: Sequence[str]) -> None:
    """Bind `scope`'s stack to `accounts`, 12-digit strings, at least one.

    Raises:
        InvalidChoice: `accounts` is empty or holds something else (a token as well: the account
            that one happens to deploy to is no list of development accounts).
        AccountNotAllowed: the stack's account is known and not one of them.
    """
    allowed = parse_accounts(accounts)
    stack = cdk.Stack.of(scope)
    if not cdk.Token.is_unresolved(stack.account) and stack.account not in allowed:
        raise AccountNotAllowed(account=stack.account, development_accounts=allowed)
    # Several rules all have to hold.
    before = _ALLOWED.get(identity(stack), allowed)
    _ALLOWED[identity(stack)] = tuple(each for each in allowed if each in before)
    cdk.CfnRule(
        scope,
        "DevelopmentAccountsOnly",
        assertions=[
            cdk.CfnRuleAssertion(
                assert_=cdk.Fn.condition_contains(list(allowed), cdk.Aws.ACCOUNT_ID),
                assert_description="iam-sudo hands out credentials of other roles. This template "
                f"is for development accounts only: {', '.join(allowed)}",
            )
        ],
    )


def is_elsewhere(scope: Construct, accounts: Sequence[str]) -> bool:
    """Whether `scope`'s stack is known to be for an account that is none of `accounts`."""
    account = cdk.Stack.of(scope).account
    return not cdk.Token.is_unresolved(account) and account not in parse_accounts(accounts)


def possible_accounts(stack: cdk.Stack) -> tuple[str, ...] | None:
    """The accounts that a stack may be deployed to, or None when it may be any."""
    if not cdk.Token.is_unresolved(stack.account):
        return (stack.account,)
    return _ALLOWED.get(identity(stack))


def parse_accounts(accounts: object) -> tuple[str, ...]:
    """The account ids as they were given, each once."""
    key, allowed = "development_accounts", "a list of 12-digit account ids, at least one"
    if isinstance(accounts, int):
        raise InvalidChoice(key=key, value=accounts, allowed=f"{allowed}, each {_AS_TEXT}")
    if not isinstance(accounts, list | tuple) or not accounts:
        raise InvalidChoice(key=key, value=accounts or None, allowed=allowed)
    for account in accounts:
        if isinstance(account, int):
            raise InvalidChoice(key=key, value=account, allowed=f"{allowed}, each {_AS_TEXT}")
        if not isinstance(account, str) or not _ACCOUNT_ID.fullmatch(account):
            raise InvalidChoice(key=key, value=account, allowed=allowed)
    return tuple(dict.fromkeys(accounts))
