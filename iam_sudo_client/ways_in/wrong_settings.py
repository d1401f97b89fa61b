"""Variables and keys of a profile that no AWS tool could use: which one, its value, what to do.

None of them is a credential; a password in a URL is left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore import exceptions

from iam_sudo_client.errors import NotConfigured
from iam_sudo_core.errors import one_line, quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession


def no_such_profile(name: str, *, variable: str, known: Iterable[str]) -> NotConfigured:
    """The error for a profile that neither file has."""
    import difflib  # noqa: PLC0415 - who has their profile does not wait for it

    near = difflib.get_close_matches(name, list(known), n=1)
    meant = f", {quoted(near[0])} for one," if near else ""
    return NotConfigured(
        f"there is no AWS profile {quoted(name)}; set {variable} to one{meant} that "
        "~/.aws/config or ~/.aws/credentials has, or unset it"
    )


def invalid_setting(
    caller: CallerSession,
    *,
    keys: str | Sequence[str] | None,
    variables: str | Sequence[str] | None,
) -> NotConfigured:
    """The error for a value that botocore cannot convert."""
    named = [variables] if isinstance(variables, str) else list(variables or ())
    for variable in named:
        if variable in os.environ:
            value = quoted(os.environ[variable])
            return NotConfigured(f"{variable} is {value}, which is no value of it; correct it")
    key = keys if isinstance(keys, str) else ".".join(keys or ())
    value = quoted(str(caller.get_scoped_config().get(key, "")))
    of = f"profile {caller.profile or 'default'}"
    return NotConfigured(f"{key} of {of} is {value}, which is no value of it; correct it")


def unusable_setting(error: Exception, caller: CallerSession) -> NotConfigured:
    """The error for a setting that a client does not take; botocore's own errors name it."""
    if isinstance(error, exceptions.BotoCoreError):
        return NotConfigured(
            f"{one_line(str(error)).rstrip('.')}; correct the variable, or the key of your profile"
        )
    for service in ("_IAM", "_STS", ""):
        name = f"AWS_ENDPOINT_URL{service}"
        if name in caller.environ and not is_url(caller.environ[name]):
            return no_endpoint(f"{name} is {quoted(without_password(caller.environ[name]))}")
    return NotConfigured(
        f"a setting of AWS tools cannot be used ({type(error).__name__}); check the variables "
        f"AWS_ENDPOINT_URL, AWS_… and the keys of profile {caller.profile or 'default'}"
    )


def is_url(text: str) -> bool:
    """Whether a URL is one of a server, to its port."""
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//…@", url).partition("?")[0]


def no_endpoint(what: str) -> NotConfigured:
    """The error for an endpoint that is no URL."""
    return NotConfigured(
        f"{what}, which is no URL, such as http://localhost:4566; check AWS_ENDPOINT_URL, "
        "AWS_ENDPOINT_URL_… and endpoint_url of your profile"
    )


def no_proxy() -> NotConfigured:
    """The error for a proxy that is no URL; it is not shown, as it may have a password."""
    return NotConfigured(
        "the proxy for AWS is no URL, such as http://proxy.example.com:8080; correct "
        "HTTPS_PROXY or HTTP_PROXY"
    )
