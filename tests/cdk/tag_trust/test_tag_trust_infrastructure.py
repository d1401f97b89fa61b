"""What is there to make an application work is never opened, however wide the selection."""

import gc

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_sns as sns
from aws_cdk import custom_resources as cr

from iam_sudo_cdk import IamSudo, SessionPolicyStrategy, TagTrustStrategy
from tests.cdk.opened import DEVELOPER, TRUST, app, everything, is_open, messages, roles, tag_trust
from tests.cdk.templates import ACCOUNT, stack

pytestmark = pytest.mark.slow


def function(scope, id="Fn"):
    return lambda_.Function(
        scope,
        id,
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )


def custom_resource(scope):
    call = cr.AwsSdkCall(
        service="S3", action="listBuckets", physical_resource_id=cr.PhysicalResourceId.of("x")
    )
    policy = cr.AwsCustomResourcePolicy.from_sdk_calls(resources=["*"])
    cr.AwsCustomResource(scope, "Custom", on_create=call, policy=policy)


def provider(scope):
    handlers = [
        lambda_.Function.from_function_name(scope, id_, id_.lower())
        for id_ in ("Event", "Complete")
    ]
    cr.Provider(scope, "Provider", on_event_handler=handlers[0], is_complete_handler=handlers[1])


def notified(scope):
    bucket = s3.Bucket(scope, "Bucket")
    bucket.add_event_notification(
        s3.EventType.OBJECT_CREATED, notifications.SnsDestination(sns.Topic(scope, "Topic"))
    )


def emptied(scope):
    s3.Bucket(scope, "Bucket", auto_delete_objects=True, removal_policy=cdk.RemovalPolicy.DESTROY)


def retained(scope):
    logs.LogRetention(scope, "Retention", log_group_name="/x", retention=logs.RetentionDays.ONE_DAY)


def openid(scope):
    iam.OpenIdConnectProvider(scope, "OpenId", url="https://example.org")


INFRASTRUCTURE = {
    "AwsCustomResource": custom_resource,
    "custom_resources.Provider": provider,
    "auto_delete_objects": emptied,
    "LogRetention": retained,
    "bucket notifications": notified,
    "OpenIdConnectProvider": openid,
}


@pytest.mark.parametrize("make", INFRASTRUCTURE.values(), ids=INFRASTRUCTURE)
def test_the_cdks_own_helpers_are_never_opened(make):
    scope = stack()
    tag_trust(scope, selection=everything())
    make(scope)
    found = roles(scope)
    assert found
    assert not any(map(is_open, found.values()))
    # Not for want of a principal: next to them a function of the user's is.
    scope = stack()
    tag_trust(scope, selection=everything())
    make(scope)
    function(scope)
    assert sum(map(is_open, roles(scope).values())) == 1


@pytest.mark.parametrize(
    "id_", ["LogRetentionReport", "BucketNotificationsHandlerOfOurs", "framework-online", "Custom"]
)
def test_a_name_that_is_like_a_helpers_hides_no_role(id_):
    scope = stack()
    tag_trust(scope, selection=everything())
    function(scope, id_)
    assert all(map(is_open, roles(scope).values()))


def test_what_cdk_bootstrap_makes_is_never_opened():
    names = ["cfn-exec", "deploy", "file-publishing", "image-publishing", "lookup"]
    trust = {"Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": ACCOUNT}}]}
    both = app()
    scope = cdk.Stack(both, "the-stack")
    tag_trust(scope, selection=everything())
    for name in names:
        suffixes = f"{ACCOUNT}-eu-west-1", cdk.Fn.sub("${AWS::AccountId}-${AWS::Region}")
        for number, suffix in enumerate(suffixes):
            iam.CfnRole(
                scope,
                f"{name}{number}",
                role_name=f"cdk-hnb659fds-{name}-role-{suffix}",
                assume_role_policy_document=trust,
            )
        iam.Role.from_role_name(scope, name, f"cdk-hnb659fds-{name}-role-{ACCOUNT}-eu-west-1")
    assert not any(map(is_open, roles(scope).values()))
    assert messages(scope) == {}


def strategies():
    return [SessionPolicyStrategy(), TagTrustStrategy(selection=everything(), scope="app")]


def test_the_constructs_own_roles_are_never_opened():
    scope = stack()
    sudo = IamSudo(scope, "IamSudo", strategy=strategies(), development_accounts=[ACCOUNT])
    sudo.grant_sudo(iam.ArnPrincipal(DEVELOPER))
    function(scope)
    opened = {id_: is_open(each) for id_, each in roles(scope).items()}
    assert len(opened) == 3
    assert [id_ for id_, each in opened.items() if each] == [
        id_ for id_ in opened if id_.startswith("FnServiceRole")
    ]


def test_they_are_not_opened_when_python_has_forgotten_app_and_construct():
    def forgetful():
        scope = cdk.Stack(app(), "stack")
        IamSudo(scope, "IamSudo", strategy=SessionPolicyStrategy(), development_accounts=[ACCOUNT])
        tag_trust(scope, selection=everything(), id="Trust")
        function(scope)
        return scope

    scope = forgetful()
    gc.collect()
    opened = [id_ for id_, each in roles(scope).items() if is_open(each)]
    assert len(opened) == 1
    assert opened[0].startswith("FnServiceRole")


@jsii.implements(cdk.IAspect)
class MakesABroker:
    def visit(self, node):
        if isinstance(node, cdk.Stack) and node.node.try_find_child("Late") is None:
            strategy = SessionPolicyStrategy()
            IamSudo(node, "Late", strategy=strategy, development_accounts=[ACCOUNT])


def test_the_roles_of_a_broker_that_an_aspect_makes_are_never_opened():
    scope = stack()
    tag_trust(scope, selection=everything())
    function(scope)
    cdk.Aspects.of(scope).add(MakesABroker(), priority=950)  # where ours has been
    opened = [id_ for id_, each in roles(scope).items() if is_open(each)]
    assert len(opened) == 1
    assert opened[0].startswith("FnServiceRole")


@pytest.mark.parametrize("broker_first", [True, False])
def test_the_roles_of_another_broker_are_never_opened(broker_first):
    # Who may assume the broker's role may assume the base role, without any session policy.
    both = app()
    order = ["broker", "trust"] if broker_first else ["trust", "broker"]
    stacks = {id_: cdk.Stack(both, id_) for id_ in order}
    broker, trust = stacks["broker"], stacks["trust"]
    IamSudo(broker, "Other", strategy=SessionPolicyStrategy(), development_accounts=[ACCOUNT])
    tag_trust(trust, selection=everything(), scope="app")
    function(broker)
    opened = [id_ for id_, each in roles(broker).items() if is_open(each)]
    assert len(opened) == 1
    assert opened[0].startswith("FnServiceRole")
