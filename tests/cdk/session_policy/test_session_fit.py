"""Selected roles that no session fits are warned about when the application is synthesized."""

import json
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import cloudformation_include as include
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from iam_sudo_cdk import (
    IamSudo,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from tests.cdk import templates
from tests.cdk.opened import TRUST, Later, app, messages, task_role
from tests.cdk.round_trips import counted
from tests.cdk.templates import ACCOUNT, IS_OLD, OTHER_ACCOUNT, REGION, stack

pytestmark = pytest.mark.slow

NAME = "iam-sudo-demo-orders"
REFUSED = f"the broker would refuse to simulate {NAME}: "
ABOUT = "(sizes are about right: what only the deployment knows was given a usual length)"


def refusing(**strategy):
    """A broker that makes no managed policies for what is too large."""
    return SessionPolicyStrategy(large_roles=False, **strategy)


def iam_sudo(scope, **strategy):
    return templates.iam_sudo(scope, **{"large_roles": False, **strategy})


def document(number=30, of="queue", **more):
    """A policy of so many statements, each of a good hundred characters that do not compact."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [f"sqs:SendMessage{n}"],
                "Resource": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{of}-{n}"],
                **more,
            }
            for n in range(number)
        ],
    }


def policy_document(*args, **more):
    return iam.PolicyDocument.from_json(document(*args, **more))


def role(scope, id="Role", name=NAME, **properties):
    return task_role(scope, id, role_name=name, **properties)


def cfn_role(scope, policies=(), name=NAME, **properties):
    return iam.CfnRole(
        scope,
        "Role",
        role_name=name,
        assume_role_policy_document=TRUST,
        policies=[
            iam.CfnRole.PolicyProperty(policy_name=name_, policy_document=each)
            for name_, each in dict(policies).items()
        ],
        **properties,
    )


def warnings(scope):
    """What is said of roles that no session fits, by construct path."""
    found = messages(scope)
    assert all("the broker would refuse" in text for text in found.values()), found
    return found


def warning(scope):
    (text,) = warnings(scope).values()
    return text


@pytest.fixture
def scope():
    scope = stack()
    iam_sudo(scope)
    return scope


# Which roles


def test_a_role_that_fits_is_not_warned_about(scope):
    role(scope, inline_policies={"small": policy_document(3)})
    assert warnings(scope) == {}


def test_a_role_without_policies_is_not_warned_about(scope):
    role(scope)
    assert warnings(scope) == {}


def test_a_role_that_managed_policies_carry_is_not_warned_about():
    scope = stack()
    iam_sudo(scope, large_roles=True)
    role(scope, inline_policies={"large": policy_document(90)})
    assert warnings(scope) == {}


def test_a_role_that_no_managed_policies_carry_is_warned_about():
    scope = stack()
    iam_sudo(scope, large_roles=True)
    names = [f"arn:aws:s3:::{'x' * 50}-{n}/*" for n in range(150)]
    denial = {"Effect": "Deny", "Action": "s3:*", "NotResource": names}
    uncut = iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": [denial]})
    role(scope, inline_policies={"uncut": uncut})
    assert "nor do 10 managed policies of 6,144 characters hold what the role may do" in warning(
        scope
    )


def test_a_role_whose_inline_policies_are_too_large_is_warned_about_with_its_sizes(scope):
    role(scope, inline_policies={"large": policy_document(), "small": policy_document(2, "topic")})
    ((path, text),) = warnings(scope).items()
    assert path == "the-stack/Role/Resource"
    assert text.startswith(f"{REFUSED}its session needs 3,")
    assert "STS accepts 2,048 (large 3," in text
    assert ", small 2" in text
    assert "make large a managed policy of the role" in text
    assert ABOUT not in text  # nothing of it is the deployment's to know


def test_what_compacts_to_fit_is_not_warned_about(scope):
    same = {**document(40), "Statement": document(1)["Statement"] * 40}
    cfn_role(scope, {"repeated": same})
    assert warnings(scope) == {}


def test_a_role_that_is_not_selected_is_not_mentioned(scope):
    role(scope, name="orders", inline_policies={"large": policy_document()})
    assert warnings(scope) == {}


def test_a_role_whose_name_cloudformation_makes_up_is_not_mentioned():
    scope = stack()
    iam_sudo(scope, selection=RoleSelection(role_names=["*"], paths=["*"]))
    task_role(scope, inline_policies={"large": policy_document()})
    assert warnings(scope) == {}


def test_a_role_that_no_selected_principal_may_assume_is_not_mentioned(scope):
    iam.Role(
        scope,
        "Role",
        role_name=NAME,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"large": policy_document()},
    )
    assert warnings(scope) == {}


@pytest.mark.parametrize(
    "trust",
    [
        cdk.Fn.condition_if("C", TRUST, TRUST),
        {"Statement": [cdk.Fn.condition_if("C", TRUST["Statement"][0], TRUST["Statement"][0])]},
        {"Statement": "odd"},
    ],
)
def test_a_role_whose_trust_policy_cannot_be_read_is_not_mentioned(trust, scope):
    large = cfn_role(scope, {"large": document()})
    large.assume_role_policy_document = trust
    assert warnings(scope) == {}


def test_imported_roles_are_not_mentioned(scope):
    iam.Role.from_role_name(scope, "Imported", NAME)
    assert warnings(scope) == {}


def test_the_roles_of_the_construct_itself_are_not_mentioned():
    scope = stack()
    sudo = iam_sudo(scope, selection=RoleSelection(role_names=["*"], principals=["AWS:*"]))
    for number in range(30):
        sudo.base_role.add_to_policy(
            iam.PolicyStatement.from_json(document(31)["Statement"][number])
        )
    assert warnings(scope) == {}


# Where they are


def test_roles_of_other_stacks_and_nested_ones_are_warned_about():
    both = app()
    here, there = cdk.Stack(both, "here"), cdk.Stack(both, "there")
    iam_sudo(here)
    nested = cdk.NestedStack(here, "Nested")
    role(there, name=f"{NAME}-1", inline_policies={"large": policy_document()})
    role(nested, name=f"{NAME}-2", inline_policies={"large": policy_document()})
    assert list(warnings(there)) == ["there/Role/Resource"]
    assert list(warnings(here)) == ["here/Nested/Role/Resource"]


def test_roles_of_another_account_are_not_mentioned():
    both = app()
    here, there, unknown = (
        cdk.Stack(both, id_, env=cdk.Environment(account=account, region=REGION))
        for id_, account in (("here", ACCOUNT), ("there", OTHER_ACCOUNT), ("unknown", None))
    )
    iam_sudo(here)
    for each in (there, unknown):
        role(each, inline_policies={"large": policy_document()})
    assert warnings(there) == {}
    assert list(warnings(unknown)) == ["unknown/Role/Resource"]


def test_in_a_stage_the_roles_of_that_stage_are_warned_about():
    root = app()
    stages = [cdk.Stage(root, id_) for id_ in ("dev", "prod")]
    stacks = [cdk.Stack(stage, "stack") for stage in stages]
    iam_sudo(stacks[0])
    for each in (*stacks, outside := cdk.Stack(root, "outside")):
        role(each, inline_policies={"large": policy_document()})
    found = {}
    for each in stages:
        assembly = each.synth()
        for artifact in assembly.stacks:
            found[each.node.id] = [message.id for message in artifact.messages]
    assert found == {"dev": ["/dev/stack/Role/Resource"], "prod": []}
    assert warnings(outside) == {}


def test_outside_of_stages_their_roles_are_not_looked_at():
    # They have been synthesized before, and a warning would come up in the next round alone.
    root = app()
    iam_sudo(cdk.Stack(root, "stack"))
    inner = cdk.Stack(cdk.Stage(root, "stage"), "stack")
    large = role(inner, inline_policies={"large": policy_document()})
    root.synth()
    assert not any("refuse" in str(each.data) for each in large.node.default_child.node.metadata)


def test_beside_tag_based_trust_it_is_said_as_well():
    scope = stack()
    strategies = [refusing(), TagTrustStrategy()]
    sudo = IamSudo(scope, "IamSudo", strategy=strategies, development_accounts=[ACCOUNT])
    sudo.grant_sudo(iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/developer"))
    role(scope, inline_policies={"large": policy_document()})
    assert warning(scope).startswith(REFUSED)


def test_with_tag_based_trust_alone_nothing_is_said():
    scope = stack()
    sudo = IamSudo(scope, "IamSudo", strategy=TagTrustStrategy(), development_accounts=[ACCOUNT])
    sudo.grant_sudo(iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/developer"))
    role(scope, inline_policies={"large": policy_document()})
    assert warnings(scope) == {}


# What it costs


def round_trips(number, *, name=None):
    """How many the synthesis of so many roles takes, and one more of this name."""
    scope = stack()
    iam_sudo(scope)
    for count in range(number):
        task_role(scope, f"Role{count}").add_to_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"])
        )
    role(scope, name=name)
    with counted() as calls:
        cdk.Stage.of(scope).synth()
    return len(calls)


@pytest.mark.skipif(IS_OLD, reason="older CDKs cannot look for resources by type")
@pytest.mark.parametrize(("name", "trips"), [(None, 1), (NAME, 1 + 2)])
def test_a_role_costs_a_round_trip_and_its_policy_two_when_any_is_selected(name, trips):
    few, many = (round_trips(number, name=name) for number in (5, 25))
    assert many - few == trips * 20


# How it is said


def test_synthesized_twice_it_is_said_once(scope):
    role(scope, inline_policies={"large": policy_document()})
    cdk.Stage.of(scope).synth()
    cdk.Stage.of(scope).synth(force=True)
    found = Annotations.from_stack(scope).find_warning("*", Match.any_value())
    assert len([each for each in found if "would refuse" in str(each.entry.data)]) == 1


def test_the_warning_is_in_the_assembly_where_the_cdk_command_finds_it(scope):
    role(scope, inline_policies={"large": policy_document()})
    assembly = cdk.Stage.of(scope).synth()
    manifest = json.loads((Path(assembly.directory) / "manifest.json").read_text())
    artifact = manifest["artifacts"]["the-stack"]
    metadata = artifact.get("metadata")
    if metadata is None:
        file = Path(assembly.directory) / artifact["additionalMetadataFile"]
        metadata = json.loads(file.read_text())
    (said,) = [
        each for each in metadata["/the-stack/Role/Resource"] if each["type"] == "aws:cdk:warning"
    ]
    assert said["data"].endswith("[ack: iam-sudo:sessionRefused]")


def test_who_has_read_it_can_acknowledge_it(scope):
    large = role(scope, inline_policies={"large": policy_document()})
    cdk.Annotations.of(large).acknowledge_warning("iam-sudo:sessionRefused", "by tag")
    assert warnings(scope) == {}


# Where the policies of a role are


def inline(scope):
    role(scope, inline_policies={"large": policy_document()})


def resource(scope):
    cfn_role(scope, {"large": document()})


def plain_resource(scope):
    cdk.CfnResource(
        scope,
        "Role",
        type="AWS::IAM::Role",
        properties={
            "RoleName": NAME,
            "AssumeRolePolicyDocument": TRUST,
            "Policies": [{"PolicyName": "large", "PolicyDocument": document()}],
        },
    )


def lazy(scope):
    iam.CfnRole(
        scope,
        "Role",
        role_name=NAME,
        assume_role_policy_document=TRUST,
        policies=cdk.Lazy.any(Later([{"policyName": "large", "policyDocument": document()}])),
    )


def default_policy(scope):
    made = role(scope)
    for statement in document()["Statement"]:
        made.add_to_policy(iam.PolicyStatement.from_json(statement))


def attached_policy(scope):
    iam.Policy(scope, "Policy", document=policy_document(), roles=[role(scope)])


def policy_by_name(scope):
    role(scope)
    iam.CfnPolicy(scope, "Policy", policy_name="large", policy_document=document(), roles=[NAME])


def role_policy(scope):
    iam.CfnRolePolicy(
        scope,
        "Policy",
        policy_name="large",
        policy_document=document(),
        role_name=cfn_role(scope).ref,
    )


def plain_policy(scope):
    cdk.CfnResource(
        scope,
        "Policy",
        type="AWS::IAM::Policy",
        properties={
            "PolicyName": "large",
            "PolicyDocument": document(),
            "Roles": [cfn_role(scope).ref],
        },
    )


def from_another_stack(scope):
    other = cdk.Stack(scope.node.root, "other")
    iam.Policy(other, "Policy", document=policy_document(), roles=[role(scope)])


def from_a_nested_stack(scope):
    nested = cdk.NestedStack(scope, "Nested")
    iam.Policy(nested, "Policy", document=policy_document(), roles=[role(scope)])


def from_another_stack_by_name(scope):
    other = cdk.Stack(scope.node.root, "other")
    role(scope)
    imported = iam.Role.from_role_name(other, "Imported", NAME)
    for statement in document()["Statement"]:
        imported.add_to_principal_policy(iam.PolicyStatement.from_json(statement))


PLACES = [
    inline,
    resource,
    plain_resource,
    lazy,
    default_policy,
    attached_policy,
    policy_by_name,
    role_policy,
    plain_policy,
    from_another_stack,
    from_a_nested_stack,
    from_another_stack_by_name,
]


@pytest.mark.parametrize("make", PLACES)
def test_inline_policies_are_found_wherever_they_are(make, scope):
    make(scope)
    assert warning(scope).startswith(f"{REFUSED}its session needs 3,")


def test_policies_add_up(scope):
    made = cfn_role(scope, {"own": document(12, "own")})
    for number in range(2):
        iam.CfnPolicy(
            scope,
            f"Policy{number}",
            policy_name=f"other{number}",
            policy_document=document(12, f"other{number}"),
            roles=[made.ref],
        )
    text = warning(scope)
    assert all(name in text for name in ("own ", "other0 ", "other1 "))


def test_the_policies_of_other_roles_do_not_count(scope):
    role(scope, inline_policies={"some": policy_document(12)})
    for number in range(3):
        task_role(scope, f"Other{number}").attach_inline_policy(
            iam.Policy(scope, f"Policy{number}", document=policy_document(12, f"q{number}"))
        )
    assert warnings(scope) == {}


def test_of_two_stacks_alike_each_has_its_own_policies():
    # As for development and production: the same logical ids and names.
    both = app()
    stacks = [cdk.Stack(both, id_) for id_ in ("dev", "prod")]
    iam_sudo(stacks[0])
    for number, each in enumerate(stacks):
        attached = iam.Policy(each, "Policy", document=policy_document(14, f"queue{number}"))
        role(each).attach_inline_policy(attached)
        iam.CfnPolicy(
            each,
            "Named",
            policy_name=f"named{number}",
            policy_document=document(7, f"topic{number}"),
            roles=[NAME],
        )
    assert [warnings(each) for each in stacks] == [{}, {}]


def test_of_two_stacks_alike_each_has_its_own_managed_policies():
    both = app()
    stacks = [cdk.Stack(both, id_) for id_ in ("dev", "prod")]
    iam_sudo(stacks[0])
    for each, statements in zip(stacks, (1, 20), strict=True):
        role(each, managed_policies=managed(each, 11, statements))
    assert [len(warnings(each)) for each in stacks] == [0, 1]


def test_policies_of_stacks_for_other_accounts_are_left_alone():
    # Seen from another stack, a name that CloudFormation makes up is an error of the CDK's.
    both = app()
    stacks = [
        cdk.Stack(both, id_, env=cdk.Environment(account=account, region=REGION))
        for id_, account in (("dev", ACCOUNT), ("prod", OTHER_ACCOUNT))
    ]
    iam_sudo(stacks[0])
    for each in stacks:
        bucket = s3.Bucket(each, "Bucket")
        for made in (role(each), task_role(each, "Unnamed")):
            bucket.grant_read(made)
        iam.Role.from_role_name(each, "Imported", NAME).add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:*"], resources=[bucket.bucket_arn])
        )
        iam.ManagedPolicy(each, "Managed", roles=[made], document=policy_document(1))
    assert [warnings(each) for each in stacks] == [{}, {}]


def test_odd_values_fail_no_synthesis(scope):
    properties = {
        "RoleName": NAME,
        "AssumeRolePolicyDocument": TRUST,
        "Policies": ["odd", {"PolicyName": "odd"}, {"PolicyName": "x", "PolicyDocument": "{}"}],
        "ManagedPolicyArns": ["arn:odd", "odd", 1],
        "Tags": ["odd", {"Key": "k"}],
    }
    cdk.CfnResource(scope, "Role", type="AWS::IAM::Role", properties=properties)
    for number, roles in enumerate((["odd", NAME], "odd", None, cdk.Fn.split(",", "a,b"))):
        cdk.CfnResource(
            scope,
            f"Policy{number}",
            type="AWS::IAM::ManagedPolicy",
            properties={"Roles": roles, "PolicyDocument": "odd"},
        )
    assert warnings(scope) == {}


def test_grants_add_up_and_are_estimates(scope):
    made = role(scope)
    for number in range(20):
        s3.Bucket(scope, f"Bucket{number}").grant_read(made)
    text = warning(scope)
    assert text.startswith(f"{REFUSED}its session needs ")
    assert "RoleDefaultPolicy5FFB7DAB" in text
    assert ABOUT in text


def test_few_grants_fit(scope):
    made = role(scope)
    for number in range(3):
        s3.Bucket(scope, f"Bucket{number}").grant_read(made)
    assert warnings(scope) == {}


def test_a_region_is_an_estimate_and_the_account_and_partition_are_not():
    for token, is_estimate in (
        (cdk.Aws.ACCOUNT_ID, False),
        (cdk.Aws.PARTITION, False),
        (cdk.Aws.REGION, True),
        (cdk.Fn.import_value("other:Table"), True),
        (cdk.Fn.sub("x-${AWS::StackName}"), True),
    ):
        scope = stack()
        iam_sudo(scope)
        cfn_role(scope, {"large": document(of=token)})
        assert (ABOUT in warning(scope)) is is_estimate


# Managed policies


def managed(scope, number, statements=1, **properties):
    return [
        iam.ManagedPolicy(
            scope,
            f"Managed{each}",
            document=policy_document(statements, f"queue{each}"),
            **properties,
        )
        for each in range(number)
    ]


def by_ref(scope):
    role(scope, managed_policies=managed(scope, 11, 20))


def by_roles(scope):
    managed(scope, 11, 20, roles=[role(scope)])


def half_and_half(scope):
    made = role(scope, managed_policies=managed(scope, 5, 20))
    managed(cdk.NestedStack(scope, "Nested"), 6, 20, roles=[made])


def of_another_stack(scope):
    other = cdk.Stack(scope.node.root, "other")
    role(scope, managed_policies=managed(other, 11, 20))


@pytest.mark.parametrize("make", [by_ref, by_roles, half_and_half, of_another_stack])
def test_more_managed_policies_than_a_session_takes_are_warned_about(make, scope):
    make(scope)
    assert warning(scope).startswith(REFUSED)


def test_those_that_are_small_enough_to_move_inline_are_not(scope):
    role(scope, managed_policies=managed(scope, 14, 1))
    assert warnings(scope) == {}


def test_a_policy_that_is_attached_both_ways_counts_once(scope):
    policies = managed(scope, 10, 20)
    made = role(scope, managed_policies=policies)
    policies[0].attach_to_role(made)
    iam.CfnManagedPolicy(
        scope, "Extra", managed_policy_name="extra", policy_document=document(1), roles=[]
    )
    assert warnings(scope) == {}


def test_policies_whose_paths_end_alike_are_several(scope):
    deep = "a-construct-with-a-name-of-some-length"
    for number in range(11):
        inner = Construct(Construct(scope, f"Part{number}"), deep)
        document_ = policy_document(20, f"queue{number}")
        iam.ManagedPolicy(inner, "Managed", document=document_, roles=[])
    made = [each for each in scope.node.find_all() if isinstance(each, iam.ManagedPolicy)]
    role(scope, managed_policies=made)
    assert warning(scope).startswith(REFUSED)


def test_a_managed_policy_that_the_deployment_decides_may_be_small(scope):
    policies = managed(scope, 10, 20)
    undecided = iam.CfnManagedPolicy(
        scope,
        "Undecided",
        policy_document={
            "Version": "2012-10-17",
            "Statement": [cdk.Fn.condition_if("C", TRUST, cdk.Aws.NO_VALUE)],
        },
    )
    arns = [each.managed_policy_arn for each in policies]
    cfn_role(scope, managed_policy_arns=[*arns, undecided.ref])
    assert warnings(scope) == {}


def aws_managed(number):
    return [iam.ManagedPolicy.from_aws_managed_policy_name(f"Policy{n}") for n in range(number)]


def test_of_more_than_ten_that_synthesis_does_not_have_nothing_is_said(scope):
    # The broker reads them, and moves small ones inline.
    role(scope, managed_policies=aws_managed(12))
    assert warnings(scope) == {}


def test_unless_no_session_would_fit_whatever_they_say(scope):
    large = {"large": policy_document()}
    role(scope, managed_policies=aws_managed(12), inline_policies=large)
    assert warning(scope).startswith(REFUSED)


def test_arns_of_managed_policies_take_their_characters(scope):
    own = managed(scope, 10, 20, path=f"/{'long' * 20}/")
    role(scope, managed_policies=own, inline_policies={"some": policy_document(8)})
    text = warning(scope)
    assert f"arn:aws:iam::000000000000:policy/{'long' * 20}/" in text
    assert "make some a managed policy" in text


def test_what_another_account_has_to_say_of_an_arn_is_nothing_to_synthesis():
    # Which account it is deployed to is known to the stack, or not, and may be written out.
    for account in (None, ACCOUNT):
        scope = stack(account)
        iam_sudo(scope)
        arns = [f"arn:aws:iam::{ACCOUNT}:policy/x", cdk.Fn.import_value("x:Arn"), cdk.Aws.NO_VALUE]
        cfn_role(scope, {"large": document()}, managed_policy_arns=arns)
        assert warning(scope).startswith(REFUSED)


# Boundaries


def test_a_boundary_that_is_elsewhere_leaves_nothing_to_say(scope):
    for number, boundary in enumerate(
        (
            iam.ManagedPolicy.from_aws_managed_policy_name("PowerUserAccess"),
            iam.ManagedPolicy.from_managed_policy_name(scope, "Boundary", "boundary"),
        )
    ):
        role(
            scope,
            f"Role{number}",
            name=f"{NAME}{number}",
            permissions_boundary=boundary,
            inline_policies={"large": policy_document()},
        )
    assert warnings(scope) == {}


@pytest.mark.parametrize(("number", "fits"), [(30, False), (3, True)])
def test_a_boundary_of_the_application_is_taken_into_account(number, fits, scope):
    boundary = iam.ManagedPolicy(
        scope,
        "Boundary",
        statements=[iam.PolicyStatement(actions=["sqs:*"], resources=["*"])],
    )
    role(
        scope,
        permissions_boundary=boundary,
        inline_policies={"some": policy_document(number)},
    )
    assert bool(warnings(scope)) is not fits


# What cannot be read


@pytest.mark.parametrize(
    "unreadable",
    [
        cdk.Fn.condition_if("C", document(), document()),
        {"Version": "2012-10-17", "Statement": cdk.Fn.transform("T", {})},
        {
            "Version": "2012-10-17",
            "Statement": [
                *document()["Statement"],
                cdk.Fn.condition_if("C", document(1)["Statement"][0], cdk.Aws.NO_VALUE),
            ],
        },
        {**document(), "Statement": "odd"},
    ],
)
def test_of_a_document_that_the_deployment_decides_nothing_is_said(unreadable, scope):
    cfn_role(scope, {"large": document(), "unknown": unreadable})
    assert warnings(scope) == {}


@pytest.mark.parametrize("property_", ["Policies", "ManagedPolicyArns", "Tags"])
def test_of_a_property_that_the_deployment_decides_nothing_is_said(property_, scope):
    properties = {
        "RoleName": NAME,
        "AssumeRolePolicyDocument": TRUST,
        "Policies": [{"PolicyName": "large", "PolicyDocument": document()}],
        property_: cdk.Fn.condition_if("C", [], []),
    }
    cdk.CfnResource(scope, "Role", type="AWS::IAM::Role", properties=properties)
    attached = document(of="topic")
    iam.CfnPolicy(scope, "Policy", policy_name="x", policy_document=attached, roles=[NAME])
    assert warnings(scope) == {}


def test_in_an_included_template_policies_with_a_condition_are_left_out(scope, tmp_path):
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "large",
            "PolicyDocument": document(),
            "Roles": [{"Ref": "Role"}],
        },
    }
    properties = {"AssumeRolePolicyDocument": TRUST, "RoleName": NAME}
    for number, condition in enumerate(({}, {"Condition": "InProd"})):
        file = tmp_path / f"template{number}.json"
        role_ = {**properties, "RoleName": f"{NAME}-{number}"}
        template = {
            "Parameters": {"Env": {"Type": "String"}},
            "Conditions": {"InProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}},
            "Resources": {
                "Role": {"Type": "AWS::IAM::Role", "Properties": role_},
                "Policy": {**policy, **condition},
            },
        }
        file.write_text(json.dumps(template))
        inner = cdk.Stack(scope.node.root, f"inner{number}")
        include.CfnInclude(inner, "Included", template_file=str(file))
        assert len(warnings(inner)) == (0 if condition else 1)
