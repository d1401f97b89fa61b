"""A call to AWS by which a broker is looked after, and what its denial means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from iam_sudo_client.errors import ServiceFailed
from iam_sudo_client.waiting import waiting_for
from iam_sudo_client.ways_in.failures import DENIED, said_by_aws, translated, who_denies

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession


@contextmanager
def asking(
    caller: CallerSession, service: str, about: str, *, known: Mapping[str, str]
) -> Iterator[None]:
    """Raise every error of a call as ours; `known` says by error codes what to do about it.

    Raises:
        ServiceFailed: AWS refused or failed it. A denial names the permission to ask for.
        NotConfigured: the caller has no usable credentials.
    """
    with translated(caller), waiting_for(about):
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            message = said_by_aws(str(error.response.get("Error", {}).get("Message", "")), caller)
            said = f"{error.operation_name} failed: {code}: {message}"
            if code in DENIED:
                otherwise = f"ask for {service}:{error.operation_name} on {about}"
                raise ServiceFailed(
                    f"{said}; {who_denies(message, otherwise=otherwise)}"
                ) from error
            if code in known:
                raise ServiceFailed(known[code]) from error
            raise
