"""Lambda's 4 KB of environment: what is measured at synth is what is deployed."""

import json

import pytest

pytest.importorskip("aws_cdk")

from iam_sudo_cdk import InvalidConfiguration, RoleSelection, SudoRule
from tests.cdk.templates import base_role, only, synth

pytestmark = pytest.mark.slow

LIMIT = 4096
LONGEST = "arn:aws-us-gov:iam::000000000000:role{}{}"


def deployed_bytes(template):
    """What Lambda measures of the function's environment, in the partition of the longest name."""
    _, function = only(template, "AWS::Lambda::Function")
    text = json.dumps(function["Environment"]["Variables"], separators=(",", ":"))
    for id_, made in template.find_resources("AWS::IAM::Role").items():
        if made["Properties"].get("RoleName"):
            role = base_role(template)
            longest = LONGEST.format(role.get("Path", "/"), role["RoleName"])
            text = text.replace(f"<{id_}.Arn>", longest)
    return len(text.encode())


def selection(filler):
    """One whose size is known to the byte by that of another."""
    names = [f"team-{n:03}-*" for n in range(220)]
    return RoleSelection(role_names=[*names, "x" * filler])


def rules(filler):
    many = [SudoRule(callers=["*"], role_names=[f"team-{n:03}-*"]) for n in range(15)]
    last = SudoRule(callers=["*"], role_names=["x"], principals=["Service:" + "x" * filler])
    return [*many, last]


OPTIONS = [
    {},
    {"large_roles": False},
    {"role_path": "/team/a/"},
    {"role_name": "Sudoer", "large_roles": False},
    {"role_path": "/team/a/", "large_roles": False, "allow_local_simulation": True},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_selection_is_refused_from_the_first_byte_that_is_too_much(options):
    room = LIMIT - deployed_bytes(synth(selection=selection(1), **options))
    full = synth(selection=selection(1 + room), **options)
    assert deployed_bytes(full) == LIMIT
    with pytest.raises(InvalidConfiguration, match="needs 4,097 bytes"):
        synth(selection=selection(2 + room), **options)


@pytest.mark.parametrize("options", OPTIONS)
def test_rules_are_in_a_parameter_from_the_first_byte_that_is_too_much(options):
    room = LIMIT - deployed_bytes(synth(rules=rules(1), **options))
    full = synth(rules=rules(1 + room), **options)
    full.resource_count_is("AWS::SSM::Parameter", 0)
    assert deployed_bytes(full) == LIMIT
    synth(rules=rules(2 + room), **options).resource_count_is("AWS::SSM::Parameter", 1)
