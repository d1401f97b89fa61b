"""The Python of every page runs as it stands there, in an application of the CDK."""

from typing import Any

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from tests.docs.pages import PAGES, Page, blocks

pytestmark = pytest.mark.slow

ACCOUNT = "111122223333"


def in_a_stack() -> dict[str, Any]:
    """The names that a reader has: a stack of one's own with a task role, and developers."""
    environment = cdk.Environment(account=ACCOUNT, region="eu-west-1")
    stack = cdk.Stack(cdk.App(), "Orders", env=environment)
    task = ecs.FargateTaskDefinition(stack, "Orders")
    task.add_container("Main", image=ecs.ContainerImage.from_registry("busybox:stable"))
    developers = iam.Role.from_role_arn(
        stack, "Developers", f"arn:aws:iam::{ACCOUNT}:role/developers"
    )
    return {"self": stack, "task": task, "developers": developers, "iam": iam}


@pytest.mark.parametrize(
    "read", [read for read in PAGES if blocks("python", of=read)], ids=lambda read: read.name
)
def test_python_runs_from_the_first_block_of_a_page_to_its_last(read: Page) -> None:
    names = in_a_stack()
    for block in blocks("python", of=read):
        exec(compile(block.text, str(block), "exec"), names)  # noqa: S102 - our own pages
    names["self"].node.root.synth()
