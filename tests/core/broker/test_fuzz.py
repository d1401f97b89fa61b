"""Whatever reaches the broker: an error of our tree that is no defect, in bounded time, no secrets.

Events, policies, trust policies, proofs and rules of any shape; what was found once is a case.
"""

import contextlib
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iam_sudo_core import errors
from iam_sudo_core.broker.published import published_rules
from iam_sudo_core.broker.selection import RoleSelectionPolicy
from tests.core.broker.in_memory import EVERY_RULE, FOR_EVERYBODY, SECRETS, InMemory, ask
from tests.fake_sts import FUNCTION, FakeSts, sign

ONE = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
}
# Lambda Developer Guide, "Lambda quotas": an event has 6 MB at most.
MOST_BYTES = 6_000_000

# All that JSON has, lone surrogates too, which Python reads from "\ud800".
texts = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["*", "", "\ud800", "\x00", "arn:aws:iam::123456789012:role/x", "${aws:username}", "s3:*"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def objects(*known: str, values: st.SearchStrategy[Any] = json_values) -> st.SearchStrategy[Any]:
    """Objects that have some of the keys that are known, and others."""
    return st.dictionaries(st.sampled_from(known) | texts, values, max_size=len(known) + 1)


statements = objects(
    "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "Sid",
    values=st.sampled_from(
        ["Allow", "Deny", "*", "s3:*", "sts:AssumeRole", {"Service": "ecs-tasks.amazonaws.com"},
         {"StringLike": {"aws:PrincipalTag/x": "y*"}}, ["s3:Get*", "ec2:*"]]
    ) | json_values,
)  # fmt: skip
documents = json_values | st.fixed_dictionaries(
    {"Version": st.sampled_from(["2012-10-17", "2008-10-17"]) | json_values},
    optional={"Statement": st.lists(statements, max_size=3) | statements},
)
rules = objects(
    "effect", "callers", "role-names", "principals", "role-tags", "role-paths",
    "max-duration-seconds", "require-reason",
    values=st.sampled_from(["allow", "deny", ["*"], [{"*": "*"}], {"a": "b"}, 900]) | json_values,
)  # fmt: skip
STS = FakeSts()
STS.url = "http://sts.example"
EVENT = ("role_name", "principal", "base_role", "policy", "explain", "reason", "proof", "list")
PROOF = (
    "authorization", "x-amz-date", "x-amz-security-token", "x-iam-sudo-broker",
    "x-iam-sudo-request", "host",
)  # fmt: skip


def nested(depth: int, kind: str) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if kind == "list" else {"Statement": value}
    return value


def outcome(event: object, account: InMemory | None = None, **more: Any) -> str:
    """What came of it: the class of the error or "answered"; nothing secret is in what was said."""
    printed, said = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            reply = ask(event, account or InMemory(inline={"one": ONE}), **more)
        except errors.IamSudoError as error:
            said, result = str(error), type(error).__name__
        else:
            result = "answered"
            said = "" if "AccessKeyId" in reply else json.dumps(reply)
    assert said.isprintable() or result == "answered"
    assert result != "BrokerFailure", printed.getvalue()
    log = printed.getvalue()
    key, *secrets = SECRETS
    assert not any(secret in log + said for secret in secrets)
    assert key not in said
    asked, *_, decision = map(json.loads, log.splitlines())
    assert (asked["decision"], decision["decision"] == "asked") == ("asked", False)
    assert len(log) < 20_000
    return result


@settings(max_examples=200)
@given(json_values | objects(*EVENT) | st.builds(dict, role_name=texts, policy=documents))
@example({"role_name": "a", "reason": "\ud800"})
def test_any_event(event: Any) -> None:
    outcome(event)
    outcome(event, policy=EVERY_RULE)


@settings(max_examples=200)
@given(documents)
@example({"Version": "2012-10-17", "Statement": {**ONE["Statement"], "Resource": "\ud800"}})
@example({"Version": "2012-10-17", "Statement": {**ONE["Statement"], "Action": "\ud800"}})
def test_any_policy_of_a_role_of_its_boundary_and_of_a_request(document: Any) -> None:
    for explain in ({}, {"explain": True}):
        outcome({"role_name": "a", **explain}, InMemory(inline={"one": document}))
        bounded = InMemory(inline={"one": ONE}, boundary=document)
        outcome({"role_name": "a", **explain}, bounded)
    outcome({"role_name": "a", "policy": document})


@settings(max_examples=200)
@given(documents)
def test_any_trust_policy(trust: Any) -> None:
    for policy in (FOR_EVERYBODY, EVERY_RULE):
        account = InMemory(inline={"one": ONE}, trust=trust)
        event = {"role_name": "a"}
        if policy is EVERY_RULE:
            event["proof"] = sign(STS, event)  # type: ignore[assignment]
        outcome(event, account, policy=policy)


@settings(max_examples=200)
@given(json_values | objects(*PROOF, values=texts))
def test_any_proof(proof: Any) -> None:
    event = {"role_name": "a", "proof": proof}
    assert outcome(event, policy=EVERY_RULE) in {"ProofRequired", "ProofRefused"}


@settings(max_examples=200)
@given(st.sampled_from(PROOF[:5]), texts, st.booleans())
def test_a_proof_with_a_header_of_any_value(name: str, value: str, whole: bool) -> None:
    proof = sign(STS, {"role_name": "a"})
    changed = value if whole else proof[name] + value
    result = outcome({"role_name": "a", "proof": {**proof, name: changed}}, policy=EVERY_RULE)
    if changed == proof[name]:
        assert result == "answered"
    elif name != "x-amz-security-token":
        assert result == "ProofRefused"


@settings(max_examples=300)
@given(json_values | st.lists(rules, max_size=3))
def test_any_rules_are_rules_or_an_error_that_says_where(found: Any) -> None:
    for read in (
        lambda: published_rules(json.dumps({"rules": found})),
        lambda: RoleSelectionPolicy.parse(json.dumps({**EVERY_RULE, "rules": found})),
    ):
        with contextlib.suppress(errors.InvalidSettings):
            assert read()


@settings(max_examples=200)
@given(st.text(max_size=200) | st.sampled_from(["[" * 100_000, '{"a":' * 100_000, "9" * 100_000]))
def test_any_text_in_the_place_of_rules(text: str) -> None:
    for read in (published_rules, RoleSelectionPolicy.parse):
        with pytest.raises(errors.InvalidSettings):
            read(text)


@pytest.mark.parametrize("depth", [31, 32, 900, 100_000])
@pytest.mark.parametrize("kind", ["list", "object"])
@pytest.mark.parametrize("key", ["role_name", "principal", "policy", "explain", "proof", "list"])
def test_an_event_that_is_nested_deeply_is_no_request(depth: int, kind: str, key: str) -> None:
    event = {"role_name": "a", key: nested(depth, kind)}
    for policy in (FOR_EVERYBODY, EVERY_RULE):
        assert outcome(event, policy=policy) == "InvalidRequest" or depth == 31
    for whole in (nested(depth, kind), [event]):
        assert outcome(whole) == "InvalidRequest"


HUGE: dict[str, Any] = {
    "a text": {"role_name": "x" * MOST_BYTES},
    "a reason": {"role_name": "a", "reason": "x" * MOST_BYTES},
    "keys": {f"key-{number}": 0 for number in range(400_000)},
    "statements": {
        "role_name": "a",
        "policy": {"Version": "2012-10-17", "Statement": [ONE["Statement"]] * 60_000},
    },
    "a list of actions": {
        "role_name": "a",
        "policy": {
            "Version": "2012-10-17",
            "Statement": {**ONE["Statement"], "Action": ["s3:*?*?*?*"] * 400_000},
        },
    },
    "stars": {
        "role_name": "a",
        "policy": {
            "Version": "2012-10-17",
            "Statement": {**ONE["Statement"], "Action": "s3:" + "*a" * 3_000},
        },
    },
    "a proof": {"role_name": "a", "proof": {"authorization": "AWS4-HMAC-SHA256 " * 300_000}},
    "headers": {"role_name": "a", "proof": {f"x-{number}": "" for number in range(300_000)}},
    "a token": {"role_name": "a", "proof": dict.fromkeys(PROOF[:5], "A" * 1_200_000)},
}


@pytest.mark.parametrize("event", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("policy", [FOR_EVERYBODY, EVERY_RULE], ids=["for everybody", "rules"])
def test_a_huge_event_is_refused_in_bounded_time_and_memory(event: Any, policy: Any) -> None:
    tracemalloc.start()
    try:
        outcome(event, policy=policy)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The function has 512 MB.
    assert peak < 100_000_000


def test_what_is_signed_for_one_function_is_for_it_alone_whatever_else_is_asked() -> None:
    event = {"role_name": "a"}
    other = sign(STS, event, broker=f"{FUNCTION}-2")
    assert outcome({**event, "proof": other}, policy=EVERY_RULE) == "ProofRefused"
