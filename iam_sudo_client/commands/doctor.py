"""`iam-sudo doctor`: what has to be there for a session, a line each: ok, or what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.asked import asked_function, role_request
from iam_sudo_client.commands.options import (
    broker_options,
    region_option,
    report_options,
    role_of_option,
)
from iam_sudo_client.commands.roles import AskedRole, MayTakeRole
from iam_sudo_client.commands.values import TEXT
from iam_sudo_client.commands.ways import opened
from iam_sudo_client.errors import EXIT_REFUSED, CommandLineError, Refused, ServiceFailed
from iam_sudo_client.report import show

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

# Of a name that no role has, so that a broker's list is short.
_NOBODY = "?" * 65
_LATE_SECONDS = 60


@click.command(cls=MayTakeRole)
@click.option("--role-name", type=TEXT, metavar="NAME|ARN", help="Look at this role as well.")
@role_of_option
@broker_options
@region_option
@report_options
@click.pass_context
def doctor(
    context: click.Context, /, *, role_name: str | None, role_of: str | None, **options: Any
) -> int:
    """Look at all that a session takes, line by line.

    The exit code is 0 when all is well, and 1 when something is not.
    """
    context.obj.listen(verbose=options["verbose"], debug=options["debug"])
    asked = AskedRole.parse(role_name, role_of)
    function = asked_function(
        remote=options["remote"], local=options["local"], function_name=options["function_name"]
    )
    examination = _Examination()
    caller: CallerSession | None = examination.of("region", lambda: opened(options), _region)
    examination.of("version", _version)
    if caller is None:
        return examination.end()
    if examination.of("credentials", lambda: caller.credentials, lambda keys: keys.method):
        examination.of("identity", lambda: _identity(caller))
        broker = function and examination.of(
            "broker", lambda: _broker(caller, function), lambda said: _answers(function, said)
        )
        asks = not function or broker
        if broker and broker.get("caller"):
            examination.of("rules", lambda: _rules(broker))
        if asks and (role_name or role_of):
            found = examination.of(
                "role", lambda: _role(asked, function, options), lambda found: found.as_line()
            )
            if found:
                examination.of("trust", lambda: _trust(caller, found.arn))
    examination.of("cache", _cache)
    return examination.end()


class _Examination:
    """Line after line; what cannot be looked at because of another is left out."""

    def __init__(self) -> None:
        self._all_well = True

    def of(
        self,
        what: str,
        look: Callable[[], Any],
        say: Callable[[Any], str] = str,
    ) -> Any:
        """Look, and print what there is, or what to do; return what was found, or None."""
        try:
            found = look()
        except CommandLineError as error:
            self._all_well = False
            show([f"NO  {what:12}{error}"])
            return None
        show([f"ok  {what:12}{say(found)}"])
        return found

    def end(self) -> int:
        return 0 if self._all_well else EXIT_REFUSED


def _region(caller: CallerSession) -> str:
    return caller.region + (f", profile {caller.profile}" if caller.profile else "")


def _version() -> str:
    import platform
    from importlib.metadata import version

    return f"iam-sudo {version('iam-sudo-cdk')}, Python {platform.python_version()}"


def _identity(caller: CallerSession) -> str:
    """Who STS says one is, and whether this machine's clock is AWS's."""
    import time
    from email.utils import parsedate_to_datetime

    from iam_sudo_client.ways_in.failures import skew, translated

    _iam, sts = caller.clients()
    with translated(caller):
        reply = sts.get_caller_identity()
    date = reply["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        late = abs(time.time() - parsedate_to_datetime(date).timestamp())
    except (TypeError, ValueError):
        late = 0
    if late > _LATE_SECONDS:
        raise ServiceFailed(skew(date))
    return str(reply["Arn"])


def _broker(caller: CallerSession, function: str) -> Mapping[str, Any]:
    from iam_sudo_client.ways_in.roles import listed_by_broker
    from iam_sudo_core.broker.listing import VERSION

    said = listed_by_broker(caller, _NOBODY, function_name=function)
    theirs = said["version"]
    if theirs != VERSION:
        raise ServiceFailed(
            f"function {function} is of version {theirs}, and this command of {VERSION}; update "
            "the one that is older"
        )
    return said


def _answers(function: str, said: Mapping[str, Any]) -> str:
    return f"function {function}, version {said['version']}; you may ask it"


def _rules(said: Mapping[str, Any]) -> str:
    """What a broker with rules allows the caller."""
    if not said["allowed"]:
        raise Refused(
            f"the broker has rules, and none allows {said['caller']} anything; ask whoever deploys "
            "it for one"
        )
    return f"the broker has rules, which allow you {'; '.join(said['allowed'])}"


@dataclass(frozen=True)
class _Role:
    arn: str
    base_role: str
    differences: int

    def as_line(self) -> str:
        count = self.differences
        told = f"{count} differences, see iam-sudo explain" if count else "no differences"
        return f"{self.arn.rpartition('/')[2]} on {self.base_role}: {told}"


def _role(asked: AskedRole, function: str | None, options: dict[str, Any]) -> _Role:
    from iam_sudo_client.commands.explain import explained, read_from

    request = role_request(asked.name, principal=None, base_role=None, policy=None, explain=True)
    whose = {name: options[name] for name in ("region", "caller_profile")}
    found = explained(request, function, asked=asked, **whose)
    with read_from(function):
        return _Role(str(found["role"]["arn"]), str(found["base_role"]), len(found["differences"]))


def _trust(caller: CallerSession, arn: str) -> str:
    """Whether the role may be assumed as well; a role that may be simulated need not."""
    from iam_sudo_client.ways_in.roles import trusting

    try:
        surely = trusting(caller).get(arn)
    except ServiceFailed as error:
        return f"whether the role trusts you cannot be seen: {error}"
    if surely is None:
        return "the role does not trust you, so simulate it"
    return "the role trusts you, so assume it" if surely else "the role may trust you: try assume"


def _cache() -> str:
    from iam_sudo_client.cache.keys import cache_folder
    from iam_sudo_client.errors import NotConfigured

    folder = cache_folder(os.environ)
    if Path(folder).is_dir() and not os.access(folder, os.W_OK):
        raise NotConfigured(f"{folder} cannot be written; correct its owner or mode")
    return folder
