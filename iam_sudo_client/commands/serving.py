"""What `serve`, `simulate --refresh` and `assume --refresh` do alike: an endpoint beside CMD.

Each renewal begins with a caller of its own: whose login was renewed meanwhile, or changed in a
file, is asked for as they are now. The role of a workload is looked up once: as a task keeps its
role until it is deployed again, so does CMD.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from iam_sudo_client.commands.starting import start
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import log, note

if TYPE_CHECKING:
    from iam_sudo_client.commands.roles import KnownRole
    from iam_sudo_client.commands.variables import Variables
    from iam_sudo_client.commands.ways import Way
    from iam_sudo_client.endpoint.addresses import Address
    from iam_sudo_client.endpoint.renewal import Renewed
    from iam_sudo_client.ways_in.session import CallerSession


def run_beside(
    ways: Sequence[Way],
    cmd: Sequence[str],
    *,
    region: str | None,
    caller_profile: str | None,
    variables: Variables | None = None,
    address: Address | None = None,
    port: int = 0,
    token: str | None = None,
) -> int:
    """Run CMD as the first of the roles, with an endpoint for them all; without CMD, serve alone.

    `token` is the one that all clients have. Returns the exit code, where it returns at all.
    """
    from iam_sudo_client.endpoint.addresses import address as at
    from iam_sudo_client.endpoint.beside import serve_beside
    from iam_sudo_client.endpoint.server import URI_VARIABLE, Endpoint
    from iam_sudo_client.ways_in.session import open_session
    from iam_sudo_client.ways_out.command_environment import endpoint_environment, of_role

    caller = open_session(region, os.environ, profile=caller_profile)
    endpoint = Endpoint(address or at("127.0.0.1"), port=port, token=token)
    known = [way.asked.look_up(caller) for way in ways]
    first = known[0]
    _check_names(role.name for role in known)
    if variables:
        variables.check_container(first)
    found = {
        role.name: endpoint.add(_renewed(way, role, caller, caller_profile))
        for way, role in zip(ways, known, strict=True)
    }
    theirs = variables.read(caller, first, ways[0].get) if variables else {}
    for name, its in found.items():
        note(serving=name, at=its[URI_VARIABLE])

    def serve() -> None:
        endpoint.keep_renewing()
        endpoint.serve_forever()

    if not cmd:
        for name, its in found.items():
            log.info("serving %s: %s=%s", name, URI_VARIABLE, its[URI_VARIABLE])
        serve()

    def identified(environ: Mapping[str, str]) -> dict[str, str]:
        environment = endpoint_environment(
            environ, found[first.name], region=caller.region, role=first.name
        )
        for name, its in found.items():
            environment |= of_role(name, its)
        return environment

    serve_beside(serve, leave=endpoint.socket.close)
    return start(
        cmd,
        caller,
        identified,
        role=first.name,
        variables=theirs,
        given_region=region,
        files_are_shut=True,
    )


def _renewed(
    way: Way, role: KnownRole, caller: CallerSession, caller_profile: str | None
) -> Renewed:
    from iam_sudo_client.endpoint.renewal import Renewed
    from iam_sudo_client.ways_in.session import open_session
    from iam_sudo_core.credentials import Credentials

    def get() -> Credentials:
        anew = open_session(caller.region, os.environ, profile=caller_profile)
        return way.get(anew, role.text, narrowed=True)

    return Renewed(role.name, get, given=way.get(caller, role.text, narrowed=True))


def _check_names(roles: Iterable[str]) -> None:
    from iam_sudo_client.ways_out.command_environment import of_role

    whose: dict[str, str] = {}
    for role in roles:
        if role in whose.values():
            raise InvalidOption(f"the role {role} is there twice; leave one out")
        [variable] = of_role(role, {"_URI": ""})
        if variable in whose:
            raise InvalidOption(
                f"the roles {whose[variable]} and {role} would have one variable, {variable}; "
                "serve them apart"
            )
        whose[variable] = role
