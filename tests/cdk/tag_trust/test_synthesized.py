"""What is synthesized is looked at: overrides and late tags are not lost."""

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from iam_sudo_cdk import RoleSelection
from tests.cdk.opened import KEY, TRUST, VALUE, app, is_open, role, tag_trust, task_role
from tests.cdk.templates import stack

pytestmark = pytest.mark.slow

TAGS = [{"Key": KEY, "Value": "prod"}]


def override(name, value):
    return lambda made: made.node.default_child.add_property_override(name, value)


LATE = {
    "Tags, whole": (override("Tags", TAGS), "carries iam-sudo:developers=prod"),
    "Tags, another": (override("Tags", [{"Key": "a", "Value": "b"}]), "lacks the tag"),
    "the trust policy": (
        override("AssumeRolePolicyDocument", TRUST),
        "trusts no developer",
    ),
    "its statements": (
        override("AssumeRolePolicyDocument.Statement", TRUST["Statement"]),
        "trusts no developer",
    ),
    "a tag that comes later": (
        lambda made: cdk.Aspects.of(made).add(cdk.Tag(KEY, "prod"), priority=950),
        "carries iam-sudo:developers=prod",
    ),
}


@pytest.mark.parametrize(("how", "said"), LATE.values(), ids=LATE)
@pytest.mark.skipif(not hasattr(cdk, "Validations"), reason="older CDKs look at no template")
@pytest.mark.parametrize("where", ["stack", "nested", "stage"])
def test_what_changes_an_opened_role_behind_our_back_fails_the_synthesis(how, said, where):
    both = app()
    parent = cdk.Stage(both, "Stage") if where == "stage" else both
    scope = cdk.Stack(parent, "the-stack")
    inner = cdk.NestedStack(scope, "Nested") if where == "nested" else scope
    task_role(inner, "Fine")
    made = task_role(inner)
    how(made)
    tag_trust(scope)
    with pytest.raises(RuntimeError, match=said):
        both.synth()


def test_nothing_is_said_of_roles_that_are_as_they_were_opened():
    scope = stack()
    task_role(scope)
    # Open by a statement of its own, and tagged and never opened.
    iam.CfnRole(
        scope,
        "Tagged",
        assume_role_policy_document=TRUST,
        tags=[cdk.CfnTag(key=KEY, value=VALUE)],
    )
    tag_trust(scope, selection=RoleSelection(paths=["*/Role"]))
    scope.node.root.synth()
    scope.node.root.synth(force=True)


def test_other_overrides_are_nobodys_business():
    scope = stack()
    override("Description", "x")(task_role(scope))
    tag_trust(scope)
    assert is_open(role(scope))
