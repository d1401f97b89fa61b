"""What we lean on that the CDK and jsii do not promise, tried on the CDK that is installed.

When one of these fails after an upgrade, the place to mend is
iam_sudo_cdk/application/cdk_insides.py, and no other.
"""

import re
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_bedrock as bedrock
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from iam_sudo_cdk.application import cdk_insides
from tests.cdk.opened import TRUST, Later, app, task_role
from tests.cdk.round_trips import counted
from tests.cdk.templates import stack

pytestmark = pytest.mark.slow

TYPE = b":cloudformationResource: AWS::IAM::Role\n"
CLASS = re.compile(rb"class (\w+)\((?:(?!\nclass ).)*?" + TYPE, re.DOTALL)


def changed(name, how):
    return f"the CDK or jsii has changed inside, mend cdk_insides.{name}: {how}"


def resource_of(role):
    return role.node.default_child


def plain(scope, id_="Plain", **properties):
    return cdk.CfnResource(scope, id_, type="AWS::IAM::Role", properties=properties)


def test_all_objects_of_a_construct_have_one_identity_and_no_other_construct_has_it():
    scope = stack()
    role, other = task_role(scope, "One"), task_role(scope, "Other")
    one, by_another_way = resource_of(role), resource_of(role)
    assert one is not by_another_way
    with counted() as calls:
        same = cdk_insides.identity(one) == cdk_insides.identity(by_another_way)
        different = cdk_insides.identity(one) != cdk_insides.identity(other)
        hashed = len({cdk_insides.identity(each) for each in (one, other)})
    assert same, changed("identity", "two objects of one construct have two identities")
    assert different, changed("identity", "two constructs have one identity")
    assert hashed == 2, changed("identity", "it is no key any more")
    assert not calls, changed("identity", "it asks Node")


def test_a_token_in_a_text_is_seen_as_the_cdk_itself_sees_it():
    scope = stack()
    role = task_role(scope)
    texts = [
        role.role_name,
        role.role_arn,
        f"before-{role.role_name}-after",
        cdk.Aws.ACCOUNT_ID,
        cdk.Lazy.string(Later("x")),
        cdk.Fn.join("-", ["a", cdk.Aws.REGION]),
        cdk.CfnParameter(scope, "Parameter").value_as_string,
        "plain",
        "arn:aws:iam::111122223333:role/x",
        "${Token}",
        "",
    ]
    with counted() as calls:
        seen = [cdk_insides.has_token(text) for text in texts]
    assert seen == list(map(cdk.Token.is_unresolved, texts)), changed(
        "has_token", "tokens look different in texts"
    )
    assert not calls


@pytest.mark.parametrize("id_", ["Role", "a role", "Role [x]", "[", "x [AWS::IAM::Role]"])
def test_the_path_of_a_resource_is_the_one_of_its_node_for_one_round_trip(id_):
    scope = stack()
    role = task_role(scope, id_)
    for resource in (resource_of(role), plain(scope, f"Plain {id_}")):
        with counted() as calls:
            path = cdk_insides.path_of(resource)
        assert path == resource.node.path, changed("path_of", "to_string() shows something else")
        assert len(calls) == 1, changed("path_of", "it is no cheaper than node.path")


class OwnResource(cdk.CfnResource):
    """A class of the user's."""


def test_the_class_of_a_resource_says_whether_it_may_be_of_another_type():
    scope = stack()
    typed = [
        resource_of(task_role(scope)),
        sns.CfnTopic(scope, "Topic"),
        iam.CfnManagedPolicy(scope, "Policy", policy_document={}),
    ]
    untyped = [plain(scope), OwnResource(scope, "Own", type="AWS::IAM::Role")]
    for each in typed:
        assert cdk_insides.has_a_class_of_its_type(each), changed("has_a_class_of_its_type", each)
    for each in untyped:
        assert not cdk_insides.has_a_class_of_its_type(each), changed(
            "has_a_class_of_its_type", "a plain resource seems to have a class of its type"
        )


def test_no_class_of_the_cdk_but_cfn_role_is_a_role():
    sources = Path(cdk.__file__).parent.glob("aws_*/__init__.py")
    classes = {
        f"{path.parent.name}.{found.decode()}"
        for path in sources
        if TYPE in (source := path.read_bytes())
        for found in CLASS.findall(source)
    }
    assert classes == {"aws_iam.CfnRole"}, changed("has_a_class_of_its_type", classes)


