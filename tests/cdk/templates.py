"""Synthesize small applications, and read their templates as AWS would."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Match, Template

from iam_sudo_cdk import IamSudo, SessionPolicyStrategy

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
REGION = "eu-west-1"
STACK_ARN = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/the-stack"

# The tests run on the oldest CDK that will do as well; what needs a newer one says so by this.
IS_OLD = not hasattr(cdk, "Mixin")

_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::StackName": "the-stack",
    "AWS::StackId": f"{STACK_ARN}/0a1b2c",
    "AWS::URLSuffix": "amazonaws.com",
}


def stack(account: str | None = None) -> cdk.Stack:
    """A stack called `the-stack`: environment-agnostic, or of an account."""
    app = cdk.App(analytics_reporting=False)
    env = cdk.Environment(account=account, region=REGION) if account else None
    return cdk.Stack(app, "the-stack", env=env)


def iam_sudo(scope: cdk.Stack, **strategy: Any) -> IamSudo:
    return IamSudo(
        scope,
        "IamSudo",
        strategy=SessionPolicyStrategy(**strategy),
        development_accounts=[ACCOUNT],
    )


def synth(account: str | None = None, **strategy: Any) -> Template:
    scope = stack(account)
    iam_sudo(scope, **strategy)
    return Template.from_stack(scope)


def render(value: Any, **references: str) -> Any:
    """Resolve intrinsic functions; `Ref` and `Fn::GetAtt` of resources become `<Id>`, `<Id.Arn>`.

    `references` are stand-ins for parameters and pseudo parameters.
    """
    if isinstance(value, list):
        return [render(item, **references) for item in value]
    if not isinstance(value, dict):
        return value
    known = {**_PSEUDO, **references}
    result: Any = {key: render(item, **references) for key, item in value.items()}
    match result:
        case {"Ref": name}:
            result = known.get(name, f"<{name}>")
        case {"Fn::GetAtt": [resource, attribute]}:
            result = f"<{resource}.{attribute}>"
        case {"Fn::Sub": str(text)}:
            result = re.sub(r"\$\{(.+?)\}", lambda found: known[found[1]], text)
        case {"Fn::Join": [separator, parts]}:
            result = separator.join(parts)
        case {"Fn::Split": [separator, text]}:
            result = text.split(separator)
        case {"Fn::Select": [index, items]}:
            result = items[int(index)]
    return result


def only(template: Template, type_: str, **properties: Any) -> tuple[str, dict[str, Any]]:
    """The one resource of a type (with these properties): its id, and its properties rendered."""
    found = template.find_resources(type_, {"Properties": properties} if properties else {})
    assert len(found) == 1, list(found)
    ((id_, resource),) = found.items()
    return id_, render(resource["Properties"])


def base_role(template: Template) -> dict[str, Any]:
    # The broker's role has no name.
    return only(template, "AWS::IAM::Role", RoleName=Match.any_value())[1]


def broker_role(template: Template) -> tuple[str, dict[str, Any]]:
    (id_,) = (
        id_
        for id_, role in template.find_resources("AWS::IAM::Role").items()
        if "lambda.amazonaws.com" in str(role["Properties"]["AssumeRolePolicyDocument"])
    )
    return id_, render(template.find_resources("AWS::IAM::Role")[id_]["Properties"])
