"""CloudFormation templates that each have a task role, and developers who may assume them all."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import cloudformation_include as cfn_include
from constructs import Construct

from iam_sudo_cdk import IamSudo, RoleSelection, TagTrustStrategy

TEMPLATES = Path(__file__).parent / "templates"


class DeveloperAccess(cdk.Stack):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        sudo = IamSudo(
            self,
            "IamSudo",
            strategy=TagTrustStrategy(
                # By name, and where CloudFormation makes the name up, by construct path.
                selection=RoleSelection(role_names=["*-task"], paths=["*/TaskRole"]),
                scope="app",
            ),
            development_accounts=[self.node.get_context("development_account")],
        )
        sudo.grant_sudo(
            iam.Role.from_role_arn(self, "Developers", self.node.get_context("developers"))
        )


if __name__ == "__main__":
    app = cdk.App()
    for template in sorted(TEMPLATES.iterdir()):
        stack = cdk.Stack(app, template.stem)
        cfn_include.CfnInclude(stack, "Template", template_file=str(template))
    DeveloperAccess(app, "developer-access")
    app.synth()
