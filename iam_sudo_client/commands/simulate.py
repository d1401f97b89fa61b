"""The `iam-sudo` command.

Standard output belongs to the command that is run; what we say goes to standard error. boto3 is
imported when a command needs it, not for `--help`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.options import (
    credentials_options,
    report_options,
    simulated_role_options,
)
from iam_sudo_client.errors import (
    EXIT_DIFFERENCES,
    EXIT_UNEXPECTED,
    CommandLineError,
    InvalidOption,
)
from iam_sudo_client.report import (
    Report,
    log,
    note,
    show,
)
from iam_sudo_core.broker.request import Request
from iam_sudo_core.credentials import Credentials
from iam_sudo_core.errors import InvalidRequest

if TYPE_CHECKING:
    from botocore.session import Session

DEFAULT_BASE_ROLE = "IAMSudoUser"

_EXIT_INTERRUPTED = 130

# What follows CMD is the command's own, its options too.
_COMMAND_SETTINGS = {"allow_interspersed_args": False, "ignore_unknown_options": False}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="iam-sudo-cdk", prog_name="iam-sudo")
@click.option("--verbose", is_flag=True, help="Show the steps on standard error.")
@click.option("--debug", is_flag=True, help="Show the steps, and the traceback of an error.")
@click.pass_context
def cli(context: click.Context, /, *, verbose: bool, debug: bool) -> None:
    """Run a command as an IAM role, simulated or real.

    Whose permissions are used to get there is up to the environment, as with every AWS tool:
    AWS_PROFILE, AWS_ACCESS_KEY_ID and so on.

    \b
    Exit codes:
      that of CMD; 128+n when signal n ended it; 126, 127 when it cannot be run, is not found
      1    refused: no credentials for this role
      2    wrong usage
      3    explained, and the session differs from the role
      253  no region, no credentials, or a file that cannot be used
      254  AWS, or the broker, answered with an error
      255  a defect
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    context.obj.listen(verbose=verbose, debug=debug)


@cli.command(context_settings=_COMMAND_SETTINGS)
@simulated_role_options
@click.option("--explain", is_flag=True, help="Say what the session would be, and do no more.")
@credentials_options
@click.pass_context
def simulate(
    context: click.Context,
    /,
    *,
    role_name: str,
    principal: str | None,
    base_role: str | None,
    remote: bool,
    function_name: str,
    explain: bool,
    **shared: Any,
) -> int:
    """Run CMD with what the role may do, and no more.

    The session is that of a base role, cut down to the policies of the role. Without --base-role,
    --local takes IAM_SUDO_BASE_ROLE, else IAMSudoUser.
    """
    request = _request(role_name, principal, base_role, explain=explain)
    source = function_name if remote else None
    if explain:
        context.obj.listen(verbose=shared["verbose"], debug=shared["debug"])
        return _explain(request, source, region=shared["region"], as_json=False, diff=False)

    def simulated(session: Session) -> Credentials:
        from iam_sudo_client.ways_in import broker as strategies

        if source:
            note(asking=f"function {source}", role=role_name)
            return strategies.ask_broker(session, request, function_name=source)
        return strategies.simulate_here(session, request, base_role=_base_role(), note=note)

    return _use(context, simulated, **shared)


@cli.command()
@simulated_role_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--diff", is_flag=True, help="Show the session policy beside the role's policies.")
@click.option("--region", metavar="REGION", help="Use this AWS region.")
@report_options
@click.pass_context
def explain(
    context: click.Context,
    /,
    *,
    role_name: str,
    principal: str | None,
    base_role: str | None,
    remote: bool,
    function_name: str,
    as_json: bool,
    diff: bool,
    region: str | None,
    verbose: bool,
    debug: bool,
) -> int:
    """Say what the session of a role would be, and what differs from the role.

    Nothing is assumed. The exit code is 0 when the session is faithful to the role's policies, and
    3 when there are differences.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    request = _request(role_name, principal, base_role, explain=True)
    source = function_name if remote else None
    return _explain(request, source, region=region, as_json=as_json, diff=diff)


@cli.command(context_settings=_COMMAND_SETTINGS)
@click.option("--role-name", required=True, metavar="NAME|ARN", help="The role to assume.")
@credentials_options
@click.pass_context
def assume(context: click.Context, /, *, role_name: str, **shared: Any) -> int:
    """Run CMD as the role itself, which has to trust you."""

    def assumed(session: Session) -> Credentials:
        from iam_sudo_client.ways_in import broker as strategies

        note(assuming=role_name)
        return strategies.assume(session, role_name, note=note)

    return _use(context, assumed, **shared)


def _use(
    context: click.Context,
    get_credentials: Callable[[Session], Credentials],
    *,
    profile: str | None,
    force: bool,
    region: str | None,
    verbose: bool,
    debug: bool,
    cmd: Sequence[str],
) -> int:
    context.obj.listen(verbose=verbose, debug=debug)
    if not profile and not cmd:
        raise click.UsageError("specify --profile, a command or both", context)
    from iam_sudo_client.ways_in.session import open_session
    from iam_sudo_client.ways_out.command_environment import command_environment
    from iam_sudo_client.ways_out.credentials_file import credentials_path, save_profile
    from iam_sudo_client.ways_out.run_command import run

    session = open_session(region, os.environ)
    region = session.get_config_variable("region")
    credentials = get_credentials(session)
    note(access_key_id=credentials.access_key_id, expiration=credentials.expiration)
    if profile:
        save_profile(credentials_path(os.environ), profile, credentials, force=force)
        log.info("credentials saved under AWS profile %s.", profile)
    if not cmd:
        return 0
    environment = command_environment(os.environ, credentials, region=region)
    gone = sorted(os.environ.keys() - environment.keys())
    note(taken_out=", ".join(gone) or "nothing", running=" ".join(cmd), region=region)
    return run(cmd, environment)


def _explain(
    request: Request, function_name: str | None, *, region: str | None, as_json: bool, diff: bool
) -> int:
    """Print an explanation: the broker's, or without a function one of our own."""
    from iam_sudo_client.commands.explain import as_lines
    from iam_sudo_client.ways_in import broker as strategies
    from iam_sudo_client.ways_in.session import open_session

    session = open_session(region, os.environ)
    if function_name:
        found = strategies.explained_by_broker(session, request, function_name=function_name)
    else:
        found = strategies.explain_here(session, request, base_role=_base_role(), note=note)
    show(json.dumps(found, indent=2).splitlines() if as_json else as_lines(found, diff=diff))
    return EXIT_DIFFERENCES if found["differences"] else 0


def _base_role() -> str:
    return os.environ.get("IAM_SUDO_BASE_ROLE") or DEFAULT_BASE_ROLE


def _request(
    role_name: str, principal: str | None, base_role: str | None, *, explain: bool
) -> Request:
    options = {
        "role_name": role_name,
        "principal": principal,
        "base_role": base_role,
        "explain": explain,
    }
    try:
        return Request.parse({key: value for key, value in options.items() if value is not None})
    except InvalidRequest as error:
        raise InvalidOption(str(error)) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every error is one line, and its exit code says its kind."""
    report = Report()
    try:
        code = cli.main(arguments, prog_name="iam-sudo", standalone_mode=False, obj=report)
    except click.ClickException as error:
        code = report.misused(error)
    except (KeyboardInterrupt, click.Abort):
        code = _EXIT_INTERRUPTED
    except CommandLineError as error:
        code = report.failed(str(error), error.exit_code)
    except Exception as error:
        name = type(error).__name__
        code = report.failed(f"unexpected {name}; --debug shows where", EXIT_UNEXPECTED)
    sys.exit(code)
