"""`iam-sudo completion`: what a shell is given to complete our words."""

from __future__ import annotations

import click

from iam_sudo_client.commands.options import report_options
from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.report import show

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_IAM_SUDO_COMPLETE"  # click's own rule for the name of a command


@click.command()
@click.argument("shell", metavar="bash|zsh|fish")
@report_options
@click.pass_context
def completion(context: click.Context, /, *, shell: str, verbose: bool, debug: bool) -> None:
    """Print what a shell completes our words by.

    For bash and zsh: eval "$(iam-sudo completion bash)" in the start-up file; for fish: iam-sudo
    completion fish | source. Roles are those of the settings, and what list has printed last.
    """
    context.obj.listen(verbose=verbose, debug=debug)
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell) if shell in _SHELLS else None
    if found is None:
        raise InvalidOption(f"{shell!r} is no shell that is known here: {', '.join(_SHELLS)}")
    root = context.find_root().command
    script = found(root, {}, "iam-sudo", _VARIABLE).source()
    show(script.split("\n"))
