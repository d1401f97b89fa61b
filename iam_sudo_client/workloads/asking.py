"""One call about a workload, by the caller's own permissions; and what it means when it fails.

A call that was denied is named with its action and with what to type instead.
Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS services".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.waiting import waiting_for
from iam_sudo_client.ways_in.failures import DENIED, translated, who_denies
from iam_sudo_core.errors import one_line

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_client.workloads.reference import Workload

T = TypeVar("T")

# The prefix of a service's actions, where it is not botocore's name of the service.
_PREFIXES = {"stepfunctions": "states"}


class Denied(ServiceFailed):
    """The caller may not make a call."""


class Asking:
    """Who asks, and about which workload."""

    def __init__(self, caller: CallerSession, workload: Workload) -> None:
        self.caller = caller
        self.workload = workload

    def call(
        self, service: str, operation: str, *, absent: Mapping[str, str], **parameters: Any
    ) -> Mapping[str, Any]:
        """The reply to one call; `absent` says by error codes what is not there.

        Raises:
            Denied: the caller may not.
            ServiceFailed: it is not there, or AWS failed.
        """
        return self._made(service, absent, lambda client: getattr(client, operation)(**parameters))

    def pages(
        self,
        service: str,
        operation: str,
        *,
        key: str,
        absent: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> list[Any]:
        """What all pages of a list have under `key`.

        Raises:
            Denied, ServiceFailed: as `call`.
        """

        def listed(client: Any) -> list[Any]:
            pages = client.get_paginator(operation).paginate(**parameters)
            return [item for page in pages for item in page[key]]

        return self._made(service, absent or {}, listed)

    def _made(self, service: str, absent: Mapping[str, str], ask: Callable[[Any], T]) -> T:
        client = self.caller.client(service)
        with translated(self.caller, source=str(self.workload)), waiting_for(str(self.workload)):
            try:
                return ask(client)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                message = one_line(str(error.response.get("Error", {}).get("Message", "")))
                if code in DENIED:
                    raise self._denied(service, error.operation_name, code, message) from error
                if code in absent:
                    raise self.no(absent[code]) from error
                raise

    def _denied(self, service: str, operation: str, code: str, message: str) -> Denied:
        action = f"{_PREFIXES.get(service, service)}:{operation}"
        message = message.rstrip(".")
        return Denied(
            f"{self.workload}: {operation} failed: {code}: {message}; "
            f"{who_denies(message, otherwise=f'ask for {action}')}, or name the role itself by "
            "--role-name"
        )

    def identity(self) -> tuple[str, str]:
        """The partition and the account that the caller is in."""
        found = self.call("sts", "get_caller_identity", absent={})
        _, partition, _, _, account, _ = str(found["Arn"]).split(":", 5)
        return partition, account

    def no(self, why: str) -> ServiceFailed:
        """The error for what the workload is not, or has not; `why` ends with the next step."""
        return ServiceFailed(f"{self.workload}: {why}")

    def either(self, first: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """The first, or where the caller may not, the other; where neither, the first's error."""
        try:
            return first()
        except Denied as denied:
            try:
                return otherwise()
            except Denied:
                raise denied from None
