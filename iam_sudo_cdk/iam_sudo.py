"""`IamSudo`: let developers use the permissions of workload roles, in development accounts.

One construct, whatever the way: the strategy says how, `grant_sudo` says who. A strategy is a
plain description; all that it has to offer is `bind`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .accounts import development_accounts_only
from .errors import InvalidChoice
from .session_policy import Broker


class Strategy(Protocol):
    """A way to let developers use a role's permissions."""

    def bind(self, scope: Construct) -> Broker:
        """Build what the strategy needs, in `scope`."""
        ...


class IamSudo(Construct):
    """A broker of simulated roles, or whatever else the strategy builds.

    Args:
        scope: the construct to build in.
        id: of the construct; what is in it is addressed by it, so keep it.
        strategy: how it is done: `SessionPolicyStrategy(…)`. There is no default.
        development_accounts: the accounts, 12-digit strings, that it may be deployed to. There is
            no default: see `accounts` for how it is enforced.

    Raises:
        InvalidConfiguration: an account that is not one of them, or a value that is not allowed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        strategy: Strategy,
        development_accounts: Sequence[str],
    ) -> None:
        super().__init__(scope, id)
        development_accounts_only(self, development_accounts)
        if not hasattr(strategy, "bind"):
            raise InvalidChoice(
                key="strategy", value=strategy, allowed="a strategy, SessionPolicyStrategy(…)"
            )
        self._broker = strategy.bind(self)

    @property
    def base_role(self) -> iam.Role:
        """The role that sessions are made of; add what PowerUserAccess lacks to it."""
        return self._broker.base_role

    @property
    def function(self) -> lambda_.Function:
        """The broker."""
        return self._broker.function

    @property
    def log_group(self) -> logs.LogGroup:
        """The broker's log, one JSON line a decision."""
        return self._broker.log_group

    def grant_sudo(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` simulate the selected roles: it may invoke the broker, nothing else.

        See `grants` for whom this reaches and how. The result's `success` is always true.

        Raises:
            CannotGrant: when nothing could be granted.
        """
        return self._broker.grant_sudo(grantee)
