"""The tables of `caller_keys` and of `policy`, held against catalogues of AWS that others keep."""

import functools
import json
import re
import subprocess
from pathlib import Path

import pytest

from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy import denials, names
from iam_sudo_core.policy.patterns import WITHOUT_TYPES, fold
from iam_sudo_core.session import caller_keys
from iam_sudo_core.session.caller_keys import Answer, Caller
from tests.fidelity.catalogue import Catalogue

pytestmark = pytest.mark.slow

ROLE = RoleArn("aws", "111122223333", "task")
CALLER = Caller(ROLE, ROLE.sibling("IAMSudoUser"))
ANSWERED = {
    fold(key)
    for key in json.loads(
        (Path(__file__).parents[1] / "cases" / "condition_keys.json").read_text(encoding="utf-8")
    )["keys"]
}
# What the name of a key has that tells who is calling, or from where.
SUSPECT = re.compile(
    "(?<!re)source(?!s?[./])|deliver|issu|assumed|credential|invoked|caller|callee|principal|"
    "identity|federat|session|originat|requester|calledvia|accessedvia|instancearn|buildarn|"
    "userid|username|thing"
)


@functools.cache
def catalogue():
    script = Path(__file__).with_name("condition_keys.mjs")
    found = json.loads(subprocess.run(["node", script], stdout=-1, check=True).stdout)
    assert len(found["global"]) > 50
    assert len(found["services"]) > 1_500
    return {part: {fold(key): what for key, what in found[part].items()} for part in found}


def test_every_global_key_is_answered_by_name():
    by_name = (
        caller_keys.SAME
        | caller_keys.OF_THE_ACCOUNT
        | caller_keys.OF_THE_PLACE
        | caller_keys.ANOTHER
        | caller_keys.OF_THE_SIGN_IN
        | caller_keys.OF_THE_MACHINE
    )
    families = (*caller_keys.SAME_FAMILIES, "aws:principaltag/")
    unanswered = [
        key
        for key in catalogue()["global"]
        if key not in by_name
        and not key.startswith(families)
        and not caller_keys.SOURCE.fullmatch(key)
    ]
    assert not unanswered


def test_every_key_of_a_service_that_looks_like_the_callers_is_answered():
    unanswered = [
        key
        for key in catalogue()["services"]
        if not key.startswith("aws:")
        and SUSPECT.search(key.partition(":")[2])
        and CALLER.answer(key) is Answer.THE_SAME
        and key not in ANSWERED | caller_keys.SAME_OF_STS
    ]
    assert not unanswered, "of the request or the resource? say so in tests/cases"


def test_everything_of_sts_and_of_saml_is_answered_by_name():
    of_both = [key for key in catalogue()["services"] if key.startswith(("sts:", "saml:"))]
    same = {key for key in of_both if CALLER.answer(key) is Answer.THE_SAME}
    families = caller_keys.SAME_FAMILIES_OF_STS
    assert {key for key in same if not key.startswith(families)} == caller_keys.SAME_OF_STS
    assert all(key.startswith("sts:") for key in same)


def test_every_key_of_a_federation_provider_is_lacking():
    providers = [key for key in catalogue()["services"] if re.search("[./]", key.split(":")[0])]
    assert len(providers) > 50
    assert {CALLER.answer(key) for key in providers} == {Answer.NONE}


def test_no_answer_is_of_a_key_that_there_is_no_more():
    known = {*catalogue()["global"], *catalogue()["services"]}
    assert not ANSWERED - known
    tables = (
        caller_keys.OF_THE_MACHINE | caller_keys.OF_THE_SIGN_IN | caller_keys.OF_THE_PLACE
        | caller_keys.ANOTHER | caller_keys.SAME | caller_keys.OF_THE_ACCOUNT
    )  # fmt: skip
    # Only AWS's managed policies tell of this one.
    assert tables - known == {"aws:principalorgmasteraccountid"}


def test_numbers_and_dates_are_compared_with_keys_that_always_have_one():
    types = catalogue()["global"]
    for kind, keys in denials.ALWAYS_HAVE.items():
        # AWS's page lets numbers be compared with it as well.
        assert {types[key] for key in keys - {"aws:epochtime"}} == {kind}
    assert types["aws:epochtime"] == "Date"


def resources_of(service):
    """What stands behind the account in the ARNs of a service."""
    found = {
        arn.split(":", 5)[5]
        for action in Catalogue.load().actions
        for arn in Catalogue.load().formats(action)
        if arn.startswith(f"arn:aws:{service}:")
    }
    assert found, service
    return found


def test_services_without_resource_types_have_none():
    for service in WITHOUT_TYPES:
        found = resources_of(service)
        assert all(name.startswith(("*", "/")) for name in found), (service, found)


def test_a_type_stands_at_the_beginning_of_a_resource_and_nowhere_else():
    for service, types in names.TYPES.items():
        for type_ in types:
            found = [re.split("[:/]", each) for each in resources_of(service)]
            assert [each for each in found if each[0] == type_], (service, type_)
            assert not [each for each in found if type_ in each[1:]], (service, type_)


def test_a_resource_that_is_a_name_alone_has_no_colon():
    for service in names.NAMES_ALONE:
        assert resources_of(service) == {"*"}, service


def test_an_action_has_one_colon():
    assert {action.count(":") for action in Catalogue.load().actions} == {1}
