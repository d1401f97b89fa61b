"""Merging inline policies: the same meaning in one document, or an error."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_sudo_core.policy import documents

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders/*"}


def test_a_statement_that_is_an_object_becomes_a_list_of_one() -> None:
    assert documents.statements({"Version": "2012-10-17", "Statement": ALLOW}) == [ALLOW]


def test_sids_are_dropped_because_equal_ones_would_collide() -> None:
    document = {"Version": "2012-10-17", "Id": "x", "Statement": [{"Sid": "One", **ALLOW}]}
    merged = documents.merge([documents.statements(document)] * 2)
    assert merged == {"Version": "2012-10-17", "Statement": [ALLOW, ALLOW]}


@pytest.mark.parametrize("version", [{}, {"Version": "2008-10-17"}])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${$}{aws:username}/*"),
        ("arn:aws:s3:::b/${$}{*}", "arn:aws:s3:::b/${$}{$}{*}"),
        ("arn:aws:s3:::b/$x", "arn:aws:s3:::b/$x"),
    ],
)
def test_plain_text_of_the_old_version_stays_plain_text(
    version: dict[str, str], written: str, meant: str
) -> None:
    old = {**ALLOW, "Resource": [written], "Condition": {"StringLike": {"s3:prefix": written}}}
    new = {**ALLOW, "Resource": [meant], "Condition": {"StringLike": {"s3:prefix": meant}}}
    assert documents.statements({**version, "Statement": [old]}) == [new]


def test_variables_of_the_new_version_stay_variables() -> None:
    statement = {**ALLOW, "Resource": "arn:aws:s3:::b/${aws:username}"}
    assert documents.statements({"Version": "2012-10-17", "Statement": statement}) == [statement]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("arn:aws:sqs", "arn:aws:sqs:*:*:*"),
        ("arn:aws:iot:*", "arn:aws:iot:*:*:*"),
        ("arn:aws:logs:eu-west-1", "arn:aws:logs:eu-west-1:*:*"),
        ("arn:aws:iam::111122223333", "arn:aws:iam::111122223333:*"),
        ("arn:*:sqs", "arn:*:sqs:*:*:*"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b"),
        ("arn:aws:iam::${aws:PrincipalAccount}:role/${aws:username}",) * 2,
        ("arn:aws:logs:*:*:log-group:a:*",) * 2,
        ("*", "*"),
    ],
)
@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_fields_that_an_arn_lacks_are_anything(written: str, meant: str, element: str) -> None:
    for one, other in ((written, meant), (["*", written], ["*", meant])):
        statement = {"Effect": "Deny", "Action": "s3:*", element: one}
        document = {"Version": "2012-10-17", "Statement": statement}
        assert documents.statements(document) == [{**statement, element: other}]


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:s3:*secrets", "arn:aws:sq*s:eu-west-1", "arn:aws:iam::${aws:PrincipalAccount}"],
)
def test_an_arn_of_which_it_is_not_sure_what_it_lacks_is_refused(resource: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Resource": resource}]}
    with pytest.raises(ValueError, match="lacks fields"):
        documents.statements(document)


def test_in_the_old_version_a_dollar_begins_no_variable() -> None:
    statement = {**ALLOW, "Resource": "arn:aws:s3:::${a:b}"}
    assert documents.statements({"Statement": statement}) == [
        {**ALLOW, "Resource": "arn:aws:s3:::${$}{a:b}"}
    ]


def expand(text: str) -> str:
    """What version 2012-10-17 reads: our own small witness, for texts without known variables."""
    result, rest = "", text
    while rest:
        if rest.startswith("${$}"):
            result, rest = result + "$", rest[4:]
        elif rest.startswith("${"):
            raise AssertionError(f"a variable in {text}")
        else:
            result, rest = result + rest[0], rest[1:]
    return result


@given(st.text("${}a*", max_size=12))
def test_every_old_text_reads_the_same_in_the_new_version(text: str) -> None:
    [statement] = documents.statements({"Statement": {**ALLOW, "Resource": text}})
    assert expand(statement["Resource"]) == text


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("{}", "not an object"),
        ({}, "neither an object nor a list"),
        ({"Version": "2020-01-01", "Statement": ALLOW}, "unknown version"),
        ({"Version": None, "Statement": ALLOW}, "unknown version"),
        ({"Statement": ALLOW, "Foo": 1}, "unknown element 'Foo'"),
        ({"Statement": ["x"]}, "not an object"),
        ({"Statement": {**ALLOW, "Principal": "*"}}, "unknown element 'Principal'"),
        ({"Statement": {**ALLOW, "condition": {}}}, "unknown element 'condition'"),
        ({"Statement": {**ALLOW, "Effect": "ALLOW"}}, "Effect is 'ALLOW'"),
        ({"Statement": {**ALLOW, "NotAction": "s3:*"}}, "one of Action and NotAction"),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, "one of Resource and NotResource"),
        ({"Statement": {**ALLOW, "Action": []}}, "Action is neither"),
        ({"Statement": {**ALLOW, "Resource": [1]}}, "Resource is neither"),
        ({"Statement": {**ALLOW, "Condition": []}}, "Condition is not an object"),
        ({"Statement": {**ALLOW, "Condition": {"Bool": "x"}}}, "Bool is not an object"),
        ({"Statement": {**ALLOW, "Condition": {"Bool": {"a": None}}}}, "no known type"),
        ({"Statement": {**ALLOW, "Condition": {"Bool": {"a": [{}]}}}}, "no known type"),
        ({"Statement": {**ALLOW, "Condition": {"NumericEquals": {"a": 1.10}}}}, "no known type"),
        ({"Statement": {**ALLOW, "Condition": {"Bool": {"${a}": "x"}}}}, "contains"),
    ],
)
def test_what_is_not_understood_is_an_error(document: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        documents.statements(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["*", "Allow", "2012-10-17"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Condition"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_other_document_is_a_value_error_and_never_a_crash(document: object) -> None:
    with contextlib.suppress(ValueError):
        documents.serialize(documents.merge([documents.statements(document)]))


def test_no_spaces_are_sent() -> None:
    sent = documents.serialize(documents.merge([[{**ALLOW, "Resource": "é"}]]))
    assert sent == (
        '{"Version":"2012-10-17","Statement":'
        '[{"Effect":"Allow","Action":"s3:GetObject","Resource":"é"}]}'
    )
