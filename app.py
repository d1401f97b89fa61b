"""The CDK application: the context in, one stack out (with `demo`, a second one).

    cdk deploy -c development_accounts=111122223333 -c role_names='orders-*'

The choices are the keys of `cdk.json`; see `iam_sudo_cdk.context`. The CLI tells the account and
region of the credentials in use; without any, the template is environment-agnostic. The broker
refuses accounts that are not development accounts either way.
"""

import os
import sys

import aws_cdk as cdk

from iam_sudo_cdk import IamSudoDemoStack, IamSudoStack
from iam_sudo_cdk.context import Choices
from iam_sudo_core import IamSudoError


def main() -> None:
    app = cdk.App()
    environment = cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    )
    try:
        choices = Choices.read(app.node.get_all_context())
        IamSudoStack(
            app,
            choices.stack_name,
            strategy=choices.strategy,
            development_accounts=choices.development_accounts,
            developers=choices.developers,
            env=environment,
        )
        if choices.demo:
            IamSudoDemoStack(app, choices.demo_stack_name, env=environment)
    except IamSudoError as error:
        sys.exit(f"iam-sudo: {error}")
    app.synth()


if __name__ == "__main__":
    main()
