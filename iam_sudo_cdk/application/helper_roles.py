"""The roles of helpers: functions that are there so that the application can be deployed.

A function is one when something has it as its `ServiceToken`, or a topic that it is subscribed to
(AWS CloudFormation User Guide, "Custom resources"), when it is a macro or a hook, or when the CDK's
provider framework hands on to it what its own function, such a token, is asked. Whatever their
roles are called, and whoever made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import IConstruct

from .cdk_insides import has_a_class_of_its_type, identity, path_of, properties_of
from .references import References, Referred
from .resources import member, resources
from .used_roles import account_and_name

_FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
# What else CloudFormation asks a function about: templates, and resources before they are made.
_ASKED_BY_CLOUDFORMATION = {
    "AWS::CloudFormation::Macro": "FunctionName",
    "AWS::CloudFormation::LambdaHook": "LambdaFunction",
}
# What stands for a function: its alias or version.
_STAND_FOR_ONE = (lambda_.CfnAlias, lambda_.CfnVersion)
# How `custom_resources.Provider` tells its own functions whose work it is (AWS CDK, consts.ts of
# the provider framework; tests/cdk/selected/test_never_opened.py compares).
HANDLERS = ("USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN")


class HelperRoles:
    """The helpers' roles below `root`, as it is by now: one round trip for each custom resource.

    `is_the_cdks` says of the path of a function whether the CDK makes it for its own use: what it
    is given as a role may be anybody's.
    """

    def __init__(self, root: IConstruct, *, is_the_cdks: Callable[[str], bool]) -> None:
        self._root = root
        self._references = References(root)
        self._functions: dict[object, IConstruct] = {}
        self.identities: set[object] = set()
        self.names: set[str] = set()
        for token in self._service_tokens():
            self._enter_functions(token)
            self._enter_subscribers(token)
        for type_, path in _ASKED_BY_CLOUDFORMATION.items():
            for each in resources(root, type_):
                self._enter_functions(self._of(each, path))
        for each in resources(root, *_FUNCTIONS):
            if is_the_cdks(path_of(each)):
                self._functions[identity(each)] = each
        for function in list(self._functions.values()):
            for name in HANDLERS:
                path = f"Environment.Variables.{name}"
                self._enter_functions(self._of(function, path))
        for function in self._functions.values():
            role = self._of(function, "Role")
            self.identities |= set(role.constructs)
            self.names |= {account_and_name(text)[1] for text in role.texts}

    def _service_tokens(self) -> Iterator[Referred]:
        for each in self._root.node.find_all():
            # A custom resource of a type of its own is a plain CfnResource.
            if isinstance(each, cdk.CfnCustomResource) or (
                isinstance(each, cdk.CfnResource) and not has_a_class_of_its_type(each)
            ):
                yield self._of(each, "ServiceToken")

    def _enter_functions(self, referred: Referred) -> None:
        for each in referred.constructs.values():
            if isinstance(each, _STAND_FOR_ONE):
                self._enter_functions(self._of(each, "FunctionName"))
            else:
                self._functions[identity(each)] = each
        names = {name for text in referred.texts if (name := _function_name(text))}
        if names:
            for each in resources(self._root, *_FUNCTIONS):
                if member(properties_of(each), "FunctionName") in names:
                    self._functions[identity(each)] = each

    def _enter_subscribers(self, token: Referred) -> None:
        """A token may be a topic, which hands on to functions what it is asked."""
        if not any(isinstance(each, sns.CfnTopic) for each in token.constructs.values()):
            return
        for each in resources(self._root, "AWS::SNS::Subscription"):
            if set(self._of(each, "TopicArn").constructs) & set(token.constructs):
                self._enter_functions(self._of(each, "Endpoint"))

    def _of(self, resource: IConstruct, path: str) -> Referred:
        return self._references.of_property(properties_of(resource), path, resource)


def _function_name(text: str) -> str:
    """The name in a function's ARN, with or without a qualifier."""
    return text.partition(":function:")[2].partition(":")[0]
