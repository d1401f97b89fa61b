"""Which roles there are for the caller: those the broker would simulate, those that trust them.

The broker answers the first half in one call. The second is read by the caller's own permission to
list roles, where they have it; what their own policies allow is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iam_sudo_client.errors import Refused, ServiceFailed
from iam_sudo_client.ways_in.broker import ask
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_UNKNOWN = 'unknown key "list"'


def listed_by_broker(
    caller: CallerSession, pattern: str | None, *, function_name: str
) -> Mapping[str, Any]:
    """The roles that the broker would simulate, as `Listing.to_reply` has them.

    Raises:
        Refused, ServiceFailed, NotConfigured: as `ask_broker`.
    """
    request = _List(pattern)
    try:
        return ask(caller, request, function_name, read=_listing)
    except Refused as error:
        if _UNKNOWN in str(error):
            raise ServiceFailed(
                f"{quoted(function_name)} in {caller.region} is a broker of an earlier version, "
                "which cannot list roles; deploy it anew"
            ) from None
        raise


@dataclass(frozen=True)
class _List:
    pattern: str | None
    # Of a broker that does not know the question.
    role_name: str = _UNKNOWN

    def to_event(self) -> dict[str, object]:
        return {"list": True, **({"pattern": self.pattern} if self.pattern else {})}

    def confirmation(self) -> dict[str, str]:
        return {}


def _listing(reply: object) -> Mapping[str, Any]:
    if not isinstance(reply, Mapping) or not isinstance(reply.get("roles"), list):
        raise ValueError("roles is missing")
    for each in reply["roles"]:
        texts = [each.get(key) for key in ("name", "arn", "rule")] if type(each) is dict else [0]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("a role is none")
    if not isinstance(reply.get("others"), Mapping) or not isinstance(reply.get("version"), str):
        raise ValueError("others or version is missing")
    # Of a broker with rules alone.
    if "caller" in reply:
        texts = [reply["caller"], *_list_of(reply.get("allowed"))]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("caller or allowed is no text")
    return reply


def _list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def trusting(caller: CallerSession) -> dict[str, bool]:
    """The ARNs of roles that trust the caller, and whether that hangs on nothing but their trust.

    Raises:
        ServiceFailed, NotConfigured: the caller may not list roles, or cannot.
    """
    from iam_sudo_client.ways_in.failures import translated  # noqa: PLC0415 - they bring clients
    from iam_sudo_client.ways_in.trust_policy import Caller, trust_of  # noqa: PLC0415
    from iam_sudo_core.account.reading import list_roles  # noqa: PLC0415
    from iam_sudo_core.errors import AwsCallFailed  # noqa: PLC0415

    iam, sts = caller.clients()
    with translated(caller):
        identity = str(sts.get_caller_identity()["Arn"])
    try:
        roles = list(list_roles(iam))
    except AwsCallFailed as error:
        raise ServiceFailed(f"{error.operation} failed: {error.code}") from None
    session = Caller(identity=identity, arn=identity)
    own = next((str(each.arn) for each in roles if each.name == session.role_name), None)
    if session.role_name:
        session = Caller(identity=identity, arn=own)
    found = {}
    for role in roles:
        if not isinstance(role.trust_policy, Mapping):
            continue
        try:
            trust = trust_of(role.trust_policy, session)
        except ValueError:
            continue
        if trust.allows and not trust.denies:
            found[str(role.arn)] = trust.directly and not trust.unchecked
    return found
