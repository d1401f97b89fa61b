"""The process of `iam-sudo`, and of `python -m iam_sudo_client`: how it begins, and how it ends.

SDKs run `credential-process` at every start, so an answer that is there leaves before the command
line is imported. See docs/decisions/0028.

A shell stops a loop, or a chain of `&&` and `||`, only for a child that *died* of Ctrl-C. So do we,
until CMD has taken our place and answers for itself.
"""

import os
import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        if sys.argv[1:2] == ["credential-process"]:
            from iam_sudo_client.cache.answer import answer  # noqa: PLC0415 - here alone

            if answer(sys.argv[2:]):
                return
        from iam_sudo_client.cli import main as command_line  # noqa: PLC0415 - it takes a while

        command_line()
    except KeyboardInterrupt:
        sys.exit(_died_of_interrupt())


def _died_of_interrupt() -> int:
    """Die of SIGINT; where a process cannot, a shell's exit code for it."""
    import signal  # noqa: PLC0415 - as above

    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return 128 + signal.SIGINT


if __name__ == "__main__":
    main()
