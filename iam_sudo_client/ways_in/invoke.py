"""One invocation of a function: signed and sent by botocore's parts, without a client.

A client reads the whole service model, of which `Invoke` needs a path. Endpoint, signature, proxies
and certificates are found as botocore's clients find them: by variables and profile
(`endpoint_url`, `[services]`, `use_fips_endpoint`, `use_dualstack_endpoint`, `ca_bundle`), else by
the rules that AWS publishes for Lambda and botocore carries.

An invocation that may have been made is never repeated. One that Lambda turned away for want of
capacity was not made.
Source: AWS Lambda API Reference, "Invoke".
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from botocore import exceptions, utils
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.httpsession import URLLib3Session

from iam_sudo_client.errors import NotConfigured, ServiceFailed
from iam_sudo_client.waiting import waiting_for
from iam_sudo_client.ways_in.network import unreachable
from iam_sudo_client.ways_in.session import CONNECT_SECONDS
from iam_sudo_client.ways_in.wrong_settings import (
    is_url,
    no_endpoint,
    no_proxy,
    unusable_setting,
    without_password,
)
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

# The broker's own 30 seconds (`SessionPolicyStrategy`), and what a cold start and a network add.
READ_SECONDS = 45
_ATTEMPTS = 3
_API_VERSION = "2015-03-31"
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Answer:
    """What came back; `headers` have names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def invoke(caller: CallerSession, function_name: str, event: object) -> Answer:
    """Invoke a function and wait for its answer, whatever that is.

    Raises:
        NotConfigured: no usable credentials, no endpoint that could be one.
        ServiceFailed: nobody answers.
    """
    keys = caller.credentials
    url = f"{endpoint(caller)}/{_API_VERSION}/functions/{quote(function_name, safe='')}/invocations"
    http = connection(caller, url)
    left = min(_ATTEMPTS, int(caller.get_config_variable("max_attempts") or _ATTEMPTS))
    while True:
        request = AWSRequest(
            method="POST",
            url=url,
            data=json.dumps(event).encode(),
            headers={"Content-Type": "application/json", "User-Agent": caller.user_agent()},
        )
        SigV4Auth(keys, "lambda", caller.region).add_auth(request)
        answer = _send(http, request, caller, function_name)
        left -= 1
        if answer.status != _TOO_MANY_REQUESTS or left < 1:
            return answer
        time.sleep(1)


def _send(http: Any, request: AWSRequest, caller: CallerSession, function_name: str) -> Answer:
    began = time.monotonic()
    try:
        with waiting_for(f"{quoted(function_name)} in {caller.region}"):
            reply = http.send(request.prepare())
            return Answer(
                reply.status_code,
                {name.lower(): value for name, value in reply.headers.items()},
                reply.content,
            )
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        seconds = time.monotonic() - began
        said = unreachable(error, caller, url=request.url, seconds=seconds)
        raise ServiceFailed(f"{quoted(function_name)}: {said}") from error


def endpoint(caller: CallerSession, *, service: str = "lambda", region: str | None = None) -> str:
    """The URL of Lambda, or of STS in a region, without a slash at its end.

    Raises:
        NotConfigured: what is configured is no URL.
    """
    if not caller.get_config_variable("ignore_configured_endpoint_urls"):
        try:
            configured = ConfiguredEndpointProvider(
                full_config=caller.full_config,
                scoped_config=caller.get_scoped_config(),
                client_name=service,
            ).provide()
        except Exception as error:  # whatever a section of services has
            raise unusable_setting(error, caller) from error
        if configured:
            if not is_url(str(configured)):
                raise no_endpoint(f"the endpoint is {quoted(without_password(str(configured)))}")
            return str(configured).rstrip("/")
    return _by_rules(caller) if service == "lambda" else _of_sts(caller, str(region))


def _by_rules(caller: CallerSession) -> str:
    rules = _rules(caller, f"lambda/{_API_VERSION}")
    try:
        found: str = rules.resolve_endpoint(
            Region=caller.region,
            UseFIPS=bool(caller.get_config_variable("use_fips_endpoint")),
            UseDualStack=bool(caller.get_config_variable("use_dualstack_endpoint")),
        ).url
    except exceptions.EndpointProviderError as error:
        raise NotConfigured(
            f"Lambda has no such endpoint in {caller.region} ({' '.join(str(error).split())}); "
            "check use_fips_endpoint and use_dualstack_endpoint, and the region"
        ) from None
    return found


def _of_sts(caller: CallerSession, region: str) -> str:
    """STS as the broker has it, whatever the caller's settings: regional, and by its usual name."""
    found: str = (
        _rules(caller, "sts/2011-06-15")
        .resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False, UseGlobalEndpoint=False)
        .url
    )
    return found


def _rules(caller: CallerSession, service: str) -> Any:
    from botocore.endpoint_provider import EndpointProvider  # noqa: PLC0415 - rarely needed
    from botocore.loaders import create_loader  # noqa: PLC0415

    loader = create_loader(caller.get_config_variable("data_path"))
    return EndpointProvider(
        loader.load_data(f"{service}/endpoint-rule-set-1"), loader.load_data("partitions")
    )


def connection(caller: CallerSession, url: str) -> Any:
    """What sends requests to a URL, by the caller's proxies and certificates.

    Raises:
        NotConfigured: one of them is none.
    """
    named = caller.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    bundle = named or None  # an empty variable is none, and never "do not verify"
    if bundle is not None and not os.path.exists(bundle):  # noqa: PTH110 - as OpenSSL looks
        raise NotConfigured(
            f"there is no file of certificates {quoted(bundle)}; correct AWS_CA_BUNDLE, "
            "ca_bundle of your profile or REQUESTS_CA_BUNDLE, or unset it"
        )
    proxies = utils.get_environ_proxies(url)
    proxy = proxies.get(urlsplit(url).scheme)
    if proxy and not is_url(proxy if "//" in proxy else f"http://{proxy}"):
        raise no_proxy()
    try:
        return URLLib3Session(
            verify=True if bundle is None else bundle,
            proxies=proxies,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            max_pool_connections=1,
            proxies_config=caller.get_config_variable("proxies_config"),
        )
    except (exceptions.BotoCoreError, ValueError, OSError):
        raise no_proxy() from None
