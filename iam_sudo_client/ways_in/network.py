"""What it means that AWS could not be asked, or did not answer.

Of the exception nothing is said but its kind, hosts, and OpenSSL's words about a certificate: its
text may quote the request, which has a signature.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import exceptions

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession


def unreachable(
    error: Exception, caller: CallerSession, *, url: str = "", seconds: float | None = None
) -> str:
    """What happened, where, and what to look at; `seconds` is how long somebody has waited."""
    known: dict[str, Any] = getattr(error, "kwargs", {})
    host = _host(url or known.get("endpoint_url")) or "AWS"
    where = f"{host} (region {caller.region})"
    said = f"cannot be asked ({type(error).__name__}); check the network, proxy and region"
    if isinstance(error, exceptions.ProxyConnectionError):
        where = f"the proxy {_host(known.get('proxy_url'))}"
        said = f"cannot be reached; check HTTPS_PROXY, or name {host} in NO_PROXY"
    elif isinstance(error, exceptions.SSLError):
        where, said = f"TLS with {where}", _tls(str(known.get("error")), caller)
    elif isinstance(error, (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError)):
        after = f"in {seconds:.0f} s" if seconds is not None else "in time"
        where, said = f"no answer from {where}", f"{after}: VPN, proxy, region?"
    elif isinstance(error, exceptions.EndpointConnectionError):
        said = (
            "cannot be reached: no such host, or nobody listens; check the region, "
            "AWS_ENDPOINT_URL, the network and HTTPS_PROXY"
        )
    elif isinstance(error, exceptions.ConnectionClosedError):
        said = "closed the connection before it answered; check proxy and VPN"
    return f"{where} {said}"


def _host(url: object) -> str:
    return urlsplit(str(url or "")).netloc.rpartition("@")[2]


def _tls(said: str, caller: CallerSession) -> str:
    why = re.search(r"certificate verify failed(: [^()\"']*)?", said)
    if why is None:
        code = re.search(r"\b[A-Z0-9]+(?:_[A-Z0-9]+)+\b", said)
        return (
            f"failed{f' ({code[0]})' if code else ''}; check whether it is https in "
            "AWS_ENDPOINT_URL and http in HTTPS_PROXY"
        )
    bundle = caller.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    has = f" (it is {bundle})" if bundle else ""
    return f"failed: {why[0].strip()}; name the certificates of your network by AWS_CA_BUNDLE{has}"