def test_all_properties_come_in_one_round_trip_tokens_and_all():
    scope = stack()
    role = task_role(scope, role_name="orders", path=cdk.Lazy.string(Later("/orders/")))
    typed = resource_of(role)
    other = plain(scope, AssumeRolePolicyDocument=TRUST, RoleName="plain")
    found = []
    for resource in (typed, other):
        with counted() as calls:
            found.append(cdk_insides.properties_of(resource))
        assert len(calls) == 1, changed("properties_of", "it is more than one round trip")
    of_typed, of_plain = found
    assert of_typed["roleName"] == "orders", changed("properties_of", "names have changed")
    assert cdk.Token.is_unresolved(of_typed["path"]), changed("properties_of", "it resolves")
    assert isinstance(of_typed["assumeRolePolicyDocument"], iam.PolicyDocument), changed(
        "properties_of", "the trust policy of a role is no PolicyDocument any more"
    )
    assert of_plain == {"AssumeRolePolicyDocument": TRUST, "RoleName": "plain"}, changed(
        "properties_of", "the names of a plain resource have changed"
    )


def test_a_nested_stack_has_parameters_of_this_name_for_references_to_other_stacks():
    scope = stack()
    nested = cdk.NestedStack(scope, "Nested")
    iam.CfnPolicy(
        nested,
        "Policy",
        policy_name="p",
        policy_document={},
        roles=[task_role(scope).role_name],
    )
    cdk.CfnParameter(nested, "Own")
    cdk.Stage.of(scope).synth()
    theirs = {
        nested.resolve(each.logical_id): each.node.id != "Own"
        for each in nested.node.find_all()
        if isinstance(each, cdk.CfnParameter)
    }
    ours = {name: cdk_insides.is_parameter_for_a_reference(name) for name in theirs}
    assert sorted(theirs.values()) == [False, True]
    assert ours == theirs, changed("is_parameter_for_a_reference", list(theirs))


class Seen(cdk_insides.TaggableVisitor):
    def __init__(self):
        super().__init__("key", "value")
        self.seen = []

    def visit_taggable(self, resource):
        self.seen.append(resource)


def test_node_takes_the_visitor_to_stacks_and_typed_resources_and_asks_about_nothing_else():
    both = app()
    scope = cdk.Stack(both, "the-stack")
    nested = cdk.NestedStack(scope, "Nested")
    role = task_role(nested)
    ecs.CfnCluster(scope, "Cluster")
    bedrock.CfnAgent(scope, "Agent", agent_name="a")  # of the second kind of taggable resources
    plain(scope)
    iam.CfnPolicy(scope, "Untaggable", policy_name="p", policy_document={}, roles=["x"])
    visitor = Seen()
    cdk.Aspects.of(both).add(visitor)
    both.synth()
    seen = {each.node.path for each in visitor.seen}
    assert seen >= {scope.node.path, nested.node.path, resource_of(role).node.path}, changed(
        "TaggableVisitor", f"it is not taken to stacks and roles: {seen}"
    )
    assert "the-stack/Cluster" in seen, changed("TaggableVisitor", "ITaggable is not seen")
    assert "the-stack/Agent" in seen, changed("TaggableVisitor", "ITaggableV2 is not seen")
    assert not seen & {"the-stack/Plain", "the-stack/Untaggable"}, changed(
        "TaggableVisitor", f"it is asked about what carries no tags: {seen}"
    )
    assert {type(each) for each in visitor.seen} >= {cdk.Stack, iam.CfnRole}


def test_a_visitor_that_the_cdk_went_by_would_tag_nothing():
    scope = stack()
    task_role(scope)
    agent = bedrock.CfnAgent(scope, "Agent", agent_name="a")
    # As if our methods were not asked.
    cdk.Tag._apply_tag(Seen(), resource_of(scope.node.find_child("Role")))
    cdk.Tag._apply_tag_v2(Seen(), agent)
    template = Template.from_stack(scope).to_json()
    assert "Tags" not in str(template), changed("TaggableVisitor", "it tags by itself")


def test_what_is_visited_costs_a_round_trip_and_other_constructs_cost_none():
    def trips(roles, others):
        both = app()
        scope = cdk.Stack(both, "the-stack")
        for number in range(roles):
            iam.CfnRole(scope, f"Role{number}", assume_role_policy_document=TRUST)
        for number in range(others):
            plain(scope, f"Plain{number}")
        cdk.Aspects.of(both).add(Seen())
        with counted() as calls:
            both.synth()
        return len(calls)

    few = trips(5, 5)
    assert trips(25, 5) - few == 20, changed("TaggableVisitor", "a visit costs more")
    assert trips(5, 25) == few, changed("TaggableVisitor", "Python is asked about all constructs")
