"""The `iam-sudo` command, gathered: the group with its exit codes, and what becomes of an error.

What a command does stands in its file of `commands/`. Standard output belongs to the command that
is run; what we say goes to standard error.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import click

from iam_sudo_client.commands.assume import assume
from iam_sudo_client.commands.explain import explain
from iam_sudo_client.commands.simulate import simulate
from iam_sudo_client.errors import EXIT_INTERRUPTED, EXIT_UNEXPECTED, CommandLineError
from iam_sudo_client.report import WIDEST, Report, width


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST})
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


for _command in (assume, explain, simulate):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every error is one line, and its exit code says its kind."""
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
    except click.ClickException as error:
        code = report.misused(error)
    except (KeyboardInterrupt, click.Abort):
        code = EXIT_INTERRUPTED
    except CommandLineError as error:
        code = report.failed(str(error), error.exit_code)
    except Exception as error:
        name = type(error).__name__
        code = report.failed(f"unexpected {name}; --debug shows where", EXIT_UNEXPECTED)
    sys.exit(code)
