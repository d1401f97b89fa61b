"""What the caller's profile sets besides who they are, as variables for the command.

The command gets no AWS_PROFILE, which would make it the caller. So what serves us of the profile
(endpoints, certificates, FIPS, retries, output) is handed on by the variable that means the same;
of what has none, such as `s3 =`, the names are told. A variable that is set already wins, as it
does for us. Where no profile is named, the command reads `[default]` itself.
Sources: botocore's own table of keys and variables; AWS CLI User Guide, "Configuring environment
variables"; AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from iam_sudo_client.shared_files import says_who

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession

_ENDPOINT = "AWS_ENDPOINT_URL"
# Of the AWS CLI, which botocore does not know, and what it spells otherwise in a file.
_OTHERS = {
    "output": "AWS_DEFAULT_OUTPUT",
    "cli_pager": "AWS_PAGER",
    "cli_auto_prompt": "AWS_CLI_AUTO_PROMPT",
    "endpoint_url": _ENDPOINT,
}
# What is no setting of a program, or goes another way.
_ELSEWHERE = {"region", "expiration", "services"}


def handed_on(
    caller: CallerSession, *, files_are_shut: bool = False
) -> tuple[dict[str, str], list[str]]:
    """The variables that say what the profile says, and the keys that no variable says.

    Of a command that cannot read the files, `[default]` is a profile like any other.
    """
    if caller.profile is None and not files_are_shut:
        return {}, []
    variables = dict(_known())
    found, without = {}, []
    keys = caller.get_scoped_config()
    for key, value in keys.items():
        if key in _ELSEWHERE or says_who({key: ""}):
            continue
        if key in variables and isinstance(value, str) and "\0" not in value:
            found[variables[key]] = value
        else:
            without.append(key)
    if _ENDPOINT not in caller.environ:  # which wins over endpoints of services in a file
        found |= _endpoints(caller, str(keys.get("services", "")))
    return found, sorted(without)


def _known() -> Iterator[tuple[str, str]]:
    for keys, variables, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values():
        if isinstance(keys, str) and isinstance(variables, str):
            yield keys, variables
    yield from _OTHERS.items()


def _endpoints(caller: CallerSession, services: str) -> dict[str, str]:
    section = caller.full_config.get("services", {}).get(services, {})
    return {
        f"{_ENDPOINT}_{service.upper().replace(' ', '_')}": settings["endpoint_url"]
        for service, settings in section.items()
        if isinstance(settings, dict) and settings.get("endpoint_url")
    }
