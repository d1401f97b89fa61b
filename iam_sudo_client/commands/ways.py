"""How a session is got, whichever command wants it: by the broker, here, or the role itself.

And that one which was given out before is given again, while it lasts: see `cache`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click

from iam_sudo_client.commands.asked import (
    asked_function,
    default_base_role,
    policy_document,
    role_request,
)
from iam_sudo_client.commands.roles import AskedRole, KnownRole, for_role
from iam_sudo_client.commands.settled import settings_of
from iam_sudo_client.errors import InvalidOption, NotConfigured, ServiceFailed
from iam_sudo_client.report import log, note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_core.broker import Request
    from iam_sudo_core.credentials import Credentials


class Strategy(Protocol):
    """A way to credentials of a role, an ARN or as it was named; `narrowed` by the options."""

    def __call__(self, caller: CallerSession, role: str, /, *, narrowed: bool) -> Credentials: ...


@dataclass(frozen=True)
class Way:
    """The role that is asked for, and what gets its credentials.

    `question` is all that `get` asks, besides the role.
    """

    asked: AskedRole
    question: tuple[str, ...]
    get: Strategy


def simulated(asked: AskedRole, request: Request, function: str | None) -> Way:
    """A simulated role, by the broker's function, or without one by one's own permissions."""
    import json

    base_role = default_base_role()

    def get(caller: CallerSession, role: str, /, *, narrowed: bool) -> Credentials:
        # What narrows CMD's session, or says which of several roles is meant, is of that one alone.
        others: dict[str, Any] = {} if narrowed else {"policy": None, "principal": None}
        wanted = for_role(request, role, **others) if role != asked.name else request
        if function:
            from iam_sudo_client.ways_in.broker import ask_broker

            note(asking=f"function {function}", role=role)
            return ask_broker(caller, wanted, function_name=function)
        from iam_sudo_client.ways_in.local import simulate_here

        return simulate_here(caller, wanted, base_role=base_role, note=note)

    whom = ("broker", function) if function else ("local", base_role)
    return Way(asked, ("simulate", *whom, json.dumps(request.to_event(), sort_keys=True)), get)


def assumed(asked: AskedRole, policy: str | None) -> Way:
    """The role itself, which has to trust the caller."""
    import json

    document = None if policy is None else policy_document(policy)

    def get(caller: CallerSession, role: str, /, *, narrowed: bool) -> Credentials:
        from iam_sudo_client.ways_in.assume import assume_role

        note(assuming=role)
        return assume_role(caller, role, policy=document if narrowed else None, note=note)

    return Way(asked, ("assume", json.dumps(document, sort_keys=True)), get)


def way_of_session(context: click.Context, options: Mapping[str, Any]) -> Way:
    """The way of `session_options`.

    Raises:
        InvalidOption: one of them is none, or two contradict each other.
    """
    context.obj.listen(verbose=options["verbose"], debug=options["debug"])
    asked = AskedRole.parse(options["role_name"], options["role_of"])
    asks = {name: options[name] for name in ("remote", "local", "function_name")}
    if options["assume"]:
        for name in (*asks, "principal", "base_role", "reason"):
            if options[name]:
                raise InvalidOption(
                    f"--assume is the role itself, and --{name.replace('_', '-')} is of a "
                    "simulated one; leave one of them out"
                )
        return assumed(asked, options["policy"])
    function = asked_function(**asks)
    request = role_request(
        options["role_name"],
        principal=options["principal"],
        base_role=options["base_role"],
        policy=options["policy"],
        explain=False,
        reason=options["reason"],
        function=function,
    )
    return simulated(asked, request, function)


def opened(options: Mapping[str, Any]) -> CallerSession:
    """The caller, by `region` and `caller_profile`."""
    from iam_sudo_client.ways_in.session import open_session

    return open_session(options["region"], os.environ, profile=options["caller_profile"])


def credentials_by(
    way: Way,
    role: KnownRole,
    caller: CallerSession,
    context: click.Context,
    *,
    no_cache: bool,
    seconds: int | None = None,
) -> Credentials:
    """The credentials of a role, new or kept; kept ones last at least so many seconds.

    When new ones cannot be had, and nobody has refused them, kept ones are good until the last.

    Raises what the way raises.
    """
    where = cache_setting(context)
    if no_cache or where == "off":
        return way.get(caller, role.text, narrowed=True)
    import json

    from iam_sudo_client.cache import entries, keys
    from iam_sudo_core.credentials import Credentials

    asked: list[str] = []

    def get() -> tuple[str, int]:
        asked.append(role.text)
        found = way.get(caller, role.text, narrowed=True)
        return json.dumps(found.to_reply()), until(found)

    name = keys.name((*way.question, role.text, caller.region, caller.profile or ""), os.environ)
    try:
        text = entries.kept(
            name,
            get,
            os.environ,
            seconds=seconds or entries.LEAST_SECONDS,
            in_keyring=where == "keyring",
        )
    except (NotConfigured, ServiceFailed) as error:
        found = entries.read(name, os.environ) if seconds else None
        if found is None:
            raise
        log.warning("no new credentials, and those of before last a few minutes: %s", error)
        text = found
    if not asked:
        note(given_before="the credentials are those of the cache; --no-cache asks for new ones")
    return Credentials.from_reply(json.loads(text))


def cache_setting(context: click.Context) -> str:
    """Where credentials are kept: files, keyring or off."""
    setting = settings_of(context).defaults.get("cache")
    return str(setting.value) if setting else "files"


def until(credentials: Credentials) -> int:
    """The end of credentials, in seconds since 1970; 0 where it is no time."""
    from datetime import UTC, datetime

    try:
        end = datetime.fromisoformat(credentials.expiration)
    except ValueError:
        return 0
    return int((end if end.tzinfo else end.replace(tzinfo=UTC)).timestamp())
