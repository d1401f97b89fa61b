"""A session tag that would make a developer more than the role is an error on that role."""

import json

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct
from moto.iam.aws_managed_policies import aws_managed_policies_data

from iam_sudo_cdk import DeveloperTrust, RoleSelection
from iam_sudo_cdk.tag_trust.session_tag_keys import _foreign
from iam_sudo_core.session import tags as session_tags
from tests.cdk.opened import (
    CONDITION,
    DEVELOPER,
    TASKS,
    TRUST,
    cfn,
    included,
    is_open,
    messages,
    role,
    roles,
    statement_if,
    statements,
    tag_trust,
    task_role,
)
from tests.cdk.templates import ACCOUNT, stack

pytestmark = pytest.mark.slow

KEYS = {"session_tag_keys": ["Tenant"]}
OF_THE_TENANT = {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::data/${aws:PrincipalTag/tenant}/*",
}
IF_TENANT = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:principaltag/TENANT": "blue"}},
}
OF_ANOTHER_KEY = {
    **IF_TENANT,
    "Condition": {"StringEquals": {"aws:PrincipalTag/tenants": "x", "aws:RequestTag/tenant": "x"}},
}


def document(*found):
    return {"Version": "2012-10-17", "Statement": list(found)}


def policy(*found):
    return iam.PolicyDocument.from_json(document(*found))


def l2(scope, **options):
    return task_role(scope, **options)


def tagged(*tags):
    def make(scope):
        role_ = l2(scope)
        for key, value in tags:
            cdk.Tags.of(role_).add(key, value)

    return make


def tagged_stack(scope):
    l2(scope)
    scope.tags.set_tag("tenant", "blue")


def tagged_plain(scope):
    properties = {
        "AssumeRolePolicyDocument": TRUST,
        "Tags": [{"Key": "TENANT", "Value": "blue"}],
    }
    cdk.CfnResource(scope, "Role", type="AWS::IAM::Role", properties=properties)


def inline(statement):
    return lambda s: l2(s, inline_policies={"p": policy(statement)})


def inline_of_the_resource(s):
    iam.CfnRole(
        s,
        "Role",
        assume_role_policy_document=TRUST,
        policies=[
            iam.CfnRole.PolicyProperty(policy_name="p", policy_document=document(OF_THE_TENANT))
        ],
    )


def added(statement):
    def make(scope):
        l2(scope).add_to_policy(iam.PolicyStatement.from_json(statement))

    return make


def role_policy(scope):
    role_ = l2(scope)
    iam.CfnRolePolicy(
        scope,
        "RolePolicy",
        role_name=role_.role_name,
        policy_name="p",
        policy_document=document(IF_TENANT),
    )


def by_name(scope):
    l2(scope, role_name="iam-sudo-demo-orders")
    iam.CfnPolicy(
        scope,
        "Policy",
        policy_name="p",
        policy_document=document(IF_TENANT),
        roles=["iam-sudo-demo-orders"],
    )


def by_parameter(scope):
    l2(scope)
    iam.CfnPolicy(
        scope,
        "Policy",
        policy_name="p",
        policy_document=document(IF_TENANT),
        roles=[cdk.CfnParameter(scope, "P").value_as_string],
    )


def conditional(scope):
    role_ = l2(scope)
    made = iam.CfnPolicy(
        scope,
        "Policy",
        policy_name="p",
        policy_document=document(IF_TENANT),
        roles=[role_.role_name],
    )
    made.cfn_options.condition = cdk.CfnCondition(
        scope, "C", expression=cdk.Fn.condition_equals("a", "a")
    )


def managed(scope):
    l2(
        scope,
        managed_policies=[iam.ManagedPolicy(scope, "M", document=policy(OF_THE_TENANT))],
    )


def managed_that_names_it(scope):
    iam.ManagedPolicy(scope, "M", document=policy(OF_THE_TENANT), roles=[l2(scope)])


def managed_of_another_stack(scope):
    other = cdk.Stack(scope.node.root, "other")
    l2(scope, managed_policies=[iam.ManagedPolicy(other, "M", document=policy(OF_THE_TENANT))])


def boundary(scope):
    made = iam.ManagedPolicy(scope, "B", document=policy(IF_TENANT))
    l2(scope, permissions_boundary=made)


def from_another_stack(scope):
    role_ = l2(scope)
    other = cdk.Stack(scope.node.root, "other")
    iam.ManagedPolicy(other, "M", document=policy(OF_THE_TENANT), roles=[role_])


def joined(scope):
    variable = cdk.Fn.join("", ["${aws:Principal", "Tag/tenant}"])
    l2(scope, inline_policies={"p": policy({**OF_THE_TENANT, "Resource": variable})})


def computed(scope):
    key = cdk.CfnParameter(scope, "Key").value_as_string
    variable = cdk.Fn.join("", ["${aws:PrincipalTag/", key, "}"])
    l2(scope, inline_policies={"p": policy({**OF_THE_TENANT, "Resource": variable})})


CONFLICTS = {
    "a tag of the role": tagged(("tenant", "blue")),
    "a tag of the role, by another case": tagged(("TENANT", "blue")),
    "a tag of a plain resource": tagged_plain,
    "a tag of the stack": tagged_stack,
    "a variable of an inline policy": inline(OF_THE_TENANT),
    "a condition of an inline policy": inline(IF_TENANT),
    "an inline policy of the resource": inline_of_the_resource,
    "a statement that was added": added(OF_THE_TENANT),
    "an AWS::IAM::RolePolicy": role_policy,
    "a policy that names the role": by_name,
    "a policy of whoever a parameter names": by_parameter,
    "a policy by condition": conditional,
    "a managed policy": managed,
    "a managed policy that names the role": managed_that_names_it,
    "a managed policy of another stack": managed_of_another_stack,
    "a managed policy that names the role of another stack": from_another_stack,
    "the permissions boundary": boundary,
    "a variable that is joined": joined,
    "a key that a parameter gives": computed,
}


@pytest.mark.parametrize("make", CONFLICTS.values(), ids=CONFLICTS)
def test_a_role_that_has_or_tests_the_key_is_an_error_and_stays_closed(make):
    scope = stack()
    make(scope)
    tag_trust(scope, selection=RoleSelection(role_names=["*"], paths=["*"]), **KEYS)
    assert not is_open(role(scope))
    ((path, message),) = messages(scope).items()
    assert path.startswith("the-stack/Role")
    assert message.startswith("error: iam-sudo: ")
    assert "session_tag_keys" in message
    assert "\n" not in message


@pytest.mark.parametrize("make", CONFLICTS.values(), ids=CONFLICTS)
def test_without_session_tags_it_is_none(make):
    scope = stack()
    make(scope)
    tag_trust(scope, selection=RoleSelection(role_names=["*"], paths=["*"]))
    assert is_open(role(scope))
    assert messages(scope) == {}


def test_the_mixin_looks_as_well():
    scope = stack()
    role_ = l2(scope, inline_policies={"p": policy(OF_THE_TENANT)})
    role_.with_(DeveloperTrust(developers=[DEVELOPER], development_accounts=[ACCOUNT], **KEYS))
    assert not is_open(role(scope))
    assert "error: iam-sudo: an inline policy tests Tenant" in str(messages(scope))


UNREADABLE = {
    "an imported managed policy": lambda s: l2(
        s, managed_policies=[iam.ManagedPolicy.from_managed_policy_name(s, "M", "ours")]
    ),
    "a managed policy of another account": lambda s: l2(
        s,
        managed_policies=[
            iam.ManagedPolicy.from_managed_policy_arn(
                s, "M", "arn:aws:iam::444455556666:policy/SecurityAudit"
            )
        ],
    ),
    "a managed policy by parameter": lambda s: l2(
        s,
        managed_policies=[
            iam.ManagedPolicy.from_managed_policy_arn(
                s, "M", cdk.CfnParameter(s, "P").value_as_string
            )
        ],
    ),
    "a boundary from elsewhere": lambda s: l2(
        s,
        permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(s, "B", "boundary"),
    ),
    "one of AWS that tests tags": lambda s: l2(
        s,
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonEKSComputePolicy")],
    ),
    "one of AWS that tests tags, with a path": lambda s: l2(
        s,
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name(
                "service-role/SageMakerStudioProjectUserRolePolicy"
            )
        ],
    ),
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE)
def test_what_synthesis_cannot_read_refuses_the_role(make):
    scope = stack()
    make(scope)
    tag_trust(scope, **KEYS)
    assert not is_open(role(scope))
    assert "is not known at synth" in str(messages(scope))


IN_TEMPLATES = {
    "statements by condition": (
        {"Policies": [{"PolicyName": "p", "PolicyDocument": document(statement_if(IF_TENANT))}]},
        "tests Tenant",
    ),
    "policies by condition": (
        {"Policies": statement_if([{"PolicyName": "p", "PolicyDocument": document(IF_TENANT)}])},
        "tests Tenant",
    ),
    "a document from elsewhere": (
        {
            "Policies": [
                {"PolicyName": "p", "PolicyDocument": {"Fn::ImportValue": "their-document"}}
            ]
        },
        "is not known",
    ),
    "managed policies by condition": (
        {"ManagedPolicyArns": [statement_if("arn:aws:iam::111122223333:policy/x")]},
        "is not known",
    ),
    "a list of managed policies from elsewhere": (
        {"ManagedPolicyArns": {"Fn::Split": [",", {"Fn::ImportValue": "arns"}]}},
        "is not known",
    ),
    **{
        f"a text from {where}": (
            {
                "Policies": [
                    {
                        "PolicyName": "p",
                        "PolicyDocument": document({**OF_ANOTHER_KEY, "Resource": text}),
                    }
                ]
            },
            "is not known",
        )
        for where, text in {
            "a mapping": {"Fn::FindInMap": ["Map", "a", "b"]},
            "a mapping, as a part": {
                "Fn::Join": ["", ["arn:aws:s3:::b/", {"Fn::FindInMap": ["Map", "a", "b"]}, "/*"]]
            },
            "an export": {"Fn::ImportValue": "their-resource"},
            "an export, in a text": {"Fn::Sub": ["${A}/*", {"A": {"Fn::ImportValue": "their"}}]},
            "a macro": {"Fn::Transform": {"Name": "Macro", "Parameters": {}}},
            "a dynamic reference": "arn:aws:s3:::b/{{resolve:ssm:/prefix}}/*",
            "a dynamic reference in a function": {"Fn::Sub": "{{resolve:ssm:/prefix}}/*"},
        }.items()
    },
    "a variable in a function": (
        {
            "Policies": [
                {
                    "PolicyName": "p",
                    "PolicyDocument": document(
                        {
                            **OF_THE_TENANT,
                            "Resource": {"Fn::Sub": "arn:aws:s3:::x/${!aws:PrincipalTag/tenant}"},
                        }
                    ),
                }
            ]
        },
        "tests Tenant",
    ),
}


@pytest.mark.parametrize(("properties", "why"), IN_TEMPLATES.values(), ids=IN_TEMPLATES)
def test_templates_are_read_as_well(properties, why, tmp_path):
    scope = stack()
    tag_trust(scope, **KEYS)
    mappings = {"Map": {"a": {"b": OF_THE_TENANT["Resource"]}}}
    included(scope, tmp_path, {"Role": cfn(**properties)}, Mappings=mappings, **CONDITION)
    assert not is_open(role(scope))
    assert why in messages(scope)["the-stack/Included/Role"]


def of_another_role(scope):
    l2(scope)
    theirs = iam.Role(scope, "Theirs", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    theirs.add_to_policy(iam.PolicyStatement.from_json(OF_THE_TENANT))
    cdk.Tags.of(theirs).add("tenant", "green")


def of_a_group(scope):
    l2(scope)
    group = iam.Group(scope, "Group")
    iam.ManagedPolicy(scope, "M", document=policy(OF_THE_TENANT), groups=[group])


def from_the_deployment(scope):
    bucket = cdk.CfnParameter(scope, "Bucket").value_as_string
    named = {**OF_THE_TENANT, "Resource": cdk.Fn.join("", ["arn:aws:s3:::", bucket, "/*"])}
    l2(scope, inline_policies={"p": policy(named)})


FREE = {
    "a role without policies": l2,
    "another tag": tagged(("tenants", "blue"), ("team", "a")),
    "a policy that tests another tag": inline(OF_ANOTHER_KEY),
    "another role": of_another_role,
    "a group": of_a_group,
    "a bucket by parameter": from_the_deployment,
    "a managed policy": lambda s: l2(
        s,
        managed_policies=[iam.ManagedPolicy(s, "M", document=policy(OF_ANOTHER_KEY))],
        permissions_boundary=iam.ManagedPolicy.from_aws_managed_policy_name("PowerUserAccess"),
    ),
    "managed policies of AWS": lambda s: l2(
        s,
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name(name)
            for name in (
                "AmazonS3ReadOnlyAccess",
                "service-role/AmazonECSTaskExecutionRolePolicy",
                "CloudWatchAgentServerPolicy",
            )
        ],
    ),
}


@pytest.mark.parametrize("make", FREE.values(), ids=FREE)
def test_a_role_that_leaves_the_key_free_is_opened_with_it(make):
    scope = stack()
    make(scope)
    tag_trust(scope, **KEYS)
    (opened,) = (each for each in roles(scope).values() if TASKS in str(each))
    assert [each["Action"] for each in statements(opened)[1:]] == [
        "sts:AssumeRole",
        "sts:TagSession",
    ]
    assert messages(scope) == {}


@jsii.implements(cdk.IAspect)
class AddsAPolicy:
    """When our aspect has been already, on a role that comes earlier."""

    def __init__(self, role_: iam.Role) -> None:
        self.role = role_

    def visit(self, node):
        if node.node.id == "Later":
            iam.CfnPolicy(
                node,
                "Late",
                policy_name="late",
                policy_document=document(IF_TENANT),
                roles=[self.role.role_name],
            )


@pytest.mark.parametrize("by_mixin", [True, False])
def test_a_policy_that_comes_late_fails_the_synthesis(by_mixin):
    scope = stack()
    role_ = l2(scope)
    if by_mixin:
        role_.with_(DeveloperTrust(developers=[DEVELOPER], development_accounts=[ACCOUNT], **KEYS))
    else:
        tag_trust(scope, **KEYS)
    cdk.Aspects.of(Construct(scope, "Later")).add(AddsAPolicy(role_))
    with pytest.raises(RuntimeError, match=r"the-stack/Role/Resource: the policy .*Late tests Ten"):
        scope.node.root.synth()


def test_what_aws_itself_attaches_tests_of_tags_to_is_known():
    """`_OF_AWS` beside moto's copy of AWS's managed policies."""
    found = json.loads(aws_managed_policies_data)
    assert len(found) > 1_000
    for name, each in found.items():
        arn = f"arn:aws:iam::aws:policy{each.get('Path', '/')}{name}"
        if session_tags.tested({name: each["Document"]}):
            assert _foreign(arn)[1] is None, name
    refused = [name for name in found if _foreign(f"arn:aws:iam::aws:policy/{name}")[1] is None]
    assert len(refused) < len(found) / 10
