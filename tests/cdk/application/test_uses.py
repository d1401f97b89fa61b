"""The table of uses, beside the CDK's own copy of CloudFormation's reference."""

import gzip
import json
import re
import tarfile
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk

from iam_sudo_cdk.application import USES
from tests.cdk.templates import IS_OLD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(IS_OLD, reason="the table is of the newest CDK"),
]

# The roles of types in the table that their workloads do not run as, and why.
OTHERS = {
    "ExecutionRoleArn of AWS::ECS": "pulls images and reads secrets before the task runs",
    "InfrastructureRoleArn of AWS::ECS": "makes load balancers and scaling for the service",
    "ExecutionRoleArn of AWS::Batch": "pulls images and reads secrets before the job runs",
    "ExecutionRoleArn of AWS::Pipes": "of the task that a pipe starts",
    "AccessRoleArn of AWS::AppRunner": "pulls the image",
    "ServiceAccountRoleArn of AWS::EKS": "of the add-on itself, by a web identity",
    "TargetRoleArn of AWS::EKS": "assumed by the role that pods have, maybe elsewhere",
    "ResourceAccessRole of AWS::CodeBuild": "of what the public sees of builds",
    "ApproverRoles of AWS::CodeBuild": "names of roles in a repository",
    "BuildBatchConfig.ServiceRole of AWS::CodeBuild": "starts the builds of a batch",
    "DeploymentPreference.Role of AWS::Serverless": "deploys",
    "AssumeRolePolicyDocument of AWS::Serverless": "no role",
    "ClusterRoleArn of AWS::SageMaker": "of an Amazon Redshift cluster",
}


@pytest.fixture(scope="module")
def types():
    """The types of aws-cdk-lib's jsii assembly, by their full name."""
    (archive,) = Path(aws_cdk.__file__).parent.glob("_jsii/aws-cdk-lib@*.tgz")
    with tarfile.open(archive) as files:
        try:
            text = gzip.decompress(files.extractfile("package/.jsii.gz").read())
        except KeyError:
            text = files.extractfile("package/.jsii").read()
    return json.loads(text)["types"]


def class_of(type_, types):
    """The full name of the class of a resource type."""
    _, service, name = type_.split("::")
    module = {"Serverless": "sam"}.get(service, service).lower()
    found = f"aws-cdk-lib.aws_{module}.Cfn{name}"
    assert found in types, type_
    return found


def properties(props, types):
    """The properties of a struct: name, and what is in its type."""
    for each in types[props].get("properties", ()):
        yield each["name"], json.dumps(each["type"])


def roles(props, types, path=()):
    """The paths of all properties with a role in their name, through objects and lists."""
    if len(path) > 6:
        return
    for name, type_ in properties(props, types):
        here = (*path, name[0].upper() + name[1:])
        if re.search(r"role(s|arns?)?$", name, re.IGNORECASE):
            yield ".".join(here)
        for inner in re.findall(r'"fqn": "(aws-cdk-lib\.[^"]+Property)"', type_):
            if inner.rpartition(".")[2] not in path:
                yield from roles(inner, types, here)


PAIRS = [
    (type_, path)
    for use in USES.values()
    for type_, paths in use.properties.items()
    for path in paths
]


def folded(path):
    return path.lower()


@pytest.mark.parametrize("type_", sorted({type_ for type_, _ in PAIRS}))
def test_every_role_of_a_type_in_the_table_is_in_it_or_is_none_that_runs_the_workload(type_, types):
    in_reference = {folded(each) for each in roles(f"{class_of(type_, types)}Props", types)}
    in_table = {folded(path) for each, path in PAIRS if each == type_}
    assert in_table <= in_reference
    prefix = "::".join(type_.split("::")[:2])
    for path in in_reference - in_table:
        known = [key.partition(" of ") for key in OTHERS]
        assert any(
            path.endswith(folded(name)) and prefix == service for name, _, service in known
        ), path


def test_every_task_role_of_the_reference_is_in_the_table(types):
    # What begins a task without a resource of ours (a state machine, say) has no such property.
    named = {
        fqn
        for fqn, each in types.items()
        if fqn.startswith("aws-cdk-lib.aws_")
        and re.search(r"\.Cfn\w+(Props|\.\w+Property)$", fqn)
        and any(name in ("taskRoleArn", "jobRoleArn") for name, _ in properties(fqn, types))
    }
    covered = {class_of(type_, types) for type_, _ in PAIRS}
    for fqn in named:
        owner = re.match(r"aws-cdk-lib\.aws_\w+\.Cfn\w+", fqn)[0].removesuffix("Props")
        assert owner in covered, fqn
