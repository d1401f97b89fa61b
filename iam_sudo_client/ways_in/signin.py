"""A URL that signs a browser in to the console, with the credentials of a role.

Source: IAM User Guide, "Enable custom identity broker access to the AWS console". Its domains are
AWS's, a pair for each partition (AWS General Reference, and the console's own address); a partition
that is not among them is refused, for nobody shall send credentials to a domain that was guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from botocore import exceptions
from botocore.awsrequest import AWSRequest
from botocore.loaders import create_loader

from iam_sudo_client.errors import NotConfigured, ServiceFailed
from iam_sudo_client.waiting import waiting_for
from iam_sudo_client.ways_in.failures import IN_BETWEEN
from iam_sudo_client.ways_in.invoke import connection
from iam_sudo_client.ways_in.network import unreachable

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.credentials import Credentials

# Of a partition: where one signs in, and where the console is.
_DOMAINS: Mapping[str, tuple[str, str]] = {
    "aws": ("signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-cn": ("signin.amazonaws.cn", "console.amazonaws.cn"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
    "aws-eusc": ("signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"),
}
_OK = 200
# As botocore names the endpoints of services; for tests, and for networks that have a way of their
# own to AWS.
_ENDPOINT = "AWS_ENDPOINT_URL_SIGNIN"


def console_url(caller: CallerSession, credentials: Credentials, *, service: str | None) -> str:
    """The URL, which is as good as the credentials for a quarter of an hour.

    Raises:
        NotConfigured: the region is of a partition whose console is not known.
        ServiceFailed: AWS does not give a sign-in token.
    """
    partition = _partition(caller)
    if partition not in _DOMAINS:
        raise NotConfigured(
            f"the console of partition {partition} (region {caller.region}) is not known; "
            "choose another --region"
        )
    signin, console = _DOMAINS[partition]
    federation = f"{caller.environ.get(_ENDPOINT) or f'https://{signin}'}/federation"
    session = {
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
    }
    token = _token(caller, federation, {"Action": "getSigninToken", "Session": json.dumps(session)})
    page = f"{service}/home" if service else "console/home"
    login = {
        "Action": "login",
        "Issuer": "iam-sudo",
        "Destination": f"https://{caller.region}.{console}/{page}?region={caller.region}",
        "SigninToken": token,
    }
    return f"{federation}?{urlencode(login)}"


def _partition(caller: CallerSession) -> str:
    partitions = create_loader(caller.get_config_variable("data_path")).load_data("partitions")
    for each in partitions["partitions"]:
        if caller.region in each["regions"]:
            return str(each["id"])
    import re  # noqa: PLC0415 - of a region that botocore does not know yet

    for each in partitions["partitions"]:
        if re.fullmatch(each["regionRegex"], caller.region):
            return str(each["id"])
    return "unknown"


def _token(caller: CallerSession, url: str, query: Mapping[str, str]) -> str:
    request = AWSRequest(
        method="GET",
        url=f"{url}?{urlencode(query)}",
        headers={"User-Agent": caller.user_agent()},
    )
    try:
        with waiting_for("a sign-in token"):
            reply = connection(caller, url).send(request.prepare())
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        # Not the error's text, nor its cause: both have the URL, which has the credentials.
        raise ServiceFailed(f"the console: {unreachable(error, caller, url=url)}") from None
    try:
        token = json.loads(reply.content)["SigninToken"] if reply.status_code == _OK else None
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        raise ServiceFailed(f"AWS gives no sign-in token (HTTP {reply.status_code}); {IN_BETWEEN}")
    return token
