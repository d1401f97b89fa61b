"""The `iam-sudo` command, gathered: the group with its exit codes, and what becomes of an error.

What a command does stands in its file of `commands/`, which is imported when it is run: `--help`
waits for none of them. Standard output belongs to the command that is run; what we say goes to
standard error.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence

import click

from iam_sudo_client.errors import (
    EXIT_NOT_EXECUTABLE,
    EXIT_NOT_FOUND,
    EXIT_NOT_STARTED,
    EXIT_UNEXPECTED,
    CommandLineError,
)
from iam_sudo_client.report import WIDEST, Report, width

# What each begins its own help with.
COMMANDS = {
    "assume": "Run CMD as the role itself, which has to trust you.",
    "completion": "Print what a shell completes our words by.",
    "config": "Show the settings, and where each is from.",
    "configure": "Write an AWS profile that renews itself.",
    "console": "Print a URL of the AWS console, signed in as the role.",
    "credential-process": "Print credentials as SDKs take them from a program.",
    "doctor": "Look at all that a session takes, line by line.",
    "explain": "Say what the session of a role would be.",
    "export": "Print credentials for a shell, a file or a program.",
    "list": "List the roles that you may simulate or assume.",
    "log": "Show what the broker has decided.",
    "logout": "Empty the cache of credentials.",
    "revoke": "End sessions that were given out.",
    "serve": "Run CMD with credentials that renew themselves.",
    "simulate": "Run CMD with what the role may do, and no more.",
    "why": "Say who denies, by the text of an AccessDenied.",
}
_RUN_CMD = ("assume", "serve", "simulate")


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"iam_sudo_client.commands.{name}")
        found: click.Command = getattr(module, name)
        return found

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)
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
      that of CMD, which takes the place of iam-sudo; 128+n in a shell when signal n ended it
      125  CMD was not started; standard error says why
      126  CMD cannot be run
      127  CMD is not found
    Of all that run nothing, such as explain:
      1    refused: no credentials for this role
      2    wrong usage
      3    explained, and the session differs from the role
      253  no region, no credentials, or a file that cannot be used
      254  AWS, or the broker, answered with an error
      255  a defect
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    context.obj.listen(verbose=verbose, debug=debug)
    context.obj.tells_kinds = context.invoked_subcommand not in _RUN_CMD


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every error is one line, and its exit code says its kind.

    Raises:
        KeyboardInterrupt: somebody wants it to end.
    """
    # What is imported is no garbage, and looking for some takes a tenth of all the time.
    gc.disable()
    report = Report()
    try:
        code = cli.main(
            arguments,
            prog_name="iam-sudo",
            standalone_mode=False,
            obj=report,
            terminal_width=width(),
        )
        sys.exit(code)
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        kind = report.misused(error)
    except CommandLineError as error:
        kind = report.failed(str(error), error.exit_code)
    except Exception as error:
        name = type(error).__name__
        kind = report.failed(f"unexpected {name}; --debug shows where", EXIT_UNEXPECTED)
    told = report.tells_kinds or kind in (EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND)
    sys.exit(kind if told else EXIT_NOT_STARTED)
