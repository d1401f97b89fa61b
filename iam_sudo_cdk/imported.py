"""A broker that another application has deployed, to grant developers what it gives."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .developers import Developer, grantee_of
from .errors import CannotGrant, InvalidChoice
from .grants import grant_invoke
from .identities import is_function
from .permission_sets import PermissionSet
from .values import check_truths

_ACCOUNT = 4


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
