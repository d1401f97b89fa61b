"""Ask STS who has signed a request: the one call that is made with somebody else's signature.

All that the caller gives are values of headers, parsed and checked before. Host, path, method, body
and the other headers are ours, a redirect is not followed, and nothing is repeated.
Source: STS API Reference, "GetCallerIdentity".
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from botocore import utils
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody

from ..errors import AwsCallFailed, ProofRefused
from .calls import Client

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_OPERATION = "GetCallerIdentity"
_TIMEOUT = (3, 5)  # seconds to connect, and to answer
_LONGEST_REPLY = 65_536
_OK, _REFUSED = 200, (400, 403)
_PORTS = {"http": 80, "https": 443}
# STS API Reference, "Common Error Types": of status 400 as well, and no word about the signature.
_TOO_MUCH = "Throttling"
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")


class IdentityService:
    """STS as the broker's own client has it: its endpoint and its region."""

    def __init__(self, sts: Client) -> None:
        """Take them over.

        Raises:
            ValueError: the endpoint is no URL of a host alone.
        """
        meta: Any = sts.meta
        url = urlsplit(meta.endpoint_url)
        behind = meta.endpoint_url[len(f"{url.scheme}://{url.netloc}") :]
        if (
            url.scheme not in _PORTS
            or not url.hostname
            or "@" in url.netloc
            or behind not in ("", "/")
        ):
            raise ValueError("the endpoint of STS is no URL of a host alone")
        name = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        is_default = url.port in (None, _PORTS[url.scheme])
        self.host: str = name if is_default else f"{name}:{url.port}"
        self.region: str = meta.region_name
        self._url = f"{url.scheme}://{self.host}/"
        bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
        self._http: Any = URLLib3Session(
            verify=bundle or True,
            proxies=utils.get_environ_proxies(self._url),
            timeout=_TIMEOUT,
            max_pool_connections=1,
        )

    def arn(self, signed: Mapping[str, str]) -> str:
        """The ARN of whoever has signed these headers of a request for it.

        Raises:
            ProofRefused: STS does not accept the signature.
            AwsCallFailed: it gave no answer, or none that can be read.
        """
        request = AWSPreparedRequest(
            method="POST",
            url=self._url,
            headers=HeadersDict(
                {
                    **signed,
                    "host": self.host,
                    "content-type": CONTENT_TYPE,
                    "content-length": str(len(BODY)),
                    "user-agent": "iam-sudo",
                }
            ),
            body=BODY,
            stream_output=True,
        )
        try:
            reply = self._http.send(request)
            status: int = reply.status_code
            content = StreamingBody(reply.raw, None).read(_LONGEST_REPLY + 1)
            (reply.raw.close if len(content) > _LONGEST_REPLY else reply.raw.release_conn)()
        except BotoCoreError as error:
            # Its text may hold the URL or a header; its kind says enough.
            raise _failed(type(error).__name__, "STS gave no answer") from None
        if status in _REFUSED:
            code = _text(content, "Code")
            if code.startswith(_TOO_MUCH) and _CODE.fullmatch(code):
                raise _failed(code, "ask again in a while")
            raise ProofRefused(problem=f"STS says {code if _CODE.fullmatch(code) else status}")
        arn = _text(content, "Arn") if status == _OK else ""
        # The account that it says, if it says one, is that of the ARN, if that has one.
        accounts = _texts(content, "Account")
        if not arn or accounts not in ([], arn.split(":")[4:5] or accounts):
            raise _failed(str(status), "the reply cannot be read")
        return arn


def _text(content: bytes, name: str) -> str:
    """The text of the one element of that name, or empty."""
    found = _texts(content, name)
    return found[0] if len(found) == 1 else ""


def _texts(content: bytes, name: str) -> list[str]:
    """The texts of all elements of that name; one that has others in it has none."""
    try:
        # A DTD declares entities; what would be one in another encoding is none in UTF-8.
        if len(content) > _LONGEST_REPLY or b"<!" in content or b"\0" in content:
            return []
        parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314 - no DTD, see above
        return [
            (each.text or "").strip() if not len(each) else ""
            for each in ElementTree.fromstring(content, parser).iter()  # noqa: S314 - no DTD, see above
            if each.tag.rpartition("}")[2] == name
        ]
    except (ElementTree.ParseError, UnicodeError, LookupError, ValueError):
        return []


def _failed(code: str, detail: str) -> AwsCallFailed:
    return AwsCallFailed(operation=_OPERATION, code=code, detail=detail)
