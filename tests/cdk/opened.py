"""Applications with the tag-trust strategy, and what it has done to their roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import cloudformation_include as include
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

from iam_sudo_cdk import IamSudo, RoleSelection, TagTrustStrategy
from tests.cdk.templates import ACCOUNT, render

DEVELOPER = f"arn:aws:iam::{ACCOUNT}:role/developer"
TASKS = "ecs-tasks.amazonaws.com"
TRUST_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": TASKS},
    "Action": "sts:AssumeRole",
}
TRUST = {"Version": "2012-10-17", "Statement": [TRUST_STATEMENT]}
KEY, VALUE = "iam-sudo:developers", "allowed"
TAG = {"Key": KEY, "Value": VALUE}
STATEMENT = {
    "Sid": "IamSudoDevelopers",
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Condition": {"ArnLike": {"aws:PrincipalArn": [DEVELOPER]}},
}


def app(**context: Any) -> cdk.App:
    return cdk.App(analytics_reporting=False, context=context)


def tag_trust(where: Construct, *developers: str, id: str = "IamSudo", **strategy: Any) -> IamSudo:
    """An IamSudo that opens every role for tasks whose name CloudFormation makes up."""
    strategy.setdefault("selection", RoleSelection(paths=["*"]))
    sudo = IamSudo(where, id, strategy=TagTrustStrategy(**strategy), development_accounts=[ACCOUNT])
    for arn in developers or (DEVELOPER,):
        sudo.grant_sudo(iam.ArnPrincipal(arn))
    return sudo


def everything(*types: str) -> RoleSelection:
    """As wide a selection as there is, for those who try to get at what is not theirs."""
    principals = [f"{type_}:*" for type_ in types or ("AWS", "Service", "Federated")]
    return RoleSelection(role_names=["*"], paths=["*"], principals=principals)


def task_role(scope: Construct, id: str = "Role", **properties: Any) -> iam.Role:
    return iam.Role(scope, id, assumed_by=iam.ServicePrincipal(TASKS), **properties)


def roles(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """The properties of a template's roles."""
    found = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    return {id_: role["Properties"] for id_, role in found.items()}


def role(stack: cdk.Stack) -> dict[str, Any]:
    """The properties of the one role that there is."""
    (only,) = roles(stack).values()
    return only


def statements(role: dict[str, Any]) -> list[Any]:
    found = role["AssumeRolePolicyDocument"]["Statement"]
    return found if isinstance(found, list) else [found]


def is_open(role: dict[str, Any]) -> bool:
    """Whether a role has the tag and the statement, once; one without the other is a failure."""
    tagged = list(role.get("Tags", ())).count(TAG)
    trusting = [each for each in statements(role) if "IamSudoDevelopers" in str(each)]
    assert tagged == len(trusting) <= 1
    assert all(render(each) == STATEMENT for each in trusting)
    return tagged == 1


NOTHING_SELECTED = "iam-sudo:nothingSelected"


def messages(stack: cdk.Stack) -> dict[str, str]:
    """Our errors and warnings by construct path; errors begin with `error: `.

    That nothing is selected is left out: see `nothing_selected`.
    """
    annotations = Annotations.from_stack(stack)
    return {
        entry.id.removeprefix("/"): f"{level}{entry.entry.data}"
        for level, found in (
            ("", annotations.find_warning("*", Match.any_value())),
            ("error: ", annotations.find_error("*", Match.any_value())),
        )
        for entry in found
        if "iam-sudo:" in str(entry.entry.data) and NOTHING_SELECTED not in str(entry.entry.data)
    }


def nothing_selected(stack: cdk.Stack) -> str | None:
    """What is said when nothing is selected."""
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    texts = [str(each.entry.data) for each in found]
    return next((text for text in texts if NOTHING_SELECTED in text), None)


@jsii.implements(cdk.IStableAnyProducer)
class Later:
    """What a Lazy gives."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def produce(self) -> Any:
        return self._value


# Templates that are included, with what only the deployment knows
PARAMETER = {"Parameters": {"Env": {"Type": "String"}}}
CONDITION = {**PARAMETER, "Conditions": {"InProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}}}


def included(
    scope: Construct, tmp_path: Path, resources: dict[str, Any], **template: Any
) -> include.CfnInclude:
    file = tmp_path / "template.json"
    file.write_text(json.dumps({**template, "Resources": resources}))
    return include.CfnInclude(scope, "Included", template_file=str(file))


def cfn(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": TRUST, **properties},
    }


def statement_if(yes: Any) -> dict[str, Any]:
    return {"Fn::If": ["InProd", yes, {"Ref": "AWS::NoValue"}]}
