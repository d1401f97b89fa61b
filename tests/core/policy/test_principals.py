"""Who a trust policy lets in: the table of `tests/cases/trust_policies.json`."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy.principals import Principal, trusted_principals

CASES = json.loads((Path(__file__).parents[2] / "cases" / "trust_policies.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_trust_policy(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(ValueError, match=case["error"]):
            trusted_principals(case["trust"], partition="aws")
    else:
        found = trusted_principals(case["trust"], partition="aws")
        assert found == {Principal.parse(text) for text in case["principals"]}


def test_an_account_id_is_the_root_of_its_own_partition() -> None:
    trust = {"Statement": {"Effect": "Allow", "Action": "*", "Principal": {"AWS": "111122223333"}}}
    found = trusted_principals(trust, partition="aws-cn")
    assert found == {Principal("AWS", "arn:aws-cn:iam::111122223333:root")}


def test_a_principal_splits_at_its_first_colon() -> None:
    assert Principal.parse("AWS:arn:aws:iam::1:root") == Principal("AWS", "arn:aws:iam::1:root")


@pytest.mark.parametrize("text", ["Service", "Service:", ":ecs-tasks.amazonaws.com", ":", ""])
def test_half_a_principal_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="TYPE:ID"):
        Principal.parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["*", "Allow", "sts:AssumeRole"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Action", "Principal", "AWS", "Condition"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_other_document_is_a_value_error_and_never_a_crash(document: object) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(trusted_principals(document, partition="aws"), frozenset)
