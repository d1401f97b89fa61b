"""Helpers by which an application is deployed are never opened, whoever made their roles."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from aws_cdk import custom_resources as cr
from aws_cdk import pipelines

from iam_sudo_cdk import RoleSelection
from tests.cdk.opened import TRUST_STATEMENT, everything, is_open, messages, roles, tag_trust
from tests.cdk.templates import ACCOUNT, IS_OLD, REGION, stack

pytestmark = pytest.mark.slow

LAMBDA = "lambda.amazonaws.com"


def function(scope, id="Fn", **properties):
    return lambda_.Function(
        scope,
        id,
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
        **properties,
    )


def own_role(scope, id="OwnRole", **properties):
    return iam.Role(scope, id, assumed_by=iam.ServicePrincipal(LAMBDA), **properties)


def custom(scope, token, id="Custom"):
    cdk.CustomResource(scope, id, service_token=token)


def aws_custom_resource(scope):
    call = cr.AwsSdkCall(
        service="S3", action="listBuckets", physical_resource_id=cr.PhysicalResourceId.of("x")
    )
    policy = cr.AwsCustomResourcePolicy.from_sdk_calls(resources=["*"])
    cr.AwsCustomResource(scope, "Custom", on_create=call, policy=policy, role=own_role(scope))


def handlers_of_a_provider(scope):
    provider = cr.Provider(
        scope,
        "Provider",
        on_event_handler=function(scope, "OnEvent"),
        is_complete_handler=function(scope, "IsComplete"),
    )
    custom(scope, provider.service_token)


def nested_provider(scope):
    nested = cdk.NestedStack(scope, "Kubectl")
    handler = function(nested, "Handler", role=own_role(scope))
    provider = cr.Provider(nested, "Provider", on_event_handler=handler)
    custom(scope, provider.service_token)


def certificate(scope):
    zone = route53.HostedZone.from_hosted_zone_attributes(
        scope, "Zone", hosted_zone_id="Z", zone_name="example.org"
    )
    acm.DnsValidatedCertificate(scope, "Certificate", domain_name="example.org", hosted_zone=zone)


def evaluated(scope):
    step = tasks.EvaluateExpression(scope, "Evaluate", expression="1+1")
    sfn.StateMachine(scope, "Machine", definition_body=sfn.DefinitionBody.from_chainable(step))


def called_by_a_rule(scope):
    rule = events.Rule(scope, "Rule", schedule=events.Schedule.rate(cdk.Duration.days(1)))
    rule.add_target(targets.AwsApi(service="ECS", action="updateService"))


def spam(scope):
    rules = ses.ReceiptRuleSet(scope, "Rules", drop_spam=True)
    assert rules


def retention(scope):
    logs.LogRetention(
        scope,
        "Retention",
        log_group_name="/x",
        retention=logs.RetentionDays.ONE_DAY,
        role=own_role(scope),
    )


def by_alias(scope):
    alias = lambda_.Alias(
        scope, "Alias", alias_name="live", version=function(scope, "Behind").current_version
    )
    custom(scope, alias.function_arn)


def by_name(scope):
    function(scope, "Named", function_name="helper")
    custom(scope, f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:helper")


def by_hand(scope):
    trust = {"Statement": [{**TRUST_STATEMENT, "Principal": {"Service": LAMBDA}}]}
    iam.CfnRole(scope, "HelperRole", assume_role_policy_document=trust)
    cdk.CfnResource(
        scope,
        "Helper",
        type="AWS::Lambda::Function",
        properties={"Role": {"Fn::GetAtt": ["HelperRole", "Arn"]}},
    )
    cdk.CfnCustomResource(
        scope, "Custom", service_token=cdk.Fn.get_att("Helper", "Arn").to_string()
    )


def of_the_classic_type(scope):
    custom_resource = cdk.CfnCustomResource(
        scope, "Custom", service_token=function(scope, "Classic").function_arn
    )
    assert custom_resource


HELPERS = {
    "AwsCustomResource with a role of one's own": aws_custom_resource,
    "the handlers of a Provider": handlers_of_a_provider,
    "a Provider in a nested stack, as for kubectl": nested_provider,
    "DnsValidatedCertificate": certificate,
    "EvaluateExpression": evaluated,
    "AwsApi": called_by_a_rule,
    "drop spam": spam,
    "LogRetention with a role of one's own": retention,
    "a function of one's own by its alias": by_alias,
    "a function of one's own by its name": by_name,
    "written by hand": by_hand,
    "AWS::CloudFormation::CustomResource": of_the_classic_type,
}


@pytest.mark.parametrize("make", HELPERS.values(), ids=HELPERS)
@pytest.mark.parametrize(
    "selection", [everything(), RoleSelection(used_by=["lambda"])], ids=["paths", "used_by"]
)
def test_a_helper_is_not_opened_and_the_function_beside_it_is(make, selection):
    scope = stack()
    tag_trust(scope, selection=selection)
    make(scope)
    function(scope, "Workload")
    opened = [id_ for id_, each in roles(scope).items() if is_open(each)]
    if make is evaluated and selection.paths:
        opened = [id_ for id_ in opened if not id_.startswith("MachineRole")]
    assert len(opened) == 1
    assert opened[0].startswith("WorkloadServiceRole")


def test_a_function_that_another_one_knows_by_its_environment_is_no_helper():
    scope = stack()
    called = function(scope, "Called")
    token = function(scope, "Token", environment={"CALLED": called.function_arn})
    custom(scope, token.function_arn)
    tag_trust(scope, selection=RoleSelection(used_by=["lambda"]))
    opened = [id_ for id_, each in roles(scope).items() if is_open(each)]
    assert [id_[:6] for id_ in opened] == ["Called"]


def test_a_singleton_function_of_ones_own_is_opened():
    scope = stack()
    lambda_.SingletonFunction(
        scope,
        "Mine",
        uuid="11111111-2222-3333-4444-555555555555",
        code=lambda_.Code.from_inline("x"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    tag_trust(scope, selection=RoleSelection(used_by=["lambda"]))
    assert all(map(is_open, roles(scope).values()))


def test_the_role_of_a_task_that_a_helper_runs_with_as_well_stays_closed_and_says_so():
    scope = stack()
    both = iam.CompositePrincipal(
        iam.ServicePrincipal(LAMBDA), iam.ServicePrincipal("ecs-tasks.amazonaws.com")
    )
    role = iam.Role(scope, "Both", assumed_by=both)
    custom(scope, function(scope, role=role).function_arn)
    cdk.aws_ecs.CfnTaskDefinition(scope, "Task", task_role_arn=role.role_arn)
    tag_trust(scope, selection=RoleSelection(used_by=["ecs-task"]))
    assert not any(map(is_open, roles(scope).values()))
    assert "a helper that deploys the application" in messages(scope)["the-stack/Both/Resource"]


@pytest.mark.skipif(IS_OLD, reason="older providers take no role for these functions")
def test_a_role_of_ones_own_for_the_functions_that_wait_in_a_provider_stays_closed():
    scope = stack()
    provider = cr.Provider(
        scope,
        "Provider",
        on_event_handler=function(scope, "OnEvent"),
        is_complete_handler=function(scope, "IsComplete"),
        framework_complete_and_timeout_role=own_role(scope),
    )
    custom(scope, provider.service_token)
    tag_trust(scope, selection=RoleSelection(used_by=["lambda", "states"]))
    assert not any(map(is_open, roles(scope).values()))


@pytest.mark.parametrize(
    "selection", [RoleSelection(used_by=["codebuild"]), everything("AWS", "Service")]
)
def test_what_deploys_a_pipeline_of_the_cdks_stays_closed(selection):
    app = cdk.App(analytics_reporting=False)
    environment = cdk.Environment(account=ACCOUNT, region=REGION)
    scope = cdk.Stack(app, "the-stack", env=environment)
    repository = codecommit.Repository.from_repository_name(scope, "Repository", "repository")
    source = pipelines.CodePipelineSource.code_commit(repository, "main")
    pipeline = pipelines.CodePipeline(
        scope,
        "Pipeline",
        synth=pipelines.ShellStep("Synth", input=source, commands=["cdk synth"]),
    )
    stage = cdk.Stage(scope, "Dev", env=environment)
    assets.Asset(cdk.Stack(stage, "Stack"), "Asset", path=__file__)
    pipeline.add_stage(stage)
    pipeline.build_pipeline()
    tag_trust(scope, selection=selection)
    opened = [id_ for id_, each in roles(scope).items() if is_open(each)]
    assert any("CdkBuildProject" in id_ for id_ in opened)  # the application's own build
    assert not [id_ for id_ in opened if "SelfMutation" in id_ or "Assets" in id_]


def topic_as_token(scope):
    topic = sns.Topic(scope, "Topic")
    topic.add_subscription(subscriptions.LambdaSubscription(function(scope, "Helper")))
    custom(scope, topic.topic_arn)


def macro(scope):
    cdk.CfnMacro(scope, "Macro", name="m", function_name=function(scope, "Helper").function_arn)


def hook(scope):
    cdk.CfnResource(
        scope,
        "Hook",
        type="AWS::CloudFormation::LambdaHook",
        properties={"LambdaFunction": function(scope, "Helper").function_arn},
    )


@pytest.mark.parametrize("make", [topic_as_token, macro, hook])
def test_what_cloudformation_asks_otherwise_is_a_helper_too(make):
    scope = stack()
    make(scope)
    elsewhere = sns.Topic(scope, "Orders")
    subscriber = function(scope, "Fn")
    elsewhere.add_subscription(subscriptions.LambdaSubscription(subscriber))
    tag_trust(scope, selection=RoleSelection(used_by=["lambda"]))
    (opened,) = (id_ for id_, each in roles(scope).items() if is_open(each))
    assert opened.startswith("FnServiceRole")
