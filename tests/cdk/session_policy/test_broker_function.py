import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template

from iam_sudo_cdk import (
    IamSudoStack,
    InvalidChoice,
    RoleSelection,
    SessionPolicyStrategy,
)
from iam_sudo_cdk.iam_sudo import IamSudo
from iam_sudo_cdk.session_policy import bundle
from iam_sudo_core import Settings
from tests.cdk.templates import ACCOUNT, iam_sudo, only, render, stack, synth

pytestmark = pytest.mark.slow

BASE_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"


@pytest.fixture(scope="module")
def template():
    return synth()


@pytest.fixture(scope="module")
def function(template):
    return only(template, "AWS::Lambda::Function")[1]


def environment_of(template):
    """The environment as it is when deployed."""
    _, function = only(template, "AWS::Lambda::Function")
    (base_role,) = template.find_resources(
        "AWS::IAM::Role", {"Properties": {"RoleName": "IAMSudoUser"}}
    )
    return {
        name: value.replace(f"<{base_role}.Arn>", BASE_ROLE_ARN)
        for name, value in function["Environment"]["Variables"].items()
    }


def test_the_function_is_as_small_as_the_job(function):
    assert {
        key: function[key]
        for key in (
            "FunctionName",
            "Runtime",
            "Architectures",
            "Handler",
            "MemorySize",
            "Timeout",
        )
    } == {
        "FunctionName": "iam-sudo",
        "Runtime": "python3.13",
        "Architectures": ["arm64"],
        "Handler": "handler.handler",
        "MemorySize": 512,
        "Timeout": 30,
    }


def test_the_broker_is_told_the_selection_of_the_blog_by_default(template):
    environment = environment_of(template)
    policy = json.loads(environment.pop("IAM_SUDO_POLICY"))
    assert policy == {
        "allowed-role-names": ["iam-sudo-demo-*"],
        "allowed-principals": [{"Service": "ecs-tasks.amazonaws.com"}],
        "allowed-base-roles": [BASE_ROLE_ARN],
    }
    assert environment == {
        "IAM_SUDO_BASE_ROLE": BASE_ROLE_ARN,
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    }


def test_the_broker_starts_with_what_is_deployed():
    template = synth(
        selection=RoleSelection(
            role_names=["orders-*", "shop-?"],
            principals=["Service:lambda.amazonaws.com", f"AWS:arn:aws:iam::{ACCOUNT}:root"],
        )
    )
    settings = Settings.parse(environment_of(template))
    assert settings.selection.role_names == ("orders-*", "shop-?")
    assert [str(p) for p in settings.selection.principals] == [
        "Service:lambda.amazonaws.com",
        f"AWS:arn:aws:iam::{ACCOUNT}:root",
    ]
    assert str(settings.base_role) == BASE_ROLE_ARN


def test_the_log_is_there_before_the_function_and_ends_with_its_retention(template, function):
    id_, log_group = only(template, "AWS::Logs::LogGroup")
    assert (log_group["LogGroupName"], log_group["RetentionInDays"]) == ("/aws/lambda/iam-sudo", 90)
    assert function["LoggingConfig"] == {"LogGroup": f"<{id_}>"}
    template.has_resource("AWS::Logs::LogGroup", {"DeletionPolicy": "Delete"})


def test_the_log_can_be_kept():
    template = synth(
        log_retention=logs.RetentionDays.ONE_YEAR, removal_policy=cdk.RemovalPolicy.RETAIN
    )
    template.has_resource(
        "AWS::Logs::LogGroup",
        {"DeletionPolicy": "Retain", "Properties": {"RetentionInDays": 365}},
    )


def test_the_parts_are_public():
    scope = stack()
    construct = iam_sudo(scope)
    assert isinstance(construct.function, lambda_.Function)
    assert isinstance(construct.log_group, logs.LogGroup)
    assert scope.resolve(construct.base_role.role_name) == {
        "Ref": scope.get_logical_id(construct.base_role.node.default_child)
    }


def test_a_strategy_that_is_only_a_name_is_refused():
    with pytest.raises(InvalidChoice, match=r'^strategy: "session-policy" is not allowed; allowed'):
        IamSudo(stack(), "IamSudo", strategy="session-policy", development_accounts=[ACCOUNT])


def test_no_arn_is_bound_to_a_partition(template):
    assert "arn:aws" not in json.dumps(template.to_json())


def test_in_other_partitions_the_arns_are_theirs(template):
    text = json.dumps(render(template.to_json(), **{"AWS::Partition": "aws-cn"}))
    assert "arn:aws-cn:iam::aws:policy/PowerUserAccess" in text
    assert "arn:aws-cn:lambda:" in text


def test_the_template_has_no_circular_dependency():
    # Template.from_stack looks for them, in concrete environments too.
    for account in (None, ACCOUNT):
        scope = stack(account)
        sudo = iam_sudo(scope, allow_local_simulation=True)
        sudo.grant_sudo(cdk.aws_iam.Role.from_role_name(scope, "Dev", "dev"))
        Template.from_stack(scope, skip_cyclical_dependencies_check=False)


def staged(folder, tmp_path):
    scope = cdk.Stack(cdk.App(outdir=str(tmp_path)), "S")
    code = lambda_.Code.from_asset(str(folder), exclude=bundle._EXCLUDED)
    return code.bind(scope).s3_location.object_key, {
        path.relative_to(asset).as_posix()
        for asset in tmp_path.glob("asset.*")
        for path in asset.rglob("*")
    }


def test_what_python_leaves_behind_is_not_deployed_and_does_not_change_the_hash(tmp_path):
    clean, used = tmp_path / "clean" / "lambda_src", tmp_path / "used" / "lambda_src"
    shutil.copytree(bundle._folder(), clean, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(clean, used)
    for cache in (used / "__pycache__", used / "iam_sudo_core" / "__pycache__"):
        cache.mkdir()
        (cache / "handler.cpython-313.pyc").write_bytes(b"\0")
    (used / "stray.pyc").write_bytes(b"\0")
    clean_hash, clean_files = staged(clean, tmp_path / "out1")
    used_hash, used_files = staged(used, tmp_path / "out2")
    assert used_hash == clean_hash
    assert used_files == clean_files
    assert {"handler.py", "iam_sudo_core/broker/settings.py"} <= clean_files
    assert not [name for name in used_files if "pyc" in name]


def test_the_bundle_of_an_installed_wheel_lies_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "iam_sudo_cdk"
    (package / "lambda_src").mkdir(parents=True)
    (package / "lambda_src" / "handler.py").touch()
    monkeypatch.setattr(bundle, "__file__", str(package / "session_policy" / "bundle.py"))
    assert bundle._folder() == package / "lambda_src"


def test_a_package_without_the_brokers_code_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "pkg" / "session_policy" / "bundle.py"))
    with pytest.raises(ValueError, match="lambda_src, is missing"):
        bundle._folder()


def test_the_stack_has_the_outputs_that_the_client_needs():
    app = cdk.App(analytics_reporting=False)
    ready = IamSudoStack(
        app, "ready", strategy=SessionPolicyStrategy(), development_accounts=[ACCOUNT]
    )
    outputs = Template.from_stack(ready).to_json()["Outputs"]
    assert set(outputs) == {"FunctionName", "FunctionArn", "BaseRoleArn", "Command"}
    command = render(outputs["Command"]["Value"])
    assert command.startswith("iam-sudo simulate --function-name <")
    assert command.endswith("--role-name ROLE_NAME aws sts get-caller-identity")


def test_the_bundle_in_use_is_the_checkouts():
    assert bundle._folder() == Path(__file__).parents[3] / "lambda_src"
