"""The session may do what the role may do: judged by an evaluator that is none of ours."""

import json
import random

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from iam_sudo_core.arns import RoleArn
from iam_sudo_core.errors import SessionRefused
from iam_sudo_core.roles import Role, RoleSnapshot
from iam_sudo_core.session_plan import plan_session
from tests.fidelity.draw import literal_actions, requests
from tests.fidelity.evaluator import Evaluator, Request

pytestmark = pytest.mark.slow

ARN = RoleArn.parse("arn:aws:iam::111122223333:role/task")
BASE = RoleArn.parse("arn:aws:iam::111122223333:role/IAMSudoUser")
SEED = 20261124
POLICIES = 200
AT_LEAST = 3_000

MANAGED = {
    name: policy["Document"] for name, policy in json.loads(aws_managed_policies_data).items()
}
BASE_POLICIES = [MANAGED["AdministratorAccess"], MANAGED["PowerUserAccess"]]


@pytest.fixture(scope="module")
def evaluator():
    with Evaluator() as running:
        yield running


def session_of(*documents):
    """The session policy that a role with these inline policies gets."""
    inline = {f"policy{number}": document for number, document in enumerate(documents)}
    plan = plan_session(RoleSnapshot(Role("task", ARN, {}), inline), base_role=BASE)
    return json.loads(plan.policy)


def differences(evaluator, asked, *, role, session, base):
    """The requests that session and role decide differently, and how many were decided."""
    by_role = evaluator.decide(asked, policies=role)
    by_base = evaluator.decide(asked, policies=[base])
    by_session = evaluator.decide(asked, policies=[base], session=session)
    decided = [
        each for each in zip(asked, by_role, by_base, by_session, strict=True) if None not in each
    ]
    found = [request for request, role, base, session in decided if session is not (role and base)]
    return found, len(decided)


def test_roles_with_an_aws_managed_policy_inline_and_their_sessions_may_do_the_same(evaluator):
    rng = random.Random(SEED)
    known = sorted(set().union(*map(literal_actions, MANAGED.values())))
    total = 0
    for name in rng.sample(sorted(MANAGED), POLICIES):
        try:
            session = session_of(MANAGED[name])
        except SessionRefused:
            continue
        found, decided = differences(
            evaluator,
            list(requests(MANAGED[name], known, rng)),
            role=[MANAGED[name]],
            session=session,
            base=rng.choice(BASE_POLICIES),
        )
        assert not found, f"{name}: {found[:3]}"
        total += decided
    assert total >= AT_LEAST


OBJECTS = "arn:aws:s3:::Orders/*"
ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:PutObject"],
            "Resource": OBJECTS,
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
        {"Effect": "Allow", "NotAction": ["s3:*", "iam:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:GetObjectAcl", "Resource": OBJECTS},
    ],
}
KNOWN = ["s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "s3:DeleteObject"]
KNOWN += ["sqs:SendMessage", "sqs:ReceiveMessage", "iam:GetRole"]


def without_the_condition(allow, other, deny):
    return [{key: value for key, value in allow.items() if key != "Condition"}, other, deny]


def without_the_deny(allow, other, deny):
    return [allow, other]


def without_an_allow(allow, other, deny):
    return [allow, deny]


def not_action_as_action(allow, other, deny):
    return [allow, {"Effect": "Allow", "Action": "*", "Resource": "*"}, deny]


def a_wider_action(allow, other, deny):
    return [allow | {"Action": "s3:*"}, other, deny]


def a_wider_resource(allow, other, deny):
    return [allow | {"Resource": "arn:aws:s3:::Orders*"}, other, deny]


def a_resource_in_lower_case(allow, other, deny):
    return [allow | {"Resource": OBJECTS.lower()}, other, deny]


def the_cross_product(allow, other, deny):
    both = [OBJECTS, other["Resource"]]
    return [allow | {"Resource": both}, other | {"Resource": both}, deny]


OBJECT = "arn:aws:s3:::Orders/any"
IN_REGION = {"aws:RequestedRegion": "eu-west-1"}
# What a wrong session opens or closes is not all to be drawn from the right policy.
MORE = [
    Request("s3:DeleteObject", OBJECT, IN_REGION),
    Request("s3:GetObjectAcl", OBJECT, IN_REGION),
    Request("s3:GetObject", "arn:aws:s3:::Orders-other/any", IN_REGION),
    Request("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
]


def judged(evaluator, session):
    asked = [*requests(ROLE, KNOWN, random.Random(SEED)), *MORE]
    return differences(evaluator, asked, role=[ROLE], session=session, base=BASE_POLICIES[0])


def test_the_session_of_this_role_is_right(evaluator):
    found, decided = judged(evaluator, session_of(ROLE))
    assert not found
    assert decided > len(MORE)


@pytest.mark.parametrize(
    "wrong",
    [
        without_the_condition,
        without_the_deny,
        without_an_allow,
        not_action_as_action,
        a_wider_action,
        a_wider_resource,
        a_resource_in_lower_case,
        the_cross_product,
    ],
)
def test_a_wrong_session_of_it_is_caught(evaluator, wrong):
    found, _ = judged(evaluator, ROLE | {"Statement": wrong(*ROLE["Statement"])})
    assert found
