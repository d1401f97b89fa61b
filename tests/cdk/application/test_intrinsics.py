"""Values of templates, as far as synthesis knows them."""

import pytest

pytest.importorskip("aws_cdk")

from iam_sudo_cdk.application import is_intrinsic, is_undecided, rendered

SUB = {"Fn::Sub": ["${Service}.${AWS::URLSuffix}/${Env}/${!Kept}", {"Service": "ecs-tasks"}]}


@pytest.mark.parametrize(
    ("resolved", "text"),
    [
        ("plain", "plain"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "Env"}, "<Env>"),
        ({"Fn::Sub": "ecs-tasks.${AWS::URLSuffix}"}, "ecs-tasks.amazonaws.com"),
        (SUB, "ecs-tasks.amazonaws.com/<Env>/${!Kept}"),
        ({"Fn::Join": [".", ["ecs-tasks", {"Ref": "AWS::URLSuffix"}]]}, "ecs-tasks.amazonaws.com"),
        ({"Fn::Join": ["", ["a", {"Fn::GetAtt": ["Role", "Arn"]}]]}, "a<Fn::GetAtt>"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "<Fn::Join>"),
        ({"Fn::If": ["InProd", "ecs-tasks.amazonaws.com", "x"]}, "<Fn::If>"),
    ],
)
def test_what_synthesis_knows_is_carried_out_and_the_rest_equals_no_name(resolved, text):
    assert rendered(resolved) == text
    assert rendered([{"key": resolved}]) == [{"key": text}]
    assert is_undecided(text) == ("<" in text)


@pytest.mark.parametrize(
    "resolved", [{"Service": "Ref"}, {"Ref": "A", "Fn::Sub": "B"}, {}, [], "Ref", None]
)
def test_what_only_looks_like_a_function_is_none(resolved):
    assert not is_intrinsic(resolved)
    assert rendered(resolved) == resolved
