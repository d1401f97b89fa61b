"""`IamSudo`: let developers use the permissions of workload roles, in development accounts.

One construct, whatever the way: the strategy says how, `grant_sudo` says who. A strategy is a
plain description; all that it has to offer is `bind`, and what it binds to, `grant_sudo`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal, Protocol, cast, get_args

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .accounts import development_accounts_only, is_elsewhere, parse_accounts
from .acknowledgements import acknowledge_empty
from .developers import Developer, grantee_of
from .errors import InvalidChoice, InvalidConfiguration
from .imported import IIamSudo, ImportedIamSudo
from .selected import NeverSelected
from .session_policy import (
    FAILED,
    GRANTED,
    LATENCY,
    REFUSED,
    Broker,
    SessionPolicyStrategy,
    metric,
)
from .tag_trust import TrustedRoles
from .values import has_attribute


class BoundStrategy(Protocol):
    """What a strategy has built."""

    def grant_sudo(self, grantee: Any) -> iam.Grant:
        """Grant it to a grantee of the CDK's, or to a `PermissionSet`."""
        ...


class Strategy(Protocol):
    """A way to let developers use a role's permissions."""

    def bind(self, scope: Construct, development_accounts: Sequence[str]) -> BoundStrategy:
        """Build what the strategy needs, in `scope`, for these accounts."""
        ...


Elsewhere = Literal["error", "nothing"]


