"""`python -m iam_sudo_cdk rules`: who may have which role, asked of a policy without AWS.

Exit codes: 0 allowed, or listed; 1 refused; 2 wrong usage, or a policy that a broker would refuse.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from iam_sudo_core import IamSudoError
from iam_sudo_core.broker import Identity
from iam_sudo_core.errors import printable, quoted

from .offline_rules import Answer, AskedRole, decided, listed, read_policy

_ALLOWED, _REFUSED, _WRONG = 0, 1, 2
_TASKS = "Service:ecs-tasks.amazonaws.com"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, print the answer and return the exit code."""
    try:
        answer = _answer(_parser().parse_args(arguments))
    except (IamSudoError, ValueError) as error:
        print(f"ERROR: {printable(str(error))}", file=sys.stderr)
        return _WRONG
    for line in answer.lines:
        print(printable(line))
    return _ALLOWED if answer.allowed else _REFUSED


def _answer(given: argparse.Namespace) -> Answer:
    policy = read_policy(given.policy, resource=given.resource)
    caller = None if given.caller is None else _identity(given.caller)
    if given.role_name is None:
        if given.tag or given.principal or given.role_path is not None:
            raise ValueError("--role-path, --principal and --tag are of a role: say --role-name")
        return listed(policy, caller, None)
    asked = AskedRole.of(
        given.role_name,
        path=given.role_path,
        principals=given.principal or [_TASKS],
        tags=[_tag(text) for text in given.tag],
    )
    return decided(policy, caller, asked) if caller else listed(policy, None, asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m iam_sudo_cdk", description="Tools for whoever deploys iam-sudo."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rules = commands.add_parser(
        "rules",
        allow_abbrev=False,
        help="say which rule decides for whom, without AWS",
        description="Say which rule of a role-selection policy decides: for a caller and a role, "
        "or list those that are about one of them. The broker's own code reads and decides.",
        epilog="Exit codes: 0 allowed, or listed; 1 refused; 2 wrong usage, or a policy that no "
        "broker would start with.",
    )
    rules.add_argument(
        "policy",
        metavar="POLICY",
        help="a file or JSON text with the policy, or a template of cdk.out",
    )
    rules.add_argument(
        "--as",
        dest="caller",
        metavar="ARN",
        help="who asks, as `aws sts get-caller-identity` prints it",
    )
    rules.add_argument("--role-name", metavar="NAME", help="the role, by its name or its ARN")
    rules.add_argument(
        "--role-path", metavar="PATH", help="the path of the role, as in /team/ (default: /)"
    )
    rules.add_argument(
        "--principal",
        metavar="TYPE:ID",
        action="append",
        help=f"whom the role trusts, several times if it is several (default: {_TASKS})",
    )
    rules.add_argument(
        "--tag",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a tag of the role, several times if there are several (default: none)",
    )
    rules.add_argument(
        "--resource", metavar="ID", help="which one, in a template that has several policies"
    )
    return parser


def _identity(arn: str) -> Identity:
    caller = Identity.parse(arn)
    if caller is None:
        raise ValueError(
            f"--as {quoted(arn)} is nobody; write it as `aws sts get-caller-identity` prints it "
            "(of a role: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION)"
        )
    return caller


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"--tag {quoted(text)} is not KEY=VALUE")
    return key, value


if __name__ == "__main__":
    sys.exit(main())
