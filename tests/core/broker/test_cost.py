"""What a request costs in calls and modules: nothing more without rules, one call with them."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.core.broker.in_memory import EVERY_RULE, FOR_EVERYBODY, InMemory, ask
from tests.fake_sts import FakeSts, sign

ONE = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
}
# The role, its lists and its one document; and beside AssumeRole the role and its lists again.
CALLS = Counter(
    {
        "GetRole": 2,
        "list_role_policies": 2,
        "list_attached_role_policies": 2,
        "GetRolePolicy": 1,
        "AssumeRole": 1,
    }
)


def test_a_broker_without_rules_makes_the_calls_of_before_and_no_other() -> None:
    account = InMemory(inline={"one": ONE})
    ask({"role_name": "a"}, account, FOR_EVERYBODY)
    assert Counter(account.calls) == CALLS


def test_a_broker_with_rules_asks_iam_and_sts_for_nothing_more_but_who_asks() -> None:
    account, sts, event = InMemory(inline={"one": ONE}), FakeSts(), {"role_name": "a"}
    sts.url = "http://sts.example"
    ask({**event, "proof": sign(sts, event)}, account, EVERY_RULE)
    assert Counter(account.calls) == CALLS


@pytest.mark.parametrize("event", [{"role_name": "a"}, {"role_name": "a", "proof": "x"}])
def test_who_proves_nothing_costs_no_call(event: dict[str, object]) -> None:
    account = InMemory(inline={"one": ONE})
    with pytest.raises(Exception, match="proof"):
        ask(event, account, EVERY_RULE)
    assert account.calls == []


# What few requests need: a cold start compiles every module that it imports.
BESIDE = {
    "account.carrying", "account.identity", "account.parameters",
    "broker.carried", "broker.explanation", "broker.listing", "broker.proof", "broker.published",
    "policy.automata", "policy.cutting", "policy.denials", "policy.intersection", "policy.overlaps",
    "session.bounds", "session.carriers", "session.differences",
}  # fmt: skip
_SMALL_ROLE = """
import json, sys
from tests.core.broker.in_memory import FOR_EVERYBODY, InMemory, ask
ONE = json.loads(sys.argv[1])
ask({"role_name": "a"}, InMemory(inline={"one": ONE}), FOR_EVERYBODY)
print(*sys.modules, file=sys.stderr)
"""


def test_a_small_role_without_rules_needs_nothing_of_what_others_do() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _SMALL_ROLE, json.dumps(ONE)],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name.removeprefix("iam_sudo_core.") for name in finished.stderr.split()}
    assert {"broker.simulate", "session.plan"} <= names
    assert names & BESIDE == set()
