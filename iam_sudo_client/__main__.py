"""The process of `iam-sudo`, and of `python -m iam_sudo_client`: how it ends when interrupted.

A shell stops a loop, or a chain of `&&` and `||`, only for a child that *died* of Ctrl-C. So do we,
until CMD has taken our place and answers for itself.
"""

import os
import signal
import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from iam_sudo_client.cli import main as command_line  # noqa: PLC0415 - it takes a while

        command_line()
    except KeyboardInterrupt:
        sys.exit(_died_of_interrupt())


def _died_of_interrupt() -> int:
    """Die of SIGINT; where a process cannot, a shell's exit code for it."""
    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return 128 + signal.SIGINT


if __name__ == "__main__":
    main()
