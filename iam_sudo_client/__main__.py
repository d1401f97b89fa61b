"""`python -m iam_sudo_client` is `iam-sudo`."""

from iam_sudo_client.cli import main

main()
