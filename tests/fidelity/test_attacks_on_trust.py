"""What developers may do with roles by tag-trust, judged on the synthesized template.

A request is allowed when the developer's own policy and the role's trust policy both allow it, as
within one account when the trust policy names the account. The evaluator takes identity policies,
so a statement of the trust policy is given to it without its principal.
"""

import pytest

pytest.importorskip("aws_cdk")

from aws_cdk.assertions import Template

from tests.cdk.opened import DEVELOPER, KEY, VALUE, role, statements, tag_trust, task_role
from tests.cdk.templates import ACCOUNT, OTHER_ACCOUNT, render, stack
from tests.fidelity.evaluator import Evaluator, Request, Side

pytestmark = pytest.mark.slow

TASK = f"arn:aws:iam::{ACCOUNT}:role/task"
BROKER = "iam:ResourceTag/iam-sudo:broker"
# As AWS has them for a role that carries the tag, and a developer who was granted.
TAGGED = {
    f"iam:ResourceTag/{KEY}": VALUE,
    "aws:ResourceAccount": ACCOUNT,
    "aws:PrincipalArn": DEVELOPER,
}
OPTIONS = {"session_tag_keys": ["Project"], "source_identity": True}


def sides(**options):
    """The developer's policy, and the trust policy of an opened role."""
    scope = stack(ACCOUNT)
    task_role(scope)
    tag_trust(scope, **options)
    (policy,) = Template.from_stack(scope).find_resources("AWS::IAM::ManagedPolicy").values()
    trusted = [
        {**{k: v for k, v in each.items() if k != "Principal"}, "Resource": "*"}
        for each in render(statements(role(scope)))[1:]
    ]
    own = render(policy["Properties"]["PolicyDocument"])
    return [Side([own]), Side([{"Version": "2012-10-17", "Statement": trusted}])]


@pytest.fixture(scope="module")
def evaluator():
    with Evaluator() as started:
        yield started


@pytest.fixture(scope="module")
def asked():
    return sides(**OPTIONS)


def decide(evaluator, sides, action, resource=TASK, **context):
    (decisions,) = evaluator.decide([Request(f"sts:{action}", resource, TAGGED | context)], sides)
    assert decisions is not None
    return decisions


def test_a_developer_assumes_an_opened_role_and_gives_the_session_nothing(evaluator):
    unasked = sides()
    assert decide(evaluator, unasked, "AssumeRole") == [True, True]
    tags = {"aws:TagKeys": ["tenant"], "aws:RequestTag/tenant": "green"}
    assert decide(evaluator, unasked, "TagSession", **tags) == [False, False]
    name = {"sts:SourceIdentity": "the-boss"}
    assert decide(evaluator, unasked, "SetSourceIdentity", **name) == [False, False]


TAGS = {
    "the listed one": (["Project"], {}, True),
    "another one": (["tenant"], {}, False),
    "another one beside it": (["Project", "tenant"], {}, False),
    "by another case": (["PROJECT"], {}, False),
    "none, which ForAllValues is true of": (None, {}, False),
    "passed on to the next session": (["Project"], {"sts:TransitiveTagKeys": ["Project"]}, False),
    "inherited from the session before": (["Project"], {"sts:TransitiveTagKeys": ["x"]}, False),
}


@pytest.mark.parametrize(("keys", "more", "allowed"), TAGS.values(), ids=TAGS)
def test_asked_for_a_session_gets_the_listed_tags_and_no_others(
    evaluator, asked, keys, more, allowed
):
    context = {"aws:TagKeys": keys} if keys else {}
    assert decide(evaluator, asked, "TagSession", **context, **more) == [allowed, allowed]


SOURCES = {
    "their own": ({"sts:SourceIdentity": "ann", "aws:SourceIdentity": "ann"}, True),
    "somebody else's": ({"sts:SourceIdentity": "bob", "aws:SourceIdentity": "ann"}, False),
    "a pattern": ({"sts:SourceIdentity": "a*", "aws:SourceIdentity": "ann"}, False),
    "a first one": ({"sts:SourceIdentity": "ann"}, False),
    "the variable's text": ({"sts:SourceIdentity": "${aws:SourceIdentity}"}, False),
    "none": ({"aws:SourceIdentity": "ann"}, False),
}


@pytest.mark.parametrize(("context", "allowed"), SOURCES.values(), ids=SOURCES)
def test_asked_for_a_source_identity_is_ones_own(evaluator, asked, context, allowed):
    assert decide(evaluator, asked, "SetSourceIdentity", **context) == [allowed, allowed]


@pytest.mark.parametrize("action", ["AssumeRole", "TagSession", "SetSourceIdentity"])
def test_who_was_not_granted_is_not_trusted(evaluator, asked, action):
    context = {
        "aws:TagKeys": ["Project"],
        "sts:SourceIdentity": "ann",
        "aws:SourceIdentity": "ann",
        "aws:PrincipalArn": f"{DEVELOPER}2",
    }
    assert decide(evaluator, asked, action, **context)[1] is False


@pytest.mark.parametrize("action", ["TagSession", "SetSourceIdentity"])
def test_trust_whole_account_makes_neither_laxer(evaluator, action):
    everybody = sides(trust_whole_account=True, **OPTIONS)
    context = {"aws:TagKeys": ["tenant"], "sts:SourceIdentity": "bob"}
    assert decide(evaluator, everybody, action, **context) == [False, False]


# Each carries the tag and trusts the account; only the developer's own policy keeps it closed.
OTHERS = {
    "the CDK's deployment role": "role/cdk-hnb659fds-deploy-role-111122223333-eu-west-1",
    "by another qualifier": "role/cdk-mine-cfn-exec-role-111122223333-eu-west-1",
    "with a path": "role/delivery/cdk-hnb659fds-deploy-role-111122223333-eu-west-1",
    "with two": "role/a/b/cdk-hnb659fds-file-publishing-role-111122223333-eu-west-1",
    "the base role": "role/IAMSudoUser",
}


@pytest.mark.parametrize("name", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("action", ["AssumeRole", "TagSession", "SetSourceIdentity"])
def test_the_grant_leaves_out_what_leads_further(evaluator, asked, name, action):
    context = {
        "aws:TagKeys": ["Project"],
        "sts:SourceIdentity": "ann",
        "aws:SourceIdentity": "ann",
    }
    assert decide(evaluator, asked, action, **context)[0] is True
    arn = f"arn:aws:iam::{ACCOUNT}:{name}"
    assert decide(evaluator, asked, action, arn, **context)[0] is False
    marked = context | {BROKER: "anything"}
    assert decide(evaluator, asked, action, **marked)[0] is False


def test_the_grant_reaches_no_role_of_another_account_and_none_without_the_tag(evaluator, asked):
    theirs = f"arn:aws:iam::{OTHER_ACCOUNT}:role/task"
    there = {"aws:ResourceAccount": OTHER_ACCOUNT}
    assert decide(evaluator, asked, "AssumeRole", theirs, **there)[0] is False
    assert decide(evaluator, asked, "AssumeRole", **{f"iam:ResourceTag/{KEY}": "x"})[0] is False


def test_what_the_grant_leaves_out_another_policy_may_allow(evaluator, asked):
    own, _ = asked
    deploys = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
    }
    both = Side([*own.policies, deploys])
    arn = f"arn:aws:iam::{ACCOUNT}:{OTHERS['with a path']}"
    assert decide(evaluator, [own, both], "AssumeRole", arn) == [False, True]
