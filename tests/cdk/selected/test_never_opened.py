"""The list of what is never opened, beside the sources of the CDK that is installed."""

import re
import tarfile
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk

from iam_sudo_cdk.application.helper_roles import HANDLERS
from iam_sudo_cdk.selected.never_opened import is_a_helpers

pytestmark = pytest.mark.slow

UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
# Whose singletons are custom resources, and known by that.
TOKENS = ("aws-s3-deployment/",)


@pytest.fixture(scope="module")
def sources():
    """The files of the library in JavaScript, by path."""
    (archive,) = Path(aws_cdk.__file__).parent.glob("_jsii/aws-cdk-lib@*.tgz")
    with tarfile.open(archive) as files:
        return {
            each.name.removeprefix("package/"): files.extractfile(each).read().decode()
            for each in files
            if re.fullmatch(r"package/(aws-[^/]+|custom-resources|core)/lib/.*\.js", each.name)
        }


def test_every_singleton_function_of_the_cdk_is_a_helper(sources):
    singletons = {
        path: text
        for path, text in sources.items()
        if re.search(r"new\(?[^;]{0,80}SingletonFunction\(", text)
        and path != "aws-lambda/lib/singleton-lambda.js"
    }
    assert len(singletons) >= 6
    for path, text in singletons.items():
        if path.startswith(TOKENS):
            continue
        purposes = {
            *re.findall(r'lambdaPurpose[:=]"(\w+)"', text),
            *(() if "lambdaPurpose" in text else ("SingletonLambda",)),
        }
        uuids = re.findall(UUID, text)
        assert uuids, path
        for uuid in uuids:
            found = [
                f"stack/{purpose}{uuid.replace('-', '')}/ServiceRole/Resource"
                for purpose in purposes
            ]
            assert any(map(is_a_helpers, found)), (path, found)


def test_what_hangs_below_a_stack_by_a_made_up_id_is_a_helpers_or_none_of_ours(sources):
    ids = {
        found
        for text in sources.values()
        for found in re.findall(r'"([A-Za-z]+[0-9a-f]{32})"', text)
    }
    assert ids
    assert all(is_a_helpers(f"stack/{id_}/Role/Resource") for id_ in ids), ids


def test_the_variables_by_which_a_provider_knows_its_handlers_are_the_cdks(sources):
    text = sources["custom-resources/lib/provider-framework/runtime/consts.js"]
    assert set(HANDLERS) == set(re.findall(r'="(USER_\w+_FUNCTION_ARN)"', text))
