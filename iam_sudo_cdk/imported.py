"""A broker that another application has deployed, to grant developers what it gives."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .developers import Developer, grantee_of
from .errors import CannotGrant, InvalidChoice
from .grants import grant_invoke
from .identities import is_function
from .permission_sets import PermissionSet
from .session_policy import FAILED, GRANTED, REFUSED, metric
from .values import check_truths

_REGION, _ACCOUNT = 3, 4


@runtime_checkable
class IIamSudo(Protocol):
    """An `IamSudo` of this application, or one that was imported."""

    @property
    def function(self) -> lambda_.IFunction:
        """The broker."""
        ...

    def grant_sudo(self, grantee: Developer) -> iam.Grant:
        """Let `grantee` use the selected roles."""
        ...

    def metric_granted(self, **options: Any) -> cloudwatch.Metric:
        """How many sessions were handed out."""
        ...

    def metric_refused(self, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        """How many requests were refused."""
        ...

    def metric_failed(self, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        """How many requests failed."""
        ...


class ImportedIamSudo(Construct):
    """What `IamSudo.from_function_arn` and `IamSudo.from_attributes` give.

    Its account guard is that of the stack that has the broker.
    """

    def __init__(
        self, scope: Construct, id: str, *, function_arn: str, same_environment: bool = False
    ) -> None:
        super().__init__(scope, id)
        check_truths(same_environment=same_environment)
        self._check(function_arn)
        if same_environment:
            self._function = lambda_.Function.from_function_attributes(
                self, "Broker", function_arn=function_arn, same_environment=True
            )
        else:
            self._function = lambda_.Function.from_function_arn(self, "Broker", function_arn)

    def _check(self, arn: object) -> None:
        allowed = "the ARN of a broker's function, without a version or an alias, of this account"
        if not isinstance(arn, str) or not is_function(arn):
            raise InvalidChoice(key="function_arn", value=arn, allowed=allowed)
        account, here = arn.split(":")[_ACCOUNT] if ":" in arn else "", cdk.Stack.of(self).account
        if account.isdigit() and here.isdigit() and account != here:
            raise InvalidChoice(key="function_arn", value=arn, allowed=allowed)

    @property
    def function(self) -> lambda_.IFunction:
        """The broker."""
        return self._function

    def grant_sudo(self, grantee: Developer) -> iam.Grant:
        """Let `grantee` ask the broker, by a policy of its own or a permission on the function.

        Raises:
            CannotGrant: it takes a permission, and this stack does not know to be in the account
                and region of the broker (`same_environment` says so); or it is a permission set,
                which the stack of the broker has a policy for.
        """
        who = grantee_of(self, grantee)
        if isinstance(who, PermissionSet):
            raise CannotGrant(grantee=str(who), problem="it is granted where the broker is made")
        return grant_invoke(self._function, who)

    def metric_granted(self, **options: Any) -> cloudwatch.Metric:
        """How many sessions were handed out, in the account and region of the broker."""
        return self._metric(GRANTED, **options)

    def metric_refused(self, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        """How many requests were refused; see `IamSudo.metric_refused`."""
        return self._metric(REFUSED, error=error, **options)

    def metric_failed(self, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        """How many requests failed; see `IamSudo.metric_failed`."""
        return self._metric(FAILED, error=error, **options)

    def _metric(self, name: str, *, error: str | None = None, **options: Any) -> cloudwatch.Metric:
        # A metric is of the stack's region unless it is told, whatever the region of the broker is.
        if not cdk.Token.is_unresolved(self._function.function_arn):
            region = self._function.function_arn.split(":")[_REGION]
            if not cdk.Token.is_unresolved(region):
                options = {"region": region, **options}
        return metric(self, name, error=error, **options)
