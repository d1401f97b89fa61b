"""What roles are used for: the properties of resources that name the role that a workload runs as.

One line for each property, with CloudFormation's names (AWS CloudFormation Template Reference
Guide, the page of the resource type; of `AWS::Serverless::…`, AWS SAM Developer Guide). Execution
and service roles, by which AWS starts a workload or reaches into the account, are none of these.
tests/cdk/application/test_uses.py compares the table with the CDK's own copy of that reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """Properties by resource type, as `Type: (A.B, …)` through objects and lists.

    `services` are those that a role of this use trusts, as patterns.
    """

    services: tuple[str, ...]
    properties: Mapping[str, tuple[str, ...]]


# By which AWS starts tasks: a role that a path or a name selects too, and nobody runs as.
STARTS = {
    "AWS::ECS::TaskDefinition": "ExecutionRoleArn",
    "AWS::ECS::DaemonTaskDefinition": "ExecutionRoleArn",
    "AWS::ECS::ExpressGatewayService": "ExecutionRoleArn",
}

USES: Mapping[str, Use] = {
    "ecs-task": Use(
        ("ecs-tasks.amazonaws.com",),
        {
            "AWS::ECS::TaskDefinition": ("TaskRoleArn",),
            "AWS::ECS::DaemonTaskDefinition": ("TaskRoleArn",),
            "AWS::ECS::ExpressGatewayService": ("TaskRoleArn",),
            "AWS::Pipes::Pipe": ("TargetParameters.EcsTaskParameters.Overrides.TaskRoleArn",),
        },
    ),
    "lambda": Use(
        ("lambda.amazonaws.com",),
        {"AWS::Lambda::Function": ("Role",), "AWS::Serverless::Function": ("Role",)},
    ),
    "states": Use(
        # The CDK may write the service with a region (AWS Step Functions Developer Guide, "Creating
        # an IAM role for your state machine").
        ("states.amazonaws.com", "states.*.amazonaws.com"),
        {
            "AWS::StepFunctions::StateMachine": ("RoleArn",),
            "AWS::Serverless::StateMachine": ("Role",),
        },
    ),
    "ec2": Use(
        ("ec2.amazonaws.com", "ec2.amazonaws.com.cn"),
        {"AWS::IAM::InstanceProfile": ("Roles",)},
    ),
    "eks-pod": Use(
        ("pods.eks.amazonaws.com",),
        {
            "AWS::EKS::PodIdentityAssociation": ("RoleArn",),
            "AWS::EKS::Addon": ("PodIdentityAssociations.RoleArn",),
        },
    ),
    "batch": Use(
        ("ecs-tasks.amazonaws.com",),
        {
            "AWS::Batch::JobDefinition": (
                "ContainerProperties.JobRoleArn",
                "EcsProperties.TaskProperties.TaskRoleArn",
                "NodeProperties.NodeRangeProperties.Container.JobRoleArn",
                "NodeProperties.NodeRangeProperties.EcsProperties.TaskProperties.TaskRoleArn",
            )
        },
    ),
    "apprunner": Use(
        ("tasks.apprunner.amazonaws.com",),
        {"AWS::AppRunner::Service": ("InstanceConfiguration.InstanceRoleArn",)},
    ),
    "bedrock-agentcore": Use(
        ("bedrock-agentcore.amazonaws.com",),
        {"AWS::BedrockAgentCore::Runtime": ("RoleArn",)},
    ),
    "codebuild": Use(
        ("codebuild.amazonaws.com",),
        {"AWS::CodeBuild::Project": ("ServiceRole",)},
    ),
    "glue": Use(
        ("glue.amazonaws.com",),
        {
            "AWS::Glue::Job": ("Role",),
            "AWS::Glue::Session": ("Role",),
            "AWS::Glue::Crawler": ("Role",),
            "AWS::Glue::MLTransform": ("Role",),
            "AWS::Glue::DevEndpoint": ("RoleArn",),
        },
    ),
    "sagemaker": Use(
        ("sagemaker.amazonaws.com",),
        {
            "AWS::SageMaker::Model": ("ExecutionRoleArn",),
            "AWS::SageMaker::NotebookInstance": ("RoleArn",),
            "AWS::SageMaker::ProcessingJob": ("RoleArn",),
            "AWS::SageMaker::Pipeline": ("RoleArn",),
        },
    ),
    "synthetics": Use(
        ("lambda.amazonaws.com",),
        {"AWS::Synthetics::Canary": ("ExecutionRoleArn",)},
    ),
    "kinesisanalytics": Use(
        ("kinesisanalytics.amazonaws.com",),
        {"AWS::KinesisAnalyticsV2::Application": ("ServiceExecutionRole",)},
    ),
    "airflow": Use(
        ("airflow.amazonaws.com", "airflow-env.amazonaws.com"),
        {"AWS::MWAA::Environment": ("ExecutionRoleArn",)},
    ),
    "appsync": Use(
        ("appsync.amazonaws.com",),
        {"AWS::AppSync::DataSource": ("ServiceRoleArn",)},
    ),
    "events": Use(
        ("events.amazonaws.com",),
        {"AWS::Events::Rule": ("RoleArn", "Targets.RoleArn")},
    ),
    "scheduler": Use(
        ("scheduler.amazonaws.com",),
        {"AWS::Scheduler::Schedule": ("Target.RoleArn",)},
    ),
    "pipes": Use(
        ("pipes.amazonaws.com",),
        {"AWS::Pipes::Pipe": ("RoleArn",)},
    ),
}