class IamSudo(NeverSelected):
    """A broker of simulated roles, roles that trust the developers, or both.

    Args:
        scope: the construct to build in.
        id: of the construct; what is in it is addressed by it, so keep it.
        strategy: how it is done: `SessionPolicyStrategy(…)` or `TagTrustStrategy(…)`; a list of
            both while an application moves from one to the other. There is no default.
        development_accounts: the accounts, 12-digit strings, that it may be deployed to. There is
            no default: see `accounts` for how it is enforced.
        elsewhere: what happens in a stack that is known to be for another account: "error", or
            "nothing" where the same lines serve development and production; default: "error". A
            stack whose account is not known is built, and CloudFormation refuses it elsewhere.

    Raises:
        InvalidConfiguration: an account that is not one of them, or a value that is not allowed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        strategy: Strategy | Sequence[Strategy],
        development_accounts: Sequence[str],
        elsewhere: Elsewhere = "error",
    ) -> None:
        super().__init__(scope, id)
        if elsewhere not in get_args(Elsewhere):
            raise InvalidChoice(key="elsewhere", value=elsewhere, allowed='"error", "nothing"')
        self._is_elsewhere = elsewhere == "nothing" and is_elsewhere(self, development_accounts)
        if not self._is_elsewhere:
            development_accounts_only(self, development_accounts)
        strategies: list[Any] = list(strategy) if isinstance(strategy, Sequence) else [strategy]
        if not strategies or not all(has_attribute(each, "bind") for each in strategies):
            raise InvalidChoice(
                key="strategy",
                value=strategy or None,
                allowed="SessionPolicyStrategy(…), TagTrustStrategy(…), or a list of both",
            )
        if sum(isinstance(each, SessionPolicyStrategy) for each in strategies) > 1:
            raise InvalidConfiguration(
                "strategy: one construct has one broker; make another IamSudo for the second"
            )
        # For tools that read the assembly, whose tree has the names of the CDK's own classes alone.
        names = [type(each).__name__ for each in strategies]
        self.node.add_metadata("iam-sudo:IamSudo", {"strategy": names, "elsewhere": elsewhere})
        if self._is_elsewhere:
            self._bound: list[BoundStrategy] = []
            cdk.Annotations.of(self).add_info(
                f"iam-sudo: nothing is built in account {cdk.Stack.of(self).account}, which is not "
                f"one of development_accounts: {', '.join(development_accounts)}"
            )
            acknowledge_empty(cdk.Stack.of(self))
            return
        accounts = parse_accounts(development_accounts)
        self._bound = [each.bind(self, accounts) for each in strategies]
        for trusted in self._bound:
            if isinstance(trusted, TrustedRoles):
                for each in strategies:
                    if isinstance(each, SessionPolicyStrategy):
                        trusted.leave_out(each.base_role_name)
        if not self.has_broker:
            acknowledge_empty(cdk.Stack.of(self))

    @staticmethod
    def from_function_arn(scope: Construct, id: str, function_arn: str) -> IIamSudo:
        """A broker that another application has deployed in this account, to be granted."""
        return ImportedIamSudo(scope, id, function_arn=function_arn)

    @staticmethod
    def from_attributes(
        scope: Construct, id: str, *, function_arn: str, same_environment: bool = False
    ) -> IIamSudo:
        """The same; `same_environment` says that it is of this stack's account and region.

        The stack need not know which these are then, and permissions on the function can be granted
        as well.
        """
        return ImportedIamSudo(
            scope, id, function_arn=function_arn, same_environment=same_environment
        )

    @property
    def base_role(self) -> iam.Role:
        """The role that sessions are made of; add what PowerUserAccess lacks to it."""
        if self._broker.base_role is None:
            raise InvalidConfiguration("base_role: another stack has made it, and changes it")
        return self._broker.base_role

    @property
    def function(self) -> lambda_.Function:
        """The broker."""
        return self._broker.function

    @property
    def log_group(self) -> logs.LogGroup:
        """The broker's log: a JSON line for each request and one for its decision."""
        return self._broker.log_group

    @property
    def alarms(self) -> Sequence[cloudwatch.Alarm]:
        """The alarms on refusals and failures, if there are."""
        return self._broker.alarms

    @property
    def dashboard(self) -> cloudwatch.Dashboard | None:
        """The broker's dashboard, if there is one."""
        return self._broker.dashboard

    def metric_granted(self, **options: Any) -> cloudwatch.Metric:
        """How many sessions were handed out; `options` are those of a CloudWatch `Metric`.

        Metrics are of all brokers of the account and region.
        """
        return metric(self._broker.function, GRANTED, **options)

    def metric_refused(self, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        """How many requests were refused; by the class of the `error`, if it is given.

        Raises:
            InvalidChoice: there is no such refusal.
        """
        return metric(self._broker.function, REFUSED, error=error, **options)

    def metric_failed(self, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        """How many requests failed: AWS failed, a role changed, or there is a defect.

        Raises:
            InvalidChoice: there is no such failure.
        """
        return metric(self._broker.function, FAILED, error=error, **options)

    def metric_milliseconds(self, **options: Any) -> cloudwatch.Metric:
        """How long it took to decide; the average, unless `options` has another statistic."""
        return metric(self._broker.function, LATENCY, **options)

    @property
    def developer_policy(self) -> iam.ManagedPolicy | None:
        """The managed policy to attach to grantees that the CDK cannot write to, if there are."""
        policies = [each.developer_policy for each in self._bound if isinstance(each, TrustedRoles)]
        return next((policy for policy in policies if policy), None)

    def grant_sudo(self, grantee: Developer) -> iam.Grant:
        """Let `grantee` use the selected roles: ask the broker, assume the tagged roles, no more.

        It is a role, a user or a group, the ARN of one, or a `PermissionSet`: that one gets managed
        policies (`invoke_policy`, `developer_policy`) to be attached to it by their names.

        See `grants` and `tag_trust` for whom this reaches and how. The result's `success` is
        always true, but where `elsewhere` has it that nothing is built: there nothing is granted.

        Raises:
            CannotGrant: when nothing could be granted.
        """
        if self._is_elsewhere:
            nobody = iam.ArnPrincipal("*")
            who = grantee if has_attribute(grantee, "grant_principal") else nobody
            return iam.Grant.drop(cast(iam.IGrantable, who), "iam-sudo in another account")
        grantee = grantee_of(self, grantee)
        first, *others = [bound.grant_sudo(grantee) for bound in self._bound]
        return reduce(iam.Grant.combine, others, first)

    @property
    def invoke_policy(self) -> iam.ManagedPolicy | None:
        """The managed policy to attach to permission sets, to ask the broker, if there is one."""
        policies = [each.invoke_policy for each in self._bound if isinstance(each, Broker)]
        return next((policy for policy in policies if policy), None)

    @property
    def has_broker(self) -> bool:
        """Whether there are a broker, its log and a base role."""
        return any(isinstance(each, Broker) for each in self._bound)

    @property
    def has_base_role(self) -> bool:
        """Whether the base role is made here, rather than by another stack."""
        return any(isinstance(each, Broker) and each.base_role for each in self._bound)

    @property
    def _broker(self) -> Broker:
        for each in self._bound:
            if isinstance(each, Broker):
                return each
        if self._is_elsewhere:
            raise InvalidConfiguration(
                "elsewhere: nothing is built in this account, so there is no broker, no base role "
                "and no log; look at has_broker first"
            )
        raise InvalidConfiguration(
            "strategy: there is no broker, no base role and no log without SessionPolicyStrategy"
        )
