"""The oldest CDK on which all of this library is right, and the refusal of an older one.

Aspects have priorities since then, and roles have to be opened after everything else that changes
them (docs/decisions/0024). It imports no CDK, so that what is wrong is said first.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

OLDEST = (2, 172)


def refuse_older_cdk() -> None:
    """Raise an ImportError of one line if the CDK that is installed is too old."""
    try:
        installed = version("aws-cdk-lib")
    except PackageNotFoundError:
        return  # the import itself says that it is missing
    if tuple(int(number) for number in installed.split(".")[:2]) < OLDEST:
        raise ImportError(
            f"iam_sudo_cdk needs aws-cdk-lib {OLDEST[0]}.{OLDEST[1]} or newer, and {installed} is "
            'installed: pip install --upgrade "iam-sudo-cdk[cdk]"',
            name="aws_cdk",
        )
